//! How many requests are answered at the same time: what cannot be answered soon had better be sent again
//! later, or to another server.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// A burst may be so many times the usual number, and come within this time. A crowd that stays longer
/// means that there is more to do than can be done.
const BURST: u32 = 4;
const BURST_TIME: Duration = Duration::from_millis(50);
/// How long there must have been no crowd before there is a burst again: whoever is let in during one waits
/// for all the others, and a crowd that stays would be one burst after another.
const CALM: Duration = Duration::from_secs(1);

/// Lets requests in.
#[derive(Debug)]
pub(super) struct Admission {
    usual: u32,
    crowd: Mutex<Crowd>,
}

#[derive(Debug, Default)]
struct Crowd {
    inside: u32,
    /// When the burst ends, or has ended, and when the last request came that was one too many.
    burst: Option<(Instant, Instant)>,
}

/// A request that was let in. It has left when this is dropped.
#[derive(Debug)]
pub(super) struct Admitted(Arc<Admission>);

impl Admission {
    /// How long a request waits to be refused: whoever tries again at once would take the time that others
    /// need to be answered.
    pub(super) const REFUSAL_PAUSE: Duration = Duration::from_millis(20);

    /// So many at the same time, if there is no burst.
    pub(super) fn of(usual: u32) -> Arc<Self> {
        Arc::new(Self { usual, crowd: Mutex::default() })
    }

    /// Lets a request in that came at `now`.
    ///
    /// # Errors
    /// `Unavailable` when there are too many.
    pub(super) fn enter(self: &Arc<Self>, now: Instant) -> Result<Admitted> {
        let mut crowd = self.crowd();
        let may_enter = crowd.inside < self.usual || {
            let ends = match crowd.burst {
                Some((ends, last)) if now.duration_since(last) < CALM => ends,
                _ => now + BURST_TIME,
            };
            crowd.burst = Some((ends, now));
            now < ends && crowd.inside < self.usual.saturating_mul(BURST)
        };
        if !may_enter {
            return Err(Error::busy());
        }
        crowd.inside += 1;
        Ok(Admitted(Arc::clone(self)))
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.crowd().inside -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `arriving` are let in at `now`.
    fn enter(admission: &Arc<Admission>, arriving: usize, now: Instant) -> Vec<Admitted> {
        (0..arriving).filter_map(|_| admission.enter(now).ok()).collect()
    }

    #[test]
    fn a_burst_is_let_in_and_a_crowd_that_stays_is_not() {
        let (admission, began) = (Admission::of(8), Instant::now());
        let later = |millis| began + Duration::from_millis(millis);
        let mut inside = enter(&admission, 100, began);
        assert_eq!(inside.len(), 32, "four times as many as usual");
        inside.truncate(20);
        inside.extend(enter(&admission, 100, later(49)));
        assert_eq!(inside.len(), 32, "it is the same burst");

        // From now on there are as many as usual, however many come and go.
        for time in 50..100 {
            inside.pop();
            inside.extend(enter(&admission, 100, later(time)));
        }
        assert_eq!(inside.len(), 8);
        inside.clear();
        inside.extend(enter(&admission, 100, later(600)));
        assert_eq!(inside.len(), 8, "the crowd is still there");
        inside.extend(enter(&admission, 100, later(1_700)));
        assert_eq!(inside.len(), 32, "another burst after a calm");
    }

    #[test]
    fn as_many_as_usual_are_always_let_in() {
        let (admission, began) = (Admission::of(8), Instant::now());
        let mut inside = enter(&admission, 8, began);
        for second in 1..100 {
            inside.pop();
            inside.extend(enter(&admission, 1, began + Duration::from_secs(second)));
            assert_eq!(inside.len(), 8);
        }
    }
}
