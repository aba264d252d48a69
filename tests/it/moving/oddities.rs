//! What old databases hold that new ones cannot, and is told before anything is changed.

use funcster_api::auth::Permission;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::{
    old::{Coder, Mentor, Old, Snippet, coder, connect},
    rest::succeed,
};
use crate::{
    support::{App, Kind, with_empty_database},
    trust::program::{Ended, Program},
};

fn run(url: &str, arguments: &[&str]) -> Ended {
    Program::new().run(&[("DATABASE_URL", url)], arguments)
}

fn snippet(id: i32, coder_id: Option<i32>) -> Snippet {
    Snippet { id, snippet_name: None, coder_id, code: None, comments: None, needs_review: None }
}

on_both_databases! {
    async fn nulls_read_as_empty_and_are_null_again_on_the_way_back(app: App) {
        with_empty_database(app.kind, async |url| {
            let mut old = Old::plain();
            old.snippets.extend([snippet(20, Some(4)), snippet(21, Some(4)), snippet(22, Some(4))]);
            old.store(url, app.kind, 24).await;
            succeed(url, &["migrate", "up"]);
            let server = App::start(app.kind, url, |_| {}).await;
            let service = server.bearer("auth0|service", &Permission::ALL);
            let read = service.get("/snippet/20").await.body;
            let empty = json!({
                "success": true, "id": 20, "snippet_name": "", "code": "", "needs_review": false, "comments": null,
                "coder_id": 4,
            });
            assert_eq!(read, empty);
            let query = "{ snippet(id: 20) { name code comments needsReview version } }";
            let read = service.graphql(query).await;
            let empty = json!({ "name": "", "code": "", "comments": "", "needsReview": false, "version": 1 });
            assert_eq!(read.data()["snippet"], empty);
            succeed(url, &["users", "link", "carl", "auth0|c"]);
            let carl = server.bearer("auth0|c", &Permission::ALL);
            let long = "x".repeat(150);
            assert_eq!(carl.patch("/snippet/21", json!({ "name": long, "code": "1" })).await.status, 200);
            assert_eq!(carl.delete("/snippet/22", json!({ "coderId": 4 })).await.status, 200);
            server.db.close().await.expect("the pool closes");

            succeed(url, &["migrate", "down", "--all"]);
            old.snippets.pop();
            // A review flag that was null, and is false, is null again.
            let edited = old.snippets.last_mut().expect("it is there");
            (edited.snippet_name, edited.code, edited.comments) =
                (Some(long), Some("1".to_owned()), Some(String::new()));
            assert_eq!(Old::read(url).await, old);
        })
        .await;
    }

    async fn each_row_that_needs_a_decision_is_told_with_its_command(app: App) {
        with_empty_database(app.kind, async |url| {
            let mut old = Old::plain();
            old.mentors.push(Mentor { id: 6, username: None });
            old.coders.extend([coder(8, "ADA", None), coder(9, "cleo", None), coder(10, "o'Neil", None)]);
            old.coders.extend([Coder { id: 12, username: None, mentor_id: None }, coder(13, "O'NEIL", None)]);
            old.snippets.push(snippet(30, None));
            let mut sentences = vec![
                "Nothing was changed",
                "mentor 6 has no username",
                "migrate resolve --rename 'mentor:6=mentor-6'",
                r#"coder 8 "ADA" and coder 3 "ada" bear the same name"#,
                "migrate resolve --rename 'coder:8=ADA-c8'",
                r#"coder 9 "cleo" and mentor 5 "Cleo" bear the same name"#,
                "migrate resolve --rename 'coder:9=cleo-c9'",
                "coder 12 has no username",
                r"migrate resolve --rename 'coder:13=O'\''NEIL-c13'",
                r#"snippet 30 "" has no coder"#,
                "migrate resolve --owner snippet:30=coder:ID",
                "migrate resolve --delete snippet:30",
            ];
            if app.kind == Kind::Sqlite {
                // Its foreign keys are not checked unless asked for.
                old.coders.push(coder(14, "eve", Some(99)));
                old.snippets.push(snippet(31, Some(98)));
                sentences.extend([
                    "coder 14 has mentor 99, who does not exist",
                    "migrate resolve --mentor coder:14=none",
                    r#"snippet 31 "" has coder 98, who does not exist"#,
                    "In all: 8.",
                ]);
            } else {
                sentences.push("In all: 6.");
            }
            old.store(url, app.kind, 24).await;
            let before = Old::read(url).await;
            run(url, &["migrate", "up"]).assert_failed(&sentences);
            assert_eq!(Old::read(url).await, before);
            let check = run(url, &["migrate", "check"]);
            assert_eq!(check.code, Some(1));
            for sentence in sentences.iter().filter(|sentence| sentence.contains("resolve")) {
                assert!(check.out.contains(sentence), "{sentence}: {}", check.out);
            }
            for command in [&["serve"][..], &["seed"], &["users", "list"]] {
                let settings = [
                    ("DATABASE_URL", url), ("AUTH0_DOMAIN", "http://127.0.0.1:1"), ("AUTH0_CLIENT_ID", "a"),
                    ("API_IDENTIFIER", "b"),
                ];
                let ended = Program::new().run(&settings, command);
                ended.assert_failed(&["old Flask application", "funcster-api migrate up", "moving-from-flask.md"]);
            }
            let status = succeed(url, &["migrate", "status"]);
            assert!(status.contains("old Flask application") && !status.contains("Applied"), "{status}");

            // What cannot be done is told, and of one command nothing is done then.
            let refused = [
                (&["--rename", "coder:8=Ada"][..], "borne by coder:3"),
                (&["--rename", "coder:99=new"], "there is no coder:99"),
                (&["--owner", "snippet:30=coder:99"], "there is no coder:99"),
                (&["--mentor", "coder:8=mentor:99"], "there is no mentor:99"),
                (&["--delete", "snippet:99"], "there is no snippet:99"),
                (&["--rename", "coder:8=fine", "--delete", "snippet:99"], "nothing was changed"),
            ];
            for (options, sentence) in refused {
                run(url, &[&["migrate", "resolve"], options].concat()).assert_failed(&[sentence]);
            }
            let malformed =
                [&["--rename", "snippet:8=x"][..], &["--rename", "coder:8="], &["--owner", "coder:8=coder:9"], &[]];
            for options in malformed {
                assert_eq!(run(url, &[&["migrate", "resolve"], options].concat()).code, Some(2), "{options:?}");
            }
            assert_eq!(Old::read(url).await, before);

            let decide = [
                "migrate", "resolve", "--rename", "mentor:6=Zoe", "--rename", "coder:8=ADA-c8", "--rename",
                "coder:9=Hans Müller", "--rename", "coder:12=x", "--rename", "coder:13=O'NEIL-c13",
                "--owner", "snippet:30=coder:3",
            ];
            succeed(url, &decide);
            if app.kind == Kind::Sqlite {
                succeed(url, &["migrate", "resolve", "--mentor", "coder:14=mentor:5", "--delete", "snippet:31"]);
            }
            assert!(succeed(url, &["migrate", "check"]).contains("as it is"));
            let decided = Old::read(url).await;
            succeed(url, &["migrate", "up"]);
            run(url, &decide).assert_failed(&["nothing to resolve"]);
            run(url, &["migrate", "check"]).assert_failed(&["does not hold the tables"]);
            succeed(url, &["migrate", "down", "--all"]);
            assert_eq!(Old::read(url).await, decided);
        })
        .await;
    }

    async fn what_is_told_of_very_many_rows_is_bounded(app: App) {
        with_empty_database(app.kind, async |url| {
            let mut old = Old::plain();
            old.snippets.extend((100..150).map(|id| snippet(id, None)));
            old.store(url, app.kind, 24).await;
            run(url, &["migrate", "up"]).assert_failed(&["snippet 119", "and 30 more", "migrate check", "In all: 50."]);
            assert_eq!(run(url, &["migrate", "check"]).out.matches("--delete snippet:").count(), 50);
        })
        .await;
    }

    async fn what_others_have_built_on_the_old_tables_is_told(app: App) {
        with_empty_database(app.kind, async |url| {
            Old::plain().store(url, app.kind, 24).await;
            let db = connect(url).await;
            let statements = ["CREATE TABLE users (id integer)", "CREATE VIEW titles AS SELECT snippet_name FROM snippet"];
            let own = if app.kind == Kind::Postgres {
                ["ALTER TABLE mentors ADD COLUMN since date NOT NULL DEFAULT now(); ALTER TABLE mentors ALTER COLUMN since DROP DEFAULT",
                 "ALTER TABLE coders ALTER COLUMN mentor_id TYPE bigint"]
            } else {
                ["ALTER TABLE mentors ADD COLUMN since text", "CREATE TABLE marks (snippet_id REFERENCES snippet (id))"]
            };
            for statement in statements.into_iter().chain(own) {
                db.execute_unprepared(statement).await.expect(statement);
            }
            let mut sentences = vec!["something called users", "titles", "DROP VIEW", "mentors.since", "In all: 4."];
            sentences.push(if app.kind == Kind::Postgres { "coders.mentor_id is of type bigint" } else { "the table marks" });
            run(url, &["migrate", "up"]).assert_failed(&sentences);
            assert_eq!(migration::state(&db).await.expect("the state"), migration::State::Legacy);
            db.close().await.expect("the pool closes");
        })
        .await;
    }
}

