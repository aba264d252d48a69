//! Documents that clients name by their hash: persisted ones, and the list of those that are
//! trusted.

use std::{collections::HashMap, path::Path, sync::Arc};

use aws_lc_rs::digest;

use super::{
    cache::{self, Cache, Weighty},
    parameters::Parameters,
};
use crate::{Error, Result, error::Code, telemetry};

/// How many bytes of documents are kept that clients persisted.
const MAX_PERSISTED_BYTES: u64 = 4 * 1024 * 1024;
/// About what keeping one takes besides, its hash among it.
const OVERHEAD_BYTES: u64 = 256;

/// Where documents are found by their hash: SHA-256, in hexadecimal.
#[derive(Debug)]
pub struct Documents {
    /// What may be executed, where that is a closed list.
    trusted: Option<Arc<HashMap<String, Arc<str>>>>,
    /// What clients sent along with its hash, by Apollo's protocol of automatic persisted queries.
    persisted: Cache<String, Arc<str>>,
}

impl Documents {
    /// Takes any document.
    #[must_use]
    pub fn open() -> Self {
        Self { trusted: None, persisted: cache::of_bytes(MAX_PERSISTED_BYTES) }
    }

    /// Takes the documents in this file alone: a JSON object of documents by their hashes, as
    /// front-end compilers write it. The hash may be of any kind that the compiler uses; a document
    /// that is sent in full is recognized by its SHA-256.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of that form.
    pub fn of_file(path: &Path) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let listed: HashMap<String, String> = serde_json::from_slice(&std::fs::read(path)?)?;
        let mut trusted = HashMap::with_capacity(2 * listed.len());
        for (name, document) in listed {
            let document: Arc<str> = document.into();
            trusted.insert(sha256(&document), Arc::clone(&document));
            trusted.insert(name, document);
        }
        Ok(Self { trusted: Some(Arc::new(trusted)), ..Self::open() })
    }

    /// The document that a request is for.
    ///
    /// # Errors
    /// `BadRequest` when the request names none, or gives one that its hash is not of;
    /// `PersistedQueryNotFound`; `Forbidden` for one that is not trusted.
    pub(super) fn find(&self, parameters: &Parameters) -> Result<Arc<str>> {
        let (query, hash) = (parameters.query.as_deref(), parameters.hash.as_deref());
        if let Some(trusted) = &self.trusted {
            let name = match (hash, query) {
                (Some(hash), _) => hash.to_owned(),
                (None, Some(query)) => sha256(query),
                (None, None) => return Err(missing()),
            };
            let untrusted =
                || Error::forbidden("This server executes the documents that it knows, and no others.");
            let found = trusted.get(&name).cloned();
            telemetry::persisted_query(if found.is_some() { "hit" } else { "miss" });
            return found.ok_or_else(untrusted);
        }
        match (query, hash) {
            (None, None) => Err(missing()),
            (Some(query), None) => Ok(query.into()),
            (None, Some(hash)) => {
                let found = self.persisted.get(hash);
                telemetry::persisted_query(if found.is_some() { "hit" } else { "miss" });
                found.ok_or_else(|| Error::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound"))
            }
            (Some(query), Some(hash)) if sha256(query) == hash => {
                let document: Arc<str> = query.into();
                telemetry::persisted_query("registered");
                self.persisted.insert(hash.to_owned(), Arc::clone(&document));
                Ok(document)
            }
            (Some(_), Some(_)) => Err(Error::bad_request("The hash is not the query's SHA-256.")),
        }
    }
}

impl Weighty for Arc<str> {
    fn bytes(&self) -> u64 {
        self.len() as u64 + OVERHEAD_BYTES
    }
}

fn missing() -> Error {
    Error::bad_request("The parameter query is missing.")
}

fn sha256(document: &str) -> String {
    let digest = digest::digest(&digest::SHA256, document.as_bytes());
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hash, byte| {
        for digit in [byte >> 4, byte & 15] {
            hash.extend(char::from_digit(digit.into(), 16));
        }
        hash
    })
}
