use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

/// Texts that are kept for good, so that as labels they cost nothing; a limited number of them.
pub(super) struct Interned {
    texts: RwLock<Option<HashSet<&'static str>>>,
    most: usize,
}

impl Interned {
    pub(super) const fn at_most(most: usize) -> Self {
        Self { texts: RwLock::new(None), most }
    }

    /// The text, if it is kept.
    pub(super) fn get(&self, text: &str) -> Option<&'static str> {
        let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        texts.as_ref()?.get(text).copied()
    }

    /// The text, which is kept from now on if there is room.
    pub(super) fn keep(&self, text: &str) -> Option<&'static str> {
        if let Some(kept) = self.get(text) {
            return Some(kept);
        }
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.get_or_insert_default();
        if texts.len() < self.most && !texts.contains(text) {
            texts.insert(Box::leak(Box::from(text)));
        }
        texts.get(text).copied()
    }
}
