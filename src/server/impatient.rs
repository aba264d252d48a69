use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// What tells HTTP/1 from HTTP/2: the length of the latter's preface (RFC 9113, section 3.4). Who sends less is
/// not known to hyper as either, and has none of its timeouts.
const OPENING: usize = 24;

/// A stream that fails when the other end takes nothing for too long of what it is sent, or does not begin
/// to speak.
pub(super) struct Impatient<S> {
    stream: S,
    patience: Duration,
    /// There while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Until when the other end has to have begun.
    opening: Option<Pin<Box<Sleep>>>,
    heard: usize,
}

impl<S> Impatient<S> {
    pub(super) fn new(stream: S, patience: Duration, opening: Duration) -> Self {
        let opening = Some(Box::pin(tokio::time::sleep(opening)));
        Self { stream, patience, waiting: None, opening, heard: 0 }
    }

    fn bounded<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        fails_after(waiting, cx)
    }
}

fn fails_after<T>(time: &mut Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
    ready!(time.as_mut().poll(cx));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(opening) = &mut self.opening {
            if read.is_pending() {
                return fails_after(opening, cx);
            }
            self.heard += buffer.filled().len() - before;
            if self.heard >= OPENING {
                self.opening = None;
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const OPENING_TIME: Duration = Duration::from_millis(50);

    /// Reads for a while from somebody who says `opening` and no more.
    async fn read(opening: &[u8]) -> Option<io::ErrorKind> {
        let (mut far, near) = duplex(64);
        far.write_all(opening).await.expect("there is room");
        let mut near = Impatient::new(near, Duration::MAX, OPENING_TIME);
        let mut heard = Vec::new();
        let read = tokio::time::timeout(4 * OPENING_TIME, near.read_to_end(&mut heard)).await;
        assert_eq!(heard, opening);
        Some(read.ok()?.expect_err("the other end is open").kind())
    }

    #[tokio::test]
    async fn who_does_not_begin_to_speak_is_left() {
        assert_eq!(read(b"").await, Some(io::ErrorKind::TimedOut));
        assert_eq!(read(b"PRI * HTTP/2.0").await, Some(io::ErrorKind::TimedOut));
        assert_eq!(read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, None, "now it is known what it speaks");
    }
}
