//! How often one client address may do something, and how much of it at once. What is one address, `app::Client`
//! tells.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::{Error, Result};

const WINDOW: Duration = Duration::from_mins(1);
/// How many addresses are remembered at once.
const MAX_ADDRESSES: usize = 100_000;

/// Counts what each address does in a minute, from its first act on.
#[derive(Clone, Debug)]
pub struct RateLimit {
    per_minute: u32,
    windows: Arc<Cache<IpAddr, Arc<Mutex<Window>>>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    count: u32,
}

impl Window {
    fn begin() -> Self {
        Self { began: Instant::now(), count: 0 }
    }
}

impl RateLimit {
    /// Lets `per_minute` acts of each address through; 0 means no limit.
    #[must_use]
    pub fn per_minute(per_minute: u32) -> Self {
        Self { per_minute, windows: Arc::new(Cache::new(MAX_ADDRESSES)) }
    }

    /// Counts one act of `address`.
    ///
    /// # Errors
    /// `RateLimited` when it is one too many.
    pub fn count(&self, address: IpAddr) -> Result<()> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let Ok(window) = self
            .windows
            .get_or_insert_with(&address, || Ok::<_, Infallible>(Arc::new(Mutex::new(Window::begin()))));
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= WINDOW {
            *window = Window::begin();
        }
        if window.count < self.per_minute {
            window.count += 1;
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
