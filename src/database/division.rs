//! How the connections to the database are divided among those who use them.

use sea_orm::DbBackend;

use crate::config::Limits;

/// How many connections statements by themselves leave to others: to transactions, which keep theirs for longer,
/// three, and one to whoever listens to changes.
pub(super) const FOR_OTHERS: u32 = Limits::MIN_DATABASE_CONNECTIONS - 1;
/// A worker thread with fewer of its own would wait for a slow statement while others have nothing to do.
const MIN_CONNECTIONS_OF_A_WORKER: u32 = 3;
/// A connection to SQLite is a thread and a cache, and more than a few have nobody answered sooner.
const MAX_SQLITE_CONNECTIONS: u32 = 6;

/// How many connections there are, and whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Division {
    /// Those that all threads share.
    pub(super) shared: u32,
    /// How many worker threads have some of their own, for statements by themselves: none if there are too few to be
    /// divided, and for SQLite, whose connections are threads anyway.
    pub(super) workers: u32,
    /// How many each of them has.
    pub(super) of_each_worker: u32,
}

impl Division {
    const fn undivided(shared: u32) -> Self {
        Self { shared, workers: 0, of_each_worker: 0 }
    }

    pub(super) fn of(limits: &Limits, backend: DbBackend) -> Self {
        let all = limits.database_connections;
        if backend != DbBackend::Postgres {
            return Self::undivided(all.min(MAX_SQLITE_CONNECTIONS));
        }
        let each = all
            .saturating_sub(Limits::MIN_DATABASE_CONNECTIONS)
            .checked_div(limits.worker_threads)
            .unwrap_or(0);
        if each < MIN_CONNECTIONS_OF_A_WORKER {
            return Self::undivided(all);
        }
        let workers = limits.worker_threads;
        Self { shared: all - workers * each, workers, of_each_worker: each }
    }
}
