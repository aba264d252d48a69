use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::schemas;
use crate::{Error, error::Code, telemetry};

/// An [`Error`] as REST clients know it: `{"success": false, "error": 404, "message": "..."}`.
#[derive(Debug)]
pub(crate) struct Failure(Error);

/// What is told of a failure.
#[derive(Serialize, ToSchema)]
#[schema(as = Failure)]
pub(super) struct FailureBody {
    #[schema(schema_with = schemas::no)]
    success: bool,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    error: u16,
    /// A sentence or two for people.
    message: String,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(error) = self;
        error.log();
        let status = error.code.status();
        let message = match (error.code, telemetry::request_id()) {
            (Code::Internal, Some(id)) => format!("{} Please mention the request {id}.", error.message),
            _ => error.message.to_string(),
        };
        let body = FailureBody { success: false, error: status.as_u16(), message };
        (status, error.headers(), Json(body)).into_response()
    }
}
