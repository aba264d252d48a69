//! How often one client address may do something.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use moka::sync::Cache;

use crate::{Error, Result};

const WINDOW: Duration = Duration::from_mins(1);
/// How many addresses are remembered at once.
const MAX_ADDRESSES: u64 = 100_000;

/// Counts what each address does in a minute, from its first act on.
#[derive(Clone, Debug)]
pub struct RateLimit {
    per_minute: u32,
    windows: Cache<IpAddr, Arc<Window>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    count: AtomicU32,
}

impl RateLimit {
    /// Lets `per_minute` acts of each address through; 0 means no limit.
    #[must_use]
    pub fn per_minute(per_minute: u32) -> Self {
        let windows = Cache::builder().max_capacity(MAX_ADDRESSES).time_to_live(WINDOW).build();
        Self { per_minute, windows }
    }

    /// Counts one act of `address`.
    ///
    /// # Errors
    /// `RateLimited` when it is one too many.
    pub fn count(&self, address: IpAddr) -> Result<()> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let window = self
            .windows
            .get_with(address, || Arc::new(Window { began: Instant::now(), count: AtomicU32::new(0) }));
        if window.count.fetch_add(1, Ordering::Relaxed) < self.per_minute {
            Ok(())
        } else {
            Err(Error::rate_limited(WINDOW.saturating_sub(window.began.elapsed())))
        }
    }
}
