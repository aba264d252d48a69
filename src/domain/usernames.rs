//! Which names people may bear.

use crate::{Error, Result};

/// The longest name.
pub const MAX_CHARACTERS: usize = 24;

/// What Auth0 allows in a username beside letters and digits.
const PUNCTUATION: &str = "@^$.!`-#+'~_";

/// Names that would pass for the people who run the service.
const IMPERSONATING: [&str; 12] = [
    "admin",
    "administrator",
    "funcster",
    "help",
    "moderator",
    "official",
    "root",
    "security",
    "staff",
    "support",
    "system",
    "webmaster",
];

/// Checks the name of somebody who signs up: Auth0's rules for usernames, from 1 to
/// [`MAX_CHARACTERS`] characters.
///
/// # Errors
/// `BadUserInput`.
pub fn validate(username: &str) -> Result<()> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || PUNCTUATION.contains(character);
    if username.is_empty() || username.chars().count() > MAX_CHARACTERS || !username.chars().all(is_allowed) {
        return Err(Error::bad_user_input(
            "username",
            format!(
                "username must be 1 to {MAX_CHARACTERS} characters out of a-z, A-Z, 0-9 and {PUNCTUATION}"
            ),
        ));
    }
    if IMPERSONATING.iter().any(|reserved| reserved.eq_ignore_ascii_case(username)) {
        return Err(Error::bad_user_input("username", "username is reserved."));
    }
    Ok(())
}
