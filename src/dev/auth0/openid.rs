//! OIDC: where the tenant's endpoints are (Discovery 1.0), its keys (RFC 7517), and `/userinfo`,
//! the claims about whom an access token was issued to (Core 1.0 section 5.3).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use jsonwebtoken::{Algorithm, Validation, errors::ErrorKind, jwk::JwkSet};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{StandIn, store::User};

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

pub(super) async fn jwks(State(tenant): State<StandIn>) -> Json<JwkSet> {
    Json(tenant.0.key.jwks())
}

pub(super) async fn configuration(State(tenant): State<StandIn>) -> Json<Value> {
    let claims = ["sub", "nickname", "name", "email", "email_verified", &tenant.0.options.username_claim];
    Json(json!({
        "issuer": tenant.0.options.issuer.as_str(),
        "authorization_endpoint": tenant.endpoint("authorize"),
        "token_endpoint": tenant.endpoint("oauth/token"),
        "userinfo_endpoint": tenant.endpoint("userinfo"),
        "jwks_uri": tenant.endpoint(".well-known/jwks.json"),
        "grant_types_supported": ["password"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": claims,
        // The specification requires these three, though nobody can log in at the stand-in.
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

pub(super) async fn userinfo(State(tenant): State<StandIn>, headers: HeaderMap) -> Response {
    let Some(token) = bearer_token(&headers) else {
        return unauthorized(r#"Bearer realm="Users""#.to_owned());
    };
    match tenant.user_of(token) {
        Ok(user) => {
            let mut claims = json!({
                "sub": user.sub(),
                "nickname": user.username.as_deref().unwrap_or_else(|| mailbox(&user.email)),
                "name": user.email,
                "email": user.email,
                "email_verified": false,
            });
            if let Some(username) = &user.username {
                claims[&tenant.0.options.username_claim] = username.as_str().into();
            }
            Json(claims).into_response()
        }
        Err(reason) => unauthorized(format!(
            r#"Bearer realm="Users", error="invalid_token", error_description="{reason}""#
        )),
    }
}

impl StandIn {
    /// Whose token this is, or what is wrong with it.
    fn user_of(&self, token: &str) -> Result<User, &'static str> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.0.options.issuer]);
        validation.set_audience(&[&self.endpoint("userinfo"), &self.0.options.audience]);
        let claims: Claims = self.0.key.verify(token, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => "The token has expired",
            _ => "The token is not valid",
        })?;
        self.0.users.with_sub(&claims.sub).ok_or("The user does not exist")
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Auth0 says in the header what is wrong, and in the body nothing.
fn unauthorized(challenge: String) -> Response {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)], "Unauthorized").into_response()
}

fn mailbox(email: &str) -> &str {
    email.rsplit_once('@').map_or(email, |(mailbox, _)| mailbox)
}
