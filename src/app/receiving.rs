//! Bodies of requests. They are received before a request is let in to be answered: a client on a slow
//! network, or one that never sends what it has announced, would keep others out meanwhile.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody},
    extract::Request,
};
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// The beginning of a body that there is always room for, as there is for a connection's buffer: what most
/// requests have.
const SMALL_BYTES: usize = 16 * 1024;

/// Room for what large bodies have beyond their beginning, all together.
#[derive(Clone, Debug)]
pub(super) struct Receiving {
    /// One permit for each byte.
    room: Arc<Semaphore>,
    most: usize,
}

/// What a body takes of the room, until this is dropped.
pub(super) type Received = Option<OwnedSemaphorePermit>;

impl Receiving {
    /// Bodies of at most so many bytes each; as much room as so many of them take.
    pub(super) fn of(most: u32, bodies: u32) -> Self {
        let room = (most as usize).saturating_mul(bodies as usize).min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)), most: most as usize }
    }

    /// The request with all of its body at hand; or with as much as shows the handler that it is too long,
    /// or how it broke off.
    ///
    /// # Errors
    /// `Unavailable` when there is no room.
    pub(super) async fn receive(&self, request: Request) -> Result<(Request, Received)> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok((request, None));
        }
        let (head, body) = request.into_parts();
        let mut rest = body.into_data_stream();
        let (mut received, mut taken) = (Vec::new(), Received::None);
        let end = loop {
            if received.len() > self.most {
                break None;
            }
            let chunk = match rest.next().await {
                Some(Ok(chunk)) => chunk,
                end => break Some(end),
            };
            let length = received.len() + chunk.len();
            self.take(length.saturating_sub(SMALL_BYTES.max(received.len())), &mut taken)?;
            received.extend_from_slice(&chunk);
        };
        let body = match end {
            Some(None) => Body::from(received),
            Some(Some(broken)) => Body::from_stream(stream::iter([Ok(received.into()), broken])),
            None => Body::from_stream(stream::iter([Ok(received.into())]).chain(rest)),
        };
        Ok((Request::from_parts(head, body), taken))
    }

    fn take(&self, bytes: usize, taken: &mut Received) -> Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        let more = u32::try_from(bytes).map_err(|_| Error::busy())?;
        let more = Arc::clone(&self.room).try_acquire_many_owned(more).map_err(|_| Error::busy())?;
        match taken {
            None => *taken = Some(more),
            Some(taken) => taken.merge(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    const MOST: u32 = 100_000;

    fn request(chunks: &[usize], ends: bool) -> Request {
        let chunks = chunks.iter().map(|length| Ok::<_, axum::Error>(Bytes::from(vec![b'a'; *length])));
        let end = if ends { stream::empty().boxed() } else { stream::pending().boxed() };
        Request::new(Body::from_stream(stream::iter(chunks.collect::<Vec<_>>()).chain(end)))
    }

    #[tokio::test]
    async fn bodies_arrive_as_they_were_sent() {
        let receiving = Receiving::of(MOST, 1);
        for chunks in [&[][..], &[5], &[5, 20_000, 7], &[60_000, 40_000], &[60_000, 50_000, 9]] {
            let (request, _received) = receiving.receive(request(chunks, true)).await.expect("there is room");
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.expect("it is whole");
            assert_eq!(body.len(), chunks.iter().sum::<usize>(), "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn large_bodies_that_do_not_end_leave_room_for_small_ones() {
        let receiving = Receiving::of(MOST, 1);
        let unending = receiving.receive(request(&[90_000, 9_999], false));
        let small = async {
            let small = request(&[SMALL_BYTES], true);
            assert!(receiving.receive(small).await.is_ok());
            let large = receiving.receive(request(&[90_000], true)).await;
            assert!(large.is_err_and(|error| error.code == crate::error::Code::Unavailable));
        };
        tokio::select! {
            biased;
            _ = unending => unreachable!("it does not end"),
            () = small => {}
        }
        assert!(receiving.receive(request(&[90_000], true)).await.is_ok(), "its client has left");
    }
}
