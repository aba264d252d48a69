//! Documents that were executed before.

use std::sync::Arc;

use async_graphql::{ValidationMode, parser::types::ExecutableDocument};

use super::{
    Schema, builder,
    cache::{self, Cache, Weighty},
    finish,
    merging::merges,
    tokens::tokens,
};

/// How many bytes documents may take that are remembered.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// About what the smallest takes, once it is parsed, and how much more for each of its tokens.
const LEAST_BYTES: usize = 2 * 1024;
const TOKEN_BYTES: usize = 256;

/// Documents that were executed before: parsed, and found valid. Most clients send the same few
/// again and again, with other variables; for these, parsing and validation cost more than the rest
/// of a small query together.
pub struct KnownDocuments {
    documents: Cache<Key, Arc<Document>>,
    /// Validates nothing that does not depend on variables.
    schema: Schema,
}

/// A parsed document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) parsed: ExecutableDocument,
    /// Whether objects of the response may have to be merged.
    pub(super) merges: bool,
    bytes: u64,
}

impl Document {
    /// What `query` was parsed to.
    pub(super) fn new(query: &str, parsed: ExecutableDocument) -> Self {
        let bytes = query.len() + LEAST_BYTES + TOKEN_BYTES * tokens(query).count();
        Self { merges: merges(&parsed), parsed, bytes: bytes as u64 }
    }
}

impl Weighty for Arc<Document> {
    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Validation leaves out what belongs to operations that are not selected, so that a document is
/// known by both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) query: Arc<str>,
    pub(super) operation_name: Option<String>,
}

impl KnownDocuments {
    /// None yet.
    #[must_use]
    pub fn new(introspection: bool) -> Self {
        Self {
            documents: cache::of_bytes(MAX_BYTES),
            schema: finish(builder().validation_mode(ValidationMode::Fast), introspection),
        }
    }

    pub(super) fn find(&self, key: &Key) -> Option<Arc<Document>> {
        self.documents.get(key)
    }

    pub(super) fn remember(&self, key: Key, document: Arc<Document>) {
        self.documents.insert(key, document);
    }

    /// Executes what is known.
    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }
}
