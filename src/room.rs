//! Room in memory for what is on its way from the database to clients. How many objects an operation asks for is known
//! before (`graphql/limits.rs`); how long their texts are is seen when they come.
//!
//! What bounds memory elsewhere:
//!
//! | what is in memory | what bounds it |
//! |---|---|
//! | requests that are answered, and that wait | `admission.rs` |
//! | bodies of requests | `app/receiving.rs` |
//! | an operation's document, and the objects that it asks for | `graphql/limits.rs` |
//! | objects of all queries and mutations that ask for many; a subscription may not | `graphql/large.rs` |
//! | texts that a request reads | this, by `database/read_pool.rs` |
//! | texts that several requests read by one statement | `database/lookup.rs` |
//! | texts that several requests store by one statement | `domain/snippets/together.rs` |
//! | lists without pages | `rest/full_list.rs` |
//! | sockets and streams of events | `limit.rs`, `graphql/websocket/session.rs` |
//! | known documents, tokens and counts | the caches' own sizes, beside them |

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

use crate::{Error, Result};

/// How many portions there is room for that are as large as they may be.
const PORTIONS: usize = 4;
/// How many of them one client may have, so that others find room.
const PORTIONS_OF_A_CLIENT: usize = 2;
/// How large a portion may become without taking room: nearly all are smaller, and find room whatever others take.
const SMALL: usize = 64 * 1024;

/// The room that all share.
#[derive(Debug)]
pub struct Room {
    /// How large a portion may become.
    largest: usize,
    taken: Mutex<Taken>,
}

/// How many bytes are taken.
#[derive(Debug, Default)]
struct Taken {
    by_all: usize,
    by_clients: HashMap<IpAddr, usize>,
}

/// What one takes of the room, in bytes, until it is dropped.
#[derive(Debug)]
pub struct Portion {
    room: Arc<Room>,
    largest: usize,
    client: Option<IpAddr>,
    bytes: Mutex<usize>,
}

impl Room {
    /// For portions of at most so many bytes.
    #[must_use]
    pub fn of(largest: usize) -> Arc<Self> {
        Arc::new(Self { largest, taken: Mutex::default() })
    }

    /// A portion of nothing yet, for this client or for several.
    #[must_use]
    pub fn portion(self: &Arc<Self>, client: Option<IpAddr>) -> Arc<Portion> {
        self.portion_of(self.largest, client)
    }

    fn portion_of(self: &Arc<Self>, largest: usize, client: Option<IpAddr>) -> Arc<Portion> {
        Arc::new(Portion { room: Arc::clone(self), largest, client, bytes: Mutex::default() })
    }

    /// Whether there are so many bytes for this client. Then they are taken.
    fn take(&self, bytes: usize, client: Option<IpAddr>) -> bool {
        let mut taken = self.taken();
        let by_client = client.and_then(|client| taken.by_clients.get(&client)).copied().unwrap_or_default();
        if taken.by_all + bytes > PORTIONS * self.largest
            || client.is_some() && by_client + bytes > PORTIONS_OF_A_CLIENT * self.largest
        {
            return false;
        }
        taken.by_all += bytes;
        if let Some(client) = client {
            taken.by_clients.insert(client, by_client + bytes);
        }
        true
    }

