//! How many requests are answered at the same time: what cannot be answered soon had better be sent again
//! later, or to another server.

use std::{
    cell::Cell,
    collections::VecDeque,
    iter,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{Error, Result};

/// How many times as many may wait in line as may be inside, and may have stepped aside. If there are more in
/// line, who has waited longest is refused.
const LINE: usize = 8;
/// How long a request may wait.
const PATIENCE: Duration = Duration::from_secs(1);
/// As long as nobody has waited for longer than this, the first in line is the next to be let in. Otherwise
/// it is the last: some are then answered at once, where all would be answered late.
const FAIR_WAIT: Duration = Duration::from_millis(10);
/// How many milliseconds a request is held that is refused.
const REFUSAL_PAUSE_MILLIS: RangeInclusive<u64> = 100..=300;

tokio::task_local! {
    /// Of the request that the task answers.
    static ADMITTED: Admitted;
}

/// Lets requests in.
#[derive(Debug)]
pub(crate) struct Admission(Mutex<Crowd>);

#[derive(Debug)]
struct Crowd {
    most: usize,
    fair_wait: Duration,
    inside: usize,
    aside: usize,
    line: VecDeque<Waiting>,
    /// More by one with each who leaves while places are lacking, and less by one with each who leaves otherwise.
    pressure: usize,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    door: oneshot::Sender<Admitted>,
}

impl Waiting {
    fn has_left(&self) -> bool {
        self.door.is_closed()
    }
}

/// A request that was let in. It has left when this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    is_aside: Cell<bool>,
}

impl Admission {
    /// So many at the same time.
    pub(crate) fn of(most: u32) -> Arc<Self> {
        Self::with(most, FAIR_WAIT)
    }

    fn with(most: u32, fair_wait: Duration) -> Arc<Self> {
        let line = VecDeque::new();
        let crowd = Crowd { most: most as usize, fair_wait, inside: 0, aside: 0, line, pressure: 0 };
        Arc::new(Self(Mutex::new(crowd)))
    }

    /// Lets a request in, now or when others have left.
    ///
    /// # Errors
    /// `Unavailable` when there are too many.
    pub(crate) async fn enter(self: &Arc<Self>) -> Result<Admitted> {
        let opened = {
            let mut crowd = self.crowd();
            if crowd.inside < crowd.places() {
                crowd.inside += 1;
                return Ok(self.admitted());
            }
            let (door, opened) = oneshot::channel();
            crowd.line.push_back(Waiting { since: Instant::now(), door });
            if crowd.line.len() > crowd.longest_line() {
                crowd.line.retain(|waiting| !waiting.has_left());
            }
            if crowd.line.len() > crowd.longest_line() {
                crowd.line.pop_front();
            }
            opened
        };
        timeout(PATIENCE, opened).await.ok().and_then(Result::ok).ok_or_else(Error::busy)
    }

    fn admitted(self: &Arc<Self>) -> Admitted {
        Admitted { admission: Arc::clone(self), is_aside: Cell::default() }
    }

