//! Access tokens: what one says, and whether it is true.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess},
};
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
    /// When it stops doing so.
    pub expires_at: DateTime<Utc>,
}

/// Verifies Auth0 access tokens: RS256 JWTs by RFC 7519, as RFC 8725 recommends to check them.
#[derive(Clone, Debug)]
pub struct Verifier {
    jwks: Jwks,
    validation: Validation,
    username_claim: Option<String>,
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
        let payload = jsonwebtoken::decode::<Payload>(token, &key, &self.validation)
            .map_err(|cause| invalid_token().caused_by(cause))?
            .claims;
        self.claims_in(&payload).ok_or_else(invalid_token)
    }

    /// What `Validation` has not looked at. It takes several issuers for one, and an absent time for
    /// a good one.
    fn claims_in(&self, payload: &Payload) -> Option<Claims> {
        let text = |name: &str| payload.0.get(name)?.as_str();
        let is_number = |name| payload.0.get(name).is_some_and(Value::is_number);
        text("iss")?;
        let times_are_numbers = is_number("exp")
            && ["iat", "nbf"].into_iter().all(|name| !payload.0.contains_key(name) || is_number(name));
        let subject = text("sub").filter(|subject| !subject.is_empty() && times_are_numbers)?;
        Some(Claims {
            subject: subject.to_owned(),
            username: self.username_claim.as_deref().and_then(text).map(ToOwned::to_owned),
            permissions: Permissions::from_claim(payload.0.get("permissions")),
            expires_at: expiry_in(payload)?,
        })
    }
}

/// `exp`, which may have a fraction (RFC 7519 section 2), in whole seconds.
fn expiry_in(payload: &Payload) -> Option<DateTime<Utc>> {
    let expiry = payload.0.get("exp")?;
    #[expect(clippy::cast_possible_truncation, reason = "a time out of range is the last that there is")]
    let seconds = expiry.as_i64().or_else(|| expiry.as_f64().map(|seconds| seconds as i64))?;
    let expiry = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    // What is valid by the leeway alone is valid until that is over.
    let leeway = TimeDelta::seconds(LEEWAY_SECONDS.cast_signed());
    Some(if expiry > Utc::now() { expiry } else { expiry + leeway })
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
    let typ_is_known = typ.as_deref().is_none_or(|typ| {
        ["jwt", "at+jwt", "application/at+jwt"].contains(&typ.to_ascii_lowercase().as_str())
    });
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

/// A token's claims. One that occurs twice makes the token invalid: two readers might take two of
/// them (RFC 7519 section 4 leaves it open).
struct Payload(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Payload;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Payload, A::Error> {
                let mut claims = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    if claims.insert(name, value).is_some() {
                        return Err(de::Error::custom("a claim occurs twice"));
                    }
                }
                Ok(Payload(claims))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}
