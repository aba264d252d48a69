//! Access tokens: `POST /oauth/token` with the password grant (RFC 6749 section 4.3), and
//! `GET /token/{username}`, which Auth0 has not, for a shell's `$(curl ...)`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{StandIn, parameters, store::User};
use crate::auth::Permission;

/// How long a token lasts: Auth0's default for an API, a day.
const LIFETIME_SECONDS: u64 = 86_400;
/// What every token grants beside its permissions, whichever of them the request asked for: an
/// Auth0 tenant that is asked for none grants all of them too.
const SCOPE: &str = "openid profile email";

#[derive(Deserialize)]
pub(super) struct Parameters {
    grant_type: Option<String>,
    client_id: Option<String>,
    audience: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// An error by RFC 6749 section 5.2, but with Auth0's statuses.
struct TokenError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

pub(super) async fn exchange(State(tenant): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let granted = parameters(&headers, &body)
        .ok_or_else(|| TokenError::invalid_request("The body is neither JSON nor a form."))
        .and_then(|parameters| tenant.grant(parameters));
    let answer = granted.map(|access_token| {
        Json(json!({
            "access_token": access_token,
            "scope": SCOPE,
            "expires_in": LIFETIME_SECONDS,
            "token_type": "Bearer",
        }))
    });
    ([(CACHE_CONTROL, "no-store")], answer).into_response()
}

/// A person's token, without asking for a password.
pub(super) async fn of_user(State(tenant): State<StandIn>, Path(username): Path<String>) -> Response {
    let Some(user) = tenant.0.users.named(&username) else {
        let who = match tenant.0.users.usernames().as_slice() {
            [] => "Nobody is registered yet.".to_owned(),
            usernames => format!("There are {}.", usernames.join(", ")),
        };
        return (StatusCode::NOT_FOUND, format!("Nobody is registered as {username}. {who}")).into_response();
    };
    ([(CACHE_CONTROL, "no-store")], tenant.access_token(&user)).into_response()
}

impl StandIn {
    fn grant(&self, parameters: Parameters) -> Result<String, TokenError> {
        let options = &self.0.options;
        let grant_type = required("grant_type", parameters.grant_type)?;
        if grant_type != "password" {
            let description = format!("Unsupported grant type: {grant_type}");
            return Err(TokenError::forbidden("unsupported_grant_type", description));
        }
        let client_id = required("client_id", parameters.client_id)?;
        if client_id != options.client_id {
            let description = format!("Unknown client: {client_id}");
            return Err(TokenError::forbidden("unauthorized_client", description));
        }
        // Without an audience the one API is meant, as in a tenant that has a default audience.
        if let Some(audience) = parameters.audience.filter(|audience| *audience != options.audience) {
            return Err(TokenError::forbidden("access_denied", format!("Service not found: {audience}")));
        }
        let username = required("username", parameters.username)?;
        let password = SecretString::from(required("password", parameters.password)?);
        let user = self.0.users.authenticate(&username, &password);
        let wrong = || TokenError::forbidden("invalid_grant", "Wrong email or password.".to_owned());
        self.access_token(&user.ok_or_else(wrong)?)
    }

    fn access_token(&self, user: &User) -> Result<String, TokenError> {
        let options = &self.0.options;
        let now = jsonwebtoken::get_current_timestamp();
        let mut claims = Map::new();
        if let Some(username) = &user.username {
            claims.insert(options.username_claim.clone(), username.clone().into());
        }
        // After the username claim, so that no choice of its name can displace one of these.
        let fixed = json!({
            "iss": options.issuer.as_str(),
            "sub": user.sub(),
            "aud": [options.audience, self.endpoint("userinfo")],
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "scope": SCOPE,
            "azp": options.client_id,
            "permissions": user.permissions().iter().copied().map(Permission::name).collect::<Vec<_>>(),
        });
        if let Value::Object(fixed) = fixed {
            claims.extend(fixed);
        }
        self.0.key.sign(&claims).map_err(|error| TokenError::failed(&error))
    }
}

impl TokenError {
    fn invalid_request(description: &str) -> Self {
        let description = description.to_owned();
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", description }
    }

    const fn forbidden(error: &'static str, description: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, error, description }
    }

    fn failed(error: &jsonwebtoken::errors::Error) -> Self {
        tracing::error!(%error, "the stand-in for Auth0 could not sign a token");
        let description = "The token could not be signed.".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error: "server_error", description }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        (self.status, Json(body)).into_response()
    }
}

fn required(name: &str, value: Option<String>) -> Result<String, TokenError> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| TokenError::invalid_request(&format!("Missing required parameter: {name}")))
}
