//! A local stand-in for Auth0: the few of a tenant's endpoints that this API and its front ends
//! need, over real HTTP, with answers in Auth0's own shapes.
//!
//! It is for one machine and for tests. [`StandIn::router`] hands a token for anybody to whoever
//! asks (`/token/{username}`), so it must never be reachable from elsewhere.

use std::{io, path::PathBuf, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    routing::{get, post},
};
use reqwest::Url;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

mod file;
mod key;
mod openid;
mod password;
mod signup;
mod store;
mod token;

/// What the tenant is called, and where it keeps its state.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the router is reached, with a slash at the end; tokens carry exactly this as `iss`.
    pub issuer: Url,
    /// The identifier of the API that tokens are for.
    pub audience: String,
    /// The one application that may sign people up and ask for tokens.
    pub client_id: String,
    /// The name of the one database connection.
    pub connection: String,
    /// The namespaced claim that carries the username.
    pub username_claim: String,
    /// Where the signing key and the users are kept, by one process at a time; created when missing.
    pub directory: PathBuf,
}

/// A person for [`StandIn::ensure_user`].
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The username, which is kept in lower case, as Auth0 does.
    pub username: String,
    /// The email address, likewise.
    pub email: String,
    /// The password, in the clear.
    pub password: SecretString,
    /// `Coder` or `Mentor`, which decides on the permissions in the tokens; any other has none.
    pub role: String,
}

/// The tenant. Clones share one state.
#[derive(Clone)]
pub struct StandIn(Arc<Inner>);

struct Inner {
    options: Options,
    key: key::SigningKey,
    users: store::Users,
}

impl StandIn {
    /// Loads the signing key (`signing-key.pem`) and the users (`users.json`), or begins with a
    /// new key and nobody.
    ///
    /// # Errors
    /// When the issuer does not end with a slash, or a file cannot be read, understood or written.
    pub fn open(options: Options) -> io::Result<Self> {
        if !options.issuer.as_str().ends_with('/') {
            let reason = format!("the issuer {} must end with a slash", options.issuer);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        file::create_directory(&options.directory)?;
        let key = key::SigningKey::open(&options.directory.join("signing-key.pem"))?;
        let users = store::Users::open(options.directory.join("users.json"))?;
        Ok(Self(Arc::new(Inner { options, key, users })))
    }

    /// The endpoints, at paths relative to the issuer: nest it where the issuer's path says.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/jwks.json", get(openid::jwks))
            .route("/.well-known/openid-configuration", get(openid::configuration))
            .route("/authorize", get(no_login_page))
            .route("/dbconnections/signup", post(signup::sign_up))
            .route("/oauth/token", post(token::exchange))
            .route("/token/{username}", get(token::of_user))
            .route("/userinfo", get(openid::userinfo).post(openid::userinfo))
            .with_state(self.clone())
    }

    /// Registers a person unless that username is registered already; returns their `sub` either
    /// way. The password policy is not applied: it is for people who sign themselves up.
    ///
    /// # Errors
    /// `AlreadyExists` when the email address is somebody else's, and whatever goes wrong in
    /// writing the file.
    pub fn ensure_user(&self, user: NewUser) -> io::Result<String> {
        let email = user.email.clone();
        let registration = store::Registration {
            email: user.email,
            username: Some(user.username),
            password: user.password,
            role: user.role,
            metadata: store::Metadata::new(),
        };
        match self.0.users.register(registration) {
            Ok(user) | Err(store::Refusal::UsernameTaken(user)) => Ok(user.sub()),
            Err(store::Refusal::EmailTaken) => {
                let reason = format!("{email} is registered under another username");
                Err(io::Error::new(io::ErrorKind::AlreadyExists, reason))
            }
            Err(store::Refusal::Failed(error)) => Err(error),
        }
    }

    /// An address that begins with the issuer.
    fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.0.options.issuer)
    }
}

/// Discovery has to name an authorization endpoint, so somebody will try to log in there.
async fn no_login_page() -> (StatusCode, &'static str) {
    let advice = "The stand-in for Auth0 has no login page. Take a token from token/{username}, or POST \
                  to oauth/token with grant_type=password.";
    (StatusCode::NOT_IMPLEMENTED, advice)
}

/// Reads the parameters in a body: Auth0 takes JSON and forms alike. `None` when they are
/// malformed; the reason is left out, because it may quote a password.
fn parameters<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Option<T> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        serde_json::from_value(Value::Object(form(body)?)).ok()
    } else {
        serde_json::from_slice(body).ok()
    }
}

/// A form is written as the query of an address is, and there is a parser for those here already.
fn form(body: &[u8]) -> Option<Map<String, Value>> {
    let mut url = Url::parse("http://localhost/").expect("is an address");
    url.set_query(Some(std::str::from_utf8(body).ok()?));
    Some(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into())).collect())
}