    /// A place is free: for somebody in line, if there is anybody.
    fn leave(self: &Arc<Self>) {
        let let_in: Vec<_> = {
            let mut crowd = self.crowd();
            crowd.count_out();
            iter::from_fn(|| crowd.let_in()).collect()
        };
        for next in let_in {
            // Who has given up meanwhile leaves again by being dropped.
            let _ = next.door.send(self.admitted());
        }
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd {
    fn longest_line(&self) -> usize {
        LINE * self.most
    }

    /// Whether nobody would be in line if all places were taken.
    fn has_room(&self) -> bool {
        self.inside + self.line.len() < self.most
    }

    /// Whether there is more to do than can be done: places were lacking while more people left than can be in
    /// line.
    fn is_overload(&self) -> bool {
        self.pressure > self.longest_line()
    }

    /// How many may be inside. Under overload it is half: each is answered in half the time, and since
    /// some are refused anyway, it hardly matters that fewer share what they do.
    fn places(&self) -> usize {
        if self.is_overload() && !self.has_room() { self.most.div_ceil(2) } else { self.most }
    }

    fn count_out(&mut self) {
        self.inside -= 1;
        self.pressure = if self.has_room() {
            self.pressure.saturating_sub(1)
        } else {
            (self.pressure + 1).min(2 * self.longest_line())
        };
    }

    /// Gives a free place, if there is one, to whose turn it is.
    fn let_in(&mut self) -> Option<Waiting> {
        if self.inside >= self.places() {
            return None;
        }
        let next = self.next()?;
        self.inside += 1;
        Some(next)
    }

    /// Whose turn it is. Under overload, those who have waited are refused.
    fn next(&mut self) -> Option<Waiting> {
        let fair_wait = self.fair_wait;
        let is_long = |waiting: &Waiting| waiting.since.elapsed() > fair_wait;
        self.drop_first(Waiting::has_left);
        while self.line.back().is_some_and(Waiting::has_left) {
            self.line.pop_back();
        }
        let is_overload = self.is_overload();
        if is_overload {
            self.drop_first(is_long);
        }
        if is_overload || is_long(self.line.front()?) { self.line.pop_back() } else { self.line.pop_front() }
    }

    fn drop_first(&mut self, is_out: impl Fn(&Waiting) -> bool) {
        while self.line.front().is_some_and(&is_out) {
            self.line.pop_front();
        }
    }
}

/// Holds a request that is refused: whoever tries again at once would take the time that others need to be
/// answered. Each is held for another time, since they would all come again at once.
pub(crate) async fn hold_refusal() {
    sleep(Duration::from_millis(fastrand::u64(REFUSAL_PAUSE_MILLIS))).await;
}

/// The request that this task answers, if it was let in, makes room, unless too many have already: it waits
/// for something that takes long and costs nothing here, and others need not wait with it.
pub(crate) fn step_aside() {
    let _ = ADMITTED.try_with(Admitted::step_aside);
}

impl Admitted {
    /// Answers the request, and leaves.
    pub(crate) fn carry<F: Future>(self, answer: F) -> impl Future<Output = F::Output> {
        ADMITTED.scope(self, answer)
    }

    fn step_aside(&self) {
        {
            let mut crowd = self.admission.crowd();
            if self.is_aside.get() || crowd.aside == crowd.longest_line() {
                return;
            }
            crowd.aside += 1;
            self.is_aside.set(true);
        }
        self.admission.leave();
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.is_aside.get() {
            self.admission.crowd().aside -= 1;
        } else {
            self.admission.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures_util::{FutureExt, future::BoxFuture};

    use super::*;

    /// Longer than a test may be held up; and short enough to be waited for.
    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(200);

    type Entering = Pin<Box<dyn Future<Output = Result<Admitted>> + Send>>;

    /// So many who have just come, and wait.
    fn come(admission: &Arc<Admission>, count: usize) -> Vec<Entering> {
        let enter = |_| -> BoxFuture<'static, _> {
            let admission = Arc::clone(admission);
            Box::pin(async move { admission.enter().await })
        };
        let mut entering: Vec<_> = (0..count).map(enter).collect();
        for one in &mut entering {
            assert!(one.now_or_never().is_none(), "there is a place");
        }
        entering
    }

    fn is_in(one: &mut Entering) -> Option<Admitted> {
        one.now_or_never()?.ok()
    }

    #[tokio::test]
    async fn who_comes_first_is_let_in_first_if_nobody_waits_long() {
        let admission = Admission::with(2, LONG);
        let mut inside =
            vec![admission.enter().await.expect("a place"), admission.enter().await.expect("one")];
        let mut waiting = come(&admission, 3);
        inside.remove(0);
        let first = is_in(&mut waiting[0]).expect("it is the first");
        assert!(is_in(&mut waiting[1]).is_none() && is_in(&mut waiting[2]).is_none());
        // One that leaves the line holds nobody up.
        drop(waiting.remove(1));
        drop(first);
        assert!(is_in(&mut waiting[1]).is_some());
        assert!(admission.enter().await.is_ok(), "it has left again");
    }

    #[tokio::test]
    async fn who_comes_last_is_let_in_first_if_others_wait_long() {
        let admission = Admission::with(1, SHORT);
        let inside = admission.enter().await.expect("a place");
        let mut early = come(&admission, 1);
        sleep(2 * SHORT).await;
        let mut late = come(&admission, 1);
        let waits = inside.carry(async {
            step_aside();
            assert!(is_in(&mut early[0]).is_none());
            is_in(&mut late[0]).expect("it is the last")
        });
        let late = waits.await;
        assert!(is_in(&mut early[0]).is_none(), "who has stepped aside leaves no second place");
        drop(late);
        assert!(is_in(&mut early[0]).is_some());
    }

    #[tokio::test]
    async fn who_has_waited_is_refused_if_the_line_stays() {
        let admission = Admission::with(1, SHORT);
        let mut inside = admission.enter().await.expect("a place");
        let mut early = come(&admission, 1);
        sleep(2 * SHORT).await;
        for _ in 0..LINE {
            let mut late = come(&admission, 1);
            drop(inside);
            inside = is_in(&mut late[0]).expect("it is the last");
        }
        assert!(is_in(&mut early[0]).is_none());
        let mut late = come(&admission, 1);
        drop(inside);
        assert!(early.remove(0).now_or_never().expect("it is refused").is_err());
        assert!(is_in(&mut late[0]).is_some());
    }

    #[tokio::test]
    async fn half_as_many_are_inside_under_overload() {
        let admission = Admission::with(4, LONG);
        let mut inside = Vec::new();
        for _ in 0..4 {
            inside.push(admission.enter().await.expect("a place"));
        }
        let mut waiting = come(&admission, 4);
        admission.crowd().pressure = 2 * LINE * 4;
        inside.truncate(2);
        assert!(waiting.iter_mut().all(|one| is_in(one).is_none()), "two are inside");
        inside.pop();
        inside.extend(waiting.iter_mut().filter_map(is_in));
        assert_eq!(inside.len(), 2);

        waiting.clear();
        inside.pop();
        for _ in 1..4 {
            inside.push(admission.enter().await.expect("nobody is in line"));
        }
    }

    #[tokio::test]
    async fn only_so_many_step_aside() {
        let admission = Admission::of(1);
        let mut aside = Vec::new();
        for _ in 0..LINE {
            let admitted = admission.enter().await.expect("the last one has made room");
            admitted.step_aside();
            aside.push(admitted);
        }
        let stays = admission.enter().await.expect("a place");
        stays.step_aside();
        let mut waiting = come(&admission, 1);
        aside.pop();
        assert!(is_in(&mut waiting[0]).is_none(), "who was aside had no place");
        stays.step_aside();
        assert!(is_in(&mut waiting[0]).is_some());
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_and_not_everybody_waits() {
        let admission = Admission::of(1);
        let _inside = admission.enter().await.expect("a place");
        let mut waiting = come(&admission, LINE + 1);
        assert!(waiting.remove(0).now_or_never().expect("it is refused").is_err());
        let began = Instant::now();
        assert!(waiting.remove(0).await.is_err());
        assert!(began.elapsed() < 5 * PATIENCE);
    }
}
