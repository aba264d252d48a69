//! One line of the log, and one measurement, for each request.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::Response,
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tower_http::request_id::{MakeRequestId, MakeRequestUuid};

use super::{
    metrics,
    record::{self, Current, NO_ROUTE, Record},
    traces,
};

/// The header that carries a request's id, from a proxy or client to us and back.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from outside, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 64;

/// Gives a request an id, its own `x-request-id` where that is a plain one, and writes one line to
/// the log when it has been answered. Neither query strings nor bodies nor tokens go there.
pub async fn observe(request: Request, next: Next) -> Response {
    let given = request.headers().get(&X_REQUEST_ID).filter(|id| is_plain(id)).cloned();
    let id = given.or_else(|| Some(MakeRequestUuid.make_request_id(&request)?.into_header_value()));
    let id = id.unwrap_or_else(|| HeaderValue::from_static("none"));
    let route = request.extensions().get::<MatchedPath>().cloned();
    let trace = traces::of_request(
        request.method(),
        route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str),
        request.headers(),
    );
    let record = Arc::new(Record::new(id.clone(), request.method().clone(), route, trace));
    let mut observed = Observed { record: Arc::clone(&record), status: None };
    let mut response = Current::new(record).carry(next.run(request)).await;
    observed.status = Some(response.status());
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// Gives an operation that shares a `WebSocket` with others a line of its own in the log, when no more
/// responses to it will come.
pub(crate) fn observe_operation<T: 'static>(
    begin: impl FnOnce() -> BoxStream<'static, T>,
) -> BoxStream<'static, T> {
    let record = record::current().operation();
    let operation = record.clone().map_or_else(record::current, Current::new);
    let observed = record.map(|record| Observed { record, status: None });
    let mut responses = operation.step(begin);
    operation
        .carry_stream(stream::poll_fn(move |context| {
            let _ = &observed;
            responses.poll_next_unpin(context)
        }))
        .boxed()
}

/// A request, or an operation of a `WebSocket`: when it is dropped, it is over.
struct Observed {
    record: Arc<Record>,
    /// None until a request is answered.
    status: Option<StatusCode>,
}

impl Drop for Observed {
    fn drop(&mut self) {
        let record = &*self.record;
        if let Some(status) = self.status {
            metrics::request(&record.method, record.route(), status.as_u16(), record.began.elapsed());
        }
        if let Some(trace) = &record.trace {
            traces::end(trace, record, self.status);
        }
        Current::new(Arc::clone(&self.record)).step(|| {
            tracing::info!(
                method = record.method.as_str(),
                route = record.route(),
                transport = record.is_of_socket.then_some("websocket"),
                status = self.status.map(|status| status.as_u16()),
                subject = record.subject(),
                operation = record.operation.get().map(|name| &**name),
                code = record.code.get().map(|code| code.name()),
                micros = record.began.elapsed().as_micros(),
                statements = record.statements(),
                sql_micros = record.sql_time().as_micros(),
                "{}",
                // A client that hangs up ends a request, and with a socket's operation that is its way.
                if self.status.is_some() || record.is_of_socket { "answered" } else { "abandoned" }
            );
        });
    }
}

fn is_plain(id: &HeaderValue) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
        && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}
