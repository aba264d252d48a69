//! A release and a database that a newer one has migrated.

use migration::{Ahead, State};
use sea_orm::ConnectionTrait;

use super::rest::succeed;
use crate::{support::App, trust::program::Program};

/// What a newer release leaves: a step that this one does not know, and whether this one can serve on it.
async fn migrate_as_a_newer_release(app: &App, is_additive: bool) {
    let step = format!(
        "INSERT INTO seaql_migrations (version, applied_at, additive) VALUES ('m9998_later', 0, true), ('m9999_last', 0, {is_additive})"
    );
    app.db.execute_unprepared(&step).await.expect("the step");
}

fn last_known(steps: &[migration::Step]) -> String {
    steps.iter().rfind(|step| step.is_known).expect("there are steps").name.clone()
}

on_both_databases! {
    async fn a_release_that_is_too_old_refuses_and_names_both_versions(app: App) {
        migrate_as_a_newer_release(app, false).await;
        let steps = migration::steps(&app.db).await.expect("the steps");
        let known = last_known(&steps);
        let ahead = Ahead { known: known.clone(), found: "m9999_last".to_owned(), is_servable: false };
        assert_eq!(migration::state(&app.db).await.expect("the state"), State::Ahead(ahead));
        let url = app.config.database_url.as_str();
        let settings = [
            ("DATABASE_URL", url), ("AUTH0_DOMAIN", "http://127.0.0.1:1"), ("AUTH0_CLIENT_ID", "a"),
            ("API_IDENTIFIER", "b"),
        ];
        let commands =
            [&["serve"][..], &["serve", "--migrate"], &["migrate", "up"], &["migrate", "down"], &["users", "list"], &["seed"]];
        for command in commands {
            let sentences = ["older than the database", &known, "m9999_last", env!("CARGO_PKG_VERSION")];
            Program::new().run(&settings, command).assert_failed(&sentences);
        }
        let status = succeed(url, &["migrate", "status"]);
        assert!(status.contains("m9999_last  (of a newer release)") && status.contains("cannot serve"), "{status}");
        let ready = app.anonymous().get("/readyz").await;
        assert_eq!(ready.status, 503);
        assert_eq!((&ready.body["database"], &ready.body["migrations"]), (&"ok".into(), &"unavailable".into()));
    }

    async fn while_a_newer_release_is_rolled_out_the_older_one_goes_on_if_it_can(app: App) {
        migrate_as_a_newer_release(app, true).await;
        assert_eq!(app.anonymous().get("/readyz").await.status, 200);
        let url = app.config.database_url.as_str();
        // A replica that is started anew.
        succeed(url, &["migrate", "up"]);
        succeed(url, &["users", "list"]);
        let status = succeed(url, &["migrate", "status"]);
        assert!(status.contains("m9998_later  (of a newer release)") && status.contains("go on serving"), "{status}");
        app.coder("ada").await;
        Program::new().run(&[("DATABASE_URL", url)], &["migrate", "down"]).assert_failed(&["m9999_last"]);
    }

    async fn whether_the_release_before_can_go_on_is_kept_with_each_step(app: App) {
        let additive = "SELECT count(*) AS count FROM seaql_migrations WHERE additive AND version >= 'm0004'";
        let breaking = "SELECT count(*) AS count FROM seaql_migrations WHERE NOT additive AND version < 'm0004'";
        for (select, expected) in [(additive, 3), (breaking, 3)] {
            let statement = sea_orm::Statement::from_string(app.db.get_database_backend(), select);
            let row = app.db.query_one_raw(statement).await.expect("the steps").expect("a row");
            assert_eq!(row.try_get::<i64>("", "count"), Ok(expected), "{select}");
        }
    }
}
