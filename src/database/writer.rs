//! Who may write to SQLite.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

    pub(super) async fn turn(&self) -> WriteTurn {
        let Some(line) = &self.0 else { return WriteTurn { _permit: None } };
        WriteTurn { _permit: Arc::clone(line).acquire_owned().await.ok() }
    }
}
