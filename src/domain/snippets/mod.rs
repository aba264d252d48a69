//! The coders' libraries: who may read, store, change and delete what.

mod content;
mod read;
mod together;
mod write;

use super::{
    Store,
    events::{Event, Kind},
};
use crate::entity::snippet;

pub(crate) use self::write::insert;
pub use self::{
    content::{Change, MAX_CODE_BYTES, MAX_COMMENTS_CHARACTERS, MAX_NAME_CHARACTERS, NewSnippet},
    read::{by_id, by_ids, counts, in_order, in_pages},
    write::{create, deletable_by, delete, editable_by, update},
};

/// Tells whoever watches.
fn tell(store: &Store, kind: Kind, snippet: &snippet::Model) {
    store.events.publish(Event {
        kind,
        coder_id: snippet.coder_id,
        snippet_id: Some(snippet.id),
        mentor_id: None,
    });
}
