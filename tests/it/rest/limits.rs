//! What may stand in a snippet, for `POST` and `PATCH` alike.

use serde_json::{Value, json};

use super::fixtures::{assert_refused, hello, row, store, with};
use crate::support::App;

/// 100 KiB.
const MAX_CODE: usize = 102_400;

fn allowed() -> Vec<Value> {
    let name = |name: &str| with(&hello(), "name", name);
    let code = |code: &str| with(&hello(), "code", code);
    let comments = |comments: &str| with(&hello(), "comments", comments);
    vec![
        name("x"),
        name(&"x".repeat(200)),
        name(&"é".repeat(200)),
        name(&"🐍".repeat(200)),
        name(" padded "),
        code("x"),
        code("\n"),
        code(&"x".repeat(MAX_CODE)),
        code(&"é".repeat(MAX_CODE / 2)),
        code("\tif x:\r\n\t\tpass  \r\n\u{feff}\u{7f}\u{1}'; DROP TABLE snippets; --\\u0000"),
        comments(""),
        comments(" "),
        comments(&"x".repeat(20_000)),
        comments(&"🐍".repeat(20_000)),
    ]
}

fn refused() -> Vec<Value> {
    let name = |name: &str| with(&hello(), "name", name);
    let code = |code: &str| with(&hello(), "code", code);
    let comments = |comments: &str| with(&hello(), "comments", comments);
    vec![
        name(""),
        name(" "),
        name(" \t\r\n"),
        name("\u{a0}\u{3000}"),
        name(&"x".repeat(201)),
        name(&"é".repeat(201)),
        name("a\0b"),
        code(""),
        code(&"x".repeat(MAX_CODE + 1)),
        code(&format!("{}x", "é".repeat(MAX_CODE / 2))),
        code("a\0b"),
        comments(&"x".repeat(20_001)),
        comments(&"é".repeat(20_001)),
        comments("a\0b"),
    ]
}

/// Enough of a body to know it by.
fn case(body: &Value) -> String {
    body.as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| {
            let text = value.as_str()?;
            Some(format!("{key}: {} characters, {:?}... ", text.chars().count(), text.chars().next()))
        })
        .collect()
}

on_both_databases! {
    async fn what_is_within_the_limits_is_stored_as_it_is(app: App) {
        let ada = app.coder("ada").await;
        let replaced = store(&ada, json!({ "name": "before", "code": "before" })).await;
        for body in allowed() {
            let answer = ada.patch(&format!("/snippet/{replaced}"), body.clone()).await;
            assert_eq!(answer.status, 200, "{}: {}", case(&body), answer.body);
            for id in [store(&ada, body.clone()).await, replaced] {
                let row = row(app, id).await.expect("it is there");
                assert!(row.name == body["name"], "{}: {}", case(&body), row.name);
                assert!(row.code == body["code"], "{}: the code is another", case(&body));
                let comments = body["comments"].as_str().unwrap_or_default();
                assert!(
                    row.comments.as_deref() == Some(comments),
                    "{}: the comments are others",
                    case(&body)
                );
                let read = ada.get(&format!("/snippet/{id}")).await;
                assert!(read.body["code"] == body["code"], "{}: the code is read as another", case(&body));
            }
        }
    }

    async fn what_is_beyond_the_limits_is_refused(app: App) {
        let ada = app.coder("ada").await;
        let snippet = store(&ada, hello()).await;
        for body in refused() {
            assert_refused(&ada.post("/snippet", body.clone()).await, 400, case(&body));
            assert_refused(&ada.patch(&format!("/snippet/{snippet}"), body.clone()).await, 400, case(&body));
        }
        let library = ada.get("/userinfo/ada").await.body["snippets"].clone();
        assert_eq!(library.as_array().map(Vec::len), Some(1), "nothing was stored");
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1), "nothing was changed");
    }
}
