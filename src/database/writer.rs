//! Who may write to SQLite.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::in_time;

/// The line of those in this process who want to write. SQLite has one writer at a time, and whoever finds
/// another one at work sleeps and tries again, for longer each time: who comes often would keep who comes
/// seldom from it. PostgreSQL has no such line.
#[derive(Clone, Default)]
pub(super) struct Writer(Option<Arc<Semaphore>>);

/// As long as it is kept, nobody else in this process writes to SQLite.
#[must_use]
pub struct WriteTurn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Writer {
    pub(super) fn one_at_a_time() -> Self {
        Self(Some(Arc::new(Semaphore::new(1))))
    }

    /// Waits until nobody else writes, for as long as for a connection.
    pub(super) async fn turn(&self) -> Result<WriteTurn, DbErr> {
        let Some(line) = &self.0 else { return Ok(WriteTurn { _permit: None }) };
        Ok(WriteTurn { _permit: Some(in_time(Arc::clone(line).acquire_owned()).await?) })
    }
}
