//! What the database itself enforces, whoever writes to it, and its settings.

use funcster_api::{Error, database, entity::user, error::Code};
use migration::State;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, EntityTrait, PaginatorTrait, SqlErr, Statement, TransactionTrait,
};
use serde_json::json;

use crate::support::{App, Kind};

const NOW: &str = "'2024-05-01T12:00:00+00:00'";

fn insert_user(id: i32, username: &str, subject: &str, role: &str, status: &str) -> String {
    format!(
        "INSERT INTO users (id, username, auth0_sub, role, status, created_at) \
         VALUES ({id}, {username}, {subject}, {role}, {status}, {NOW})"
    )
}

fn insert_snippet(id: i32, coder_id: &str, name: &str) -> String {
    format!(
        "INSERT INTO snippets (id, coder_id, name, code, created_at, updated_at) \
         VALUES ({id}, {coder_id}, {name}, 'print(1)', {NOW}, {NOW})"
    )
}

/// Ada is a coder with a snippet, Bob her mentor; Carl and Dora have no role's row yet.
async fn populate(app: &App) {
    let statements = [
        insert_user(1, "'Ada'", "'auth0|a'", "'coder'", "'active'"),
        insert_user(2, "'Bob'", "'auth0|b'", "'mentor'", "'active'"),
        insert_user(3, "'Carl'", "NULL", "'coder'", "'reserved'"),
        insert_user(4, "'Dora'", "NULL", "'mentor'", "'unanswered'"),
        "INSERT INTO mentors (id, user_id) VALUES (7, 2)".to_owned(),
        "INSERT INTO coders (id, user_id, mentor_id) VALUES (5, 1, 7)".to_owned(),
        insert_snippet(1, "5", "'Hello'"),
    ];
    for statement in statements {
        app.db.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    Up,
    /// So many steps, or all if there are fewer.
    Down(u32),
}

/// Migrates with a pool of its own each time, as the operator's commands do: connections that were
/// open before may go by the old schema.
async fn migrate(app: &App, direction: Direction) {
    let db = database::connect(&app.config.database_url, None).await.expect("another pool");
    let migrated = match direction {
        Direction::Up => migration::up(&db).await.map(drop),
        Direction::Down(steps) => migration::down(&db, steps).await.map(drop),
    };
    migrated.unwrap_or_else(|error| panic!("{direction:?}: {error}"));
    db.close().await.expect("the pool closes");
}

on_both_databases! {
    async fn no_two_users_share_a_name_or_a_subject(app: App) {
        populate(app).await;
        let statements = [
            insert_user(9, "'Ada'", "NULL", "'coder'", "'active'"),
            insert_user(9, "'aDA'", "NULL", "'mentor'", "'active'"),
            insert_user(9, "'BOB'", "NULL", "'coder'", "'reserved'"),
            insert_user(9, "'Emil'", "'auth0|a'", "'mentor'", "'active'"),
            "UPDATE users SET username = 'ADA' WHERE id = 2".to_owned(),
            "UPDATE users SET auth0_sub = 'auth0|a' WHERE id = 2".to_owned(),
            "INSERT INTO coders (id, user_id) VALUES (9, 1)".to_owned(),
            "INSERT INTO mentors (id, user_id) VALUES (9, 2)".to_owned(),
        ];
        for statement in statements {
            let error = app.db.execute_unprepared(&statement).await.expect_err(&statement);
            // Sign-ups tell by this that a name is taken.
            let is_unique = matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)));
            assert!(is_unique, "{statement}: {error}");
        }
    }

    async fn nobody_is_coder_and_mentor_and_no_row_points_nowhere(app: App) {
        populate(app).await;
        let statements = [
            "INSERT INTO mentors (id, user_id) VALUES (9, 1)",
            "INSERT INTO mentors (id, user_id) VALUES (9, 3)",
            "INSERT INTO coders (id, user_id) VALUES (9, 2)",
            "INSERT INTO coders (id, user_id) VALUES (9, 4)",
            "UPDATE users SET role = 'mentor' WHERE id = 1",
            "UPDATE users SET role = 'coder' WHERE id = 2",
            "INSERT INTO coders (id, user_id) VALUES (9, 999)",
            "INSERT INTO mentors (id, user_id) VALUES (9, 999)",
            "INSERT INTO coders (id, user_id, mentor_id) VALUES (9, 3, 999)",
            "UPDATE coders SET mentor_id = 999 WHERE id = 5",
            &insert_snippet(9, "999", "'Nobody''s'"),
            "DELETE FROM users WHERE id = 1",
            "DELETE FROM mentors WHERE id = 7",
            "DELETE FROM coders WHERE id = 5",
        ];
        for statement in statements {
            let error = app.db.execute_unprepared(statement).await.expect_err(statement);
            let is_foreign_key = matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)));
            assert!(is_foreign_key, "{statement}: {error}");
        }
    }

    async fn roles_and_states_are_those_that_the_code_knows(app: App) {
        populate(app).await;
        let statements = [
            insert_user(9, "'Emil'", "NULL", "'admin'", "'active'"),
            insert_user(9, "'Emil'", "NULL", "'Coder'", "'active'"),
            insert_user(9, "'Emil'", "NULL", "''", "'active'"),
            insert_user(9, "'Emil'", "NULL", "NULL", "'active'"),
            insert_user(9, "'Emil'", "NULL", "'coder'", "'gone'"),
            insert_user(9, "'Emil'", "NULL", "'coder'", "NULL"),
            insert_user(9, "NULL", "NULL", "'coder'", "'active'"),
            "INSERT INTO coders (id, user_id, role) VALUES (9, 4, 'mentor')".to_owned(),
            "INSERT INTO mentors (id, user_id, role) VALUES (9, 3, 'coder')".to_owned(),
            "UPDATE coders SET role = 'mentor' WHERE id = 5".to_owned(),
            "INSERT INTO coders (id, user_id) VALUES (9, NULL)".to_owned(),
            insert_snippet(9, "NULL", "'Nobody''s'"),
            insert_snippet(9, "5", "NULL"),
        ];
        for statement in statements {
            assert!(app.db.execute_unprepared(&statement).await.is_err(), "{statement}");
        }
        // What a row leaves out is filled in.
        let defaults = "SELECT 1 FROM snippets JOIN coders ON coders.id = coder_id WHERE version = 1 \
                        AND NOT needs_review AND comments IS NULL AND coders.role = 'coder'";
        let row = app.db.query_one_raw(Statement::from_string(app.db.get_database_backend(), defaults)).await;
        assert!(row.expect("the snippet is read").is_some());
    }

    async fn the_migrations_lead_down_to_nothing_and_up_again(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        assert_eq!(ada.post("/snippet", json!({ "name": "Hello", "code": "1" })).await.status, 200);
        assert_eq!(ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": bob.id })).await.status, 200);

        let steps = migration::steps(&app.db).await.expect("the steps");
        for (place, _) in steps.iter().enumerate().rev() {
            migrate(app, Direction::Down(1)).await;
            let pending = steps[place..].iter().map(|step| step.name.clone()).collect();
            assert_eq!(migration::state(&app.db).await.expect("the state"), State::Behind(pending));
        }
        for table in ["users", "coders", "mentors", "snippets"] {
            let select = format!("SELECT 1 FROM {table}");
            assert!(app.db.execute_unprepared(&select).await.is_err(), "{table} is there");
        }
        migrate(app, Direction::Up).await;
        assert_eq!(migration::state(&app.db).await.expect("the state"), State::Current);
        // When there is nothing to do; all the way down at once; and up.
        for direction in [Direction::Up, Direction::Down(u32::MAX), Direction::Up] {
            migrate(app, direction).await;
        }

        let server = app.another(|_| {}).await;
        assert_eq!(user::Entity::find().count(&server.db).await.expect("the users are counted"), 0);
        let carl = server.coder("carl").await;
        assert_eq!(carl.id, 1, "the numbers begin anew");
    }
}

