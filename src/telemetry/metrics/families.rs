//! What is measured, by name.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{
    labels::{Call, Connections, Failure, Operation, Outcome, Request, Server, Statement},
    process::Process,
};
use crate::error::Code;

/// Seconds: from what takes one statement to what is given up.
const REQUEST_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Seconds.
const STATEMENT_BUCKETS: [f64; 10] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 1.0, 5.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All there is.
pub(super) struct Metrics {
    pub(super) registry: Registry,
    pub(super) requests: Histograms<Request>,
    pub(super) operations: Histograms<Operation>,
    pub(super) errors: Family<Failure, Counter>,
    pub(super) statements: Histograms<Statement>,
    pub(super) connections: Family<Connections, Gauge>,
    pub(super) most_connections: Family<Server, Gauge>,
    pub(super) waiting_statements: Family<Server, Gauge>,
    pub(super) reads: Family<Server, Counter>,
    /// Nothing is told where there is no replica.
    pub(super) replica_in_use: Family<[(&'static str, &'static str); 0], Gauge>,
    pub(super) calls: Histograms<Call>,
    pub(super) verifications: Family<Outcome, Counter>,
    pub(super) key_refreshes: Family<Outcome, Counter>,
    pub(super) keys_refreshed_at: Gauge<f64, AtomicU64>,
    pub(super) sign_ups: Family<Outcome, Counter>,
    pub(super) persisted: Family<Outcome, Counter>,
    pub(super) subscriptions: Gauge,
    pub(super) events_published: Counter,
    pub(super) events_delivered: Counter,
    pub(super) events_lost: Counter,
    pub(super) lines_lost: Counter,
}

impl Metrics {
    pub(super) fn register() -> Self {
        let request_time: fn() -> Histogram = || Histogram::new(REQUEST_BUCKETS);
        let statement_time: fn() -> Histogram = || Histogram::new(STATEMENT_BUCKETS);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::new_with_constructor(request_time),
            operations: Family::new_with_constructor(request_time),
            errors: Family::default(),
            statements: Family::new_with_constructor(statement_time),
            connections: Family::default(),
            most_connections: Family::default(),
            waiting_statements: Family::default(),
            reads: Family::default(),
            replica_in_use: Family::default(),
            calls: Family::new_with_constructor(request_time),
            verifications: Family::default(),
            key_refreshes: Family::default(),
            keys_refreshed_at: Gauge::default(),
            sign_ups: Family::default(),
            persisted: Family::default(),
            subscriptions: Gauge::default(),
            events_published: Counter::default(),
            events_delivered: Counter::default(),
            events_lost: Counter::default(),
            lines_lost: Counter::default(),
        };
        let mut registry = Registry::default();
        metrics.register_edges(&mut registry);
        metrics.register_needs(&mut registry);
        metrics.register_domain(&mut registry);
        metrics.registry = registry;
        metrics.begin_at_zero();
        metrics
    }

    /// What an alert waits for is told before it happens: for Prometheus a number that begins at 1 has
    /// not grown.
    fn begin_at_zero(&self) {
        for code in [Code::Internal, Code::Unavailable].map(Code::name) {
            for edge in ["graphql", "rest"] {
                self.errors.get_or_create(&Failure { edge, code }).inc_by(0);
            }
            self.sign_ups.get_or_create(&Outcome { outcome: code }).inc_by(0);
        }
        for outcome in ["ok", Code::TokenInvalid.name()] {
            self.verifications.get_or_create(&Outcome { outcome }).inc_by(0);
        }
        for outcome in ["ok", "failed"] {
            self.key_refreshes.get_or_create(&Outcome { outcome }).inc_by(0);
        }
    }

    /// What clients see.
    fn register_edges(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "http_server_request_duration",
            "How long requests took, by method, route and status",
            Unit::Seconds,
            self.requests.clone(),
        );
        registry.register_with_unit(
            "graphql_operation_duration",
            "How long GraphQL queries and mutations took to execute, by the operation's name, its type and its outcome",
            Unit::Seconds,
            self.operations.clone(),
        );
        registry.register(
            "funcster_errors",
            "Errors that clients were told, by edge (graphql or rest) and code",
            self.errors.clone(),
        );
        registry.register(
            "graphql_persisted_queries",
            "Documents asked for by their hash: hit, miss, or registered",
            self.persisted.clone(),
        );
        registry.register("graphql_subscriptions", "Subscriptions going on", self.subscriptions.clone());
    }

    /// What the server needs.
    fn register_needs(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "db_client_operation_duration",
            "How long SQL statements took, by kind and outcome",
            Unit::Seconds,
            self.statements.clone(),
        );
        registry.register(
            "db_client_connection_count",
            "Connections in the pool, by server (primary or replica) and state (idle or used)",
            self.connections.clone(),
        );
        registry.register(
            "db_client_connection_max",
            "How many connections the pool may have, by server",
            self.most_connections.clone(),
        );
        registry.register(
            "db_client_connection_pending_requests",
            "How many statements wait for a connection, by server",
            self.waiting_statements.clone(),
        );
        registry.register(
            "funcster_replica_in_use",
            "Whether requests read at the replica, where there is one",
            self.replica_in_use.clone(),
        );
        registry.register(
            "funcster_reads",
            "Requests that change nothing, by the server that they read at, where there is a replica",
            self.reads.clone(),
        );
        registry.register_with_unit(
            "http_client_request_duration",
            "How long the identity provider took to answer, by purpose (jwks or signup) and outcome",
            Unit::Seconds,
            self.calls.clone(),
        );
        registry.register(
            "funcster_jwks_refreshes",
            "Fetches of the signing keys, by outcome (ok or failed)",
            self.key_refreshes.clone(),
        );
        registry.register_with_unit(
            "funcster_jwks_refresh_timestamp",
            "When the signing keys were last fetched, in Unix time",
            Unit::Seconds,
            self.keys_refreshed_at.clone(),
        );
        registry.register(
            "funcster_log_lines_lost",
            "Lines that were not written to the log because nobody read it",
            self.lines_lost.clone(),
        );
        registry.register_collector(Box::new(Process));
    }

    /// What people do.
    fn register_domain(&self, registry: &mut Registry) {
        let build = Family::<[(&str, &str); 1], Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("funcster_build_info", "What runs", build);
        registry.register(
            "funcster_token_verifications",
            "Access tokens checked, by outcome (ok, or the code of the error)",
            self.verifications.clone(),
        );
        registry.register(
            "funcster_signups",
            "Sign-ups, by outcome (ok, or the code of the error)",
            self.sign_ups.clone(),
        );
        registry.register(
            "funcster_events_published",
            "Changes made through this process, watched or not",
            self.events_published.clone(),
        );
        registry.register(
            "funcster_events_delivered",
            "Changes that reached a subscription here, counted for each",
            self.events_delivered.clone(),
        );
        registry.register(
            "funcster_events_lost",
            "Changes that could not be told, because too many waited",
            self.events_lost.clone(),
        );
    }
}
