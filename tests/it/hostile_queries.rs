//! Operations that would hurt are refused before they are executed, and at once.

use std::{fmt::Write as _, io::Write as _, time::Instant};

use serde_json::{Value, json};

use crate::support::{Answer, App, Kind, Person};

/// Runs an operation that is to be refused, and checks that nothing was executed.
async fn refused(person: &Person<'_>, what: &str, query: &str, variables: Value) -> Answer {
    let began = Instant::now();
    let answer = person.graphql_with(query, variables).await;
    // Not a measurement: each of these would run for hours, or for ever.
    assert!(began.elapsed().as_secs() < 5, "{what}");
    assert_eq!(answer.body.get("data"), None, "{what}: {}", answer.body);
    let codes: Vec<_> =
        answer.body["errors"].as_array().into_iter().flatten().map(|e| &e["extensions"]["code"]).collect();
    assert!(!codes.is_empty(), "{what}: {}", answer.body);
    for code in codes {
        assert!(
            ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "BAD_REQUEST"]
                .contains(&code.as_str().unwrap_or_default()),
            "{what}: {}",
            answer.body
        );
    }
    answer
}

fn doubling(levels: usize) -> String {
    let mut query = "{ ...f0 }".to_owned();
    for level in 0..levels {
        let next = level + 1;
        write!(query, " fragment f{level} on Query {{ ...f{next} ...f{next} }}").expect("a string takes it");
    }
    write!(query, " fragment f{levels} on Query {{ __typename }}").expect("a string takes it");
    query
}

