//! Connections: taken, bounded in how long they may be silent or deaf, and let end in peace.

mod impatient;
mod shutdown;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, thread, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use futures_util::{FutureExt, future};
use hyper::{body::Incoming, server::conn::http1::Builder};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::{mpsc, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use self::impatient::Impatient;
pub use self::shutdown::Shutdown;
use crate::worker;

/// How long a client may take to send a request's head, and to stay silent between two requests. Proxies let a
/// connection be idle for a minute: if we were the first to end it, a request might be on its way.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long what is going on may take to end once the server is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until the server stops; then takes no new ones, and gives 10 s, less if somebody is in a hurry, to
/// those in flight and then to what has to be done `at_last`, while the threads are still there. Before, while it is
/// draining, connections end with the response. A client that takes nothing of what it is sent for as long as `patience`
/// is left. Connections are given to so many worker threads by turns; without any, they are served in this runtime.
///
/// # Errors
/// When a thread cannot be started.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    worker_threads: u32,
    shutdown: &Shutdown,
    at_last: impl Future<Output = ()>,
) -> io::Result<()> {
    let here = Connections::new(router, patience, shutdown.clone());
    let all_ended = CancellationToken::new();
    // However this ends.
    let _all_end = all_ended.clone().drop_guard();
    let workers: io::Result<Vec<_>> = (0..worker_threads as usize)
        .map(|index| Worker::start(index, here.alike(), all_ended.clone()))
        .collect();
    let workers = workers?;
    let mut turns = workers.iter().cycle();
    let mut serve = |stream, address| match turns.next() {
        Some(worker) => worker.give(stream, address),
        None => here.serve(stream, address),
    };
    let mut stopped = pin!(shutdown.stopped());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, address)) => serve(stream, address),
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Those that the system has taken for us.
    while let Some(Ok((stream, address))) = listener.accept().now_or_never() {
        serve(stream, address);
    }
    drop(listener);
    let end = async {
        tokio::join!(here.end(), future::join_all(workers.into_iter().map(Worker::end)));
        at_last.await;
    };
    let has_ended = tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_TIMEOUT, end) => ended.is_ok(),
        () = shutdown.hurried() => false,
    };
    if !has_ended {
        tracing::warn!("what did not end in time is cut off");
    }
    Ok(())
}

/// Connections that are served in one runtime, by HTTP/1: proxies speak it to servers, and browsers speak HTTP/2
/// with proxies alone, since they want TLS for it. By HTTP/2 a client could leave responses where they are for as
/// long as it answers pings.
struct Connections {
    builder: Builder,
    router: Router,
    patience: Duration,
    shutdown: Shutdown,
    open: TaskTracker,
    ending: CancellationToken,
}

impl Connections {
    fn new(router: Router, patience: Duration, shutdown: Shutdown) -> Self {
        let mut builder = Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let (open, ending) = (TaskTracker::new(), CancellationToken::new());
        Self { builder, router, patience, shutdown, open, ending }
    }

    /// For others that are served in the same way.
    fn alike(&self) -> Self {
        Self::new(self.router.clone(), self.patience, self.shutdown.clone())
    }

    fn serve(&self, stream: TcpStream, address: SocketAddr) {
        let service = TowerToHyperService::new(service(self.router.clone(), address, self.shutdown.clone()));
        let connection = self.builder.serve_connection(io_of(stream, self.patience), service).with_upgrades();
        let ending = self.ending.clone();
        self.open.spawn(async move {
            let mut connection = pin!(connection);
            // A client that breaks off is no news.
            tokio::select! {
                _ = &mut connection => {}
                () = ending.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }

    /// Lets the requests in flight end, and with them their connections. What requests share is let go of here, in the
    /// runtime: connections to the database cannot be elsewhere.
    async fn end(self) {
        self.ending.cancel();
        self.open.close();
        self.open.wait().await;
    }
}

/// A thread that serves the connections that it is given.
struct Worker {
    given: mpsc::UnboundedSender<(std::net::TcpStream, SocketAddr)>,
    ended: oneshot::Receiver<()>,
}

impl Worker {
    /// Its runtime stays until `all_ended`: other threads use connections to the database that were opened
    /// here.
    fn start(index: usize, connections: Connections, all_ended: CancellationToken) -> io::Result<Self> {
        let (given, mut taken) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
            worker::become_worker(index);
            runtime.block_on(async {
                while let Some((stream, address)) = taken.recv().await {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        connections.serve(stream, address);
                    }
                }
                connections.end().await;
                // Nobody may be waiting any more.
                let _ = end.send(());
                all_ended.cancelled().await;
            });
        })?;
        Ok(Self { given, ended })
    }

    fn give(&self, stream: TcpStream, address: SocketAddr) {
        // It was this runtime's that took it. A connection that cannot be handed over is closed.
        if let Ok(stream) = stream.into_std() {
            let _ = self.given.send((stream, address));
        }
    }

    /// Gives it no more, and waits for the requests in flight.
    async fn end(self) {
        drop(self.given);
        let _ = self.ended.await;
    }
}

/// The router, with the client's address put to each request. While the server is draining, the client
/// is told to come by another connection next time.
fn service(
    router: Router,
    address: SocketAddr,
    shutdown: Shutdown,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {
    tower::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let (answer, shutdown) = (router.clone().call(request), shutdown.clone());
        async move {
            let mut response = answer.await?;
            if shutdown.is_draining() {
                response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

fn io_of(stream: TcpStream, patience: Duration) -> TokioIo<Impatient<TcpStream>> {
    // Answers are written whole: there is nothing to gain by waiting for more.
    let _ = stream.set_nodelay(true);
    TokioIo::new(Impatient::new(stream, patience))
}

/// Whether one connection failed, as against the listener.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    /// How long somebody is listened to who says this and no more.
    async fn listened_to(opening: &[u8]) -> Duration {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let mut client = TcpStream::connect(address).await.expect("it listens");
        let (stream, client_address) = listener.accept().await.expect("somebody came");
        let mut connections = Connections::new(Router::new(), Duration::MAX, Shutdown::default());
        connections.builder.header_read_timeout(SHORT);
        connections.serve(stream, client_address);
        let began = Instant::now();
        client.write_all(opening).await.expect("it is taken");
        // A reset is as much of an end as any.
        let _ = client.read_to_end(&mut Vec::new()).await;
        began.elapsed()
    }

    #[tokio::test]
    async fn who_does_not_begin_or_end_a_head_is_left() {
        for opening in [&b""[..], b"GET", b"GET / HTTP/1.1\r\nHost: a"] {
            let heard = listened_to(opening).await;
            assert!(heard >= SHORT && heard < HEAD_TIMEOUT, "{opening:?}: {heard:?}");
        }
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        assert!(listened_to(preface).await < HEAD_TIMEOUT, "nobody speaks HTTP/2 here");
    }
}
