use axum::http::Method;
use serde_json::json;

use crate::support::App;

on_both_databases! {
    async fn health_and_readiness_are_told_with_and_without_a_body(app: App) {
        let nobody = app.anonymous();
        let ready = json!({ "status": "ok", "database": "ok", "migrations": "ok", "keys": "ok" });
        for (path, expected) in [("/healthz", json!({ "status": "ok" })), ("/readyz", ready)] {
            let answer = nobody.get(path).await;
            assert_eq!((answer.status, &answer.body), (200, &expected), "{path}");
            let head = nobody.send(nobody.request(Method::HEAD, path), "").await;
            assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
            assert_eq!(head.headers["content-length"], answer.headers["content-length"], "{path}");
        }
    }

    async fn a_database_that_is_behind_is_not_ready(app: App) {
        migration::down(&app.db, 1).await.expect("a step back");
        let answer = app.anonymous().get("/readyz").await;
        let behind = json!({ "status": "unavailable", "database": "ok", "migrations": "unavailable", "keys": "ok" });
        assert_eq!((answer.status, answer.body), (503, behind));
        migration::up(&app.db).await.expect("a step forward");
        assert_eq!(app.anonymous().get("/readyz").await.status, 200);
    }

    async fn without_the_keys_to_verify_tokens_it_is_not_ready(app: App) {
        let keyless = app.another(|config| config.auth0.issuer = "http://127.0.0.1:1/".parse().expect("a URL")).await;
        let answer = keyless.anonymous().get("/readyz").await;
        let locked_out = json!({ "status": "unavailable", "database": "ok", "migrations": "ok", "keys": "unavailable" });
        assert_eq!((answer.status, answer.body), (503, locked_out));
        assert_eq!(keyless.anonymous().get("/healthz").await.status, 200);
    }

    async fn without_its_database_it_lives_and_is_not_ready(app: App) {
        app.db.clone().close().await.expect("the pool closes");
        let answer = app.anonymous().get("/readyz").await;
        let cut_off = json!({ "status": "unavailable", "database": "unavailable", "migrations": "unavailable", "keys": "ok" });
        assert_eq!((answer.status, answer.body), (503, cut_off));
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
    }
}
