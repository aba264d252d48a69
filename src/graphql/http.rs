//! GraphQL over HTTP, as the specification of that name has it: what is read, what is answered, and
//! with which status.

use std::sync::Arc;

use async_graphql::{ServerError, parser::types::OperationType};
use async_graphql_axum::GraphQLResponse;
use axum::{
    body::Bytes,
    extract::{
        RawQuery, State,
        rejection::BytesRejection,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, AUTHORIZATION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use super::{
    execution::{Operation, Outcome, Refusal},
    json,
    parameters::Parameters,
    sse, websocket,
};
use crate::{
    Error, Result,
    app::{App, Client},
    error::Code,
    media_type::{self, MediaType},
};

/// `POST /graphql`: any operation.
pub async fn post(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let parameters = || {
        if !media_type::is_json(&headers) {
            return Err(Error::unsupported_media_type());
        }
        Parameters::from_json(&body?)
    };
    answer(&app, client, &headers, parameters, true).await
}

/// `GET /graphql`: queries and subscriptions; for a `WebSocket`, any operation; and for a browser
/// that comes without one, the explorer.
pub async fn get(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Ok(upgrade) = upgrade {
        return match app.streams.take(client.0) {
            Ok(place) => websocket::accept(app, client, place, upgrade),
            Err(error) => failure(error),
        };
    }
    let query = query.unwrap_or_default();
    if let Some(explorer) = &app.explorer
        && query.is_empty()
        && media_type::wants_html(&headers)
    {
        return explorer.page();
    }
    let parameters = || {
        if is_foreign_and_unasked(&headers) {
            let message =
                "A page of another site must ask first: send Authorization or Apollo-Require-Preflight.";
            return Err(Error::forbidden(message));
        }
        Parameters::from_query_string(&query)
    };
    answer(&app, client, &headers, parameters, false).await
}

/// Whether a browser sends this for a page of another site, without having asked by a preflight
/// whether it may: then nothing runs. (A POST of JSON is always asked for.)
fn is_foreign_and_unasked(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_foreign = matches!(site, Some(b"cross-site" | b"same-site"));
    is_foreign && !headers.contains_key(AUTHORIZATION) && !headers.contains_key("apollo-require-preflight")
}

async fn answer(
    app: &App,
    client: Client,
    headers: &HeaderMap,
    parameters: impl FnOnce() -> Result<Parameters>,
    may_mutate: bool,
) -> Response {
    let Some(media_type) = MediaType::negotiated(headers) else {
        let message =
            "The answer is application/graphql-response+json, application/json, or text/event-stream.";
        return refuse(MediaType::Json, Error::new(Code::NotAcceptable, message).into());
    };
    let prepared = async {
        let viewer = app.viewer(headers, client.0).await?;
        let operation = Operation::prepare(app, parameters()?)?;
        if operation.kind == Some(OperationType::Mutation) && !may_mutate {
            let message = "A mutation changes something, so it is sent by POST.";
            return Err(Error::new(Code::MethodNotAllowed, message).into());
        }
        Ok((viewer, operation))
    };
    match prepared.await {
        Ok((viewer, operation)) => {
            let is_subscription = operation.kind == Some(OperationType::Subscription);
            if media_type == MediaType::EventStream || is_subscription && media_type::accepts_stream(headers)
            {
                match app.streams.take(client.0) {
                    Ok(place) => sse::stream(app, viewer, client, place, operation),
                    Err(error) => refuse(media_type, error.into()),
                }
            } else {
                let _share = operation.share(app).await;
                let portion = app.store.room.portion(Some(client.0));
                let is_written = operation.may_be_written();
                let outcome = operation.execute(app, viewer, client.0, Arc::clone(&portion)).await;
                portion.held_by(write(media_type, outcome, is_written))
            }
        }
        Err(refusal) => refuse(media_type, refusal),
    }
}

/// Tells what came of an operation; `is_written`: parts of it may be JSON already.
fn write(media_type: MediaType, outcome: Outcome, is_written: bool) -> Response {
    match outcome {
        Outcome::Refused(errors) => write_errors(media_type, Code::ValidationFailed, &errors),
        Outcome::Began(response) => {
            let mut answer = if is_written {
                json::response(&response).into_response()
            } else {
                GraphQLResponse::from(response).into_response()
            };
            answer.headers_mut().insert(CONTENT_TYPE, media_type.header());
            answer
        }
    }
}

/// Answers a request that came to nothing, as GraphQL clients know it.
pub(crate) fn failure(error: Error) -> Response {
    refuse(MediaType::Json, error.into())
}

/// Writes why execution did not begin.
fn refuse(media_type: MediaType, refusal: Refusal) -> Response {
    let (headers, code) = (refusal.error.headers(), refusal.error.code);
    let mut response = write_errors(media_type, code, &[refusal.into_server_error()]);
    response.headers_mut().extend(headers);
    if code == Code::MethodNotAllowed {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn write_errors(media_type: MediaType, code: Code, errors: &[ServerError]) -> Response {
    // Clients of the older media type take any other status than 200 for a failure of the network.
    let is_of_document = matches!(
        code,
        Code::ParseFailed | Code::ValidationFailed | Code::BadUserInput | Code::PersistedQueryNotFound
    );
    let status = if media_type == MediaType::Json && is_of_document { StatusCode::OK } else { code.status() };
    // Whoever asked for a stream of events has none: the errors are JSON.
    let media_type = if media_type == MediaType::EventStream { MediaType::Json } else { media_type };
    let mut response = (status, json::errors(errors)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, media_type.header());
    response
}
