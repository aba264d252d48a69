use std::time::Duration;

use axum::http::{StatusCode, header::RETRY_AFTER};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::telemetry;

/// How long the provider may take to answer a sign-up.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The prefix of subjects that live in a database connection.
const SUBJECT_PREFIX: &str = "auth0|";

/// Auth0's Authentication API, as far as sign-ups go: `POST /dbconnections/signup`.
#[derive(Clone, Debug)]
pub struct Provider {
    http: reqwest::Client,
    address: Url,
    client_id: String,
    connection: String,
}

/// A person to register. The password shows in no log: [`SecretString`] hides it from `Debug`.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// The username in the database connection.
    pub username: &'a str,
    /// The email address.
    pub email: &'a str,
    /// The password, in the clear.
    pub password: &'a SecretString,
    /// `Coder` or `Mentor`: kept in the user's metadata, for the tenant's Action to assign a role by.
    pub role: &'a str,
}

/// Why a registration did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody is registered by this email or username already.
    Exists,
    /// The email or password is not acceptable, for the reason given.
    Invalid {
        /// `username`, `email` or `password`.
        field: &'static str,
        /// The provider's reason, fit to be shown.
        reason: String,
    },
    /// The provider throttles us.
    Throttled {
        /// When to try again, where it says so.
        retry_after: Option<Duration>,
    },
    /// The provider could not be reached.
    Unreachable(String),
    /// The provider failed, or answered something that is none of its answers: whether somebody was
    /// registered is not known.
    Failed(String),
    /// The provider did not answer in time: whether somebody was registered is not known.
    NoAnswer,
}

impl Refusal {
    /// Whether it is certain that this attempt registered nobody.
    #[must_use]
    pub const fn is_definite(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::NoAnswer)
    }
}

impl Provider {
    /// A client for the tenant at `issuer`.
    ///
    /// # Errors
    /// When `issuer` cannot be the base of other addresses.
    pub fn new(
        http: reqwest::Client,
        issuer: &Url,
        client_id: &str,
        connection: &str,
    ) -> Result<Self, url::ParseError> {
        let address = issuer.join("dbconnections/signup")?;
        Ok(Self { http, address, client_id: client_id.to_owned(), connection: connection.to_owned() })
    }

    /// Registers a person, and returns their subject (`auth0|...`).
    ///
    /// # Errors
    /// The [`Refusal`].
    pub async fn register(&self, registration: &Registration<'_>) -> Result<String, Refusal> {
        let password = registration.password.expose_secret();
        let body = json!({
            "client_id": self.client_id,
            "connection": self.connection,
            "email": registration.email,
            "password": password,
            "username": registration.username,
            "user_metadata": { "role": registration.role },
        });
        let unanswered = |error: reqwest::Error| {
            if error.is_connect() {
                Refusal::Unreachable(error.to_string())
            } else if error.is_timeout() {
                Refusal::NoAnswer
            } else {
                Refusal::Failed(error.to_string())
            }
        };
        let request = self.http.post(self.address.clone()).timeout(TIMEOUT).json(&body);
        let response = telemetry::send(request, "signup").await.map_err(unanswered)?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let answer: Value =
            serde_json::from_slice(&response.bytes().await.map_err(unanswered)?).unwrap_or_default();
        if status.is_success() {
            subject_in(&answer).ok_or_else(|| Refusal::Failed("a sign-up was answered without an id".into()))
        } else {
            Err(match refusal(status, retry_after, &answer) {
                // Whatever the provider says, the password is not said again.
                Refusal::Invalid { field, reason } if reason.contains(password) => {
                    Refusal::Invalid { field, reason: format!("The identity provider refused the {field}.") }
                }
                refusal => refusal,
            })
        }
    }
}

fn subject_in(answer: &Value) -> Option<String> {
    let id = ["_id", "id", "user_id"].into_iter().find_map(|key| answer.get(key)?.as_str())?;
    let bare = id.strip_prefix(SUBJECT_PREFIX).unwrap_or(id);
    (!bare.is_empty()).then(|| format!("{SUBJECT_PREFIX}{bare}"))
}

fn refusal(status: StatusCode, retry_after: Option<Duration>, answer: &Value) -> Refusal {
    let code = ["code", "error"].into_iter().find_map(|key| answer.get(key)?.as_str()).unwrap_or_default();
    match (status, code) {
        (StatusCode::CONFLICT, _) | (_, "user_exists" | "username_exists" | "invalid_signup") => {
            Refusal::Exists
        }
        (StatusCode::TOO_MANY_REQUESTS, _) => Refusal::Throttled { retry_after },
        (StatusCode::BAD_REQUEST, _) => {
            let Some(reason) = reason_in(answer) else {
                return Refusal::Failed("a sign-up was refused without a reason".to_owned());
            };
            let speaks_of = |word: &str| code.contains(word) || reason.to_ascii_lowercase().contains(word);
            let field = ["password", "username"].into_iter().find(|word| speaks_of(word)).unwrap_or("email");
            Refusal::Invalid { field, reason }
        }
        _ => Refusal::Failed(format!("a sign-up was answered with {status} {code}")),
    }
}

/// The sentence to show: Auth0 puts it in `description`, unless that is the object of password
/// rules, in `message`, in `policy` or in `error`.
fn reason_in(answer: &Value) -> Option<String> {
    let text = |key| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let reason = match (text("description"), text("message"), text("policy")) {
        (Some(description), ..) => description.to_owned(),
        (None, Some(message), Some(policy)) => format!("{message}: {policy}"),
        (None, Some(text), None) | (None, None, Some(text)) => text.to_owned(),
        (None, None, None) => text("error")?.to_owned(),
    };
    Some(reason.replace(['\r', '\n'], " "))
}
