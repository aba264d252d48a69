//! Connections: taken, bounded in how long they may be silent or deaf, and let end in peace.

mod impatient;

use std::{convert::Infallible, future::Future, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

use self::impatient::Impatient;

/// How long a client may take to send a request's head, and to stay silent between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests in flight may take to end once the server is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `stop` ends; then takes no new ones, and gives those in flight 10 s. A client
/// that takes nothing of what it is sent for as long as `patience` is left.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let service = TowerToHyperService::new(with_address(router.clone(), address));
                let connection =
                    builder.serve_connection_with_upgrades(io_of(stream, patience), service).into_owned();
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    // A client that breaks off is no news.
                    let _ = connection.await;
                });
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("requests that did not end in time are cut off");
    }
}

/// Ends when the process is asked to stop, and has told `stopping` so: by Ctrl-C, or on Unix by SIGTERM.
pub async fn stop_signal(stopping: CancellationToken) {
    asked_to_stop().await;
    stopping.cancel();
}

async fn asked_to_stop() {
    let interrupt = async {
        // Without a handler the signal ends the process, which is what it is for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

/// The router, with the client's address put to each request.
fn with_address(
    router: Router,
    address: SocketAddr,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {
    tower::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
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

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
