//! The old REST paths, as the clients in the field know them.

mod bodies;
mod fixtures;
mod guarded;
mod limits;
mod lists;
mod mentorships;
mod order;
mod paths;
mod permissions;
mod signup;
mod snippet_replace;
mod snippets;
mod tokens;
mod userinfo;
mod visibility;
