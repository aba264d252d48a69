use std::{iter, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::encoding::text::encode;

use super::{
    METRICS,
    labels::{Connections, Server},
};
use crate::database::{Pool, Replica};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`, for an address of its own: what it tells is not for the server's clients.
pub fn router(primary: Pool, replica: Option<Arc<Replica>>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state((primary, replica))
}

async fn metrics(State((primary, replica)): State<(Pool, Option<Arc<Replica>>)>) -> Response {
    let replica = replica.as_ref().map(|replica| ("replica", replica.pool()));
    for (server, pool) in iter::once(("primary", &primary)).chain(replica) {
        let pool = pool.usage();
        for (state, count) in [("idle", pool.idle), ("used", pool.used)] {
            METRICS.connections.get_or_create(&Connections { server, state }).set(count.into());
        }
        METRICS.most_connections.get_or_create(&Server { server }).set(pool.most.into());
        METRICS.waiting_statements.get_or_create(&Server { server }).set(pool.waiting.into());
    }
    let mut text = String::new();
    match encode(&mut text, &METRICS.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
