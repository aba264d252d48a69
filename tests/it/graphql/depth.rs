//! Documents that are nested as deep as a body can be: none may exhaust the stack.

use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, App};

#[track_caller]
fn assert_refused(answer: &Answer, of: &str) {
    assert!(answer.status < 500, "{of}: {} {}", answer.status, answer.body);
    assert_eq!(answer.body.get("data"), None, "{of}: {}", answer.body);
    for error in answer.body["errors"].as_array().expect("errors") {
        let code = error["extensions"]["code"].as_str().expect("every error has a code");
        let expected = ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST"];
        assert!(expected.contains(&code), "{of}: {}", answer.body);
    }
}

fn nested(depth: usize, open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
}

on_both_databases! {
    async fn a_document_that_is_too_deep_is_refused(app: App) {
        let ada = app.coder("ada").await;
        // The shallower ones have few enough tokens to be parsed.
        for depth in [100, 330, 490, 990, 10_000] {
            for (of, query) in [
                ("fields", nested(depth, "{a", "", "}")),
                ("braces", nested(depth, "{", "", "")),
                ("real fields", nested(depth, "{ viewer { ... on Coder { mentor ", "{ id }", "} }")),
                ("fragments", format!("{{ viewer {{ {} }} }}", nested(depth, "... { ", "id", " }"))),
                (
                    "typed fragments",
                    format!("{{ viewer {{ {} }} }}", nested(depth, "... on User { ", "id", " }")),
                ),
                ("lists", format!("{{ snippet(id: {}) {{ id }} }}", nested(depth, "[", "1", "]"))),
                ("objects", format!("{{ snippet(id: {}) {{ id }} }}", nested(depth, "{ a: ", "1", " }"))),
                ("list types", format!("query($a: {}) {{ __typename }}", nested(depth, "[", "Int", "]"))),
                ("defaults", format!("query($a: [Int] = {}) {{ __typename }}", nested(depth, "[", "1", "]"))),
                (
                    "directives",
                    format!("{{ viewer {{ id @skip(if: {}) }} }}", nested(depth, "[", "true", "]")),
                ),
            ] {
                assert_refused(&ada.graphql(&query).await, &format!("{depth} {of}"));
            }
        }
    }

    async fn variables_that_are_too_deep_are_refused(app: App) {
        for depth in [130, 100_000] {
            let lists = nested(depth, "[", "1", "]");
            let query = "query($a: [Int]) { nodes(ids: $a) { id } }";
            let body = format!("{{\"query\": {}, \"variables\": {{ \"a\": {lists} }} }}", json!(query));
            let ada = app.anonymous();
            let request = ada.request(Method::POST, "/graphql").header("content-type", "application/json");
            assert_refused(&ada.send(request, body).await, &depth.to_string());
        }
    }

    async fn fragments_that_never_end_are_refused(app: App) {
        let ada = app.coder("ada").await;
        let link = |n: usize| format!("fragment F{n} on User {{ ...F{} }} ", n + 1);
        let chain: String = (0..200).map(link).collect();
        let laughs =
            |n: usize| format!("fragment F{n} on User {{ {} }} ", format!("...F{} ", n + 1).repeat(10));
        let laughs: String = (0..20).map(laughs).collect();
        for (of, query) in [
            ("itself", "{ viewer { ...F } } fragment F on User { ...F }".to_owned()),
            (
                "each other",
                "{ viewer { ...F } } fragment F on User { ...G } fragment G on User { id ...F }".to_owned(),
            ),
            ("at the root", "{ ...F } fragment F on Query { ...F }".to_owned()),
            ("unused", "{ __typename } fragment F on User { ...F }".to_owned()),
            ("a long chain to nowhere", format!("{{ viewer {{ ...F0 }} }} {chain}")),
            (
                "ten times ten times ten",
                format!("{{ viewer {{ ...F0 }} }} {laughs} fragment F20 on User {{ id }}"),
            ),
        ] {
            assert_refused(&ada.graphql(&query).await, of);
        }
    }
}
