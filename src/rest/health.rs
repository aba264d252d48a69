//! The paths that a load balancer asks.

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use crate::{app::AppState, database};

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: whether requests can be served, and if not, what is missing.
pub(crate) async fn readyz(State(app): State<AppState>) -> (StatusCode, Json<Value>) {
    let pending = database::pending_migrations(&app.db).await;
    let checks = [
        ("database", pending.is_ok()),
        ("migrations", pending.is_ok_and(|pending| pending.is_empty())),
        ("keys", app.verifier.jwks().is_loaded()),
    ];
    let is_ready = checks.iter().all(|(_, is_fine)| *is_fine);
    let word = |is_fine| if is_fine { "ok" } else { "unavailable" };
    let mut body = json!({ "status": word(is_ready) });
    for (name, is_fine) in checks {
        body[name] = word(is_fine).into();
    }
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
