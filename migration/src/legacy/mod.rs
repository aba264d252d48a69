//! The database of the old Flask application: recognised, taken over in place, and given back.
//!
//! Its tables are `coders(id, username, mentor_id)`, `mentors(id, username)` and
//! `snippet(id, snippet_name, coder_id, code, comments, needs_review)`, where all but the ids may be
//! null. Taking them over makes of them just what the first three steps make in an empty database.
//! What the old tables had and the new ones have no place for is kept beside them for the way back:
//!
//! - `legacy_schema`: the statements that freed the old tables of their form, and those that give it back;
//! - `legacy_nulls`: which cells of which snippets were null.
//!
//! Alembic's own table is not touched.

mod decisions;
mod obstacles;
mod postgres;
mod problems;
mod rows;
mod sqlite;

use std::fmt;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, FromQueryResult,
    Schema, Statement,
};
use sea_orm_migration::{SchemaManager, seaql_migrations};

pub use self::{
    decisions::{Decision, Row, decide},
    problems::{Problem, Problems, problems},
};
use crate::{Error, catalog, names};

/// How many steps, from the first, taking over stands for.
pub(crate) const STEPS: u32 = 3;

/// How many rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Counts {
    /// In `coders`.
    pub coders: i64,
    /// In `mentors`.
    pub mentors: i64,
    /// In `snippet`, or `snippets`.
    pub snippets: i64,
}

/// Whether the database holds the old tables.
pub(crate) async fn is_there(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    for (table, column) in [("coders", "username"), ("mentors", "username"), ("snippet", "snippet_name")] {
        if !catalog::columns(db, table).await?.iter().any(|name| name == column) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the database held the old tables once, and can hold them again.
pub(crate) async fn was_taken_over(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    catalog::has_table(db, "legacy_schema").await
}

/// Makes the old tables those of the first three steps, and marks these as applied.
pub(crate) async fn take_over(txn: &DatabaseTransaction) -> Result<Counts, Error> {
    let manager = SchemaManager::new(txn);
    let is_postgres = txn.get_database_backend() == DbBackend::Postgres;
    if is_postgres {
        // Whoever may not change the tables may not lock them either, and is told so.
        problems::obstacles(txn).await?.none()?;
        postgres::lock_out_everybody(txn).await?;
    }
    problems(txn, Some(problems::SHOWN)).await?.none()?;
    if is_postgres {
        postgres::take_over(&manager).await?;
    } else {
        sqlite::take_over(&manager).await?;
    }

    let schema = Schema::new(txn.get_database_backend());
    let table = schema.create_table_from_entity(seaql_migrations::Entity).if_not_exists().to_owned();
    manager.create_table(table).await?;
    let applied_at = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let rows = names().into_iter().take(STEPS as usize).map(|version| seaql_migrations::ActiveModel {
        version: Set(version),
        applied_at: Set(i64::try_from(applied_at).unwrap_or(i64::MAX)),
    });
    seaql_migrations::Entity::insert_many(rows).exec_without_returning(txn).await?;
    Ok(count(txn, "snippets").await?)
}

/// Makes the old tables again, of a database that was taken over and has no step but the first three.
pub(crate) async fn give_back(txn: &DatabaseTransaction) -> Result<Counts, Error> {
    if txn.get_database_backend() == DbBackend::Postgres {
        postgres::lock_out_everybody(txn).await?;
        postgres::give_back(txn).await?;
    } else {
        sqlite::give_back(txn).await?;
    }
    for table in ["users", "legacy_nulls", "legacy_schema", "seaql_migrations"] {
        txn.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(count(txn, "snippet").await?)
}

async fn count(db: &impl ConnectionTrait, snippets: &str) -> Result<Counts, DbErr> {
    let select = format!(
        "SELECT (SELECT count(*) FROM coders) AS coders, (SELECT count(*) FROM mentors) AS mentors,
                (SELECT count(*) FROM {snippets}) AS snippets"
    );
    let counts = Counts::find_by_statement(Statement::from_string(db.get_database_backend(), select));
    counts.one(db).await?.ok_or_else(|| DbErr::RecordNotFound(snippets.to_owned()))
}

/// Which of the statements that `legacy_schema` keeps.
#[derive(Clone, Copy)]
enum Kept {
    /// Those that free the old tables of their form.
    Changes,
    /// Those that give it back to them.
    Undoing,
}

async fn run_kept(db: &impl ConnectionTrait, which: Kept) -> Result<(), DbErr> {
    let (column, order) = match which {
        Kept::Changes => ("change", "ASC"),
        Kept::Undoing => ("undo", "DESC"),
    };
    let select = format!("SELECT {column} AS statement FROM legacy_schema ORDER BY position {order}");
    for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), select)).await? {
        db.execute_unprepared(&row.try_get::<String>("", "statement")?).await?;
    }
    Ok(())
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} coders, {} mentors, {} snippets", self.coders, self.mentors, self.snippets)
    }
}