#[tokio::test]
async fn a_role_that_does_not_own_the_tables_is_told_what_it_lacks() {
    with_empty_database(Kind::Postgres, async |url| {
        Old::plain().store(url, Kind::Postgres, 24).await;
        let db = connect(url).await;
        let role = format!("mover_{}", uuid::Uuid::new_v4().simple());
        let make = format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON coders, mentors, snippet TO {role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        db.execute_unprepared(&make).await.expect("a role");
        let mut theirs = url::Url::parse(url).expect("a URL");
        theirs.set_username(&role).expect("a name");
        theirs.set_password(Some("x")).expect("a password");
        let ended = run(theirs.as_str(), &["migrate", "up"]);
        let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
        db.execute_unprepared(&drop).await.expect("the role goes");
        ended.assert_failed(&["the table coders belongs to the role", "GRANT", "may not make tables in the schema public"]);
        db.close().await.expect("the pool closes");
    })
    .await;
}

#[tokio::test]
async fn old_tables_that_are_in_use_are_left_alone() {
    with_empty_database(Kind::Postgres, async |url| {
        Old::plain().store(url, Kind::Postgres, 24).await;
        let db = connect(url).await;
        let reader = sea_orm::TransactionTrait::begin(&db).await.expect("a transaction");
        reader.execute_unprepared("SELECT * FROM snippet").await.expect("it reads");
        run(url, &["migrate", "up"]).assert_failed(&["in use", "stop the old application"]);
        reader.rollback().await.expect("it ends");
        succeed(url, &["migrate", "up"]);
        let sequence = "SELECT last_value::integer AS value FROM snippets_id_seq";
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sequence)).await;
        assert_eq!(
            row.expect("a sequence").expect("a row").try_get("", "value"),
            Ok(11 + 3 + 7),
            "where it was"
        );
        db.close().await.expect("the pool closes");
    })
    .await;
}
