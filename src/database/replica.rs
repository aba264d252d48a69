//! A streaming replica of the PostgreSQL database: requests that change nothing read there, as long as
//! nothing is missing there that was written before they came.
//!
//! Nobody needs to remember who wrote what, and it does not matter which process somebody wrote through:
//! each time, the primary is asked how far it has written, and the replica how far it has come.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tokio::time::{sleep, timeout};

use super::{Pool, ReadPool, connect_lazily};
use crate::{Error, config::Limits, room::Room, telemetry};

/// How long a request waits for the replica to catch up, and how long it waits before it asks again.
const CATCH_UP_TIME: Duration = Duration::from_millis(20);
const CATCH_UP_PAUSE: Duration = Duration::from_millis(1);
/// How long the replica may take to answer anything: what it is asked takes milliseconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is looked at whether the replica can be read.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How far the primary has written what it has confirmed. Where it confirms before it has written, that
/// is as far as there is anything.
const WRITTEN: &str = "\
    SELECT system_identifier, ('x' || left(pg_walfile_name(lsn), 8))::bit(32)::int, (lsn - '0/0')::bigint \
    FROM pg_control_system(), (SELECT CASE current_setting('synchronous_commit') \
    WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END AS lsn) AS written";
/// How far a replica has come. What is no replica, or no more, has no answer.
const REPLAYED: &str = "\
    SELECT system_identifier, timeline_id, (pg_last_wal_replay_lsn() - '0/0')::bigint \
    FROM pg_control_system(), pg_control_checkpoint() WHERE pg_is_in_recovery()";

/// The replica.
#[derive(Debug)]
pub struct Replica {
    pool: Pool,
    primary: Pool,
    written: Question,
    replayed: Question,
    is_in_use: AtomicBool,
    /// Whether the operator knows that it is read, or that it is not.
    told: Mutex<Option<bool>>,
}

impl Replica {
    /// The replica at `url`, whether or not it can be reached yet, of the database of `primary`. It has
    /// as many connections, divided among the worker threads in the same way, and one more to either to ask
    /// how far it is.
    ///
    /// # Errors
    /// When the URL cannot be understood.
    pub async fn start(url: &str, primary: &Pool, limits: &Limits) -> Result<Arc<Self>, DbErr> {
        let pool = Pool::divided(connect_lazily(url, limits).await?, limits);
        let replica = Arc::new(Self {
            written: Question::new(WRITTEN, primary.apart()),
            replayed: Question::new(REPLAYED, pool.apart()),
            pool,
            primary: primary.clone(),
            is_in_use: AtomicBool::new(false),
            told: Mutex::default(),
        });
        telemetry::replica_in_use(false);
        let mut closing = replica.pool.all().get_postgres_connection_pool().close_event();
        let looking = Self::look_after(Arc::downgrade(&replica));
        tokio::spawn(async move { closing.do_until(looking).await });
        Ok(replica)
    }

    /// As [`Pool::close`], with the connections by which it is asked how far it is.
    pub async fn close(&self) {
        tokio::join!(self.pool.close(), self.written.server.close(), self.replayed.server.close());
    }

