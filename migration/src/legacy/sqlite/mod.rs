//! On SQLite, where a column cannot be changed: the tables are made anew and filled from the old ones.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::{MigrationTrait, SchemaManager};

use super::{Kept, run_kept};
use crate::{m0001_users, m0002_coders_and_mentors, m0003_snippets};

/// The old tables step aside, and their indexes go. Kept as it was when their form was.
const KEEP_SCHEMA: &str = "
    CREATE TABLE legacy_schema (position integer PRIMARY KEY, change text NOT NULL, undo text NOT NULL);
    INSERT INTO legacy_schema (change, undo)
    SELECT 'DROP INDEX \"' || name || '\"', sql FROM sqlite_master
    WHERE type = 'index' AND tbl_name IN ('mentors', 'coders', 'snippet') AND sql IS NOT NULL;
    INSERT INTO legacy_schema (change, undo)
    SELECT 'ALTER TABLE ' || name || ' RENAME TO old_' || name, sql FROM sqlite_master
    WHERE type = 'table' AND name IN ('mentors', 'coders', 'snippet');

    CREATE TABLE legacy_nulls (
        snippet_id integer PRIMARY KEY,
        name boolean NOT NULL,
        code boolean NOT NULL,
        needs_review boolean NOT NULL
    );
    INSERT INTO legacy_nulls
    SELECT id, snippet_name IS NULL, code IS NULL, needs_review IS NULL FROM snippet
    WHERE snippet_name IS NULL OR code IS NULL OR needs_review IS NULL";

/// Numbers that were given out once are not given out again, where the old tables saw to that.
const FILL: &str = "
    INSERT INTO sqlite_sequence (name, seq)
    SELECT CASE name WHEN 'old_snippet' THEN 'snippets' ELSE substr(name, 5) END, seq FROM sqlite_sequence
    WHERE name IN ('old_mentors', 'old_coders', 'old_snippet');
    INSERT INTO users (username, role, status, created_at)
    SELECT username, 'mentor', 'active', strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') FROM old_mentors ORDER BY id;
    INSERT INTO users (username, role, status, created_at)
    SELECT username, 'coder', 'active', strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') FROM old_coders ORDER BY id;
    INSERT INTO mentors (id, user_id)
    SELECT old_mentors.id, users.id FROM old_mentors JOIN users ON lower(users.username) = lower(old_mentors.username);
    INSERT INTO coders (id, user_id, mentor_id)
    SELECT old_coders.id, users.id, mentor_id
    FROM old_coders JOIN users ON lower(users.username) = lower(old_coders.username);
    INSERT INTO snippets (id, coder_id, name, code, comments, needs_review, created_at, updated_at)
    SELECT id, coder_id, coalesce(snippet_name, ''), coalesce(code, ''), comments, coalesce(needs_review, false),
           strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')
    FROM old_snippet ORDER BY id;
    DROP TABLE old_snippet;
    DROP TABLE old_coders;
    DROP TABLE old_mentors";

const GIVE_BACK: &str = "
    INSERT INTO mentors (id, username)
    SELECT new_mentors.id, username FROM new_mentors JOIN users ON users.id = user_id;
    INSERT INTO coders (id, username, mentor_id)
    SELECT new_coders.id, username, mentor_id FROM new_coders JOIN users ON users.id = user_id;
    -- A cell that still holds what stands for null is null again.
    INSERT INTO snippet (id, snippet_name, coder_id, code, comments, needs_review)
    SELECT id, CASE WHEN legacy_nulls.name THEN nullif(snippets.name, '') ELSE snippets.name END, coder_id,
           CASE WHEN legacy_nulls.code THEN nullif(snippets.code, '') ELSE snippets.code END, comments,
           CASE WHEN legacy_nulls.needs_review THEN nullif(snippets.needs_review, false)
                ELSE snippets.needs_review END
    FROM snippets LEFT JOIN legacy_nulls ON snippet_id = id;
    DROP TABLE snippets;
    DROP TABLE new_coders;
    DROP TABLE new_mentors";

pub(super) async fn take_over(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    db.execute_unprepared(KEEP_SCHEMA).await?;
    run_kept(db, Kept::Changes).await?;
    m0001_users::Migration.up(manager).await?;
    m0002_coders_and_mentors::Migration.up(manager).await?;
    m0003_snippets::Migration.up(manager).await?;
    db.execute_unprepared(FILL).await.map(drop)
}

pub(super) async fn give_back(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    txn.execute_unprepared(
        "ALTER TABLE mentors RENAME TO new_mentors; ALTER TABLE coders RENAME TO new_coders",
    )
    .await?;
    run_kept(txn, Kept::Undoing).await?;
    txn.execute_unprepared(GIVE_BACK).await.map(drop)
}
