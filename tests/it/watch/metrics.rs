use std::collections::BTreeSet;

use aws_lc_rs::digest;
use reqwest::Method;
use serde_json::json;

use super::{scrape::Scrape, served::Served};
use crate::{
    support::{App, Kind, Person, Socket},
    trust::cli_servers::free_port,
};

/// A server that tells its metrics, and where.
pub(super) async fn measured(app: &App, settings: &[(&str, &str)]) -> (Served, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let settings = [&[("METRICS_ADDR", address.as_str())], settings].concat();
    (Served::start(app, &settings).await, address)
}

/// Does something of everything.
pub(super) async fn exercise(served: &Served, app: &App, ada: &Person<'_>) {
    let (nobody, mut impostor) = (app.anonymous(), ada.clone());
    impostor.token = Some("bad".to_owned());
    for _ in 0..2 {
        served.graphql(ada, "query Mine { viewer { username } }").await;
    }
    served.graphql(ada, "{ viewer { username } }").await;
    served.graphql(ada, "query Refused { coders { totalCount } }").await;
    served.graphql(ada, "{").await;
    served.graphql(&nobody, "query Stranger { viewer { username } }").await;
    let snippet = json!({ "name": "a", "code": "pass" });
    served.post(ada, "/snippet", snippet.clone()).await;
    served.post(&nobody, "/snippet", snippet.clone()).await;
    served.post(&impostor, "/snippet", snippet).await;
    let new = json!({ "username": "bob", "usertype": "coder", "email": "bob@example.com", "password": "Correct-horse-1" });
    for _ in 0..2 {
        served.post(&nobody, "/signup", new.clone()).await;
    }
    let query = "query Hashed { viewer { id } }";
    let hash = format!("{:?}", digest::digest(&digest::SHA256, query.as_bytes())).replace("SHA256:", "");
    let named = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let mut sent = named.clone();
    sent["query"] = query.into();
    for body in [&named, &sent, &named, &named] {
        served.post(ada, "/graphql", body.clone()).await;
    }
}

