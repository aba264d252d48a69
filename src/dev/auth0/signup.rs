//! `POST /dbconnections/signup`, by which people register.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    StandIn, parameters, password,
    store::{Metadata, Refusal, Registration, User},
};

/// The longest username that Auth0 can be set to allow.
const MAX_USERNAME_LENGTH: usize = 128;
/// Auth0's limits on metadata at sign-up: entries, and characters of a name and of a value.
const MAX_METADATA: (usize, usize, usize) = (10, 100, 500);

#[derive(Deserialize)]
pub(super) struct Parameters {
    client_id: Option<String>,
    connection: Option<String>,
    email: Option<String>,
    password: Option<String>,
    username: Option<String>,
    user_metadata: Option<Metadata>,
}

/// An error's body, which carries its status.
struct SignupError(StatusCode, Value);

/// Hashing and writing the file take milliseconds, in which a server for one developer may block.
pub(super) async fn sign_up(State(tenant): State<StandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let registered = parameters(&headers, &body)
        .ok_or_else(|| SignupError::plain("the body must be JSON or a form, and its parameters text"))
        .and_then(|parameters| tenant.register(parameters));
    match registered {
        Ok(user) => Json(json!({
            "_id": user.id,
            "email_verified": false,
            "email": user.email,
            "username": user.username,
            "user_metadata": user.metadata,
        }))
        .into_response(),
        Err(SignupError(status, body)) => (status, Json(body)).into_response(),
    }
}

impl StandIn {
    fn register(&self, parameters: Parameters) -> Result<Box<User>, SignupError> {
        let options = &self.0.options;
        let client_id = required("client_id", parameters.client_id)?;
        if client_id != options.client_id {
            return Err(SignupError::unknown_client(&client_id));
        }
        let connection = required("connection", parameters.connection)?;
        let email = required("email", parameters.email)?;
        if connection != options.connection || !email.contains('@') {
            return Err(SignupError::bad_request("invalid_signup", "Invalid sign up"));
        }
        let username = parameters.username.filter(|username| !username.is_empty());
        if !username.as_deref().is_none_or(is_username) {
            return Err(SignupError::invalid_username());
        }
        let metadata = parameters.user_metadata.unwrap_or_default();
        if !is_within_limits(&metadata) {
            return Err(SignupError::plain("user_metadata is too large"));
        }
        let password = SecretString::from(required("password", parameters.password)?);
        password::check_strength(&password).map_err(|body| SignupError(StatusCode::BAD_REQUEST, body))?;
        // A tenant's Action assigns the role by what the API writes into the metadata.
        let role = metadata.get("role").cloned().unwrap_or_default();
        let registration = Registration { email, username, password, role, metadata };
        self.0.users.register(registration).map_err(|refusal| match refusal {
            Refusal::EmailTaken => SignupError::bad_request("user_exists", "The user already exists."),
            Refusal::UsernameTaken(_) => {
                SignupError::bad_request("username_exists", "The username provided is in use already.")
            }
            Refusal::Failed(error) => SignupError::failed(&error),
        })
    }
}

impl SignupError {
    /// The shape that most of the endpoint's errors have.
    fn bad_request(code: &str, description: &str) -> Self {
        let body = json!({
            "name": "BadRequestError",
            "code": code,
            "description": description,
            "statusCode": 400,
        });
        Self(StatusCode::BAD_REQUEST, body)
    }

    /// The shape that it has for requests which are wrong in themselves.
    fn plain(error: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, json!({ "error": error }))
    }

    fn invalid_username() -> Self {
        let description = format!(
            "Username must be 1 to {MAX_USERNAME_LENGTH} characters, can only contain alphanumeric characters \
             or any of @ ^ $ . ! ` - # + ' ~ _, and cannot be an email address."
        );
        Self::bad_request("invalid_username", &description)
    }

    fn unknown_client(client_id: &str) -> Self {
        let description = format!("Unknown client: {client_id}");
        let body = json!({ "error": "unauthorized_client", "error_description": description });
        Self(StatusCode::FORBIDDEN, body)
    }

    fn failed(error: &std::io::Error) -> Self {
        tracing::error!(%error, "the stand-in for Auth0 could not register somebody");
        let body = json!({ "error": "server_error", "error_description": "The user could not be stored." });
        Self(StatusCode::INTERNAL_SERVER_ERROR, body)
    }
}

fn required(name: &str, value: Option<String>) -> Result<String, SignupError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| SignupError::plain(&format!("{name} is required")))
}

fn is_username(username: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "@^$.!`-#+'~_".contains(c);
    username.len() <= MAX_USERNAME_LENGTH && username.chars().all(is_allowed) && !is_email_address(username)
}

/// An at sign alone makes no email address: what follows has to look like the name of a host.
fn is_email_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(mailbox, host)| {
        let labels: Vec<_> = host.split('.').collect();
        let is_label =
            |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !mailbox.is_empty() && labels.len() > 1 && labels.into_iter().all(is_label)
    })
}

fn is_within_limits(metadata: &Metadata) -> bool {
    let (entries, name_length, value_length) = MAX_METADATA;
    let fits = |(name, value): (&String, &String)| {
        name.chars().count() <= name_length && value.chars().count() <= value_length
    };
    metadata.len() <= entries && metadata.iter().all(fits)
}
