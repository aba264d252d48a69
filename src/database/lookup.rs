//! What several requests look up at the same time, by one statement.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{sync::oneshot, task::yield_now};

use super::ReadPool;
use crate::{Error, Result, telemetry};

/// Who asks for more keys has a statement to themselves: they would gain little, and the others wait for
/// them.
const MOST_SHARED_KEYS: usize = 20;

/// Rows that are looked up by keys, the same for everybody: what somebody may see of them is found out
/// when they are there. Lookups that are equal can be one statement.
pub trait Lookup: Copy + Eq + Hash + Send + Sync + 'static {
    /// What rows are found by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// What is found for a key.
    type Value: Clone + Send + 'static;

    /// Reads what there is for these keys.
    ///
    /// # Errors
    /// Those of the database.
    fn read(
        self,
        db: &ReadPool,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

type Found<L> = HashMap<<L as Lookup>::Key, <L as Lookup>::Value>;

/// What a request waits for.
struct Asked<L: Lookup> {
    keys: Vec<L::Key>,
    request: telemetry::Current,
    answer: oneshot::Sender<Result<Found<L>>>,
}

type Waiting<L> = HashMap<L, Vec<Asked<L>>>;

/// What the requests of a thread wait for: a [`Waiting`] for each type of lookup.
#[derive(Default)]
pub(super) struct Lookups(Mutex<HashMap<TypeId, Box<dyn Any + Send>>>);

impl Lookups {
    fn of<L: Lookup, T>(&self, use_it: impl FnOnce(&mut Waiting<L>) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(TypeId::of::<L>()).or_insert_with(|| Box::new(Waiting::<L>::new()));
        use_it(waiting.downcast_mut().expect("a type's entry is of that type"))
    }

    /// Tells whether nobody has asked since the last time that an answer was begun.
    fn push<L: Lookup>(&self, lookup: L, new: Asked<L>) -> bool {
        self.of(|waiting: &mut Waiting<L>| {
            let asked = waiting.entry(lookup).or_default();
            asked.push(new);
            asked.len() == 1
        })
    }

    fn take<L: Lookup>(&self, lookup: L) -> Vec<Asked<L>> {
        self.of(|waiting: &mut Waiting<L>| waiting.remove(&lookup)).unwrap_or_default()
    }
}

impl ReadPool {
    /// Looks up these keys, together with those that other requests look up on this thread before it
    /// turns to the network again: nobody waits for the others to come, and the more there is to do,
    /// the more of it takes one statement.
    ///
    /// # Errors
    /// Those of the database. What fails, fails for all who share it.
    pub async fn look_up<L: Lookup>(&self, lookup: L, keys: Vec<L::Key>) -> Result<Found<L>> {
        if keys.is_empty() {
            return Ok(Found::<L>::new());
        }
        if keys.len() > MOST_SHARED_KEYS {
            return lookup.read(self, &keys).await;
        }
        let (answer, answered) = oneshot::channel();
        let asked = Asked { keys, request: telemetry::current(), answer };
        let lookups = Arc::clone(self.lookups());
        if lookups.push(lookup, asked) {
            // Whoever asked first may leave, and the others stay.
            tokio::spawn(self.clone().answer(lookup, lookups));
        }
        answered.await.map_err(Error::internal)?
    }

    async fn answer<L: Lookup>(self, lookup: L, lookups: Arc<Lookups>) {
        yield_now().await;
        let mut asked = lookups.take(lookup);
        asked.retain(|asked| !asked.answer.is_closed());
        if asked.is_empty() {
            return;
        }
        let mut wanted: HashMap<L::Key, usize> = HashMap::new();
        for key in asked.iter().flat_map(|asked| &asked.keys) {
            *wanted.entry(key.clone()).or_default() += 1;
        }
        let keys: Vec<_> = wanted.keys().cloned().collect();
        let requests = asked.iter().map(|asked| asked.request.clone()).collect();
        let mut found = telemetry::carry_all(requests, lookup.read(&self, &keys)).await;
        for Asked { keys, answer, .. } in asked {
            let mut its_own = |key: L::Key, found: &mut Found<L>| {
                let others = wanted.get_mut(&key)?;
                *others -= 1;
                let value = if *others == 0 { found.remove(&key) } else { found.get(&key).cloned() };
                Some((key, value?))
            };
            let found = match &mut found {
                Ok(found) => Ok(keys.into_iter().filter_map(|key| its_own(key, found)).collect()),
                Err(error) => Err(error.clone()),
            };
            // Who left in the meantime needs no answer.
            let _ = answer.send(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, future::poll_fn, pin::pin, task::Poll};

    use futures_util::future::join_all;
    use sea_orm::Database;

    use super::*;
    use crate::database::Pool;

    /// What was read, one entry for each statement that it would have been.
    static READ: Mutex<Vec<(&str, BTreeSet<i32>)>> = Mutex::new(Vec::new());

    /// The squares of numbers from 0.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct Squares(&'static str);

    impl Lookup for Squares {
        type Key = i32;
        type Value = i32;

        async fn read(self, _: &ReadPool, keys: &[i32]) -> Result<HashMap<i32, i32>> {
            READ.lock().expect("no panic").push((self.0, keys.iter().copied().collect()));
            yield_now().await;
            if keys.contains(&13) {
                return Err(Error::internal("13"));
            }
            Ok(keys.iter().filter(|key| **key >= 0).map(|key| (*key, key * key)).collect())
        }
    }

    async fn db() -> ReadPool {
        Pool::observed(Database::connect("sqlite::memory:").await.expect("a database"), |_| ()).into()
    }

    fn read_for(test: &str) -> Vec<BTreeSet<i32>> {
        let read = READ.lock().expect("no panic");
        read.iter().filter(|(of, _)| *of == test).map(|(_, keys)| keys.clone()).collect()
    }

    #[tokio::test]
    async fn who_asks_at_the_same_time_shares_one_read_and_gets_what_they_asked_for() {
        let (db, squares) = (db().await, Squares("together"));
        let asked = [vec![1, 2], vec![2, 3], vec![], vec![-1, 4], vec![2]];
        let found = join_all(asked.clone().map(|keys| db.look_up(squares, keys))).await;
        for (asked, found) in asked.into_iter().zip(found) {
            let expected = asked.into_iter().filter(|key| *key > 0).map(|key| (key, key * key));
            assert_eq!(found.expect("it is read"), expected.collect());
        }
        assert_eq!(read_for("together"), [[-1, 1, 2, 3, 4].into()]);

        db.look_up(squares, vec![1]).await.expect("it is read");
        assert_eq!(read_for("together").len(), 2, "nothing is kept");
    }

    #[tokio::test]
    async fn what_is_not_the_same_is_read_apart_and_so_is_who_asks_for_much() {
        let (db, many) = (db().await, (100..=120).collect::<Vec<_>>());
        let (one, other) = (Squares("one"), Squares("other"));
        let asked = [(one, vec![1]), (other, vec![1]), (one, many.clone()), (one, vec![2])];
        for found in join_all(asked.map(|(lookup, keys)| db.look_up(lookup, keys))).await {
            found.expect("it is read");
        }
        let mut read = read_for("one");
        read.sort_by_key(BTreeSet::len);
        assert_eq!(read, [[1, 2].into(), many.into_iter().collect::<BTreeSet<_>>()]);
        assert_eq!(read_for("other"), [[1].into()]);
    }

    #[tokio::test]
    async fn whoever_leaves_is_not_missed_and_what_fails_fails_for_all() {
        let (db, squares) = (db().await, Squares("leaving"));
        let mut others = pin!(db.look_up(squares, vec![2]));
        {
            let mut first = pin!(db.look_up(squares, vec![1]));
            poll_fn(|context| {
                assert!(
                    first.as_mut().poll(context).is_pending() && others.as_mut().poll(context).is_pending()
                );
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(others.await.expect("it is read"), HashMap::from([(2, 4)]));
        assert_eq!(read_for("leaving"), [[2].into()]);

        for failed in join_all([vec![13], vec![1]].map(|keys| db.look_up(squares, keys))).await {
            assert_eq!(failed.expect_err("one of them is 13").code, crate::error::Code::Internal);
        }
    }
}
