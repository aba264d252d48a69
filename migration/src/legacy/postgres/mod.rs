//! In place on PostgreSQL: tables and columns are renamed and no snippet is written anew, so that it
//! takes seconds, needs no space, and keeps the operator's own columns, indexes and grants.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::{MigrationTrait, SchemaManager};

use super::{Kept, run_kept};
use crate::{Error, catalog, error::is_lock_timeout, m0001_users};

/// Keeps everybody else from the tables until the transaction ends, and gives up rather than have
/// all who come later wait behind.
pub(super) async fn lock_out_everybody(txn: &DatabaseTransaction) -> Result<(), Error> {
    let snippets = if catalog::has_table(txn, "snippet").await? { "snippet" } else { "snippets" };
    txn.execute_unprepared("SET LOCAL lock_timeout = '10s'").await?;
    let lock = format!("LOCK TABLE coders, mentors, {snippets} IN ACCESS EXCLUSIVE MODE");
    match txn.execute_unprepared(&lock).await {
        Err(error) if is_lock_timeout(&error) => Err(Error::InUse),
        locked => Ok(locked.map(drop)?),
    }
}

pub(super) async fn take_over(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    m0001_users::Migration.up(manager).await?;
    db.execute_unprepared(include_str!("keep_schema.sql")).await?;
    run_kept(db, Kept::Changes).await?;
    db.execute_unprepared(include_str!("take_over.sql")).await?;
    db.execute_unprepared(include_str!("sequences_to_identities.sql")).await.map(drop)
}

pub(super) async fn give_back(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    txn.execute_unprepared(include_str!("give_back.sql")).await?;
    txn.execute_unprepared(include_str!("identities_to_sequences.sql")).await?;
    run_kept(txn, Kept::Undoing).await
}
