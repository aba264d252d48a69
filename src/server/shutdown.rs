use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture, WaitForCancellationFutureOwned},
    task::TaskTracker,
};

/// The server's way out: first it goes on serving for a while, so that whoever spreads requests over
/// several servers has the time to leave it out; then it stops.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    is_draining: Arc<AtomicBool>,
    stopping: CancellationToken,
    hurrying: CancellationToken,
    going_on: TaskTracker,
}

/// How the process is asked to stop.
#[derive(PartialEq, Eq)]
enum Signal {
    /// By Ctrl-C: somebody waits for it.
    Interrupt,
    /// On Unix, by `SIGTERM`.
    Terminate,
}

impl Shutdown {
    /// Whether no more requests should be sent here.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Ends when the server stops: no new connections are taken then, and what would last for ever ends.
    pub fn stopped(&self) -> WaitForCancellationFutureOwned {
        self.stopping.clone().cancelled_owned()
    }

    /// Ends when somebody has asked not to wait for what has not ended yet.
    pub(super) fn hurried(&self) -> WaitForCancellationFuture<'_> {
        self.hurrying.cancelled()
    }

    /// What goes on when its request is over. The program waits for it.
    #[must_use]
    pub const fn going_on(&self) -> &TaskTracker {
        &self.going_on
    }

    /// Waits for what goes on. More may begin until then.
    pub async fn nothing_goes_on(&self) {
        self.going_on.close();
        self.going_on.wait().await;
    }

    fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Stops the server at once.
    pub fn stop(&self) {
        self.drain();
        self.stopping.cancel();
    }

    /// Waits until the process is asked to stop. After `SIGTERM` it drains for as long as `delay`, or until
    /// it is asked again; Ctrl-C stops it at once. Ctrl-C when it stops ends the waiting for what has not ended yet.
    pub async fn on_signal(self, delay: Duration) {
        let signal = asked_to_stop().await;
        self.drain();
        if signal == Signal::Terminate && !delay.is_zero() {
            tracing::info!(seconds = delay.as_secs(), "asked to stop: serving on for a while");
            let _ = tokio::time::timeout(delay, asked_to_stop()).await;
        }
        self.stop();
        // Supervisors may send SIGTERM several times, and have SIGKILL when they are tired of waiting.
        while asked_to_stop().await != Signal::Interrupt {}
        self.hurrying.cancel();
    }
}

async fn asked_to_stop() -> Signal {
    let interrupt = async {
        // Without a handler the signal ends the process, which is what it is for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => Signal::Interrupt,
        () = terminate() => Signal::Terminate,
    }
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
