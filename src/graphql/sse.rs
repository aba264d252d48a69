//! GraphQL over server-sent events, in "distinct connections" mode: one operation a request, by the
//! protocol of graphql-sse.

use std::convert::Infallible;

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{FutureExt, StreamExt, future, stream};

use super::execution::Operation;
use crate::{
    app::{App, Client},
    auth::Viewer,
    limit::Place,
    telemetry,
};

/// Answers an operation as a stream: each result is a `next`, and the last event a `complete`. When
/// the viewer's token expires, or the server stops, the stream is complete. It has its `place` as long
/// as it lasts.
pub(super) fn stream(
    app: &App,
    viewer: Viewer,
    client: Client,
    place: Place,
    operation: Operation,
) -> Response {
    let (expiry, stopped) = (viewer.expiry(), app.shutdown.stopped());
    let end = async move {
        tokio::select! {
            () = expiry => {}
            () = stopped => {}
        }
    };
    let outcomes = operation.outcomes(app, viewer, client.0).take_until(end.boxed());
    let results = outcomes.map(move |outcome| {
        let _ = &place;
        let result = outcome.into_response();
        Event::default().event("next").data(str::from_utf8(&result).unwrap_or_default())
    });
    let complete = stream::once(future::ready(Event::default().event("complete").data("")));
    let events = telemetry::current().carry_stream(results.chain(complete).map(Ok::<_, Infallible>));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
