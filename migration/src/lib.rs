//! The database's schema, step by step; each step runs on SQLite and on PostgreSQL, up and down.
//!
//! - [`up`] and [`down`] run steps, one process at a time and in one transaction.
//! - [`state()`] tells how a database relates to the steps that this release knows.
//! - [`legacy`] takes over a database that the old Flask application made, and gives it back.

#![forbid(unsafe_code)]

use sea_orm_migration::prelude::*;

mod catalog;
mod error;
pub mod legacy;
mod m0001_users;
mod m0002_coders_and_mentors;
mod m0003_snippets;
mod m0004_additive;
mod m0005_snippets_to_review;
mod m0006_covering_indexes;
mod run;
mod state;

pub use self::{
    error::{Error, Unfit},
    run::{Down, Up, down, up},
    state::{Ahead, State, Step, require_current, state, steps},
};

/// The steps, in their order.
struct Migrator;

/// The names of the steps after which a release that does not know them can go on serving: it finds
/// what it reads, and what it writes is taken. A new table or index is such a step, and so is a new
/// column that may be left out; a column that is renamed or gone is not.
///
/// The declaration is kept in the database, where that release reads it.
const ADDITIVE: &[&str] = &["m0004_additive", "m0005_snippets_to_review", "m0006_covering_indexes"];

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_coders_and_mentors::Migration),
            Box::new(m0003_snippets::Migration),
            Box::new(m0004_additive::Migration),
            Box::new(m0005_snippets_to_review::Migration),
            Box::new(m0006_covering_indexes::Migration),
        ]
    }
}

/// The names of all steps.
fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}
