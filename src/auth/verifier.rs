use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::{Jwks, Permissions};
use crate::{Error, Result};

/// The longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the provider's clock and ours may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 30;

/// What a verified access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whom the token was issued to (`sub`).
    pub subject: String,
    /// The namespaced username claim, where the tenant's Action adds one.
    pub username: Option<String>,
    /// What the token allows.
    pub permissions: Permissions,
}

/// Verifies Auth0 access tokens: RS256 JWTs by RFC 7519, as RFC 8725 recommends to check them.
#[derive(Clone, Debug)]
pub struct Verifier {
    jwks: Jwks,
    validation: Validation,
    username_claim: Option<String>,
}

/// The claims as they stand in the token. A claim that occurs twice, or is of another type, is an
/// error of deserialization, and so of the token.
#[derive(Deserialize)]
struct RawClaims {
    // The three are checked by `Validation`; named here so that their types are checked too.
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "exp")]
    _expiry: f64,
    #[serde(rename = "iat", default)]
    _issued_at: Option<f64>,
    sub: String,
    #[serde(default)]
    permissions: Option<Value>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Verifier {
    /// A verifier for tokens that `issuer` (with its trailing slash) made for `audience`.
    #[must_use]
    pub fn new(jwks: Jwks, issuer: &str, audience: &str, username_claim: Option<String>) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        Self { jwks, validation, username_claim }
    }

    /// The keys that signatures are checked with.
    #[must_use]
    pub const fn jwks(&self) -> &Jwks {
        &self.jwks
    }

    /// Checks signature and claims.
    ///
    /// # Errors
    /// `Unauthenticated` for anything that is wrong with the token, `Unavailable` while no key set
    /// has been fetched yet.
    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let kid = key_id_of(token)?;
        let key = self.jwks.key(&kid).await?.ok_or_else(invalid_token)?;
        let raw = jsonwebtoken::decode::<RawClaims>(token, &key, &self.validation)
            .map_err(|cause| invalid_token().caused_by(cause))?
            .claims;
        if raw.sub.is_empty() {
            return Err(invalid_token());
        }
        let username = self
            .username_claim
            .as_ref()
            .and_then(|claim| raw.others.get(claim)?.as_str())
            .map(ToOwned::to_owned);
        Ok(Claims {
            subject: raw.sub,
            username,
            permissions: Permissions::from_claim(raw.permissions.as_ref()),
        })
    }
}

/// Reads the header and refuses whatever an Auth0 access token's does not have, before any key is
/// looked up.
fn key_id_of(token: &str) -> Result<String> {
    if token.len() > MAX_TOKEN_BYTES || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return Err(invalid_token());
    }
    let header = jsonwebtoken::decode_header(token).map_err(|cause| invalid_token().caused_by(cause))?;
    let Header { typ, alg: Algorithm::RS256, kid: Some(kid), .. } = &header else {
        return Err(invalid_token());
    };
    let typ_is_known =
        typ.as_deref().is_none_or(|typ| ["jwt", "at+jwt"].contains(&typ.to_ascii_lowercase().as_str()));
    // A key or an extension that the token itself brings is never what it should be judged by.
    let brings_own_rules = header.jwk.is_some()
        || header.jku.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some()
        || header.extras.inner().contains_key("b64");
    if !typ_is_known || brings_own_rules {
        return Err(invalid_token());
    }
    Ok(kid.clone())
}

fn invalid_token() -> Error {
    Error::token_invalid("The access token is not valid.")
}
