//! What a snippet may be made of.

use crate::{Error, Result};

/// The longest name, in characters.
pub const MAX_NAME_CHARACTERS: usize = 200;
/// The longest code, in bytes.
pub const MAX_CODE_BYTES: usize = 100 * 1024;
/// The longest comments, in characters.
pub const MAX_COMMENTS_CHARACTERS: usize = 20_000;

/// A snippet to be stored.
#[derive(Clone, Debug)]
pub struct NewSnippet {
    /// A title.
    pub name: String,
    /// The Python.
    pub code: String,
    /// Whether review is asked for.
    pub needs_review: bool,
    /// Notes.
    pub comments: String,
}

/// An edit: what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new title.
    pub name: Option<String>,
    /// New code.
    pub code: Option<String>,
    /// Whether review is asked for from now on.
    pub needs_review: Option<bool>,
    /// New notes.
    pub comments: Option<String>,
}

impl NewSnippet {
    /// Checks what it would store. [`create`](super::create) does; this is for who must know earlier.
    ///
    /// # Errors
    /// `BadUserInput`.
    pub fn validate(&self) -> Result<()> {
        validate(Some(&self.name), Some(&self.code), Some(&self.comments))
    }
}

impl Change {
    /// Whether everything stays as it is.
    pub(super) const fn is_empty(&self) -> bool {
        self.name.is_none() && self.code.is_none() && self.needs_review.is_none() && self.comments.is_none()
    }

    /// Checks what it would store. [`update`](super::update) does; this is for who must know earlier.
    ///
    /// # Errors
    /// `BadUserInput`.
    pub fn validate(&self) -> Result<()> {
        validate(self.name.as_deref(), self.code.as_deref(), self.comments.as_deref())
    }
}

/// The rule for what may stand in a snippet; `None` is not looked at.
fn validate(name: Option<&str>, code: Option<&str>, comments: Option<&str>) -> Result<()> {
    if name.is_some_and(|name| name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARACTERS) {
        let message = format!("name must be 1 to {MAX_NAME_CHARACTERS} characters, and not blank.");
        return Err(Error::bad_user_input("name", message));
    }
    if code.is_some_and(|code| code.is_empty() || code.len() > MAX_CODE_BYTES) {
        let message = format!("code must be 1 to {MAX_CODE_BYTES} bytes.");
        return Err(Error::bad_user_input("code", message));
    }
    if comments.is_some_and(|comments| comments.chars().count() > MAX_COMMENTS_CHARACTERS) {
        let message = format!("comments must be at most {MAX_COMMENTS_CHARACTERS} characters.");
        return Err(Error::bad_user_input("comments", message));
    }
    // PostgreSQL has no place for NUL in a text, and both databases shall store the same.
    for (field, text) in [("name", name), ("code", code), ("comments", comments)] {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Error::bad_user_input(field, format!("{field} must not contain NUL.")));
        }
    }
    Ok(())
}
