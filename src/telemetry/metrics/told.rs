//! What the rest of the server tells, one line each at its place.

use std::time::{Duration, SystemTime};

use axum::http::Method;
use sea_orm::metric::Info;

use super::{
    METRICS,
    interned::Interned,
    labels::{Call, Failure, Operation, Outcome, Request, Server, Statement},
};
use crate::{Result, error::Code};

/// Names of operations that have a place of their own. What comes on top counts as [`OTHER`].
const MAX_OPERATIONS: usize = 100;
/// Routes are those of our own table, which has fewer.
const MAX_ROUTES: usize = 200;
const OTHER: &str = "other";
const ANONYMOUS: &str = "anonymous";

static OPERATIONS: Interned = Interned::at_most(MAX_OPERATIONS);
static ROUTES: Interned = Interned::at_most(MAX_ROUTES);

/// A request was answered.
pub(in crate::telemetry) fn request(method: &Method, route: &str, status: u16, time: Duration) {
    let http_route = ROUTES.keep(route).unwrap_or(OTHER);
    let labels =
        Request { http_request_method: name_of(method), http_route, http_response_status_code: status };
    METRICS.requests.get_or_create(&labels).observe(time.as_secs_f64());
}

/// `OpenTelemetry`'s conventions have this for the methods that nobody has heard of.
fn name_of(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// A query or mutation was executed. A name that is not known yet is `learned` or counts as other.
pub(in crate::telemetry) fn operation(
    name: Option<&str>,
    r#type: &'static str,
    outcome: &'static str,
    time: Duration,
    learned: bool,
) {
    let known = |name| if learned { OPERATIONS.keep(name) } else { OPERATIONS.get(name) };
    let operation = name.map_or(ANONYMOUS, |name| known(name).unwrap_or(OTHER));
    let labels = Operation { operation, r#type, outcome };
    METRICS.operations.get_or_create(&labels).observe(time.as_secs_f64());
}

/// A client was told of a failure.
pub(in crate::telemetry) fn error(edge: &'static str, code: Code) {
    METRICS.errors.get_or_create(&Failure { edge, code: code.name() }).inc();
}

/// A statement was executed.
pub(in crate::telemetry) fn statement(statement: &Info<'_>) {
    let labels = Statement {
        db_operation_name: verb(&statement.statement.sql),
        outcome: if statement.failed { "failed" } else { "ok" },
    };
    METRICS.statements.get_or_create(&labels).observe(statement.elapsed.as_secs_f64());
}

/// What kind of statement it is.
pub(in crate::telemetry) fn verb(sql: &str) -> &'static str {
    let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    verbs.into_iter().find(|verb| sql.starts_with(verb)).unwrap_or("OTHER")
}

/// The replica is read from now on, or is not.
pub(crate) fn replica_in_use(is_in_use: bool) {
    METRICS.replica_in_use.get_or_create(&[]).set(is_in_use.into());
}

/// A request that changes nothing begins to read at the `primary` or at the `replica`; told only where
/// there is a choice.
pub(crate) fn read_begins(server: &'static str) {
    METRICS.reads.get_or_create(&Server { server }).inc();
}

/// The identity provider was asked something.
pub(in crate::telemetry) fn call(purpose: &'static str, outcome: &'static str, time: Duration) {
    METRICS.calls.get_or_create(&Call { purpose, outcome }).observe(time.as_secs_f64());
}

/// A line did not get into the log.
pub(in crate::telemetry) fn line_lost() {
    METRICS.lines_lost.inc();
}

/// An access token was checked.
pub(crate) fn token_checked<T>(result: &Result<T>) {
    METRICS.verifications.get_or_create(&outcome_of(result)).inc();
}

/// Somebody tried to sign up.
pub(crate) fn signed_up<T>(result: &Result<T>) {
    METRICS.sign_ups.get_or_create(&outcome_of(result)).inc();
}

fn outcome_of<T>(result: &Result<T>) -> Outcome {
    Outcome { outcome: result.as_ref().map_or_else(|error| error.code.name(), |_| "ok") }
}

/// The signing keys were fetched, or could not be.
pub(crate) fn keys_fetched(succeeded: bool) {
    METRICS.key_refreshes.get_or_create(&Outcome { outcome: if succeeded { "ok" } else { "failed" } }).inc();
    if succeeded {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        METRICS.keys_refreshed_at.set(now.as_secs_f64());
    }
}

/// A document was asked for by its hash.
pub(crate) fn persisted_query(outcome: &'static str) {
    METRICS.persisted.get_or_create(&Outcome { outcome }).inc();
}

/// Something changed that may be watched; it could be told on, or not.
pub(crate) fn event_published(succeeded: bool) {
    if succeeded {
        METRICS.events_published.inc()
    } else {
        METRICS.events_lost.inc()
    };
}

/// So many subscriptions were told of a change.
pub(crate) fn event_delivered(subscriptions: usize) {
    METRICS.events_delivered.inc_by(subscriptions as u64);
}

/// A subscription, while it lasts.
pub(crate) struct Subscribed(());

impl Subscribed {
    pub(in crate::telemetry) fn begin() -> Self {
        METRICS.subscriptions.inc();
        Self(())
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        METRICS.subscriptions.dec();
    }
}
