//! What can go wrong, told once: the table between a failure's code, its GraphQL name and its HTTP
//! status. Both edges translate from here.

mod code;
mod sources;

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use axum::http::{
    HeaderMap, HeaderValue,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};

pub use self::code::Code;
use crate::{auth::Permission, telemetry};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

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

    /// What was asked for has more than so many bytes.
    #[must_use]
    pub fn response_too_large(most: usize) -> Self {
        let message =
            format!("The response would have more than {most} bytes: ask for fewer objects or fields.");
        Self::new(Code::ResponseTooLarge, message)
    }

    /// Something that the request needs is not there at the moment.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { retry_after: Some(Duration::from_secs(5)), ..Self::new(Code::Unavailable, message) }
    }

    /// There is more to do than can be done.
    #[must_use]
    pub fn busy() -> Self {
        let error = Self::new(Code::Unavailable, "The server is busy.");
        Self { retry_after: Some(Duration::from_secs(1)), ..error }
    }

    /// A request takes longer than any may.
    #[must_use]
    pub fn overdue() -> Self {
        Self::unavailable("This takes too long.")
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
        telemetry::failed(self.code);
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
