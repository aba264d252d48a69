//! The compatibility edge: the old REST paths, for clients that exist already. Keys, types and codes
//! are frozen; the rules are the domain's.

mod body;
mod caller;
pub(crate) mod deprecation;
pub(crate) mod docs;
mod etag;
mod failure;
pub(crate) mod full_list;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod mentorships;
pub(crate) mod openapi;
mod segment;
pub(crate) mod snippets;
pub(crate) mod users;
mod wire;

use axum::response::{IntoResponse, Response};

use self::failure::Failure;
use crate::{Error, error::Code};

/// Answers a path that is none of ours.
pub(crate) async fn unknown_path() -> Response {
    failure(Error::new(Code::NotFound, "There is nothing at this path."))
}

/// Answers a method that the path does not know; the router adds `Allow`.
pub(crate) async fn unknown_method() -> Response {
    failure(Error::new(Code::MethodNotAllowed, "This path does not know this method."))
}

/// Answers a request that came to nothing, as REST clients know it.
pub(crate) fn failure(error: Error) -> Response {
    Failure::from(error).into_response()
}