    /// Its connections.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether requests read there.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.is_in_use.load(Ordering::Relaxed)
    }

    /// Where a request reads that has come now.
    pub(crate) async fn reader(self: &Arc<Self>, room: &Arc<Room>) -> ReadPool {
        let may_be_read = self.is_in_use() && self.is_fit().await;
        telemetry::read_begins(if may_be_read { "replica" } else { "primary" });
        let replica = may_be_read.then(|| Arc::clone(self));
        ReadPool::at(replica, self.primary.clone(), room)
    }

    /// What it answers; none if it does not, or not in time.
    pub(super) async fn answer<'a, T, F>(&'a self, query: impl Fn(&'a Pool) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        if !self.is_in_use() {
            return None;
        }
        match timeout(ANSWER_TIMEOUT, query(&self.pool)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) if Error::is_outage(&error) => self.rest(&error.into()),
            // It may be the statement that is to blame, or that the replica has to remove what is read.
            _ => {}
        }
        None
    }

    /// Whether the replica can be read now.
    async fn is_fit(&self) -> bool {
        let seen = self.lacks_nothing().await;
        if let Err(unfit) = &seen {
            self.rest(unfit);
        }
        seen.is_ok()
    }

    /// Waits until everything is there that has been written.
    async fn lacks_nothing(&self) -> Result<(), Unfit> {
        let written = self.written.ask().await.map_err(|why| Unfit::Unknown(Box::new(why)))?;
        if self.replayed.last().is_some_and(|position| position.includes(written)) {
            return Ok(());
        }
        let began = Instant::now();
        loop {
            let replayed = self.replayed.ask().await?;
            if replayed.includes(written) {
                return Ok(());
            }
            if !replayed.is_of_same_history(written) {
                return Err(Unfit::Stranger);
            }
            if began.elapsed() > CATCH_UP_TIME {
                return Err(Unfit::Behind);
            }
            sleep(CATCH_UP_PAUSE).await;
        }
    }

    /// It is not read until it is found fit again.
    fn rest(&self, unfit: &Unfit) {
        self.replayed.forget();
        if self.set_in_use(false) {
            tracing::warn!(reason = %unfit, "the replica is not read, but the primary");
        }
    }

    /// Tells whether that is news.
    fn set_in_use(&self, is_in_use: bool) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        telemetry::replica_in_use(is_in_use);
        self.is_in_use.store(is_in_use, Ordering::Relaxed);
        told.replace(is_in_use) != Some(is_in_use)
    }

    /// Looks again and again whether the replica can be read.
    async fn look_after(replica: Weak<Self>) {
        while let Some(replica) = replica.upgrade() {
            replica.replayed.forget();
            if replica.is_fit().await && replica.set_in_use(true) {
                tracing::info!("the replica is read");
            }
            drop(replica);
            sleep(LOOK_INTERVAL).await;
        }
    }
}

/// Why the replica cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("the primary does not tell how far it has written: {0}")]
    Unknown(Box<Self>),
    #[error("it does not answer: {0}")]
    Failed(#[from] DbErr),
    #[error("it cannot be reached, or does not answer in time")]
    Silent,
    #[error("it is no replica, or none any more")]
    NoReplica,
    #[error("it replicates another server, or has not followed the last failover yet")]
    Stranger,
    #[error("it has not caught up")]
    Behind,
}

/// A place in the history of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    /// Which cluster it is.
    system: i64,
    /// How often another server has become its primary.
    timeline: i32,
    /// How many bytes of log there are up to here.
    lsn: i64,
}

impl Position {
    const fn is_of_same_history(self, other: Self) -> bool {
        self.system == other.system && self.timeline == other.timeline
    }

    const fn includes(self, other: Self) -> bool {
        self.is_of_same_history(other) && self.lsn >= other.lsn
    }
}

/// A question to a server about its position. Whoever waits while it is being asked shares the next
/// answer: the one under way may be from before they came.
#[derive(Debug)]
struct Question {
    sql: &'static str,
    server: Pool,
    turn: tokio::sync::Mutex<()>,
    /// The last answer, and when it was asked for.
    last: Mutex<Option<(Instant, Position)>>,
}

impl Question {
    fn new(sql: &'static str, server: Pool) -> Self {
        Self { sql, server, turn: tokio::sync::Mutex::default(), last: Mutex::default() }
    }

    fn last(&self) -> Option<Position> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).map(|(_, position)| position)
    }

    fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn ask(&self) -> Result<Position, Unfit> {
        timeout(ANSWER_TIMEOUT, self.answer()).await.map_err(|_| Unfit::Silent)?
    }

    async fn answer(&self) -> Result<Position, Unfit> {
        let came = Instant::now();
        let _turn = self.turn.lock().await;
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, position)) = last
            && asked >= came
        {
            return Ok(position);
        }
        let asked = Instant::now();
        let row = self.server.query_one_raw(Statement::from_string(DbBackend::Postgres, self.sql)).await?;
        let row = row.ok_or(Unfit::NoReplica)?;
        let position = Position {
            system: row.try_get_by_index(0)?,
            timeline: row.try_get_by_index(1)?,
            lsn: row.try_get_by_index(2)?,
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, position));
        Ok(position)
    }
}
