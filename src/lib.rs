//! `funcster-api`: the back end where coders keep Python snippets and mentors review them.
//!
//! One domain, two thin edges. Imports go one way:
//!
//! ```text
//! main ─ app ─┬─ graphql ─┐
//!             └─ rest ────┴─ domain ─ entity ─┬─ auth
//!        dev ────────────────┘                └─ error
//! ```
//!
//! - [`config`] reads the environment, and is the only module that does.
//! - [`app`] holds the state and the one table of routes and layers; nothing else imports an edge.
//! - [`graphql`] and `rest` translate requests into calls of [`domain`], and results back.
//! - `pages` is what both have for browsers: what a page loads, and what it is allowed.
//! - [`domain`] holds the rules; each function that acts for somebody takes a [`auth::Viewer`].
//! - [`entity`] maps the tables, and says whose a snippet is and who may see it, in Rust and in SQL.
//! - [`auth`] is Auth0's side: tokens are verified here, sign-ups passed on.
//! - [`error`] is the one table of failures, their codes and their HTTP statuses.
//! - [`telemetry`] is what an operator sees; everything tells it what happens, and asks it nothing.
//! - [`database`] is what statements go through: requests share them, writers to SQLite take turns, and what changes
//!   nothing may be read from a replica.
//! - `worker` names the threads that serve connections; [`server`] starts them, [`database`] divides its own
//!   connections among them.
//! - `admission` bounds how many requests are answered at the same time, [`limit`] how much one address may do,
//!   [`room`] how much memory responses take; what bounds memory elsewhere is told there.
//! - `media_type` is what requests say of the form of bodies.
//! - [`dev`] is the local stand-in for Auth0 and the demo data.

#![forbid(unsafe_code)]

mod admission;
pub mod app;
pub mod auth;
pub mod config;
pub mod database;
pub mod dev;
pub mod domain;
pub mod entity;
pub mod error;
pub mod graphql;
pub mod limit;
mod media_type;
mod pages;
mod rest;
pub mod room;
pub mod server;
pub mod telemetry;
mod worker;

pub use error::{Error, Result};
