//! The ways to the database: the connection pools ([`Pool`]) and their settings on both databases, what requests have
//! done together ([`Joint`], [`Lookup`]), the line of those who write to SQLite, transactions, and the [`Replica`].

mod division;
mod joint;
mod lookup;
mod pool;
mod read_pool;
mod replica;
mod writer;

use std::{io, time::Duration};

use sea_orm::{
    ConnAcquireErr, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection, PgConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::{sync::AcquireError, time::timeout};

use self::division::Division;
pub use self::{
    joint::Joint,
    lookup::Lookup,
    pool::{Pool, PoolUse},
    read_pool::ReadPool,
    replica::Replica,
    writer::WriteTurn,
};
use crate::{config::Limits, telemetry};

/// How long a SQLite writer waits for another one.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may have been idle and is still used without asking whether it is alive.
const TRUSTED_IDLE_TIME: Duration = Duration::from_secs(1);
/// How long the network may take to bring what PostgreSQL says when it has ended a statement.
const ANSWER_DELAY: Duration = Duration::from_secs(1);

/// Connects to the database at `url`; a SQLite file is created when missing. PostgreSQL ends a
/// statement that takes longer than a server's `limits` allow; a command takes the time that it needs.
///
/// # Errors
/// When the database cannot be reached or opened.
pub async fn connect(url: &str, limits: Option<&Limits>) -> Result<DatabaseConnection, DbErr> {
    open(options(url, limits)).await
}

/// As [`connect`], but what cannot be reached yet is found out later, by whoever needs it.
///
/// # Errors
/// When the URL cannot be understood.
pub(crate) async fn connect_lazily(url: &str, limits: &Limits) -> Result<DatabaseConnection, DbErr> {
    let mut options = options(url, Some(limits));
    options.connect_lazy(true);
    // Of the kilobytes that it takes to connect, nothing is needed.
    Box::pin(open(options)).await
}

fn options(url: &str, limits: Option<&Limits>) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    if let Some(limits) = limits {
        let backend = if url.starts_with("sqlite") { DbBackend::Sqlite } else { DbBackend::Postgres };
        let connections = Division::of(limits, backend).shared;
        options.statement_timeout(limits.statement_timeout).max_connections(connections);
        let patience = limits.statement_timeout + ANSWER_DELAY;
        options.map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_release(move |connection, _| Box::pin(require_answer(connection, patience)))
        });
    }
    options
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(TRUSTED_IDLE_TIME)
        // Statements would show in the log with what people wrote in them.
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // What was said to be stored is there after a power cut. Those who wait meanwhile are next together.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
        });
    options
}

/// Whether a connection can be used again whose last statement may have been given up. The library would
/// wait for the answer for as long as it takes the system to find out that nobody is there any more, and
/// count the connection among those in use.
async fn require_answer(connection: &mut PgConnection, patience: Duration) -> Result<bool, sqlx::Error> {
    within(patience, connection.ping()).await.map(|()| true)
}

/// What the database answers, or that it does not in time. The connection is no good any more then.
pub(crate) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(patience, answer).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// What is waited for no longer than a connection.
async fn in_time<P>(permit: impl Future<Output = Result<P, AcquireError>>) -> Result<P, DbErr> {
    let permit = timeout(ACQUIRE_TIMEOUT, permit).await.ok().and_then(Result::ok);
    permit.ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut db = Database::connect(options).await?;
    db.set_metric_callback(telemetry::executed);
    Ok(db)
}

/// Begins a transaction that will write. On SQLite it takes the write lock at once: one that reads
/// first and writes later could find the lock gone, and SQLite would not let it wait. A server waits for its
/// [turn](Pool::turn_to_write) before.
///
/// # Errors
/// When no connection is to be had.
pub async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    })
    .await
}
