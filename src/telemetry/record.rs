//! What is known of the request that a task answers, and how other tasks take it along.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use aws_lc_rs::digest;
use axum::{
    extract::MatchedPath,
    http::{HeaderValue, Method},
};
use futures_util::{Stream, StreamExt, future::Either, stream};
use opentelemetry::Context;

use super::{metrics, traces};
use crate::error::Code;

/// The longest part of an operation's name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// What stands for the route of a path that is none of ours.
pub(super) const NO_ROUTE: &str = "none";

/// What is known of a request while it is answered. Several tasks may have a part in it.
pub(super) struct Record {
    id: HeaderValue,
    pub(super) method: Method,
    /// None for a path that is none of ours.
    route: Option<MatchedPath>,
    /// Whether it is one of many operations that share a `WebSocket`.
    pub(super) is_of_socket: bool,
    pub(super) began: Instant,
    /// The token's [`Subject`]; 0 while there is none.
    subject: AtomicU64,
    pub(super) operation: OnceLock<Box<str>>,
    /// The first that the client is told.
    pub(super) code: OnceLock<Code>,
    statements: AtomicU32,
    sql_nanos: AtomicU64,
    /// Its span, where it is traced.
    pub(super) trace: Option<Context>,
}

tokio::task_local! {
    static CURRENT: Arc<Record>;
    /// Those of requests that share some work.
    static SHARING: Vec<Arc<Record>>;
}

impl Record {
    pub(super) fn new(
        id: HeaderValue,
        method: Method,
        route: Option<MatchedPath>,
        trace: Option<Context>,
    ) -> Self {
        Self {
            id,
            method,
            route,
            is_of_socket: false,
            began: Instant::now(),
            subject: AtomicU64::new(0),
            operation: OnceLock::new(),
            code: OnceLock::new(),
            statements: AtomicU32::new(0),
            sql_nanos: AtomicU64::new(0),
            trace,
        }
    }

    /// Of an operation that comes over the connection that this request has opened.
    fn of_operation(&self) -> Self {
        let subject = AtomicU64::new(self.subject.load(Ordering::Relaxed));
        let trace = traces::of_operation(self.trace.as_ref());
        let new = Self::new(self.id.clone(), self.method.clone(), self.route.clone(), trace);
        Self { is_of_socket: true, subject, ..new }
    }

    pub(super) fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    pub(super) fn route(&self) -> &str {
        self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }

    /// What kind of client it is told to.
    fn edge(&self) -> &'static str {
        if self.route() == "/graphql" { "graphql" } else { "rest" }
    }

    pub(super) fn is_identified(&self) -> bool {
        self.subject.load(Ordering::Relaxed) != 0
    }

    /// Whose token it came with: 16 digits that stand for the subject and do not tell it.
    pub(super) fn subject(&self) -> Option<String> {
        let digest = self.subject.load(Ordering::Relaxed);
        (digest != 0).then(|| format!("{digest:016x}"))
    }

    pub(super) fn count_statement(&self, elapsed: Duration) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.sql_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(super) fn sql_time(&self) -> Duration {
        Duration::from_nanos(self.sql_nanos.load(Ordering::Relaxed))
    }
}

/// Looks at the record of the request that this task is answering, if it is.
pub(super) fn with<T>(look: impl FnOnce(&Record) -> T) -> Option<T> {
    CURRENT.try_with(|record| look(record)).ok()
}

/// Looks at the record of each request that this task does something for.
pub(super) fn each(look: impl Fn(&Record)) {
    with(&look);
    let _ = SHARING.try_with(|records| records.iter().for_each(|record| look(record)));
}

/// Does some of the work for all of these requests at once.
pub(crate) fn carry_all<F: Future>(requests: Vec<Current>, work: F) -> impl Future<Output = F::Output> {
    let mut records: Vec<_> = requests.into_iter().filter_map(|Current(record)| record).collect();
    // Several fields of a request may have a part in it.
    records.sort_unstable_by_key(Arc::as_ptr);
    records.dedup_by(|one, other| Arc::ptr_eq(one, other));
    SHARING.scope(records, work)
}

/// The request that a task is answering, to be taken along to where it is answered further.
#[derive(Clone)]
pub(crate) struct Current(Option<Arc<Record>>);

/// The request that this task is answering.
pub(crate) fn current() -> Current {
    Current(CURRENT.try_with(Arc::clone).ok())
}

impl Current {
    pub(super) const fn new(record: Arc<Record>) -> Self {
        Self(Some(record))
    }

    /// As one operation of many that share a connection.
    pub(super) fn operation(&self) -> Option<Arc<Record>> {
        self.0.as_ref().map(|record| Arc::new(record.of_operation()))
    }

    /// Does a step in answering it.
    pub(crate) fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(record) => CURRENT.sync_scope(Arc::clone(record), step),
            None => step(),
        }
    }

    /// Does some of the work for it.
    pub(crate) fn carry<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        match self.0 {
            Some(record) => Either::Left(CURRENT.scope(record, work)),
            None => Either::Right(work),
        }
    }

    /// Reads for it what comes one by one.
    pub(crate) fn carry_stream<S: Stream + Unpin>(self, mut items: S) -> impl Stream<Item = S::Item> {
        stream::poll_fn(move |context| self.step(|| items.poll_next_unpin(context)))
    }
}

/// The id of the request that this task is answering.
#[must_use]
pub fn request_id() -> Option<String> {
    with(|record| record.id().to_owned())
}

/// Stands for the subject of a token, and does not tell it: the first half of a digest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject(u64);

impl Subject {
    pub(crate) fn of(subject: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, subject.as_bytes());
        Self(digest.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes))
    }
}

/// Whose token a request came with.
pub(crate) fn identified(Subject(digest): Subject) {
    with(|record| record.subject.store(digest, Ordering::Relaxed));
}

/// Which operation a request executes, as the document names it.
pub(super) fn named(operation: Option<&str>) {
    let Some(name) = operation else { return };
    let most = name.floor_char_boundary(MAX_NAME_BYTES);
    with(|record| record.operation.set(name[..most].into()).ok());
}

/// A client is told of a failure.
pub(crate) fn failed(code: Code) {
    with(|record| {
        let _ = record.code.set(code);
        metrics::error(record.edge(), code);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_that_requests_share_counts_for_each_of_them() {
        let record = || Arc::new(Record::new(HeaderValue::from_static("id"), Method::GET, None, None));
        let records = [record(), record()];
        let of_both = records.iter().chain(&records);
        let requests = of_both.map(|record| Current::new(Arc::clone(record))).collect();
        let statement = async { each(|record| record.count_statement(Duration::from_millis(2))) };
        carry_all(requests, statement).await;
        for record in records {
            assert_eq!((record.statements(), record.sql_time()), (1, Duration::from_millis(2)));
        }
    }
}
