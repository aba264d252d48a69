//! What requests may cost, and where each limit is set.

use std::time::Duration;

/// What one request may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `MAX_BODY_BYTES`.
    pub body_bytes: u32,
    /// `MAX_CONCURRENT_REQUESTS`: requests that are answered at the same time.
    pub concurrent_requests: u32,
    /// `DATABASE_MAX_CONNECTIONS`: at least [`Self::MIN_DATABASE_CONNECTIONS`].
    pub database_connections: u32,
    /// `WORKER_THREADS`: each serves connections of its own; with 0 the main thread serves them all.
    pub worker_threads: u32,
    /// `REQUEST_TIMEOUT_SECONDS`.
    pub request_timeout: Duration,
    /// `STATEMENT_TIMEOUT_SECONDS`: of one SQL statement, on PostgreSQL.
    pub statement_timeout: Duration,
    /// `STALLED_CLIENT_SECONDS`: how long a client may take nothing of what it is sent.
    pub stalled_client: Duration,
    /// `STREAMS_PER_ADDRESS`: sockets and streams of events of one address at once; 0 means no limit.
    pub streams_per_address: u32,
    /// Of one GraphQL operation.
    pub graphql: GraphqlLimits,
}

/// What one GraphQL operation may cost.
#[derive(Clone, Debug)]
pub struct GraphqlLimits {
    /// `GRAPHQL_MAX_DEPTH`: levels of fields, with fragments expanded.
    pub depth: u32,
    /// `GRAPHQL_MAX_NODES`: objects asked for, the product of the page sizes along each path,
    /// summed.
    pub nodes: u32,
    /// `GRAPHQL_MAX_ALIASES`: counted as often as fragments repeat them.
    pub aliases: u32,
    /// `GRAPHQL_MAX_TOKENS`: lexical tokens of the document.
    pub tokens: u32,
    /// `GRAPHQL_MAX_DIRECTIVES`: in one place.
    pub directives: u32,
    /// `GRAPHQL_MAX_ERRORS`: errors in a document that are told.
    pub errors: u32,
    /// `GRAPHQL_MAX_PAGE_SIZE`: rows of a page.
    pub page_size: u32,
    /// `GRAPHQL_MAX_RESPONSE_BYTES`: how long the response may be, and what is read for it.
    pub response_bytes: u32,
}

impl Limits {
    /// As many as there are uses that must not wait for each other (`database/division.rs`).
    pub const MIN_DATABASE_CONNECTIONS: u32 = 5;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            concurrent_requests: 32,
            database_connections: 20,
            worker_threads: 0,
            request_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(5),
            stalled_client: Duration::from_secs(30),
            streams_per_address: 200,
            graphql: GraphqlLimits {
                depth: 12,
                nodes: 50_000,
                aliases: 30,
                tokens: 2_000,
                directives: 5,
                errors: 10,
                page_size: 100,
                response_bytes: 32 * 1024 * 1024,
            },
        }
    }
}