fn repeated(count: usize, item: impl Fn(usize) -> String) -> String {
    format!("{{ {} }}", (0..count).map(item).collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn an_operation_that_costs_too_much_is_refused() {
    App::run(Kind::Sqlite, async |app: &App| {
        let mentor = app.mentor("bob").await;
        let nested = |levels| format!("{{{}__typename{}}}", "viewer{".repeat(levels), "}".repeat(levels));
        for (what, query) in [
            ("braces", "{a".repeat(10_000)),
            ("deep nesting", nested(900)),
            ("a deep list", format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(900), "]".repeat(900))),
            ("a deep object", format!("{{ node(id: {}1{}) {{ id }} }}", "{a:".repeat(600), "}".repeat(600))),
            ("fragments that double", doubling(30)),
            ("a fragment that spreads itself", "{ ...a } fragment a on Query { ...a }".to_owned()),
            (
                "fragments that spread each other",
                "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }".to_owned(),
            ),
            ("aliases", repeated(31, |n| format!("a{n}: __typename"))),
            (
                "aliases in a fragment",
                format!("{{ ...a x: viewer {{ id }} ...b }} fragment b on Query {{ ...a }} fragment a on Query {}",
                    repeated(15, |n| format!("a{n}: __typename"))),
            ),
            ("directives", format!("{{ __typename {} }}", "@include(if: true) ".repeat(6))),
            ("ten thousand directives", format!("{{ __typename {} }}", "@x ".repeat(10_000))),
            ("repeated fields", repeated(500, |_| "__typename".to_owned())),
            ("tokens", repeated(1_999, |_| "__typename".to_owned())),
            (
                "objects",
                "{ mentors(first: 100) { nodes { coders(first: 100) { nodes { snippets(first: 100) { nodes { id } } } } } } }"
                    .to_owned(),
            ),
            (
                "objects by edges",
                "{ mentors(last: 100) { edges { node { coders(last: 100) { edges { node { snippets { edges { node { id } } } } } } } } } }"
                    .to_owned(),
            ),
            (
                "objects in circles",
                "{ coders { nodes { mentor { coders { nodes { mentor { coders { nodes { mentor { coders { nodes { id } } } } } } } } } } } }"
                    .to_owned(),
            ),
            (
                "a circle in the schema",
                "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }".to_owned(),
            ),
            ("levels", "{ viewer { ...c } } fragment c on Coder { mentor { coders { nodes { mentor { coders { nodes { mentor { coders { nodes { mentor { coders { totalCount } } } } } } } } } } } }".to_owned()),
        ] {
            let answer = refused(&mentor, what, &query, json!({})).await;
            assert!(answer.bytes.len() < 4_096, "{what}: {} bytes", answer.bytes.len());
        }
        let by_variable = "query($n: Int) { mentors(first: $n) { nodes { coders(first: $n) { nodes { snippets(first: $n) { nodes { id } } } } } } }";
        refused(&mentor, "objects by a variable", by_variable, json!({ "n": 100 })).await;
        assert!(mentor.graphql_with(by_variable, json!({ "n": 20 })).await.body["data"].is_object());
    })
    .await;
}

#[tokio::test]
async fn what_a_front_end_asks_for_is_within_the_limits() {
    App::run(Kind::Sqlite, async |app: &App| {
        let mentor = app.mentor("bob").await;
        for query in [
            "{ mentors { nodes { username coders { nodes { username snippets { nodes { name } } } } } } }"
                .to_owned(),
            "{ mentors(first: 100) { nodes { coders { nodes { snippets { nodes { id name } } } } } } }"
                .to_owned(),
            repeated(30, |n| format!("a{n}: __typename")),
            repeated(30, |_| "__typename".to_owned()),
            doubling(8),
        ] {
            mentor.graphql(&query).await.data();
        }
    })
    .await;
}

#[tokio::test]
async fn limits_are_settings() {
    App::run(Kind::Sqlite, async |app: &App| {
        let strict = app
            .another(|config| {
                let limits = &mut config.limits;
                limits.body_bytes = 2_000;
                limits.graphql.depth = 2;
                limits.graphql.nodes = 10;
                limits.graphql.aliases = 1;
                limits.graphql.tokens = 30;
                limits.graphql.directives = 1;
                limits.graphql.errors = 3;
                limits.graphql.page_size = 5;
            })
            .await;
        let all = funcster_api::auth::Permission::ALL;
        let service = strict.bearer("auth0|service", &all);
        for (what, query) in [
            ("depth", "{ coders(first: 1) { nodes { id } } }"),
            ("nodes", "{ nodes(ids: []) { id } a: mentors(first: 5) { edges { cursor } nodes { __typename } } }"),
            ("aliases", "{ a: __typename b: __typename }"),
            ("tokens", "{ __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename }"),
            ("directives", "{ __typename @include(if: true) @skip(if: false) }"),
        ] {
            refused(&service, what, query, json!({})).await;
        }
        let unknown = service.graphql("{ a b c d e f }").await;
        assert_eq!(unknown.body["errors"].as_array().map(Vec::len), Some(3), "{}", unknown.body);
        assert_eq!(service.graphql("{ coders(first: 6) { totalCount } }").await.error()["extensions"]["field"], "first");
        let long = service.post("/graphql", json!({ "query": "{ __typename }", "x": "x".repeat(2_000) })).await;
        assert_eq!(long.status, 413, "{}", long.body);
        service.post("/signup", json!({ "x": "x".repeat(2_000) })).await.assert_rest_error(413);
    })
    .await;
}

#[tokio::test]
async fn a_compressed_body_is_limited_by_what_it_holds() {
    App::run(Kind::Sqlite, async |app: &App| {
        let nobody = app.anonymous();
        for (coding, body, expected) in [
            ("gzip", gzip(b"{\"query\": \"{ __typename }\"}"), 200),
            ("gzip", gzip(&vec![b' '; 4 << 20]), 413),
            ("gzip", b"no gzip".to_vec(), 400),
            ("compress", b"{}".to_vec(), 415),
        ] {
            assert!(body.len() < 1 << 20, "the limit is on what it holds, not on what is sent");
            let request = nobody
                .request("POST".parse().expect("a method"), "/graphql")
                .header("content-type", "application/json")
                .header("content-encoding", coding);
            let answer = nobody.send(request, body).await;
            assert_eq!(answer.status, expected, "{coding}: {}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_deep_or_no_text_is_refused() {
    App::run(Kind::Sqlite, async |app: &App| {
        let nobody = app.anonymous();
        let deep = "[".repeat(100_000);
        let not_utf8 = b"{\"query\": \"{ __typename }\xff\"}".to_vec();
        let lone_surrogate = br#"{"query": "{ __typename }", "variables": {"x": "\ud800"}}"#.to_vec();
        let huge_number = br#"{"query": "{ __typename }", "variables": {"x": 1e999}}"#.to_vec();
        for (path, expected) in [("/graphql", 400), ("/signup", 400)] {
            for body in [
                deep.clone().into_bytes(),
                format!("{{\"a\":{deep}").into_bytes(),
                not_utf8.clone(),
                lone_surrogate.clone(),
                huge_number.clone(),
            ] {
                let request = nobody
                    .request("POST".parse().expect("a method"), path)
                    .header("content-type", "application/json");
                let answer = nobody.send(request, body).await;
                assert_eq!(answer.status, expected, "{path}: {}", answer.body);
            }
        }
    })
    .await;
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
