use futures_util::future::join_all;
use serde_json::json;

use crate::support::{App, Kind};

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
