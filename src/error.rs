//! What can go wrong, told once: the table between a failure's code, its GraphQL name and its HTTP
//! status. Both edges translate from here.

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use axum::{
    extract::rejection::BytesRejection,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use sea_orm::{DbErr, RuntimeErr};

use crate::auth::Permission;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of failure that a client can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request is not well-formed.
    BadRequest,
    /// The GraphQL document has a syntax error.
    ParseFailed,
    /// The GraphQL document does not fit the schema.
    ValidationFailed,
    /// A value that the client gave is not allowed.
    BadUserInput,
    /// There is no access token.
    TokenMissing,
    /// There is an access token, and it is not valid.
    TokenInvalid,
    /// The token or the account does not allow this.
    Forbidden,
    /// What was named does not exist.
    NotFound,
    /// This path does not know the request's method.
    MethodNotAllowed,
    /// No media type that the client accepts can be produced.
    NotAcceptable,
    /// It clashes with what is there already.
    Conflict,
    /// What the client has seen is not what is there (`If-Match`).
    PreconditionFailed,
    /// The request's body is over the limit.
    ContentTooLarge,
    /// The request's body is of a media type that is not read here.
    UnsupportedMediaType,
    /// Too many requests of this kind.
    RateLimited,
    /// A fault of ours.
    Internal,
    /// The identity provider failed.
    BadGateway,
    /// Something that the request needs is not there at the moment.
    Unavailable,
    /// The identity provider did not answer in time.
    GatewayTimeout,
}

impl Code {
    /// The name in GraphQL's `extensions.code`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status of a response that reports this failure and nothing else.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    const fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::BadRequest => ("BAD_REQUEST", StatusCode::BAD_REQUEST),
            Self::ParseFailed => ("GRAPHQL_PARSE_FAILED", StatusCode::BAD_REQUEST),
            Self::ValidationFailed => ("GRAPHQL_VALIDATION_FAILED", StatusCode::BAD_REQUEST),
            Self::BadUserInput => ("BAD_USER_INPUT", StatusCode::BAD_REQUEST),
            Self::TokenMissing | Self::TokenInvalid => ("UNAUTHENTICATED", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("FORBIDDEN", StatusCode::FORBIDDEN),
            Self::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("BAD_REQUEST", StatusCode::METHOD_NOT_ALLOWED),
            Self::NotAcceptable => ("BAD_REQUEST", StatusCode::NOT_ACCEPTABLE),
            Self::Conflict => ("CONFLICT", StatusCode::CONFLICT),
            Self::PreconditionFailed => ("CONFLICT", StatusCode::PRECONDITION_FAILED),
            Self::ContentTooLarge => ("BAD_REQUEST", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => ("BAD_REQUEST", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::RateLimited => ("RATE_LIMITED", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("INTERNAL_SERVER_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
            Self::BadGateway => ("UNAVAILABLE", StatusCode::BAD_GATEWAY),
            Self::Unavailable => ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::GatewayTimeout => ("UNAVAILABLE", StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

/// A failure with what a client is told about it, and, apart from that, its cause.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// One sentence or two for the client; never a secret, never an internal detail.
    pub message: Cow<'static, str>,
    /// The input field that is to blame, by its bare name.
    pub field: Option<Cow<'static, str>>,
    /// The permission that is missing.
    pub permission: Option<Permission>,
    /// What stands in the database now, where a client came too late.
    pub current: Option<Current>,
    /// After how long another try makes sense.
    pub retry_after: Option<Duration>,
    /// The cause, for the log alone.
    #[source]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The state that a stale edit collided with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current {
    /// The snippet's number.
    pub id: i32,
    /// Its version now.
    pub version: i32,
}

impl Error {
    /// The sentence that stands for every internal error.
    pub const INTERNAL_MESSAGE: &'static str = "Something went wrong on our side.";

    /// A failure of the given kind.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message, field: None, permission: None, current: None, retry_after: None, source: None }
    }

    /// The request is not well-formed.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// The body is not JSON, or not said to be.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let message = "The body must be JSON, and its Content-Type application/json.";
        Self::new(Code::UnsupportedMediaType, message)
    }

    /// A value of `field` is not allowed.
    pub fn bad_user_input(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Code::BadUserInput, message).of_field(field)
    }

    /// No token, where one is needed.
    #[must_use]
    pub fn token_missing() -> Self {
        Self::new(Code::TokenMissing, "This needs an access token: Authorization: Bearer TOKEN.")
    }

    /// A token, or something in the place of one, that is not valid.
    pub fn token_invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::TokenInvalid, message)
    }

    /// The account may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// The token lacks `permission`.
    #[must_use]
    pub fn missing_permission(permission: Permission) -> Self {
        Self {
            permission: Some(permission),
            ..Self::forbidden(format!("This needs the permission {permission}."))
        }
    }

    /// Nothing bears this id or name.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// It clashes with what is there.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// The snippet has been edited since the client read it.
    #[must_use]
    pub fn stale(current: Current) -> Self {
        Self {
            current: Some(current),
            ..Self::conflict(format!(
                "The snippet has been edited in the meantime: it is at version {}.",
                current.version
            ))
        }
    }

    /// Too many requests of this kind; the next one is let through after `retry_after`.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Code::RateLimited, "Too many requests: please wait a moment.")
        }
    }

    /// Something that the request needs is not there at the moment.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { retry_after: Some(Duration::from_secs(5)), ..Self::new(Code::Unavailable, message) }
    }

    /// A fault of ours: the client is told nothing of `source`.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal, Self::INTERNAL_MESSAGE).caused_by(source)
    }

    /// Keeps `source` for the log.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(Arc::from(source.into())), ..self }
    }

    /// Blames `field`.
    #[must_use]
    pub fn of_field(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The whole seconds of `Retry-After` (RFC 9110 section 10.2.3), at least 1.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0)).map(|s| s.max(1))
    }

    /// The headers that go with it, whatever the body is: `Retry-After`, and a challenge by RFC 6750
    /// section 3.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge = match self.code {
            Code::TokenMissing => Some("Bearer"),
            Code::TokenInvalid => Some(r#"Bearer error="invalid_token""#),
            _ => None,
        };
        headers.extend(challenge.map(|challenge| (WWW_AUTHENTICATE, HeaderValue::from_static(challenge))));
        headers
    }

    /// Writes the cause to the log, where there is one. Called once for each failure, at the edge.
    pub fn log(&self) {
        if let Some(source) = &self.source {
            let source: &(dyn StdError + 'static) = source.as_ref();
            if self.code == Code::Internal {
                tracing::error!(error = source, "internal error");
            } else {
                tracing::warn!(error = source, code = self.code.name(), "{}", self.message);
            }
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_outage(&error) {
            Self::unavailable("The database does not answer at the moment.").caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}

/// Whether the database is gone or too busy, so that another try makes sense, as against a statement
/// that it will never take.
fn is_outage(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
    };
    match cause.as_ref() {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // PostgreSQL: connection exceptions, insufficient resources, operator intervention (a
            // shutdown, or a statement over its time). SQLite: busy, locked, and their extensions.
            let classes = ["08", "53", "57"];
            let is_of_postgres = code.len() == 5 && classes.iter().any(|class| code.starts_with(class));
            is_of_postgres || code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 5 | 6))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new(Code::ContentTooLarge, "The body is too large.")
        } else {
            Self::bad_request("The body could not be read.")
        }
    }
}
