use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use async_graphql::runtime::Timer;
use futures_util::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
    stream::FuturesUnordered,
    task::{AtomicWaker, FutureObj, Spawn, SpawnError},
};

/// When a request's loaders read.
///
/// A loader collects keys for as long as resolvers ask for more, and then reads them all at once.
/// A clock cannot tell when that is: too early, and one level of a query takes two statements; too
/// late, and every level waits for nothing. So the loaders run in the request's own task: what they
/// want to read is set aside until no resolver can go on, and then no resolver goes on until all of
/// it has been read. The number of statements follows from the query alone.
#[derive(Clone, Default)]
pub(super) struct Batches(Arc<Mutex<Vec<FutureObj<'static, ()>>>>);

impl Batches {
    /// Runs `request`, and the loads that it asks for.
    pub(super) async fn run<F: Future>(&self, mut request: Pin<&mut F>) -> F::Output {
        let mut loads = FuturesUnordered::new();
        let signal = Arc::new(Signal::default());
        let waker = Waker::from(Arc::clone(&signal));
        future::poll_fn(|context| {
            signal.task.register(context.waker());
            loop {
                while !loads.is_empty() {
                    if loads.poll_next_unpin(context).is_pending() {
                        return Poll::Pending;
                    }
                }
                signal.woken.store(false, Ordering::Release);
                if let Poll::Ready(output) = request.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(output);
                }
                // A request that woke itself has more to do before it is stuck. The scheduler comes
                // back to it: a loop here would keep it from ever renewing what the request may do
                // in one go.
                if signal.woken.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
                loads.extend(self.take());
                if loads.is_empty() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    fn take(&self) -> Vec<FutureObj<'static, ()>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells whether the request was woken, and wakes the task that it runs in.
#[derive(Default)]
struct Signal {
    woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Spawn for Batches {
    fn spawn_obj(&self, load: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(load);
        Ok(())
    }
}

impl Timer for Batches {
    /// No time at all: a load is not begun before the batch is complete anyway.
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        future::ready(()).boxed()
    }
}
