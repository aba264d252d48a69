//! Rows that are looked up by keys.

use std::{collections::HashMap, future::Future, hash::Hash};

use futures_util::future::join_all;
use itertools::Itertools;

use super::{ReadPool, joint::Joint};
use crate::{Result, error::Code};

/// Who asks for more keys has a statement to themselves: they would gain little, and the others would wait
/// for them.
const MOST_SHARED_KEYS: usize = 20;
/// Whose texts are longer has a statement to themselves, too: several requests may have asked for the same, and each
/// is given a copy.
const MOST_SHARED_BYTES: usize = 1024 * 1024;

/// Rows that are looked up by keys, the same for everybody: what somebody may see of them is found out
/// when they are there. So requests that come at the same time share a statement.
pub trait Lookup: Copy + Eq + Hash + Send + Sync + 'static {
    /// What rows are found by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// What is found for a key.
    type Value: Clone + Send + 'static;

    /// Whether what is found for a key can be so much that others had better not wait for it.
    fn may_be_long(&self) -> bool {
        false
    }

    /// How long the texts are of what was found, in bytes.
    fn text_bytes(found: &Self::Value) -> usize {
        let _ = found;
        0
    }

    /// Reads what there is for these keys, of which none is there twice. Texts take of the [portion](ReadPool::portion)
    /// while they come.
    ///
    /// # Errors
    /// Those of the database and of the portion.
    fn read(
        self,
        db: &ReadPool,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

impl ReadPool {
    /// Looks up keys, together with other requests that do so now.
    ///
    /// # Errors
    /// Those of the database, which fail all who share a statement, and of the request's [portion](Self::portion).
    pub async fn look_up<L: Lookup>(
        &self,
        lookup: L,
        keys: Vec<L::Key>,
    ) -> Result<HashMap<L::Key, L::Value>> {
        if keys.is_empty() {
            Ok(HashMap::new())
        } else if keys.len() > MOST_SHARED_KEYS || lookup.may_be_long() {
            lookup.read(self, &keys).await
        } else {
            self.queue().join(LookingUp(lookup), &(), (self.clone(), keys)).await
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct LookingUp<L>(L);

impl<L: Lookup> Joint for LookingUp<L> {
    /// Each asks where they read.
    type Db = ();
    type Input = (ReadPool, Vec<L::Key>);
    type Output = HashMap<L::Key, L::Value>;

    async fn carry_out(self, (): (), asked: Vec<Self::Input>) -> Vec<Result<Self::Output>> {
        let shared = match &asked[..] {
            [] => return Vec::new(),
            [(db, keys)] => return vec![self.0.read(db, keys).await],
            [(db, _), ..] => db.clone().shared_up_to(MOST_SHARED_BYTES),
        };
        let keys: Vec<_> = asked.iter().flat_map(|(_, keys)| keys).unique().cloned().collect();
        let found = match self.0.read(&shared, &keys).await {
            Ok(found) => found,
            Err(error) if error.code == Code::ResponseTooLarge => {
                return join_all(asked.iter().map(|(db, keys)| self.0.read(db, keys))).await;
            }
            Err(error) => return asked.iter().map(|_| Err(error.clone())).collect(),
        };
        let given = asked.iter().map(|(db, keys)| {
            let value = |key: &L::Key| Some((key.clone(), found.get(key)?.clone()));
            let found: Self::Output = keys.iter().filter_map(value).collect();
            db.portion().take(found.values().map(L::text_bytes).sum())?;
            Ok(found)
        });
        given.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, future::poll_fn, pin::pin, sync::Mutex, task::Poll, time::Duration};

    use futures_util::future::poll_immediate;
    use sea_orm::Database;
    use tokio::{runtime::Builder, task::yield_now, time::timeout};

    use super::*;
    use crate::{Error, database::Pool, error::Code, room::Room};

    /// What was read, one entry for each statement that it would have been.
    static READ: Mutex<Vec<(&str, BTreeSet<i32>)>> = Mutex::new(Vec::new());

    /// From this number on, squares are as long as may be shared, so that two are not.
    const FIRST_LONG: i32 = 1000;

    /// The squares of numbers from 0.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct Squares(&'static str);

    impl Lookup for Squares {
        type Key = i32;
        type Value = i32;

        fn may_be_long(&self) -> bool {
            self.0 == "long"
        }

        fn text_bytes(square: &i32) -> usize {
            if *square >= FIRST_LONG * FIRST_LONG { MOST_SHARED_BYTES - 1 } else { 0 }
        }

        async fn read(self, db: &ReadPool, keys: &[i32]) -> Result<HashMap<i32, i32>> {
            READ.lock().expect("no panic").push((self.0, keys.iter().copied().collect()));
            yield_now().await;
            if keys.contains(&13) {
                return Err(Error::internal("13"));
            }
            let found: HashMap<_, _> =
                keys.iter().filter(|key| **key >= 0).map(|key| (*key, key * key)).collect();
            db.portion().take(found.values().map(Self::text_bytes).sum())?;
            Ok(found)
        }
    }

    async fn db() -> ReadPool {
        let pool = Pool::observed(Database::connect("sqlite::memory:").await.expect("a database"), |_| ());
        ReadPool::of(pool, &Room::of(MOST_SHARED_BYTES + MOST_SHARED_BYTES / 2))
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
        let (one, other, long) = (Squares("one"), Squares("other"), Squares("long"));
        let asked = [(one, vec![1]), (other, vec![1]), (one, many.clone()), (one, vec![2])];
        let asked = asked.into_iter().chain([(long, vec![1]), (long, vec![2])]);
        for found in join_all(asked.map(|(lookup, keys)| db.look_up(lookup, keys))).await {
            found.expect("it is read");
        }
        let mut read = read_for("one");
        read.sort_by_key(BTreeSet::len);
        assert_eq!(read, [[1, 2].into(), many.into_iter().collect::<BTreeSet<_>>()]);
        assert_eq!(read_for("other"), [[1].into()]);
        assert_eq!(read_for("long"), [[1].into(), [2].into()]);
    }

    #[tokio::test]
    async fn what_is_long_is_read_for_each_and_takes_of_what_they_have_in_memory() {
        let (db, squares) = (db().await, Squares("texts"));
        let [one, other] = [(); 2].map(|()| db.clone().up_to(usize::MAX));
        let asked = [one.look_up(squares, vec![1000]), other.look_up(squares, vec![1001])];
        let found = join_all(asked).await;
        assert!(found.iter().all(Result::is_ok), "{found:?}");
        assert_eq!(read_for("texts"), [[1000, 1001].into(), [1000].into(), [1001].into()]);

        let short = db.up_to(usize::MAX);
        let asked = [one.look_up(squares, vec![1002]), short.look_up(squares, vec![2])];
        let [refused, found] = &join_all(asked).await[..] else { panic!("there are two") };
        assert_eq!(refused.as_ref().map_err(|error| error.code), Err(Code::ResponseTooLarge));
        assert_eq!(found.as_ref().map(|found| found[&2]).ok(), Some(4));
        assert_eq!(read_for("texts").len(), 4, "they shared it");
    }

    #[test]
    fn nobody_waits_for_what_a_runtime_has_not_begun_when_it_ends() {
        let [first, second] =
            [(); 2].map(|()| Builder::new_current_thread().enable_all().build().expect("one"));
        let db = first.block_on(db());
        let mut asked = Box::pin(db.look_up(Squares("ended"), vec![1]));
        assert!(first.block_on(async { poll_immediate(&mut asked).await }).is_none());
        drop(first);
        second.block_on(async {
            let patience = Duration::from_secs(30);
            timeout(patience, asked).await.expect("it ends").expect_err("nobody could read");
            timeout(patience, db.look_up(Squares("ended"), vec![1]))
                .await
                .expect("it ends")
                .expect("it is read");
        });
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
            assert_eq!(failed.expect_err("one of them is 13").code, Code::Internal);
        }
    }
}
