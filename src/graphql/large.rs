//! Operations that ask for so many objects that few of them fit into memory at the same time. (How long the texts are
//! that are in them is not known before: see `room.rs`.)

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result, admission::step_aside, config::Limits, error::Code};

/// From how many objects on an operation has to wait for others of its kind.
const LARGE_OPERATION: u32 = 10_000;
/// How many operations are executed at the same time that ask for as many objects as may be asked for.
const LARGEST_AT_ONCE: u64 = 9;

/// Room for large operations: one permit for each object.
#[derive(Debug)]
pub struct LargeOperations {
    room: Arc<Semaphore>,
    most: u32,
}

/// What an operation takes of the room, until this is dropped.
pub(super) type Share = Option<OwnedSemaphorePermit>;

/// Refuses a subscription that is large: it would be executed for each event, for all who watch at the same time.
///
/// # Errors
/// `ValidationFailed`.
pub(super) fn refuse(objects: u32) -> Result<()> {
    if objects < LARGE_OPERATION {
        return Ok(());
    }
    let message = format!("A subscription asks for fewer than {LARGE_OPERATION} objects each time.");
    Err(Error::new(Code::ValidationFailed, message))
}

impl LargeOperations {
    /// As much room as `limits` make necessary.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let room = LARGEST_AT_ONCE * u64::from(limits.graphql.nodes);
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        Self { room: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// Waits until there is room for an operation that asks for so many objects; one that asks for more than fit has
    /// all of it. Small ones do not wait with it to be let in.
    pub(super) async fn share(&self, objects: u32) -> Share {
        if objects < LARGE_OPERATION {
            return None;
        }
        let objects = objects.min(self.most);
        let room = || Arc::clone(&self.room);
        if let Ok(share) = room().try_acquire_many_owned(objects) {
            return Some(share);
        }
        step_aside();
        // It is never closed.
        room().acquire_many_owned(objects).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_largest_wait_for_each_other_and_small_ones_for_nobody() {
        let limits = Limits::default();
        let operations = LargeOperations::new(&limits);
        let largest = limits.graphql.nodes;
        let mut executed: Vec<_> = (0..LARGEST_AT_ONCE)
            .map(|_| operations.share(largest).now_or_never().expect("there is room"))
            .collect();
        let mut waiting = Box::pin(operations.share(largest));
        assert!((&mut waiting).now_or_never().is_none());
        let small = operations.share(LARGE_OPERATION - 1).now_or_never().expect("it does not wait");
        assert!(small.is_none());
        executed.pop();
        assert!(waiting.now_or_never().is_some_and(|share| share.is_some()));
        drop(executed);
        assert!(operations.share(u32::MAX).now_or_never().is_some(), "it is refused for ever");
    }
}
