//! Room in memory for what is on its way from the database to clients. How many objects an operation asks for is known
//! before (`graphql/limits.rs`); how long their texts are is seen when they come.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

use crate::{Error, Result};

/// How many portions there is room for that are as large as they may be.
const LARGEST_AT_ONCE: usize = 4;
/// How large a portion may become without taking room: nearly all are smaller, and find room whatever others take.
const SMALL: usize = 64 * 1024;

/// The room that all share.
#[derive(Debug)]
pub struct Room {
    /// How large a portion may become.
    largest: usize,
    taken: AtomicUsize,
}

/// What one takes of the room, in bytes, until it is dropped.
#[derive(Debug)]
pub struct Portion {
    room: Arc<Room>,
    largest: usize,
    bytes: AtomicUsize,
}

impl Room {
    /// For portions of at most so many bytes.
    #[must_use]
    pub fn of(largest: u32) -> Arc<Self> {
        Arc::new(Self { largest: largest as usize, taken: AtomicUsize::new(0) })
    }

    /// A portion, of nothing yet.
    #[must_use]
    pub fn portion(self: &Arc<Self>) -> Portion {
        self.portion_up_to(usize::MAX)
    }

    /// A portion that may be no larger than this either.
    #[must_use]
    pub fn portion_up_to(self: &Arc<Self>, bytes: usize) -> Portion {
        Portion { room: Arc::clone(self), largest: self.largest.min(bytes), bytes: AtomicUsize::new(0) }
    }
}

impl Portion {
    /// Takes so many bytes more. They are taken even if there is no room for them, since they are there.
    ///
    /// # Errors
    /// `ResponseTooLarge` when the portion is larger than it may be, `Unavailable` when others take the room.
    pub fn take(&self, bytes: usize) -> Result<()> {
        let before = self.bytes.fetch_add(bytes, Relaxed);
        let after = before.saturating_add(bytes);
        let more = counted(after) - counted(before);
        let taken = if more == 0 { 0 } else { self.room.taken.fetch_add(more, Relaxed) + more };
        if after > self.largest {
            Err(Error::response_too_large(self.largest))
        } else if taken > LARGEST_AT_ONCE * self.room.largest {
            Err(Error::busy())
        } else {
            Ok(())
        }
    }

    /// Gives everything back.
    pub fn clear(&self) {
        self.room.taken.fetch_sub(counted(self.bytes.swap(0, Relaxed)), Relaxed);
    }

    /// A response that takes this until the client has it, or is gone.
    #[must_use]
    pub fn held_by(self: Arc<Self>, response: Response) -> Response {
        if counted(self.bytes.load(Relaxed)) == 0 {
            return response;
        }
        response.map(|body| Body::new(Held { body, portion: self }))
    }
}

/// How many of these bytes take room.
const fn counted(bytes: usize) -> usize {
    bytes.saturating_sub(SMALL)
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A body each part of which takes the portion.
struct Held {
    body: Body,
    portion: Arc<Portion>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let part = |data| Bytes::from_owner(Part { data, _portion: Arc::clone(&self.portion) });
            frame.map(|frame| frame.map_data(part))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A part of a body. What writes it to a socket keeps it until all of it is written.
struct Part {
    data: Bytes,
    _portion: Arc<Portion>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;
    use crate::error::Code;

    const LARGEST: usize = 2 * SMALL;

    fn room() -> Arc<Room> {
        Room::of(u32::try_from(LARGEST).expect("a size"))
    }

    fn code(taken: Result<()>) -> Option<Code> {
        taken.err().map(|error| error.code)
    }

    #[test]
    fn a_portion_is_as_large_as_it_may_be_and_no_larger() {
        let room = room();
        for (portion, most) in [(room.portion(), LARGEST), (room.portion_up_to(10), 10)] {
            assert_eq!(code(portion.take(most)), None);
            assert_eq!(code(portion.take(0)), None);
            assert_eq!(code(portion.take(1)), Some(Code::ResponseTooLarge));
            portion.clear();
            assert_eq!(code(portion.take(most)), None);
        }
        assert_eq!(code(room.portion_up_to(usize::MAX).take(LARGEST + 1)), Some(Code::ResponseTooLarge));
    }

    #[test]
    fn when_all_is_taken_small_portions_find_room_and_others_when_some_was_given_back() {
        let room = room();
        // Half of each is not counted.
        let taken: Vec<_> = (0..2 * LARGEST_AT_ONCE).map(|_| room.portion()).collect();
        for portion in &taken {
            assert_eq!(code(portion.take(SMALL)), None);
            assert_eq!(code(portion.take(SMALL)), None);
        }
        let late = room.portion();
        assert_eq!(code(late.take(SMALL)), None);
        assert_eq!(code(late.take(1)), Some(Code::Unavailable));
        drop(taken);
        assert_eq!(code(late.take(SMALL - 1)), None);
        drop(late);
        assert_eq!(room.taken.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn a_response_takes_its_portion_until_all_of_it_is_gone() {
        let room = room();
        let portion = Arc::new(room.portion());
        portion.take(LARGEST).expect("there is room");
        let response = portion.held_by(Response::new(Body::from("data")));
        assert_eq!(response.body().size_hint().exact(), Some(4));
        let data = to_bytes(response.into_body(), 4).await.expect("it has a body");
        assert_eq!((&data[..], room.taken.load(Relaxed)), (&b"data"[..], SMALL));
        drop(data);
        assert_eq!(room.taken.load(Relaxed), 0);
    }
}
