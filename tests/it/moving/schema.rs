//! A database that was taken over has the very schema of one that was always ours.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Statement};

use super::{
    old::{Old, connect, make_tables},
    rest::succeed,
};
use crate::support::{App, Kind, with_empty_database};

/// All but what a database that was taken over has beside it, as lines.
const POSTGRES: &str = "
    SELECT format('%s.%s %s null:%s default:%s identity:%s collation:%s', attrelid::regclass, attname,
                  format_type(atttypid, atttypmod), NOT attnotnull, pg_get_expr(adbin, adrelid), attidentity, attcollation) AS line
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
        AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('%s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT format('%s of %s.%s %s', s.oid::regclass, refobjid::regclass, refobjsubid > 0, seqtypid::regtype)
    FROM pg_class AS s JOIN pg_sequence ON seqrelid = s.oid
    LEFT JOIN pg_depend ON objid = s.oid AND deptype IN ('a', 'i') WHERE relkind = 'S'";
const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master";

async fn schema(url: &str, kind: Kind) -> BTreeSet<String> {
    let db = connect(url).await;
    let select = if kind == Kind::Postgres { POSTGRES } else { SQLITE };
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), select))
        .await
        .expect("the schema");
    db.close().await.expect("the pool closes");
    let lines = rows.iter().map(|row| row.try_get::<String>("", "line").expect("a line"));
    let beside = ["legacy_", "alembic_version", "sqlite_sequence"];
    lines.filter(|line| !beside.iter().any(|name| line.contains(name))).collect()
}

on_both_databases! {
    async fn it_is_the_same_whether_taken_over_or_new(app: App) {
        let new = schema(&app.config.database_url, app.kind).await;
        for index in ["snippets_to_review_idx", "coders_mentor_id_id_user_id_idx"] {
            assert!(new.iter().any(|line| line.contains(index)), "{new:?}");
        }
        for old in [Old::default(), Old::plain()] {
            with_empty_database(app.kind, async |url| {
                old.store(url, app.kind, 24).await;
                succeed(url, &["migrate", "up"]);
                assert_eq!(schema(url, app.kind).await, new);
            })
            .await;
        }
    }

    async fn the_way_back_leads_to_the_very_tables_of_old(app: App) {
        with_empty_database(app.kind, async |url| {
            let db = connect(url).await;
            make_tables(&db, app.kind, 24).await;
            // An operator's own: an index on names, and on PostgreSQL a column and keys of other names.
            db.execute_unprepared("CREATE INDEX names ON coders (lower(username))").await.expect("an index");
            if app.kind == Kind::Postgres {
                let own = "ALTER TABLE coders ADD COLUMN notes text DEFAULT 'none';
                           ALTER TABLE coders RENAME CONSTRAINT coders_username_key TO only_once;
                           ALTER TABLE snippet RENAME CONSTRAINT snippet_coder_id_fkey TO whose;
                           ALTER TABLE mentors ADD CHECK (username <> 'mentor');
                           ALTER TABLE snippet ALTER COLUMN code SET NOT NULL, ALTER COLUMN needs_review SET DEFAULT true;
                           CREATE TABLE marks (snippet_id integer REFERENCES snippet (id))";
                db.execute_unprepared(own).await.expect("what is the operator's own");
            }
            db.close().await.expect("the pool closes");
            let before = schema(url, app.kind).await;
            for _ in 0..2 {
                succeed(url, &["migrate", "up"]);
                assert_ne!(schema(url, app.kind).await, before);
                succeed(url, &["migrate", "down", "--all"]);
                assert_eq!(schema(url, app.kind).await, before);
            }
        })
        .await;
    }
}
