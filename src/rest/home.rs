//! The front door.

use axum::{
    Json,
    http::{HeaderName, header::CONTENT_TYPE},
};

use super::wire::{Message, Success, success};

static FAVICON: &[u8] = include_bytes!("favicon.ico");

/// `GET /`.
pub(crate) async fn index() -> Json<Success<Message>> {
    success(Message { message: "Welcome to Funcster. The API is at /graphql." })
}

/// `GET /favicon.ico`: so that browsers stay quiet.
pub(crate) async fn favicon() -> ([(HeaderName, &'static str); 1], &'static [u8]) {
    ([(CONTENT_TYPE, "image/x-icon")], FAVICON)
}
