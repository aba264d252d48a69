//! The rules. Every function that acts for somebody takes a [`Viewer`](crate::auth::Viewer), and
//! both edges call the same functions.

pub mod accounts;
pub mod binding;
pub mod events;
pub mod import;
pub mod mentorships;
pub mod paging;
pub mod signup;
pub mod snippets;
pub mod usernames;
pub mod users;

use crate::database::Pool;

use self::events::Events;

/// Where changes are made, and told.
#[derive(Clone, Debug)]
pub struct Store {
    /// What is changed.
    pub db: Pool,
    /// Who is told.
    pub events: Events,
}
