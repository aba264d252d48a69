//! How often one client address may do something, and how much of it at once.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
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

/// How soon to come back when all places are taken: nobody knows when one will be free.
const FULL_PAUSE: Duration = Duration::from_secs(5);

/// Counts what each address has going on.
#[derive(Clone, Debug)]
pub struct PlaceLimit {
    per_address: u32,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// One of the places that an address may take. It is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    address: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl PlaceLimit {
    /// Gives each address so many places; 0 means no limit.
    #[must_use]
    pub fn per_address(per_address: u32) -> Self {
        Self { per_address, taken: Arc::default() }
    }

    /// Takes a place for `address`.
    ///
    /// # Errors
    /// `RateLimited` when it has all of its places.
    pub fn take(&self, address: IpAddr) -> Result<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if self.per_address > 0 && *count >= self.per_address {
            return Err(Error::rate_limited(FULL_PAUSE));
        }
        *count += 1;
        Ok(Place { address, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}
