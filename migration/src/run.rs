//! Running steps: by one process at a time, and all of them or none.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::{
    ADDITIVE, Error, Migrator, State, Unfit,
    error::is_busy,
    legacy::{self, Counts},
    state,
};

/// The advisory lock that a process holds while it migrates a PostgreSQL database.
const LOCK: i64 = 0x0066_756e_6373_7465; // "funcste"
/// How long to wait before asking once more for SQLite's lock.
const PAUSE: Duration = Duration::from_millis(100);

/// What [`up`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// There was nothing to do.
    Nothing,
    /// Steps were applied.
    Migrated,
    /// The old application's tables were taken over, with so many rows.
    TookOver(Counts),
}

/// What [`down`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// Steps were taken back.
    Migrated,
    /// The old application's tables are there again, with so many rows.
    GaveBack(Counts),
}

/// Applies all steps that the database lacks; a database of the old Flask application is taken
/// over. Of many processes that do this at once, one does it and the others wait.
///
/// # Errors
/// Those of [`Error`]. Then nothing is changed.
pub async fn up(db: &DatabaseConnection) -> Result<Up, Error> {
    // Whoever has nothing to do need not wait for anybody.
    if is_done(&state::state(db).await?)? {
        return Ok(Up::Nothing);
    }
    let txn = lock(db).await?;
    let state = state::state(&txn).await?;
    if is_done(&state)? {
        return Ok(Up::Nothing);
    }
    let outcome =
        if state == State::Legacy { Up::TookOver(legacy::take_over(&txn).await?) } else { Up::Migrated };
    Migrator::up(&txn, None).await?;
    declare_additive(&txn).await?;
    txn.commit().await?;
    Ok(outcome)
}

/// Takes back the last `count` steps. What they hold is lost, but for a database that was taken
/// over: its first three steps are taken back together, into the old application's tables.
///
/// # Errors
/// Those of [`Error`]. Then nothing is changed.
pub async fn down(db: &DatabaseConnection, count: u32) -> Result<Down, Error> {
    let txn = lock(db).await?;
    if let State::Ahead(ahead) = state::state(&txn).await? {
        return Err(Unfit::Ahead(ahead).into());
    }
    let applied = u32::try_from(state::applied(&txn).await?.len()).unwrap_or(u32::MAX);
    let above = applied.saturating_sub(legacy::STEPS);
    let outcome = if count > above && legacy::was_taken_over(&txn).await? {
        Migrator::down(&txn, Some(above)).await?;
        Down::GaveBack(legacy::give_back(&txn).await?)
    } else {
        Migrator::down(&txn, Some(count)).await?;
        Down::Migrated
    };
    txn.commit().await?;
    Ok(outcome)
}

fn is_done(state: &State) -> Result<bool, Unfit> {
    match state {
        State::Current => Ok(true),
        State::Ahead(ahead) if ahead.is_servable => Ok(true),
        State::Ahead(ahead) => Err(Unfit::Ahead(ahead.clone())),
        State::Behind(_) | State::Legacy => Ok(false),
    }
}

/// Begins a transaction that no other process has at the same time.
pub(crate) async fn lock(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let wait = || tracing::warn!("another process migrates the database: waiting for it");
    if db.get_database_backend() == DbBackend::Postgres {
        let txn = db.begin_with_config(Some(IsolationLevel::ReadCommitted), None).await?;
        // Whatever is set for this role, a migration takes its time.
        txn.execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
        let ask = format!("SELECT pg_try_advisory_xact_lock({LOCK}) AS is_ours");
        let answer = txn.query_one_raw(Statement::from_string(DbBackend::Postgres, ask)).await?;
        if !answer.map_or(Ok(false), |row| row.try_get("", "is_ours"))? {
            wait();
            txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        }
        return Ok(txn);
    }
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    loop {
        match db.begin_with_options(immediate).await {
            // SQLite's own patience is too short for somebody else's migration.
            Err(error) if is_busy(&error) => wait(),
            begun => return begun,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Keeps in the database which of its steps are additive.
async fn declare_additive(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    let steps = ADDITIVE.iter().map(|step| format!("'{step}'")).collect::<Vec<_>>().join(", ");
    let update = format!("UPDATE seaql_migrations SET additive = (version IN ({steps}))");
    txn.execute_unprepared(&update).await.map(drop)
}
