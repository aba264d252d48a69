use std::net::IpAddr;

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::AppState;
use crate::{Error, Result, auth::Viewer, domain::users, error::Code, telemetry};

impl AppState {
    /// Who sends a request with these headers (RFC 6750 section 2.1).
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not valid, or an `Authorization` that is none;
    /// `RateLimited` when an address sent too many of them.
    pub async fn viewer(&self, headers: &HeaderMap, client: IpAddr) -> Result<Viewer> {
        let Some(token) = bearer_token(headers).transpose() else {
            return Ok(Viewer::anonymous());
        };
        let verified = match token {
            Ok(token) => self.verifier.verify(token).await,
            Err(error) => Err(error),
        };
        telemetry::token_checked(&verified);
        let claims = match verified {
            Ok(claims) => claims,
            Err(error) => {
                if error.code == Code::TokenInvalid {
                    self.failed_tokens.count(client)?;
                }
                return Err(error);
            }
        };
        telemetry::identified(&claims.subject);
        if let Some(account) = self.accounts.get(&claims.subject) {
            return Ok(Viewer::of(&claims, Some(account)));
        }
        let account = users::identify(&self.store.db, &claims).await?;
        if let Some(account) = &account {
            self.accounts.insert(claims.subject.clone(), account.clone());
        }
        Ok(Viewer::of(&claims, account))
    }
}

fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (headers.next(), headers.next()) else {
        return Err(Error::token_invalid("There are two Authorization headers."));
    };
    let Some(header) = header else { return Ok(None) };
    let token = header.to_str().ok().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
    });
    token
        .filter(|token| !token.is_empty())
        .map(Some)
        .ok_or_else(|| Error::token_invalid("The Authorization header must be: Bearer, a space, the token."))
}
