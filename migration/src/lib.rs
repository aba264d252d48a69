//! The database's schema, step by step; each step runs on SQLite and on PostgreSQL, up and down.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_users;
mod m0002_coders_and_mentors;
mod m0003_snippets;

/// Runs the migrations.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_coders_and_mentors::Migration),
            Box::new(m0003_snippets::Migration),
        ]
    }
}
