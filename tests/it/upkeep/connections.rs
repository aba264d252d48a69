use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    support::{App, Kind},
    trust::{
        cli_servers::{Server, free_port},
        program::Program,
    },
};

on_both_databases! {
    async fn the_fewest_connections_that_may_be_set_are_enough_to_serve(app: App) {
        let server = app.another(|config| config.limits.database_connections = 5).await;
        let ada = server.coder("ada").await;
        let answers = join_all((0..40).map(async |number| {
            let stored = ada.post("/snippet", json!({ "name": format!("{number}"), "code": "1" })).await;
            let listed = ada.graphql("{ viewer { ... on Coder { snippets { totalCount } } } }").await;
            (stored.status, listed.status)
        }))
        .await;
        assert!(answers.iter().all(|answer| *answer == (200, 200)), "{answers:?}");
        let open = match server.kind {
            Kind::Postgres => server.db.get_postgres_connection_pool().size(),
            Kind::Sqlite => server.db.get_sqlite_connection_pool().size(),
        };
        assert!((1..=5).contains(&open), "{open}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn connections_that_nobody_used_for_a_moment_are_no_reason_to_wait() {
    App::run(Kind::Postgres, async |app: &App| {
        let ada = app.coder("ada").await;
        let (program, port) = (Program::new(), free_port());
        // Three for the worker.
        let settings = [("WORKER_THREADS", "1"), ("DATABASE_MAX_CONNECTIONS", "8")];
        let server = Server::of(app, &program, &port, &settings).await;
        let (http, url) = (reqwest::Client::new(), server.at("/userinfo/ada"));
        for _ in 0..4 {
            let began = Instant::now();
            let token = ada.token.as_deref().expect("a token");
            let requests = (0..12).map(|_| http.get(&url).bearer_auth(token).send());
            for answer in join_all(requests).await {
                assert_eq!(answer.expect("it answers").status(), 200);
            }
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
            // They are not trusted any more, and may not have been given back yet.
            tokio::time::sleep(Duration::from_millis(1_050)).await;
        }
    })
    .await;
}
