//! The coders' libraries: who may read, store, change and delete what.

mod content;
mod read;
mod write;

pub(crate) use self::write::insert;
pub use self::{
    content::{Change, MAX_CODE_BYTES, MAX_COMMENTS_CHARACTERS, MAX_NAME_CHARACTERS, NewSnippet},
    read::{by_id, by_ids, count_of_coders, in_libraries, of_coders},
    write::{create, deletable_by, delete, editable_by, update},
};
