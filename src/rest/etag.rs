//! A snippet's version as an entity tag (RFC 9110 section 8.8.3).

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, header, request::Parts},
};

use crate::{Error, Result, error::Code};

/// The header that tells the version.
pub(crate) type Etag = [(HeaderName, String); 1];

/// The header for this version.
pub(super) fn etag(version: i32) -> Etag {
    [(header::ETAG, format!("\"{version}\""))]
}

/// What `If-Match` asks for (RFC 9110 section 13.1.1).
pub(crate) enum IfMatch {
    /// Nothing, or that there is anything at all.
    Any,
    /// One of these versions.
    Versions(Vec<i32>),
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        let values: Vec<_> = parts.headers.get_all(header::IF_MATCH).iter().collect();
        if values.is_empty() || values.iter().any(|value| value.as_bytes().trim_ascii() == b"*") {
            return Ok(Self::Any);
        }
        // A tag that is weak, or none of ours, matches nothing.
        let tags =
            values.into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let versions = tags.filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        Ok(Self::Versions(versions.collect()))
    }
}

impl IfMatch {
    /// The version to expect, given the one that is there now: none in particular, or that one, if
    /// it is asked for.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(super) fn expected(&self, current: i32) -> Result<Option<i32>> {
        match self {
            Self::Any => Ok(None),
            Self::Versions(versions) if versions.contains(&current) => Ok(Some(current)),
            Self::Versions(_) => Err(precondition_failed()),
        }
    }
}

/// Tells an edit that came too late as `If-Match` has it.
pub(super) fn as_precondition(error: Error) -> Error {
    if error.current.is_some() { precondition_failed() } else { error }
}

fn precondition_failed() -> Error {
    let message = "The snippet has been edited in the meantime: If-Match names another version.";
    Error::new(Code::PreconditionFailed, message)
}
