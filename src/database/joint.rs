//! What requests that come at the same time have done together.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::oneshot, task::yield_now};

use super::{Pool, writer::Writer};
use crate::{Error, Result, telemetry};

/// Work for one request that can be done together with the same work for others, as by one statement.
/// What is equal is the same work.
pub trait Joint: Copy + Eq + Hash + Send + 'static {
    /// For how many requests it is done at once, at most.
    const MOST: usize = usize::MAX;

    /// Whether it writes to the database: others may join it until it is its turn.
    const WRITES: bool = false;

    /// Where it is done.
    type Db: Clone + Send;

    /// What a request has to be done.
    type Input: Send + 'static;

    /// What comes of it.
    type Output: Send + 'static;

    /// Does it for all of them. What came of it is in the order of the `inputs`.
    fn carry_out(
        self,
        db: Self::Db,
        inputs: Vec<Self::Input>,
    ) -> impl Future<Output = Vec<Result<Self::Output>>> + Send;
}

/// What a request waits for.
struct Waiting<J: Joint> {
    input: J::Input,
    request: telemetry::Current,
    output: oneshot::Sender<Result<J::Output>>,
}

/// What has been joined and not begun.
type Joined<J> = HashMap<J, Vec<Waiting<J>>>;

/// What the requests of a thread wait for.
#[derive(Default)]
pub(super) struct Queue {
    /// [`Joined`], by the type of work.
    joined: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
    pub(super) writer: Writer,
}

impl Queue {
    pub(super) fn new(writer: Writer) -> Self {
        Self { joined: Mutex::default(), writer }
    }

    fn of<J: Joint, T>(&self, use_it: impl FnOnce(&mut Joined<J>) -> T) -> T {
        let mut all = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let joined = all.entry(TypeId::of::<J>()).or_insert_with(|| Box::new(Joined::<J>::new()));
        use_it(joined.downcast_mut().expect("a type's entry is of that type"))
    }

    /// Tells whether it is the first of those whose work is done at once. There is a [`Turn`] for each of them,
    /// which takes so many once.
    fn push<J: Joint>(&self, joint: J, new: Waiting<J>) -> bool {
        self.of(|joined: &mut Joined<J>| {
            let waiting = joined.entry(joint).or_default();
            waiting.push(new);
            (waiting.len() - 1).is_multiple_of(J::MOST)
        })
    }

    fn take<J: Joint>(&self, joint: J) -> Vec<Waiting<J>> {
        self.of(|joined: &mut Joined<J>| {
            let mut waiting = joined.remove(&joint).unwrap_or_default();
            if waiting.len() > J::MOST {
                joined.insert(joint, waiting.split_off(J::MOST));
            }
            waiting
        })
    }

    /// Has `input` worked on together with what other requests of this thread join in the same turn of its
    /// event loop: those that are ready to go on now. Nobody waits for others to come, and the more there
    /// is to do, the more of it is done together.
    pub(super) async fn join<J: Joint>(
        self: &Arc<Self>,
        joint: J,
        db: &J::Db,
        input: J::Input,
    ) -> Result<J::Output> {
        let (output, done) = oneshot::channel();
        if self.push(joint, Waiting { input, request: telemetry::current(), output }) {
            // Whoever came first may leave, and the others stay.
            tokio::spawn(Turn { queue: Arc::clone(self), joint: Some(joint) }.carry_out(db.clone()));
        }
        done.await.map_err(Error::internal)?
    }
}

/// That what has been joined will be begun. If it is not, since the runtime ends, nobody waits for it.
struct Turn<J: Joint> {
    queue: Arc<Queue>,
    joint: Option<J>,
}

impl<J: Joint> Turn<J> {
    async fn carry_out(mut self, db: J::Db) {
        yield_now().await;
        let turn = if J::WRITES { self.queue.writer.turn().await.map(Some) } else { Ok(None) };
        let Some(joint) = self.joint.take() else { return };
        let (mut inputs, mut requests, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        for waiting in self.queue.take(joint) {
            if !waiting.output.is_closed() {
                inputs.push(waiting.input);
                requests.push(waiting.request);
                outputs.push(waiting.output);
            }
        }
        if inputs.is_empty() {
            return;
        }
        let done = match turn {
            Ok(_turn) => telemetry::carry_all(requests, joint.carry_out(db, inputs)).await,
            Err(error) => outputs.iter().map(|_| Err(error.clone().into())).collect(),
        };
        for (output, done) in outputs.into_iter().zip(done) {
            // Who left in the meantime needs none.
            let _ = output.send(done);
        }
    }
}

impl<J: Joint> Drop for Turn<J> {
    fn drop(&mut self) {
        if let Some(joint) = self.joint {
            self.queue.take(joint);
        }
    }
}

impl Pool {
    /// Does some work in this database, together with other requests that have the same to be done now.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn join<J: Joint>(&self, joint: J, db: &J::Db, input: J::Input) -> Result<J::Output> {
        self.queue().join(joint, db, input).await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    /// Tells with how many it was done.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct Pairs;

    impl Joint for Pairs {
        const MOST: usize = 2;

        type Db = ();
        type Input = usize;
        type Output = (usize, usize);

        async fn carry_out(self, (): (), inputs: Vec<usize>) -> Vec<Result<Self::Output>> {
            yield_now().await;
            let together = inputs.len();
            inputs.into_iter().map(|input| Ok((input, together))).collect()
        }
    }

    #[tokio::test]
    async fn only_so_many_have_it_done_at_once() {
        for pause in 0..4 {
            let queue = Arc::<Queue>::default();
            let join_in =
                |inputs: std::ops::Range<usize>| join_all(inputs.map(|input| queue.join(Pairs, &(), input)));
            let late = async {
                for _ in 0..pause {
                    yield_now().await;
                }
                join_in(5..12).await
            };
            let (early, late) = tokio::join!(join_in(0..5), late);
            let done: Vec<_> = early.into_iter().chain(late).map(|done| done.expect("it is done")).collect();
            assert!(done.iter().map(|(input, _)| *input).eq(0..12), "{done:?}");
            let alone = done.iter().filter(|(_, together)| *together == 1).count();
            assert!(alone <= 2 && done.iter().all(|(_, together)| *together <= 2), "{done:?}");
        }
    }
}
