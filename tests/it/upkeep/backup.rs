//! Copies of the database, made and put back as docs/operations.md says.

use std::{fs, path::Path};

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::json;

use crate::{
    support::{App, Kind, guide, with_empty_database},
    trust::program::{DATABASE, Program},
};

/// Runs what the page says under the heading: the first block makes a copy, the second puts it back.
fn paste(program: &Program, settings: &[(&str, &str)], heading: &str, place: usize) -> String {
    let blocks = guide::blocks("docs/operations.md");
    let blocks: Vec<_> = blocks.iter().filter(|block| block.heading == heading).collect();
    let (succeeded, printed) = guide::paste(program, settings, &blocks[place].text);
    assert!(succeeded, "{}: {printed}", blocks[place].text);
    printed
}

#[tokio::test]
async fn a_sqlite_database_is_copied_while_it_is_written_to_and_the_copy_serves() {
    App::run(Kind::Sqlite, async |app| {
        let ada = app.coder("ada").await;
        let store = async |name: &str| {
            let stored = ada.post("/snippet", json!({ "name": name, "code": "print(1)" })).await;
            assert_eq!(stored.status, 200, "{name}");
        };
        for number in 0..20 {
            store(&format!("before {number}")).await;
        }
        let url = app.config.database_url.clone();
        let copying = tokio::task::spawn_blocking(move || {
            let program = Program::new();
            paste(&program, &[("DATABASE_URL", &url)], "SQLite", 0);
            program
        });
        let mut during = 0;
        while !copying.is_finished() {
            store(&format!("during {during}")).await;
            during += 1;
        }
        assert!(during > 0, "nothing was written meanwhile");
        let program = copying.await.expect("the copy is made");

        // What is left of another database must not be taken for a part of this one.
        for name in ["funcster.db", "funcster.db-wal", "funcster.db-shm"] {
            fs::write(program.directory().join(name), "left over").expect("it is written");
        }
        let told = paste(&program, &[DATABASE], "SQLite", 1);
        assert!(told.contains("Applied") && !told.contains("Pending"), "{told}");
        let restored = format!("sqlite://{}", program.directory().join("funcster.db").display());
        let restored = App::start(Kind::Sqlite, &restored, |_| {}).await;
        let value = async |statement: &str| {
            let statement = Statement::from_string(DatabaseBackend::Sqlite, statement);
            let row = restored.db.query_one_raw(statement).await.expect("it is read").expect("a row");
            row.try_get::<String>("", "value").expect("a value")
        };
        assert_eq!(value("SELECT integrity_check AS value FROM pragma_integrity_check").await, "ok");
        let before = "SELECT CAST(count(*) AS TEXT) AS value FROM snippets WHERE name LIKE 'before %'";
        assert_eq!(value(before).await, "20");
        let carl = restored.coder("carl").await;
        assert_eq!(carl.post("/snippet", json!({ "name": "after", "code": "1" })).await.status, 200);
        restored.db.clone().close().await.expect("the pool closes");
    })
    .await;
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let program = Program::new();
    let path = |name: &str| program.directory().join(name);
    let backup = |file: &str| program.run(&[DATABASE], &["backup", file]);
    backup("copy.db").assert_failed(&["there is nothing in the database"]);

    program.succeed(&["migrate", "up"]);
    program.succeed(&["seed"]);
    assert!(backup("copy.db").out.starts_with("copy.db is a copy of the database"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(path("copy.db")).expect("the copy").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    }
    let copy = fs::read(path("copy.db")).expect("the copy");
    // Whatever release it is of: a copy is wanted before a newer one migrates it.
    program.succeed(&["migrate", "down"]);
    backup("copy.db").assert_failed(&["copy.db is there already"]);
    assert!(fs::read(path("copy.db")).expect("the copy") == copy, "it is as it was");
    assert_eq!(backup("older.db").code, Some(0));

    fs::write(path("other.db.partial"), "").expect("it is written");
    backup("other.db").assert_failed(&["other.db.partial is there already"]);
    assert!(path("other.db.partial").exists() && !path("other.db").exists());
    backup("missing/copy.db").assert_failed(&["missing/copy.db.partial cannot be written"]);
    assert_eq!(backup("file:odd?mode=memory").code, Some(0));
    assert!(path("file:odd?mode=memory").is_file(), "a name is a name");
}

#[test]
fn postgres_is_left_to_its_own_tool() {
    let settings = [("DATABASE_URL", "postgres://funcster:hunter2@127.0.0.1:1/funcster")];
    let ended = Program::new().run(&settings, &["backup", "copy.db"]);
    ended.assert_failed(&["pg_dump"]);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
}

#[tokio::test]
async fn a_postgres_database_comes_back_from_its_dump() {
    if !["pg_dump", "pg_restore"].into_iter().all(guide::is_installed) {
        eprintln!("NOT TESTED: backups of PostgreSQL, for want of pg_dump and pg_restore on the PATH");
        return;
    }
    App::run(Kind::Postgres, async |app| {
        let ada = app.coder("ada").await;
        assert_eq!(ada.post("/snippet", json!({ "name": "Kept", "code": "print(1)" })).await.status, 200);
        with_empty_database(Kind::Postgres, async |url| {
            let program = Program::new();
            paste(&program, &[("DATABASE_URL", &app.config.database_url)], "PostgreSQL", 0);
            assert!(Path::new(&program.directory().join("funcster.dump")).is_file());
            let told = paste(&program, &[("DATABASE_URL", url)], "PostgreSQL", 1);
            assert!(told.contains("Applied") && !told.contains("Pending"), "{told}");
            let users = program.run(&[("DATABASE_URL", url)], &["users", "list"]).out;
            assert!(users.contains("ada"), "{users}");
        })
        .await;
    })
    .await;
}
