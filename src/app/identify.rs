//! Who sends a request, and what is remembered of tokens and accounts so that it costs little to tell.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::digest;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use chrono::Utc;
use quick_cache::sync::Cache;

use super::AppState;
use crate::{
    Error, Result,
    auth::{Account, Claims, Viewer},
    domain::users,
    error::Code,
    telemetry::{self, Subject},
};

/// How many tokens are known at a time.
const MAX_KNOWN_TOKENS: usize = 20_000;
/// How long it is known whose account it is.
const ACCOUNT_LIFETIME: Duration = Duration::from_mins(5);

/// Tokens that were found valid, by their SHA-256: a signature is dear to check, and most tokens come many
/// times. The tokens themselves are not kept.
#[derive(Debug)]
pub(super) struct KnownTokens(Cache<Digest, Arc<Known>>);

type Digest = [u8; digest::SHA256_OUTPUT_LEN];

/// What is known of a token.
#[derive(Clone, Debug)]
struct Known {
    claims: Claims,
    subject: Subject,
    /// Of the keys that it was verified with.
    generation: u64,
    /// Whose it is, and since when that is known. Once bound, a subject stays bound to its account unless somebody
    /// changes the database by hand. The answer "none" goes out of date, and is not kept.
    account: Option<(Account, Instant)>,
}

impl Default for KnownTokens {
    fn default() -> Self {
        Self(Cache::new(MAX_KNOWN_TOKENS))
    }
}

impl KnownTokens {
    /// What is known of a token that is still valid while the keys are those of this `generation`.
    fn get(&self, digest: &Digest, generation: u64) -> Option<Arc<Known>> {
        let is_valid =
            |known: &Arc<Known>| known.generation == generation && known.claims.expires_at > Utc::now();
        self.0.get(digest).filter(is_valid)
    }

    fn insert(&self, digest: Digest, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        self.0.insert(digest, Arc::clone(&known));
        known
    }
}

impl Known {
    fn account(&self) -> Option<Account> {
        let known = self.account.as_ref().filter(|(_, since)| since.elapsed() < ACCOUNT_LIFETIME);
        known.map(|(account, _)| account.clone())
    }
}

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
            Ok(token) => self.verified(token).await,
            Err(error) => Err(error),
        };
        telemetry::token_checked(&verified);
        let (digest, known) = match verified {
            Ok(verified) => verified,
            Err(error) => {
                if error.code == Code::TokenInvalid {
                    self.failed_tokens.count(client)?;
                }
                return Err(error);
            }
        };
        telemetry::identified(known.subject);
        if let Some(account) = known.account() {
            return Ok(Viewer::of(&known.claims, Some(account)));
        }
        // What is rarely done is in a box: it would be a part of every request's future otherwise.
        let account = Box::pin(users::identify(&self.store.db, &known.claims)).await?;
        if let Some(account) = &account {
            let account = Some((account.clone(), Instant::now()));
            self.known_tokens.insert(digest, Known { account, ..Known::clone(&known) });
        }
        Ok(Viewer::of(&known.claims, account))
    }

    /// What is known of a token, which is checked if it is not known.
    async fn verified(&self, token: &str) -> Result<(Digest, Arc<Known>)> {
        let digest = sha256(token);
        // Before the key is looked up: were the keys changed meanwhile, this is out of date.
        let generation = self.verifier.jwks().generation();
        if let Some(known) = self.known_tokens.get(&digest, generation) {
            return Ok((digest, known));
        }
        let claims = Box::pin(self.verifier.verify(token)).await?;
        let subject = Subject::of(&claims.subject);
        let known = self.known_tokens.insert(digest, Known { claims, subject, generation, account: None });
        Ok((digest, known))
    }
}

fn sha256(token: &str) -> Digest {
    let mut sha256 = Digest::default();
    sha256.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    sha256
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
