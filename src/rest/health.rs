//! The paths that a load balancer asks.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// How long the database may take to answer: whoever asks whether we are ready does not wait long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether something is as it should be.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Condition {
    Ok,
    Unavailable,
    /// All is there, but the server has been asked to stop.
    Stopping,
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    status: Condition,
}

/// Whether requests can be served, and if not, what is missing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: Condition,
    database: Condition,
    migrations: Condition,
    /// Those that tokens are verified with.
    keys: Condition,
    /// Without it, the database itself is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<Condition>,
}

/// Whether the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "service",
    responses((status = 200, description = "It does.", body = Health))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: Condition::Ok })
}

/// Whether requests can be served.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    responses(
        (status = 200, description = "They can.", body = Readiness),
        (status = 503, description = "They cannot.", body = Readiness)
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let schema = tokio::time::timeout(PATIENCE, migration::require_current(app.store.db.all())).await;
    let answers = !matches!(schema, Err(_) | Ok(Err(migration::Error::Database(_))));
    let checks = [answers, matches!(schema, Ok(Ok(()))), app.verifier.jwks().is_loaded()];
    let status = match Condition::of(checks.iter().all(|is_fine| *is_fine)) {
        Condition::Ok if app.shutdown.is_draining() => Condition::Stopping,
        status => status,
    };
    let [database, migrations, keys] = checks.map(Condition::of);
    let code = if status == Condition::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let replica = app.store.replica.as_ref().map(|replica| Condition::of(replica.is_in_use()));
    (code, Json(Readiness { status, database, migrations, keys, replica }))
}

impl Condition {
    const fn of(is_fine: bool) -> Self {
        if is_fine { Self::Ok } else { Self::Unavailable }
    }
}
