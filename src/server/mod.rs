//! Connections: taken, bounded in how long they may be silent or deaf, and let end in peace.

mod impatient;
mod shutdown;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, thread, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, Version, header::CONNECTION},
    response::Response,
};
use futures_util::{FutureExt, future};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::impatient::Impatient;
pub use self::shutdown::Shutdown;
use crate::worker;

/// How long a client may take to send a request's head, and to stay silent between two requests, or, by
/// HTTP/2, to answer a ping. Proxies let a connection be idle for a minute: if we were the first to end it, a
/// request might be on its way.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long what is going on may take to end once the server is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until the server stops; then takes no new ones, and gives 10 s to those in flight and to
/// what [goes on](Shutdown::going_on) without them. Before, while it is draining, connections end with the
/// response. A client that takes nothing of what it is sent for as long as `patience` is left. Connections are
/// given to so many worker threads by turns; without any, they are served in this runtime.
///
/// # Errors
/// When a thread cannot be started.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    worker_threads: u32,
    shutdown: &Shutdown,
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
        tokio::join!(here.open.shutdown(), future::join_all(workers.into_iter().map(Worker::end)));
        shutdown.nothing_goes_on().await;
    };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, end).await.is_err() {
        tracing::warn!("requests that did not end in time are cut off");
    }
    Ok(())
}

/// Connections that are served in one runtime.
struct Connections {
    builder: Builder<TokioExecutor>,
    router: Router,
    patience: Duration,
    shutdown: Shutdown,
    open: GracefulShutdown,
}

impl Connections {
    fn new(router: Router, patience: Duration, shutdown: Shutdown) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
        Self { builder, router, patience, shutdown, open: GracefulShutdown::new() }
    }

    /// For others that are served in the same way.
    fn alike(&self) -> Self {
        Self::new(self.router.clone(), self.patience, self.shutdown.clone())
    }

    fn serve(&self, stream: TcpStream, address: SocketAddr) {
        let service = TowerToHyperService::new(service(self.router.clone(), address, self.shutdown.clone()));
        let io = io_of(stream, self.patience);
        let connection = self.builder.serve_connection_with_upgrades(io, service).into_owned();
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no news.
            let _ = connection.await;
        });
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
                connections.open.shutdown().await;
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
/// is told to come by another connection next time; HTTP/2 has a frame for that, which hyper sends.
fn service(
    router: Router,
    address: SocketAddr,
    shutdown: Shutdown,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {
    tower::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let has_connection_header = request.version() < Version::HTTP_2;
        let (answer, shutdown) = (router.clone().call(request), shutdown.clone());
        async move {
            let mut response = answer.await?;
            if has_connection_header && shutdown.is_draining() {
                response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

fn io_of(stream: TcpStream, patience: Duration) -> TokioIo<Impatient<TcpStream>> {
    // Answers are written whole: there is nothing to gain by waiting for more.
    let _ = stream.set_nodelay(true);
    TokioIo::new(Impatient::new(stream, patience, HEAD_TIMEOUT))
}

/// Whether one connection failed, as against the listener.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
