//! How far a subscription is, so that what takes too long is told from what just waits.

use std::{future, time::Duration};

use tokio::sync::watch;

/// What a subscription does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Beginning,
    Waiting,
    Executing,
}

/// Where the source of events tells it.
#[derive(Clone)]
pub(super) struct Stage(watch::Sender<Doing>);

/// Where it is seen.
pub(super) struct Progress(watch::Receiver<Doing>);

impl Stage {
    /// A subscription that begins.
    pub(super) fn begin() -> (Self, Progress) {
        let (stage, progress) = watch::channel(Doing::Beginning);
        (Self(stage), Progress(progress))
    }

    /// The subscription waits for the next event.
    pub(super) fn waits(&self) {
        self.0.send_replace(Doing::Waiting);
    }

    /// There is an event.
    pub(super) fn executes(&self) {
        self.0.send_replace(Doing::Executing);
    }
}

impl Progress {
    /// Whether the subscription came as far as waiting for events.
    pub(super) fn has_begun(&self) -> bool {
        *self.0.borrow() != Doing::Beginning
    }

    /// Ends when something else than waiting took longer than `timeout`.
    pub(super) async fn overdue(&mut self, timeout: Duration) {
        loop {
            match tokio::time::timeout(timeout, self.until(|doing| doing == Doing::Waiting)).await {
                Ok(()) => self.until(|doing| doing != Doing::Waiting).await,
                Err(_) => return,
            }
        }
    }

    /// Never ends for a subscription that is over.
    async fn until(&mut self, is_it: fn(Doing) -> bool) {
        if self.0.wait_for(|doing| is_it(*doing)).await.is_err() {
            future::pending::<()>().await;
        }
    }
}
