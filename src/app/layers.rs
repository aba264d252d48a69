//! What is done around each handler: bounds, headers, CORS, compression.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method,
        header::{
            ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, LINK, REFERRER_POLICY,
            RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::Response,
};
use futures_util::FutureExt;
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
    cors::{AllowOrigin, Any, CorsLayer},
};

use super::receiving::Receiving;
use crate::{
    Error,
    admission::{self, Admission},
    rest::deprecation::DEPRECATION,
    telemetry,
};

/// What Apollo's clients send of their own.
const CLIENT_HEADERS: [&str; 5] = [
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "x-apollo-operation-id",
    "x-apollo-operation-name",
];
/// Responses below this size are sent as they are.
const COMPRESSION_FLOOR_BYTES: u64 = 1024;
/// How long a browser may remember what cross-origin requests are allowed.
const PREFLIGHT_LIFETIME: Duration = Duration::from_hours(1);

/// How many requests there may be at a time: of those that are answered, and of those whose bodies come.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) admission: Arc<Admission>,
    pub(super) receiving: Receiving,
}

/// Bounds how long a request may take, keeps a panic to the request that caused it, and refuses those that
/// are beyond the `bounds`, where there are any. `answer` tells the client as the edge does.
pub(super) fn guarded<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    timeout: Duration,
    bounds: Option<Bounds>,
    answer: fn(Error) -> Response,
) -> Router<S> {
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let bounds = bounds.clone();
        async move {
            let response = async {
                let Some(Bounds { admission, receiving }) = bounds else {
                    return Ok(next.run(request).await);
                };
                let (request, _received) = receiving.receive(request).await?;
                Ok(admission.enter().await?.carry(next.run(request)).await)
            };
            match AssertUnwindSafe(tokio::time::timeout(timeout, response)).catch_unwind().await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(refusal))) => {
                    admission::hold_refusal().await;
                    answer(refusal)
                }
                Ok(Err(_)) => answer(Error::overdue()),
                Err(_) => answer(Error::internal("a handler panicked")),
            }
        }
    }))
}

/// Any page may call, unless the operator says which: a token is never sent by a browser of its own accord, so there is nothing
/// that another origin could ride on.
pub(super) fn cors(origins: Option<Vec<HeaderValue>>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins.map_or_else(|| AllowOrigin::from(Any), AllowOrigin::list))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            [AUTHORIZATION, CONTENT_TYPE, ACCEPT, IF_MATCH, telemetry::X_REQUEST_ID]
                .into_iter()
                .chain(CLIENT_HEADERS.map(HeaderName::from_static))
                .collect::<Vec<_>>(),
        )
        .expose_headers([DEPRECATION, ETAG, LINK, RETRY_AFTER, WWW_AUTHENTICATE, telemetry::X_REQUEST_ID])
        .max_age(PREFLIGHT_LIFETIME)
}

/// Sets headers that keep browsers and caches careful, where a response does not set them itself.
pub(super) fn careful<B>(mut response: Response<B>) -> Response<B> {
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // What one viewer may see is nothing for a cache that others share.
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Compresses what is worth it: below the floor a packet is sent either way.
pub(super) fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSION_FLOOR_BYTES).and(NotForContentType::SSE))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::rest;

    #[tokio::test]
    async fn a_panic_costs_the_request_that_caused_it_and_no_other() {
        let routes = Router::new()
            .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
            .route("/works", get(async || "fine"));
        let guarded = guarded(routes, Duration::from_secs(5), None, rest::failure);
        for (path, status) in [
            ("/panics", StatusCode::INTERNAL_SERVER_ERROR),
            ("/works", StatusCode::OK),
            ("/panics", StatusCode::INTERNAL_SERVER_ERROR),
            ("/works", StatusCode::OK),
        ] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let Ok(response) = guarded.clone().oneshot(request).await;
            assert_eq!(response.status(), status, "{path}");
        }
    }
}