    fn give_back(&self, bytes: usize, client: Option<IpAddr>) {
        let mut taken = self.taken();
        taken.by_all -= bytes;
        if let Some(client) = client
            && let Entry::Occupied(mut by_client) = taken.by_clients.entry(client)
        {
            *by_client.get_mut() -= bytes;
            if *by_client.get() == 0 {
                by_client.remove();
            }
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Portion {
    /// Another one for whom this is, that may be no larger than so many bytes either.
    #[must_use]
    pub fn another(&self, largest: usize) -> Arc<Self> {
        self.room.portion_of(self.room.largest.min(largest), self.client)
    }

    /// Takes so many bytes more, or none.
    ///
    /// # Errors
    /// `ResponseTooLarge` when the portion would be larger than it may be, `Unavailable` when others, or others of
    /// the same client, have taken the room.
    pub fn take(&self, bytes: usize) -> Result<()> {
        let mut before = self.bytes();
        let after = before.saturating_add(bytes);
        if after > self.largest {
            return Err(Error::response_too_large(self.largest));
        }
        let more = counted(after) - counted(*before);
        if more > 0 && !self.room.take(more, self.client) {
            return Err(Error::busy());
        }
        *before = after;
        Ok(())
    }

    /// Gives so many bytes back, of those that were taken.
    pub fn give_back(&self, bytes: usize) {
        let mut before = self.bytes();
        let after = before.saturating_sub(bytes);
        let fewer = counted(*before) - counted(after);
        if fewer > 0 {
            self.room.give_back(fewer, self.client);
        }
        *before = after;
    }

    /// Gives everything back.
    pub fn clear(&self) {
        self.give_back(usize::MAX);
    }

    fn bytes(&self) -> MutexGuard<'_, usize> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A response that takes this until the client has it, or is gone.
    #[must_use]
    pub fn held_by(self: Arc<Self>, response: Response) -> Response {
        if counted(*self.bytes()) == 0 {
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

/// What is taken of a portion, and given back unless it is kept.
#[derive(Debug, Default)]
pub(crate) struct Tentative {
    portion: Option<Arc<Portion>>,
    bytes: usize,
}

impl Tentative {
    /// As [`Portion::take`], always of the same portion.
    pub(crate) fn take(&mut self, portion: &Arc<Portion>, bytes: usize) -> Result<()> {
        portion.take(bytes)?;
        self.portion.get_or_insert_with(|| Arc::clone(portion));
        self.bytes += bytes;
        Ok(())
    }

    pub(crate) fn keep(mut self) {
        self.portion = None;
    }
}

impl Drop for Tentative {
    fn drop(&mut self) {
        if let Some(portion) = &self.portion {
            portion.give_back(self.bytes);
        }
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
    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn code(taken: Result<()>) -> Option<Code> {
        taken.err().map(|error| error.code)
    }

    #[test]
    fn a_portion_is_as_large_as_it_may_be_and_no_larger() {
        let room = Room::of(LARGEST);
        let portion = room.portion(None);
        for (portion, most) in [(portion.another(usize::MAX), LARGEST), (portion.another(10), 10)] {
            assert_eq!(code(portion.take(most + 1)), Some(Code::ResponseTooLarge));
            assert_eq!(code(portion.take(most)), None, "what was refused is not taken");
            assert_eq!(code(portion.take(1)), Some(Code::ResponseTooLarge));
            portion.clear();
            assert_eq!(code(portion.take(most)), None);
        }
    }

    #[test]
    fn when_all_is_taken_small_portions_find_room_and_others_when_some_was_given_back() {
        let room = Room::of(LARGEST);
        // Half of each takes room.
        let taken: Vec<_> = (0..2 * PORTIONS).map(|_| room.portion(None)).collect();
        for portion in &taken {
            assert_eq!(code(portion.take(SMALL)), None);
            assert_eq!(code(portion.take(SMALL)), None);
        }
        let late = room.portion(None);
        assert_eq!(code(late.take(SMALL)), None);
        assert_eq!(code(late.take(1)), Some(Code::Unavailable));
        drop(taken);
        assert_eq!(code(late.take(SMALL)), None);
        drop(late);
        assert_eq!(room.taken().by_all, 0);
    }

    #[test]
    fn a_client_leaves_room_to_others() {
        let room = Room::of(LARGEST);
        let theirs: Vec<_> = (0..2 * PORTIONS_OF_A_CLIENT).map(|_| room.portion(Some(CLIENT))).collect();
        for portion in &theirs {
            assert_eq!(code(portion.take(LARGEST)), None);
        }
        assert_eq!(code(room.portion(Some(CLIENT)).take(LARGEST)), Some(Code::Unavailable));
        let other = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        assert_eq!(code(room.portion(Some(other)).take(LARGEST)), None);
        let another = theirs[0].another(usize::MAX);
        assert_eq!(code(another.take(LARGEST)), Some(Code::Unavailable), "it is of the same client");
        drop(theirs);
        assert_eq!(code(another.take(LARGEST)), None);
        drop(another);
        assert!(room.taken().by_clients.is_empty(), "nobody has anything");
    }

    #[test]
    fn what_is_taken_tentatively_is_given_back_unless_it_is_kept() {
        let portion = Room::of(LARGEST).portion(None);
        for _ in 0..2 {
            let mut attempt = Tentative::default();
            attempt.take(&portion, LARGEST - 1).expect("there is room");
            assert_eq!(code(attempt.take(&portion, 2)), Some(Code::ResponseTooLarge));
        }
        let mut attempt = Tentative::default();
        attempt.take(&portion, LARGEST).expect("there is room");
        attempt.keep();
        assert_eq!(code(portion.take(1)), Some(Code::ResponseTooLarge));
    }

    #[tokio::test]
    async fn a_response_takes_its_portion_until_all_of_it_is_gone() {
        let room = Room::of(LARGEST);
        let portion = room.portion(Some(CLIENT));
        portion.take(LARGEST).expect("there is room");
        let response = portion.held_by(Response::new(Body::from("data")));
        assert_eq!(response.body().size_hint().exact(), Some(4));
        let data = to_bytes(response.into_body(), 4).await.expect("it has a body");
        assert_eq!((&data[..], room.taken().by_all), (&b"data"[..], SMALL));
        drop(data);
        assert_eq!(room.taken().by_all, 0);
    }
}
