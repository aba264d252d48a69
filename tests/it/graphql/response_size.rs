//! How long a response may be, by the operator's limit.

use serde_json::{Value, json};

use super::rows;
use crate::support::{App, Person};

const LONG: usize = 100 * 1024;

/// A coder with so many snippets of [`LONG`] code.
async fn coder_with_long_snippets<const COUNT: usize>(app: &App) -> (Person<'_>, [i64; COUNT]) {
    let ada = app.coder("ada").await;
    let mut ids = [0; COUNT];
    for id in &mut ids {
        let snippet = json!({ "name": "Long", "code": "x".repeat(LONG) });
        *id = ada.post("/snippet", snippet).await.body["snippet_id"].as_i64().expect("it is stored");
    }
    (ada, ids)
}

async fn with_limit(app: &App, bytes: usize) -> App {
    let bytes = u32::try_from(bytes).expect("a limit");
    app.another(|config| config.limits.graphql.response_bytes = bytes).await
}

fn of_viewer(snippets: &str) -> String {
    format!("{{ viewer {{ ... on Coder {{ {snippets} }} }} }}")
}

on_both_databases! {
    async fn a_response_is_as_long_as_it_may_be_and_no_longer(app: App) {
        let app = with_limit(app, 5 * LONG / 2).await;
        let (ada, [first, second]) = coder_with_long_snippets(&app).await;
        let ids = format!("ids: [\"snippet_{first}\", \"snippet_{second}\"]");
        for (of, query) in [
            ("nodes", of_viewer("snippets { nodes { code FIELD } }")),
            ("edges", of_viewer("snippets { edges { node { code FIELD } } }")),
            ("merged", of_viewer("snippets { nodes { code } nodes { FIELD } }")),
            ("with a directive", of_viewer("snippets { nodes { code FIELD @include(if: true) } }")),
            ("several lists", of_viewer("snippets { nodes { code } } more: snippets { nodes { FIELD } }")),
            ("by ids", format!("{{ nodes({ids}) {{ ... on Snippet {{ code FIELD }} }} }}")),
        ] {
            ada.graphql(&query.replace("FIELD", "name")).await.data();
            let answer = ada.graphql(&query.replace("FIELD", "again: code")).await;
            assert_eq!(answer.status, 200, "{of}");
            let errors = answer.body["errors"].as_array().expect("errors");
            for error in errors {
                assert_eq!(error["extensions"]["code"], "RESPONSE_TOO_LARGE", "{of}: {errors:?}");
                assert!(error["path"].as_array().is_some_and(|path| path.len() > 1), "{of}: {error}");
            }
            assert!(answer.bytes.len() < 5 * LONG / 2, "{of}: {} bytes", answer.bytes.len());
        }
    }

    async fn a_text_is_as_long_as_it_is_sent(app: App) {
        let app = with_limit(app, 5 * LONG / 2).await;
        let ada = app.coder("ada").await;
        // Each character is six as JSON.
        let snippet = json!({ "name": "Escaped", "code": "\u{1}".repeat(LONG / 2) });
        assert_eq!(ada.post("/snippet", snippet).await.status, 200);
        for query in ["snippets { nodes { code } }", "snippets { nodes { code } nodes { name } }"] {
            assert_eq!(ada.graphql(&of_viewer(query)).await.code(), "RESPONSE_TOO_LARGE", "{query}");
        }
    }

    async fn short_fields_take_room_too(app: App) {
        let app = with_limit(app, LONG).await;
        let ada = app.coder("ada").await;
        rows::snippets(&app, &[ada.id; 100]).await;
        let times = (0..30).map(|n| format!("a{n}: createdAt")).collect::<Vec<_>>().join(" ");
        for list in [
            "nodes { OF }",
            "nodes { coder { id } OF }",
            "pageInfo { hasNextPage } pageInfo { endCursor } nodes { OF }",
            "pageInfo { hasNextPage } pageInfo { endCursor } nodes { ... { ... on Snippet { OF } } }",
            "pageInfo { hasNextPage } pageInfo { endCursor } edges { node { OF } }",
        ] {
            let of = |size: usize| {
                of_viewer(&format!("snippets(first: {size}) {{ {} }}", list.replace("OF", &times)))
            };
            ada.graphql(&of(10)).await.data();
            assert_eq!(ada.graphql(&of(100)).await.code(), "RESPONSE_TOO_LARGE", "{list}");
        }
        // What is selected often is sent once.
        let often = " ... { version createdAt }".repeat(20);
        ada.graphql(&of_viewer(&format!("snippets(first: 100) {{ nodes {{ coder {{ id }} {often} }} }}"))).await.data();
    }

    async fn no_more_is_read_than_may_be_sent(app: App) {
        let app = with_limit(app, 5 * LONG / 2).await;
        let (ada, [first, second, third]) = coder_with_long_snippets(&app).await;
        let answer = ada.graphql(&of_viewer("snippets { nodes { code } }")).await;
        assert_eq!((answer.code(), &answer.body["data"]), ("RESPONSE_TOO_LARGE", &json!({ "viewer": null })));
        assert_eq!(answer.error()["path"], json!(["viewer", "snippets"]));
        let answer = ada
            .graphql(&of_viewer("a: snippets(first: 1) { nodes { code } } b: snippets(last: 1) { nodes { code } }"))
            .await;
        assert_eq!(answer.code(), "RESPONSE_TOO_LARGE", "each page would fit");
        let ids = [first, second, third].map(|id| format!("\"snippet_{id}\"")).join(", ");
        let by_ids =
            format!("{{ nodes(ids: [{ids}]) {{ ... on Snippet {{ code }} }} }}");
        assert_eq!(ada.graphql(&by_ids).await.body["data"], json!({ "nodes": [null, null, null] }));

        for query in ["snippets(first: 1) { nodes { code } }", "snippets { nodes { name } }"] {
            ada.graphql(&of_viewer(query)).await.data();
        }
    }

    async fn a_change_is_made_even_if_too_much_was_asked_for_after_it(app: App) {
        let app = with_limit(app, 3 * LONG / 2).await;
        let (ada, [first, _]) = coder_with_long_snippets(&app).await;
        let rename = format!(
            "mutation {{ updateSnippet(input: {{ id: {first}, name: \"Longer\" }}) {{ \
             snippet {{ code coder {{ snippets(first: 1) {{ nodes {{ code }} }} }} }} }} }}"
        );
        let answer = ada.graphql(&rename).await;
        assert_eq!((answer.code(), &answer.body["data"]["updateSnippet"]), ("RESPONSE_TOO_LARGE", &Value::Null));
        let answer = ada.graphql(&format!("{{ snippet(id: {first}) {{ name }} }}")).await;
        assert_eq!(answer.data()["snippet"]["name"], "Longer");
    }
}
