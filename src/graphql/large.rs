//! Operations that ask for so much that few of them fit into memory at the same time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Error, Result, admission::step_aside, config::Limits};

/// From how many objects on an operation has to wait for others of its kind.
const LARGE_OPERATION: u32 = 5_000;
/// How many operations of the largest size are executed at the same time; of smaller ones, more.
const LARGEST_AT_ONCE: usize = 3;
/// How many may wait.
const LINE: usize = 256;

/// Room for large operations.
#[derive(Debug)]
pub struct LargeOperations {
    /// One permit for each object.
    room: Semaphore,
    /// One permit for each that may wait.
    line: Semaphore,
}

/// What an operation takes of the room, until this is dropped.
pub(super) type Share<'a> = Option<SemaphorePermit<'a>>;

impl LargeOperations {
    /// As much room as `limits` make necessary.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            room: Semaphore::new(LARGEST_AT_ONCE * limits.graphql.nodes as usize),
            line: Semaphore::new(LINE),
        }
    }

    /// Waits until there is room for an operation that asks for so many objects. Its request is not one of
    /// those that are answered meanwhile: small ones are not to wait for large ones.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already.
    pub(super) async fn share(&self, objects: u32) -> Result<Share<'_>> {
        if objects < LARGE_OPERATION {
            return Ok(None);
        }
        if let Ok(share) = self.room.try_acquire_many(objects) {
            return Ok(Some(share));
        }
        let _waits = self.line.try_acquire().map_err(|_| Error::busy())?;
        step_aside();
        Ok(self.room.acquire_many(objects).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn some_are_executed_some_wait_and_the_others_are_refused() {
        let limits = Limits::default();
        let (operations, largest) = (LargeOperations::new(&limits), limits.graphql.nodes);
        let mut executed: Vec<_> = (0..LARGEST_AT_ONCE)
            .map(|_| operations.share(largest).now_or_never().expect("there is room"))
            .collect();
        let mut waiting: Vec<_> = (0..LINE).map(|_| Box::pin(operations.share(largest))).collect();
        for operation in &mut waiting {
            assert!(operation.now_or_never().is_none());
        }
        let refused = operations.share(largest).now_or_never().expect("it does not wait");
        assert!(refused.is_err_and(|error| error.code == crate::error::Code::Unavailable));
        let small = operations.share(LARGE_OPERATION - 1).now_or_never().expect("it does not wait");
        assert!(small.is_ok_and(|share| share.is_none()));

        executed.pop();
        let first = waiting.swap_remove(0).now_or_never().expect("there is room");
        assert!(first.is_ok_and(|share| share.is_some()));
    }
}
