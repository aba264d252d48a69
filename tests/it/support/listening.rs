use std::{future::ready, net::SocketAddr};

use funcster_api::server::{self, Shutdown};
use tokio::{net::TcpListener, task::JoinHandle};

use super::App;

/// An application on a port of its own, for what a router alone does not show.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    shutdown: Shutdown,
    /// Ends when the server has.
    pub(crate) ended: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn start(app: &App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let shutdown = Shutdown::default();
        let stop = shutdown.clone();
        let (router, limits) = (app.router.clone(), app.config.limits.clone());
        let ended = tokio::spawn(async move {
            let (patience, workers) = (limits.stalled_client, limits.worker_threads);
            let served = server::serve(listener, router, patience, workers, &stop, ready(()));
            served.await.expect("the threads start");
        });
        Self { address, shutdown, ended }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Tells the server to stop, and returns what ends when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.shutdown.stop();
        self.ended
    }
}
