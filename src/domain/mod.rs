//! The rules. Every function that acts for somebody takes a [`Viewer`](crate::auth::Viewer), and
//! both edges call the same functions.

pub mod accounts;
pub mod binding;
pub mod mentorships;
pub mod paging;
pub mod signup;
pub mod snippets;
pub mod usernames;
pub mod users;
