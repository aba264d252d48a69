//! How long the lists of everybody are. To count a list is to read it, if only by an index: a long one is
//! not counted for each page of it.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::DbErr;

use super::users::Coders;
use crate::Result;

/// From which number on a list is long, and for how long its number is good then.
const LONG: u64 = 10_000;
const LIFETIME: Duration = Duration::from_secs(10);

/// Remembers the numbers of long lists for ten seconds. Shorter ones are counted each time.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Mutex<HashMap<List, Known>>>);

/// A list of everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum List {
    Coders(Coders),
    Mentors,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    number: u64,
    expires: Instant,
}

impl Counts {
    /// The number that is known of a list, or what `count` comes to.
    pub(super) async fn of(
        &self,
        list: List,
        count: impl Future<Output = Result<u64, DbErr>>,
    ) -> Result<u64> {
        if let Some(number) = self.known(list, Instant::now()) {
            return Ok(number);
        }
        let number = count.await?;
        let mut known = self.lock();
        if number < LONG {
            known.remove(&list);
        } else {
            known.insert(list, Known { number, expires: Instant::now() + LIFETIME });
        }
        Ok(number)
    }

    /// When a number expires, one counts anew, and meanwhile it is good enough for the others.
    fn known(&self, list: List, now: Instant) -> Option<u64> {
        let mut known = self.lock();
        let known = known.get_mut(&list)?;
        if now >= known.expires {
            known.expires = now + LIFETIME;
            return None;
        }
        Some(known.number)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<List, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_counts_anew_when_the_number_of_a_long_list_expires() {
        let (counts, list) = (Counts::default(), List::Mentors);
        assert_eq!(counts.of(list, async { Ok(LONG) }).await.expect("it is counted"), LONG);
        let (now, later) = (Instant::now(), Instant::now() + LIFETIME);
        assert_eq!(counts.known(list, now), Some(LONG));
        assert_eq!(counts.known(List::Coders(Coders::All), now), None);
        assert_eq!(counts.known(list, later), None, "this one counts");
        assert_eq!(counts.known(list, later), Some(LONG), "the others do not");
    }

    #[tokio::test]
    async fn a_short_list_is_counted_each_time() {
        let (counts, list) = (Counts::default(), List::Mentors);
        for number in [1, 2, LONG - 1, 3] {
            assert_eq!(counts.of(list, async { Ok(number) }).await.expect("it is counted"), number);
        }
    }
}
