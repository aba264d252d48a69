//! Logs and request ids.

use std::io::IsTerminal;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tower_http::request_id::{MakeRequestId, MakeRequestUuid};
use tracing::Instrument;
use tracing_subscriber::EnvFilter;

/// The header that carries a request's id, from a proxy or client to us and back.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from outside, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 64;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Writes the log to standard error: lines for people in a terminal, JSON otherwise.
pub fn init() {
    let filter = || EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn,async_graphql=warn");
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).with_span_list(false).init();
    }
}

/// The id of the request that this task is answering.
#[must_use]
pub fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Gives a request an id, its own `x-request-id` where that is a plain one, and writes one line to
/// the log when it has been answered. Neither query strings nor bodies nor tokens go there.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let given =
        request.headers().get(&X_REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_plain(id));
    let id = match given {
        Some(id) => id.to_owned(),
        None => MakeRequestUuid
            .make_request_id(&request)
            .and_then(|id| id.into_header_value().to_str().map(ToOwned::to_owned).ok())
            .unwrap_or_default(),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(X_REQUEST_ID, value);
    }
    let span = tracing::info_span!("request", id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let began = std::time::Instant::now();
    REQUEST_ID
        .scope(id.clone(), async move {
            let mut response = next.run(request).await;
            tracing::info!(
                method = method.as_str(),
                route = route.as_deref().unwrap_or("none"),
                status = response.status().as_u16(),
                micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
                "answered"
            );
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(X_REQUEST_ID, value);
            }
            response
        })
        .instrument(span)
        .await
}

fn is_plain(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}
