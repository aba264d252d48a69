//! The compatibility edge: the old REST paths, for clients that exist already. Keys, types and codes
//! are frozen; the rules are the domain's.

mod body;
mod caller;
mod etag;
mod failure;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod mentorships;
pub(crate) mod snippets;
pub(crate) mod users;
mod wire;

use std::any::Any;

use axum::response::{IntoResponse, Response};

use self::failure::Failure;
use crate::{Error, error::Code};

/// Answers a path that is none of ours.
pub(crate) async fn unknown_path() -> Response {
    Failure::from(Error::new(Code::NotFound, "There is nothing at this path.")).into_response()
}

/// Answers a method that the path does not know; the router adds `Allow`.
pub(crate) async fn unknown_method() -> Response {
    Failure::from(Error::new(Code::MethodNotAllowed, "This path does not know this method.")).into_response()
}

/// Answers a request that takes too long.
pub(crate) fn timed_out() -> Response {
    Failure::from(Error::unavailable("This takes too long.")).into_response()
}

/// Answers a request whose handler panicked.
#[must_use]
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::from(Error::internal("a handler panicked")).into_response()
}
