use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jsonwebtoken::{DecodingKey, jwk};
use reqwest::Url;
use tokio::sync::Mutex;

use crate::{Error, Result, admission::step_aside, telemetry};

/// The least time between two fetches that unknown key ids cause.
const REFETCH_INTERVAL: Duration = Duration::from_secs(30);
/// The time between two tries while there is no key set at all.
const COLD_RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// How long one fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest key set that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The longest key id that is looked up, in bytes.
const MAX_KEY_ID_BYTES: usize = 256;

/// The tenant's signing keys (RFC 7517), fetched over HTTP and kept.
///
/// A set that was fetched once stays in force until a newer one has been fetched: a provider that
/// is down, or answers nonsense, takes nobody's session away.
#[derive(Clone)]
pub struct Jwks(Arc<Inner>);

struct Inner {
    address: Url,
    http: reqwest::Client,
    keys: RwLock<Option<Keys>>,
    /// Counts the sets that came in the place of another one.
    generation: AtomicU64,
    /// When the last fetch for an unknown key id began. Held while it runs, so that however many
    /// requests need it, one asks.
    last_refetch: Mutex<Option<Instant>>,
}

/// A key set, with the text that it was read from.
struct Keys {
    by_id: HashMap<String, DecodingKey>,
    text: Vec<u8>,
}

impl std::fmt::Debug for Jwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwks").field("address", &self.0.address.as_str()).finish_non_exhaustive()
    }
}

impl Jwks {
    /// An empty cache of the key set at `address`; nothing is fetched yet.
    #[must_use]
    pub fn new(http: reqwest::Client, address: Url) -> Self {
        Self(Arc::new(Inner {
            address,
            http,
            keys: RwLock::default(),
            generation: AtomicU64::default(),
            last_refetch: Mutex::default(),
        }))
    }

    /// Whether a key set has been fetched.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.0.keys.read().is_ok_and(|keys| keys.is_some())
    }

    /// Changes whenever the keys do: what was verified under another one has to be verified anew.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// The key with the id `kid`. An id that is not in the set causes a fetch, at most one in 30 s.
    ///
    /// # Errors
    /// `Unavailable` when there is no key set, and none can be fetched.
    pub async fn key(&self, kid: &str) -> Result<Option<DecodingKey>> {
        if kid.len() > MAX_KEY_ID_BYTES {
            return Ok(None);
        }
        if let Some(key) = self.cached(kid) {
            return Ok(Some(key));
        }
        let mut last_refetch = if let Ok(last_refetch) = self.0.last_refetch.try_lock() {
            last_refetch
        } else {
            step_aside();
            self.0.last_refetch.lock().await
        };
        // Another request may have fetched it while this one waited.
        if let Some(key) = self.cached(kid) {
            return Ok(Some(key));
        }
        if last_refetch.is_none_or(|last| last.elapsed() >= REFETCH_INTERVAL) {
            *last_refetch = Some(Instant::now());
            step_aside();
            self.refresh().await;
        }
        if !self.is_loaded() {
            return Err(Error::unavailable("Access tokens cannot be checked at the moment."));
        }
        Ok(self.cached(kid))
    }

    /// Fetches the key set, and keeps the old one when that fails; the log tells why.
    pub async fn refresh(&self) {
        let fetched = self.fetch().await;
        telemetry::keys_fetched(fetched.is_ok());
        match fetched {
            Ok(keys) => {
                if let Ok(mut current) = self.0.keys.write()
                    && current.as_ref().is_none_or(|current| current.text != keys.text)
                {
                    *current = Some(keys);
                    self.0.generation.fetch_add(1, Ordering::Release);
                }
            }
            Err(error) => {
                tracing::warn!(address = %self.0.address, %error, "the key set could not be fetched");
            }
        }
    }

    /// Refreshes now and then every `interval`, for as long as it is polled; more often until a
    /// first set is there.
    pub async fn keep_fresh(self, interval: Duration) {
        loop {
            self.refresh().await;
            let pause = if self.is_loaded() { interval } else { interval.min(COLD_RETRY_INTERVAL) };
            tokio::time::sleep(pause).await;
        }
    }

    fn cached(&self, kid: &str) -> Option<DecodingKey> {
        self.0.keys.read().ok()?.as_ref()?.by_id.get(kid).cloned()
    }

    async fn fetch(&self) -> std::result::Result<Keys, Box<dyn std::error::Error + Send + Sync>> {
        let request = self.0.http.get(self.0.address.clone()).timeout(FETCH_TIMEOUT);
        let mut response = telemetry::send(request, "jwks").await?;
        if !response.status().is_success() {
            return Err(format!("the answer is {}", response.status()).into());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err("the key set is too large".into());
            }
        }
        let by_id = usable_keys(&serde_json::from_slice::<RawSet>(&body)?);
        if by_id.is_empty() {
            return Err("the key set has no RSA signing key".into());
        }
        Ok(Keys { by_id, text: body })
    }
}

/// The set before its keys are looked at one by one: a key of a kind unknown here must not spoil
/// the others (RFC 7517 section 5).
#[derive(serde::Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

fn usable_keys(set: &RawSet) -> HashMap<String, DecodingKey> {
    let keys = set.keys.iter().filter_map(|key| serde::Deserialize::deserialize(key).ok());
    keys.filter_map(|key: jwk::Jwk| {
        let signs = key.common.public_key_use == Some(jwk::PublicKeyUse::Signature);
        let is_rs256 = key.common.key_algorithm.is_none_or(|alg| alg == jwk::KeyAlgorithm::RS256);
        let is_rsa = matches!(key.algorithm, jwk::AlgorithmParameters::RSA(_));
        let decoding_key = DecodingKey::from_jwk(&key).ok()?;
        key.common.key_id.filter(|_| signs && is_rs256 && is_rsa).map(|kid| (kid, decoding_key))
    })
    .collect()
}
