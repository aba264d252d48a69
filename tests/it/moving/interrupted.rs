//! Processes that are killed while they migrate.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use migration::State;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{
    old::{connect, make_tables},
    rest::succeed,
};
use crate::{
    support::{App, Kind, with_empty_database},
    trust::program::Program,
};

const PATIENCE: Duration = Duration::from_secs(40);

/// Ten coders with so many snippets together.
async fn fill(db: &DatabaseConnection, kind: Kind, snippets: u32) {
    make_tables(db, kind, 24).await;
    let rows = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {snippets})
         INSERT INTO snippet (snippet_name, coder_id, code) SELECT 'No. ' || n, 1 + n % 10, 'print(' || n || ')' FROM numbers"
    );
    for n in 1..=10 {
        let coder = format!("INSERT INTO coders (username) VALUES ('coder{n}')");
        db.execute_unprepared(&coder).await.expect("a coder");
    }
    db.execute_unprepared(&rows).await.expect("the snippets");
}

async fn number(db: &DatabaseConnection, select: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), select)).await;
    row.expect("an answer").expect("a row").try_get_by_index(0).expect("a number")
}

/// Whether a process is in the middle of its work on the database.
async fn is_at_work(db: &DatabaseConnection, kind: Kind, url: &str) -> bool {
    if kind == Kind::Sqlite {
        // What a transaction changes is kept here before it is committed.
        let log = format!("{}-wal", url.trim_start_matches("sqlite://"));
        return fs::metadata(log).is_ok_and(|log| log.len() > 200_000);
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    number(db, locks).await > 0
}

async fn until_gone(db: &DatabaseConnection, kind: Kind, url: &str) {
    let began = Instant::now();
    // PostgreSQL finishes the statement that it is at before it notices.
    while kind == Kind::Postgres && is_at_work(db, kind, url).await {
        assert!(began.elapsed() < PATIENCE, "the killed process's transaction goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts a command, kills it so long after it began to work, and returns whether it was alive then.
async fn kill_at_work(
    db: &DatabaseConnection,
    kind: Kind,
    url: &str,
    arguments: &[&str],
    after: Duration,
) -> bool {
    if kind == Kind::Sqlite {
        db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("the log is emptied");
    }
    let program = Program::new();
    let mut child: Child = program.command(&[("DATABASE_URL", url)], arguments).spawn().expect("it starts");
    while child.try_wait().expect("it is waited for").is_none() && !is_at_work(db, kind, url).await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(after).await;
    let was_alive = child.try_wait().expect("it is waited for").is_none();
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    until_gone(db, kind, url).await;
    was_alive
}

on_both_databases! {
    async fn a_process_killed_in_the_middle_leaves_the_old_state_or_the_new_one(app: App) {
        with_empty_database(app.kind, async |url| {
            const SNIPPETS: u32 = 60_000;
            let db = connect(url).await;
            fill(&db, app.kind, SNIPPETS).await;
            let delays = [0, 5, 20, 60, 150, 400].map(Duration::from_millis);
            let (up, down) = (&["migrate", "up"][..], &["migrate", "down", "--all"][..]);
            for (arguments, before, after, table) in [
                (up, State::Legacy, State::Current, ["snippet", "snippets"]),
                (down, State::Current, State::Legacy, ["snippets", "snippet"]),
            ] {
                let mut survivors = 0;
                for delay in delays {
                    let was_alive = kill_at_work(&db, app.kind, url, arguments, delay).await;
                    // A pool of its own each time: connections that were open before may go by the old schema.
                    let look = connect(url).await;
                    let state = migration::state(&look).await.expect("the state");
                    let is_before = state == before;
                    assert!(is_before || state == after, "{arguments:?} {delay:?}: {state:?}");
                    let count = format!("SELECT count(*) FROM {}", table[usize::from(!is_before)]);
                    assert_eq!(number(&look, &count).await, i64::from(SNIPPETS), "{arguments:?} {delay:?}");
                    let other = format!("SELECT count(*) FROM {}", table[usize::from(is_before)]);
                    assert!(look.execute_unprepared(&other).await.is_err(), "{arguments:?} {delay:?}");
                    look.close().await.expect("the pool closes");
                    survivors += u32::from(was_alive && is_before);
                    if !is_before {
                        break;
                    }
                }
                assert!(survivors > 0, "{arguments:?} was never killed in the middle");
                succeed(url, arguments);
            }
            db.close().await.expect("the pool closes");
        })
        .await;
    }
}
