use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::encoding::text::encode;

use super::{METRICS, labels};
use crate::database::Pool;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`, for an address of its own: what it tells is not for the server's clients.
pub fn router(db: Pool) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(db)
}

async fn metrics(State(db): State<Pool>) -> Response {
    let pool = db.usage();
    for (state, count) in [("idle", pool.idle), ("used", pool.used)] {
        METRICS.connections.get_or_create(&labels::State { state }).set(count.into());
    }
    METRICS.most_connections.set(pool.most.into());
    let mut text = String::new();
    match encode(&mut text, &METRICS.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
