//! Caches that are bounded by bytes.

use std::hash::Hash;

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync, sync::DefaultLifecycle};

/// About how many values there are: the keys of half as many are remembered that had to go, to be kept for
/// longer if they come again.
const ESTIMATED_VALUES: usize = 1_000;

/// Values by their keys.
pub(super) type Cache<K, V> = sync::Cache<K, V, Weigher>;

/// A value with a size.
pub(super) trait Weighty: Clone {
    /// About what it takes with its key, which does not change.
    fn bytes(&self) -> u64;
}

/// Weighs values.
#[derive(Clone, Debug)]
pub(super) struct Weigher;

impl<K, V: Weighty> Weighter<K, V> for Weigher {
    fn weight(&self, _: &K, value: &V) -> u64 {
        value.bytes()
    }
}

/// A cache of so many bytes; a single value may take all of them.
pub(super) fn of_bytes<K: Eq + Hash, V: Weighty>(most: u64) -> Cache<K, V> {
    let options = OptionsBuilder::new()
        .shards(1)
        .estimated_items_capacity(ESTIMATED_VALUES)
        .weight_capacity(most)
        .build();
    let options = options.expect("all of the options are there");
    sync::Cache::with_options(options, Weigher, DefaultHashBuilder::default(), DefaultLifecycle::default())
}
