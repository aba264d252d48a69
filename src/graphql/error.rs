//! How an error of the domain becomes one of a GraphQL response.

use std::{any::Any, collections::HashSet, sync::Arc};

use async_graphql::{ErrorExtensionValues, ServerError, Value};

use super::id;
use crate::{Error, error::Code, telemetry};

/// An [`Error`] on its way into a GraphQL response. It is not `Display` on purpose: async-graphql
/// turns whatever is `Display` into an error without extensions.
#[derive(Clone, Debug)]
pub(super) struct ApiError(pub Error);

/// What a nullable field returns that may fail: only in this order of the two does an error make
/// that field null, and nothing above it.
pub(super) type Fallible<T> = Option<Result<T, ApiError>>;

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(ApiError(error): ApiError) -> Self {
        Self {
            message: error.message.clone().into_owned(),
            extensions: Some(extensions(&error)),
            source: Some(Arc::new(error) as Arc<dyn Any + Send + Sync>),
        }
    }
}

/// An error of the whole request, or of one that never got as far as a field.
pub(super) fn request_error(error: Error) -> ServerError {
    let mut server_error = ServerError::new(error.message.clone(), None);
    server_error.extensions = Some(extensions(&error));
    server_error.source = Some(Arc::new(error));
    server_error
}

/// Gives an error of async-graphql's own a code. What was found before execution is the
/// document's; during execution it can only be a value that does not fit its type.
pub(super) fn add_code(error: &mut ServerError, began: bool) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        let code = if began { Code::BadUserInput } else { Code::ValidationFailed };
        extensions.set("code", code.name());
        telemetry::failed(code);
    }
}

/// Writes the causes of errors to the log, where they have one: what fails for one row often fails for many, and
/// is written once.
pub(super) fn log(errors: &[ServerError]) {
    let mut causes = HashSet::new();
    for error in errors.iter().filter_map(|error| error.source::<Error>()) {
        let cause = error.source.as_ref().map(|cause| Arc::as_ptr(cause).cast::<()>());
        if cause.is_none_or(|cause| causes.insert(cause)) {
            error.log();
        } else {
            telemetry::failed(error.code);
        }
    }
}

fn extensions(error: &Error) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", error.code.name());
    if let Some(field) = &error.field {
        extensions.set("field", field.as_ref());
    }
    if let Some(permission) = error.permission {
        extensions.set("permission", permission.name());
    }
    if let Some(current) = error.current {
        extensions.set("id", id::global(id::Kind::Snippet, current.id).0);
        extensions.set("version", current.version);
    }
    if let Some(seconds) = error.retry_after_seconds() {
        extensions.set("retryAfter", Value::from(seconds));
    }
    if let (Code::Internal, Some(request_id)) = (error.code, telemetry::request_id()) {
        extensions.set("requestId", request_id);
    }
    extensions
}
