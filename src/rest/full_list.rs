//! Lists without pages, as old clients ask for them, sent while they are read: however many rows
//! there are, a few are in memory at a time, and no connection to the database waits for the client.

use std::{cell::RefCell, future::Future, io, iter, rc::Rc, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde::{Serialize, Serializer, ser::Error as _};
use tokio::{
    runtime::Handle,
    sync::{
        Semaphore,
        mpsc::{self, error::SendError},
    },
};

use super::{caller::Caller, failure::Failure, wire::Success};
use crate::{Error, Result, database::ReadPool, domain::paging::Slice, telemetry};

/// How many people are read at a time.
pub(super) const PEOPLE_AT_ONCE: u32 = 500;
/// How many lists are sent at a time, to however few addresses: many clients may be behind one.
const LISTS_AT_ONCE: usize = 16;
/// How many bytes are sent at a time.
const CHUNK_BYTES: usize = 32 * 1024;

/// Which lists are being sent. (Whoever takes nothing of one loses the connection, and the list with it.)
#[derive(Debug)]
pub(crate) struct FullLists(Arc<Semaphore>);

impl Default for FullLists {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LISTS_AT_ONCE)))
    }
}

impl FullLists {
    /// Sends what `content` makes, reading it from a thread of its own.
    pub(super) async fn send<C: Serialize>(
        &self,
        db: ReadPool,
        caller: Caller,
        content: impl FnOnce(Rc<Reader>) -> C + Send + 'static,
    ) -> std::result::Result<Response, Failure> {
        let permit = Arc::clone(&self.0).try_acquire_owned().map_err(|_| Error::busy())?;
        let (chunks, mut sent) = mpsc::channel(1);
        let request = telemetry::current();
        let reader = Reader { db, caller, runtime: Handle::current(), error: RefCell::default() };
        tokio::task::spawn_blocking(move || {
            request.step(|| write(reader, &chunks, content));
            drop(permit);
        });
        // What goes wrong before anything was sent still has a status of its own.
        let first = next(&mut sent).await?;
        let rest = stream::unfold(Some(sent), |sent| async {
            let mut sent = sent?;
            match next(&mut sent).await {
                Ok(chunk) => Some((Ok(chunk?), Some(sent))),
                // What is cut off must not pass for the whole list.
                Err(error) => {
                    error.log();
                    Some((Err(error), None))
                }
            }
        });
        let rest = telemetry::current().carry_stream(rest.boxed());
        let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
        Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
    }
}

/// A part of a list; none when all of it was sent.
type Chunk = Result<Option<Bytes>>;

async fn next(sent: &mut mpsc::Receiver<Chunk>) -> Chunk {
    sent.recv().await.unwrap_or_else(|| Err(Error::internal("a list was given up")))
}

fn write<C: Serialize>(reader: Reader, chunks: &mpsc::Sender<Chunk>, content: impl FnOnce(Rc<Reader>) -> C) {
    let reader = Rc::new(reader);
    let runtime = &reader.runtime;
    let content = Success::of(content(Rc::clone(&reader)));
    let mut writer = io::BufWriter::with_capacity(CHUNK_BYTES, Chunks { chunks, runtime });
    let written = serde_json::to_writer(&mut writer, &content).map_err(io::Error::from);
    let written = written.and_then(|()| io::Write::flush(&mut writer));
    // A buffer that is dropped is sent.
    drop(writer.into_parts());
    let last = match (written, reader.error.take()) {
        (Ok(()), _) => Ok(None),
        (Err(_), Some(error)) => Err(error),
        // The client is gone.
        (Err(_), None) => return,
    };
    if let Err(SendError(Err(error))) = runtime.block_on(chunks.send(last)) {
        error.log();
    }
}

/// Reads for a list.
pub(super) struct Reader {
    pub(super) db: ReadPool,
    pub(super) caller: Caller,
    runtime: Handle,
    /// What went wrong.
    error: RefCell<Option<Error>>,
}

impl Reader {
    /// Iterates over a list, reading one page after another: `read` takes the key of the row before.
    pub(super) fn pages<T, K, F>(
        self: &Rc<Self>,
        key: fn(&T) -> K,
        mut read: impl FnMut(Rc<Self>, Option<K>) -> F + 'static,
    ) -> Box<dyn Iterator<Item = Result<Vec<T>, Stopped>>>
    where
        T: 'static,
        K: 'static,
        F: Future<Output = Result<Slice<T>>>,
    {
        let (reader, mut after, mut is_over) = (Rc::clone(self), None, false);
        Box::new(iter::from_fn(move || {
            if is_over {
                return None;
            }
            let page = reader.runtime.block_on(read(Rc::clone(&reader), after.take()));
            is_over = page.as_ref().map_or(true, |page| !page.has_next);
            after = page.as_ref().ok().and_then(|page| page.rows.last()).map(key);
            Some(page.map(|page| page.rows).map_err(|error| {
                reader.error.replace(Some(error));
                Stopped
            }))
        }))
    }
}

/// The reader knows why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

/// A list that is read while it is written.
pub(super) struct Each<T>(RefCell<Box<dyn Iterator<Item = Result<T, Stopped>>>>);

impl<T> Each<T> {
    pub(super) fn of(items: impl Iterator<Item = Result<T, Stopped>> + 'static) -> Self {
        Self(RefCell::new(Box::new(items)))
    }
}

impl<T: Serialize> Serialize for Each<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;

        let mut list = serializer.serialize_seq(None)?;
        for item in &mut *self.0.borrow_mut() {
            list.serialize_element(&item.map_err(|Stopped| S::Error::custom("the list stopped"))?)?;
        }
        list.end()
    }
}

/// What is written is sent; the writer waits for the client.
struct Chunks<'a> {
    chunks: &'a mpsc::Sender<Chunk>,
    runtime: &'a Handle,
}

impl io::Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.chunks.send(Ok(Some(Bytes::copy_from_slice(bytes))));
        match self.runtime.block_on(sent) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