/// A client that is told to try again later does so, for ever where it cannot help.
#[tokio::test]
async fn what_postgres_will_never_take_is_no_outage() {
    App::run(Kind::Postgres, async |app| {
        let cases = [
            ("08006", Code::Unavailable, "connection failure"),
            ("53300", Code::Unavailable, "too many connections"),
            ("57014", Code::Unavailable, "a statement over its time"),
            ("57P01", Code::Unavailable, "shutdown"),
            ("22021", Code::Internal, "a character that the encoding has not"),
            ("22P02", Code::Internal, "a text that is no number"),
            ("42501", Code::Internal, "a privilege that the role has not"),
            ("42P01", Code::Internal, "a table that is not there"),
            ("23502", Code::Internal, "a null where there must be none"),
        ];
        let mut complaints = Vec::new();
        for (state, code, what) in cases {
            let statement = format!("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$");
            let error = Error::from(app.db.execute_unprepared(&statement).await.expect_err(state));
            if error.code != code {
                complaints.push(format!("{state}, {what}: {:?}", error.code));
            }
        }
        assert_eq!(complaints, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn every_sqlite_connection_has_the_settings() {
    App::run(Kind::Sqlite, async |app| {
        // As many at once as the pool has, so that none is looked at twice.
        let most = app.db.get_sqlite_connection_pool().options().get_max_connections();
        let mut transactions = Vec::new();
        for _ in 0..most {
            transactions.push(app.db.begin().await.expect("a connection"));
        }
        let settings = [
            ("journal_mode", "journal_mode", "wal"),
            ("foreign_keys", "foreign_keys", "1"),
            ("busy_timeout", "timeout", "5000"),
            // 2 is FULL.
            ("synchronous", "synchronous", "2"),
        ];
        for transaction in &transactions {
            for (pragma, column, expected) in settings {
                let statement = format!("SELECT CAST({column} AS TEXT) AS value FROM pragma_{pragma}");
                let statement = Statement::from_string(DatabaseBackend::Sqlite, statement);
                let row =
                    transaction.query_one_raw(statement).await.expect("the pragma is read").expect("a row");
                assert_eq!(row.try_get::<String>("", "value").expect("a value"), expected, "{pragma}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_sqlite_file_is_created_where_it_is_missing() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("new.db");
    let db =
        database::connect(&format!("sqlite://{}", path.display()), None).await.expect("the file is created");
    db.close().await.expect("the pool closes");
    assert!(path.is_file());
    let nowhere = directory.path().join("missing").join("new.db");
    assert!(database::connect(&format!("sqlite://{}", nowhere.display()), None).await.is_err());
}