on_both_databases! {
    async fn the_numbers_follow_what_happens(app: App) {
        let ada = app.coder("ada").await;
        let (served, address) = measured(app, &[]).await;
        let before = Scrape::of(&address).await;
        exercise(&served, app, &ada).await;
        let after = Scrape::of(&address).await;
        let grown = |name: &str, labels: &[(&str, &str)]| after.count(name, labels) - before.count(name, labels);

        let requests = "http_server_request_duration_seconds_count";
        let to = |route, status| [("http_request_method", "POST"), ("http_route", route), ("http_response_status_code", status)];
        assert_eq!(grown(requests, &to("/graphql", "200")), 10, "{}", after.0);
        assert_eq!(grown(requests, &to("/snippet", "200")), 1);
        assert_eq!(grown(requests, &to("/snippet", "401")), 2);
        assert_eq!(grown(requests, &to("/signup", "200")), 1);
        assert!(after.sum("http_server_request_duration_seconds_sum", &[("http_route", "/graphql")]) > 0.0);
        let buckets = |le| grown("http_server_request_duration_seconds_bucket", &[("http_route", "/signup"), ("le", le)]);
        assert_eq!(buckets("+Inf"), 2);

        let operations = |operation, outcome| grown("graphql_operation_duration_seconds_count", &[("operation", operation), ("outcome", outcome), ("type", "query")]);
        assert_eq!(operations("Mine", "ok"), 2);
        assert_eq!(operations("Hashed", "ok"), 3);
        assert_eq!(operations("anonymous", "ok"), 1);
        // Neither a stranger's name nor one that has only failed has a place.
        assert_eq!((operations("other", "error"), operations("other", "ok")), (1, 1));

        let errors = |edge, code| grown("funcster_errors_total", &[("edge", edge), ("code", code)]);
        assert_eq!(errors("graphql", "FORBIDDEN"), 1);
        assert_eq!(errors("graphql", "GRAPHQL_PARSE_FAILED"), 1);
        assert_eq!(errors("graphql", "PERSISTED_QUERY_NOT_FOUND"), 1);
        assert_eq!(errors("rest", "UNAUTHENTICATED"), 2);
        assert_eq!(errors("rest", "CONFLICT"), 1);

        for (outcome, expected) in [("miss", 1), ("registered", 1), ("hit", 2)] {
            assert_eq!(grown("graphql_persisted_queries_total", &[("outcome", outcome)]), expected, "{outcome}");
        }
        let statements = |verb| grown("db_client_operation_duration_seconds_count", &[("db_operation_name", verb), ("outcome", "ok")]);
        assert!(statements("SELECT") >= 1 && statements("INSERT") >= 2, "{}", after.0);
        assert!(after.count("db_client_connection_count", &[]) >= 1);
        assert!(after.count("db_client_connection_max", &[]) >= after.count("db_client_connection_count", &[]));
        let tokens = |outcome| grown("funcster_token_verifications_total", &[("outcome", outcome)]);
        assert_eq!((tokens("ok"), tokens("UNAUTHENTICATED")), (10, 1));
        let sign_ups = |outcome| grown("funcster_signups_total", &[("outcome", outcome)]);
        assert_eq!((sign_ups("ok"), sign_ups("CONFLICT")), (1, 1));
        assert_eq!(grown("http_client_request_duration_seconds_count", &[("purpose", "signup"), ("outcome", "ok")]), 1);
        assert!(after.count("funcster_jwks_refreshes_total", &[("outcome", "ok")]) >= 1);
        let age = chrono::Utc::now().timestamp() - after.count("funcster_jwks_refresh_timestamp_seconds", &[]);
        assert!((0..300).contains(&age), "{age}");
        assert_eq!(after.count("funcster_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1);
        if cfg!(target_os = "linux") {
            assert!(after.count("process_resident_memory_bytes", &[]) > 1_000_000);
            assert!(after.count("process_open_fds", &[]) > 3);
            assert!(after.count("process_max_fds", &[]) > after.count("process_open_fds", &[]));
            assert!(after.sum("process_cpu_seconds_total", &[]) >= before.sum("process_cpu_seconds_total", &[]));
        }
        served.stop().await;
    }

    async fn subscribers_and_what_they_are_told_are_counted(app: App) {
        let ada = app.coder("ada").await;
        let (served, address) = measured(app, &[]).await;
        let mut socket = Socket::open_at(&served.at("/graphql"), ada.token.as_deref()).await;
        socket.subscribe("1", "subscription { mySnippetChanged { kind } }").await;
        while Scrape::of(&address).await.count("graphql_subscriptions", &[]) < 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let mut changes = 0;
        // It is going on some time before it is told anything.
        while {
            served.post(&ada, "/snippet", json!({ "name": "a", "code": "pass" })).await;
            changes += 1;
            socket.is_quiet().await
        } {}
        let scrape = Scrape::of(&address).await;
        assert_eq!(scrape.count("funcster_events_published_total", &[]), changes);
        assert!((1..=changes).contains(&scrape.count("funcster_events_delivered_total", &[])), "{}", scrape.0);
        assert_eq!(scrape.count("funcster_events_lost_total", &[]), 0);
        drop(socket);
        while Scrape::of(&address).await.count("graphql_subscriptions", &[]) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        served.stop().await;
    }
}

#[tokio::test]
async fn clients_cannot_make_the_metrics_grow_without_bound() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let (served, address) = measured(app, &[]).await;
        let http = reqwest::Client::new();
        for index in 0..150 {
            served.graphql(&app.anonymous(), &format!("query Stranger{index} {{ viewer {{ id }} }}")).await;
            served.graphql(&ada, &format!("query Failing{index} {{ coders {{ totalCount }} }}")).await;
            served.get(&format!("/path{index}")).await;
            let method = Method::from_bytes(format!("METHOD{index}").as_bytes()).expect("a method");
            http.request(method, served.at("/coders")).send().await.expect("an answer");
        }
        let before = Scrape::of(&address).await;
        assert!(!before.0.contains("Stranger") && !before.0.contains("Failing"), "{}", before.0);
        assert!(!before.0.contains("/path1") && !before.0.contains("METHOD"), "{}", before.0);
        for index in 0..150 {
            served.graphql(&ada, &format!("query Name{index} {{ viewer {{ id }} }}")).await;
        }
        let scrape = Scrape::of(&address).await;
        let counts =
            scrape.samples().filter(|sample| sample.name == "graphql_operation_duration_seconds_count");
        let names: BTreeSet<_> = counts.map(|sample| sample.labels["operation"]).collect();
        assert_eq!(names.len(), 101, "a hundred, and other: {names:?}");
        let other = [("operation", "other"), ("outcome", "ok")];
        assert_eq!(scrape.count("graphql_operation_duration_seconds_count", &other), 200);
        let known = [("operation", "Name0"), ("outcome", "ok")];
        assert_eq!(scrape.count("graphql_operation_duration_seconds_count", &known), 1);
        served.stop().await;
    })
    .await;
}

#[tokio::test]
async fn metrics_are_told_at_their_own_address_and_nowhere_else() {
    App::run(Kind::Sqlite, async |app: &App| {
        let (served, address) = measured(app, &[]).await;
        assert_eq!(served.get("/metrics").await.status(), 404, "it is not for clients");
        let http = reqwest::Client::new();
        let head = http.head(format!("http://{address}/metrics")).send().await.expect("an answer");
        assert_eq!(head.status(), 200);
        assert!(head.text().await.expect("a text").is_empty());
        for (method, path, status) in
            [(Method::POST, "/metrics", 405), (Method::GET, "/graphql", 404), (Method::GET, "/", 404)]
        {
            let request = http.request(method, format!("http://{address}{path}"));
            assert_eq!(request.send().await.expect("an answer").status(), status, "{path}");
        }
        served.stop().await;
        assert!(
            http.get(format!("http://{address}/metrics")).send().await.is_err(),
            "it stops with the server"
        );
    })
    .await;
}
