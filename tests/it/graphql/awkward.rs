//! Ids, names and texts that nobody sends by mistake.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::rows;
use crate::support::{Answer, App, PASSWORD};

#[track_caller]
fn assert_no_fault_of_ours(answer: &Answer, of: &str) {
    assert!(answer.status < 500, "{of}: {} {}", answer.status, answer.body);
    for error in answer.body["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().expect("every error has a code");
        assert!(!["INTERNAL_SERVER_ERROR", "UNAVAILABLE"].contains(&code), "{of}: {}", answer.body);
    }
}

on_both_databases! {
    async fn an_id_that_can_name_nothing_is_not_found(app: App) {
        let ada = app.coder("ada").await;
        let everything = ada.with_permissions(&Permission::ALL);
        let bob = app.mentor("bob").await;
        rows::snippets(app, &[ada.id]).await;
        let long = "9".repeat(10_000);
        let ids = [
            "",
            " ",
            "snippet",
            "snippet_",
            "snippet_-1",
            "snippet_+1",
            "snippet_0",
            "snippet_99999999999",
            "snippet_1 ",
            " snippet_1",
            "snippet_1.0",
            "snippet_1e0",
            "snippet_0x1",
            "snippet_snippet_1",
            "SNIPPET_1",
            "snippet_１",
            "-1",
            "+1",
            "0",
            "1.0",
            "99999999999",
            "user_1",
            "snippet_1\0",
            "\0",
            "💥",
            "null",
            "1; DROP TABLE snippets",
            &long,
        ];
        let queries = [
            (&everything, "query($id: ID!) { field: snippet(id: $id) { id } }"),
            (&everything, "query($id: ID!) { field: node(id: $id) { id } }"),
            (
                &everything,
                "mutation($id: ID!) { \
                 field: updateSnippet(input: { id: $id, name: \"a\" }) { snippet { id } } }",
            ),
            (
                &everything,
                "mutation($id: ID!) { field: updateSnippet(input: { id: $id }) { snippet { id } } }",
            ),
            (
                &everything,
                "mutation($id: ID!) { field: deleteSnippet(input: { id: $id }) { deletedSnippetId } }",
            ),
            (
                &everything,
                "mutation($id: ID!) { field: selectMentor(input: { mentorId: $id }) { coder { id } } }",
            ),
            (&bob, "mutation($id: ID!) { field: addCoder(input: { coderId: $id }) { coder { id } } }"),
        ];
        for (person, query) in queries {
            let ids = ids
                .iter()
                .map(|id| json!(id))
                .chain([0, -1, i64::from(i32::MAX) + 1, i64::MAX, i64::MIN].map(Value::from));
            for id in ids {
                let answer = person.graphql_with(query, json!({ "id": id })).await;
                assert_eq!(answer.body["data"], json!({ "field": null }), "{query} {id}: {}", answer.body);
                assert_eq!(answer.code(), "NOT_FOUND", "{query} {id}");
            }
        }
        // The ids of something else.
        for (person, query) in [queries[0], queries[2], queries[4]] {
            for id in [ada.global_id(), bob.global_id()] {
                assert_eq!(
                    person.graphql_with(query, json!({ "id": id })).await.code(),
                    "NOT_FOUND",
                    "{query} {id}"
                );
            }
        }
        for literal in
            ["-1", "0", "99999999999", "99999999999999999999999", "-99999999999999999999999", "\"\""]
        {
            let answer = everything.graphql(&format!("{{ snippet(id: {literal}) {{ id }} }}")).await;
            assert_no_fault_of_ours(&answer, literal);
            assert!(answer.body["errors"].is_array(), "{literal}");
        }
        let answer = everything
            .graphql_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids }))
            .await;
        assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(ids.len()));
        assert_no_fault_of_ours(&answer, "all of them");
    }

    async fn a_name_that_nobody_can_bear_is_not_found(app: App) {
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        app.coder("ada").await;
        let long = "a".repeat(100_000);
        for name in [
            "",
            "\0",
            "ada\0",
            "\u{feff}ada",
            "ada ",
            "%",
            "a_a",
            "ad%",
            "' OR 1=1 --",
            "💥",
            "ɐpɐ",
            "ada\u{301}",
            &long,
        ] {
            let query = "query($name: String!) { userinfo(username: $name) { id } }";
            let answer = reader.graphql_with(query, json!({ "name": name })).await;
            assert_eq!(answer.code(), "NOT_FOUND", "{name:?}");
        }
        let query = "mutation($input: SignupInput!) { signup(input: $input) { user { id } } }";
        for field in ["username", "email", "password"] {
            for text in ["\0", "a\0b@example.com", "💥", "\u{202e}a@b", &long] {
                let mut input = json!({
                    "usertype": "CODER", "username": "grace", "email": "g@example.com", "password": PASSWORD,
                });
                input[field] = json!(text);
                assert_no_fault_of_ours(
                    &app.anonymous().graphql_with(query, json!({ "input": input })).await,
                    field,
                );
            }
        }
    }

    async fn a_text_comes_back_byte_for_byte(app: App) {
        let ada = app.coder("ada").await;
        for text in [
            "\r\nprint('a')\r\n\r\n",
            "\r",
            "\u{feff}# BOM",
            "\t \u{a0}x\u{3000} ",
            "'\"\\\"\\'\\n\\u0000${}{{}}?$1:a%s",
            "e\u{301} é \u{1d11e} 👩‍👩‍👧 \u{202e}",
            "\u{2028}\u{2029}\u{85}\u{7f}\u{1}\u{fffd}\u{ffff}\u{10ffff}",
            "null",
            "'; DROP TABLE snippets; --",
        ] {
            let query = "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { \
                         snippet { id name code comments } } }";
            let input = json!({ "name": format!("x{text}x"), "code": text, "comments": text });
            let answer = ada.graphql_with(query, json!({ "input": input })).await;
            let created = answer.data()["createSnippet"]["snippet"].clone();
            let query = "query($id: ID!) { snippet(id: $id) { id name code comments } }";
            let answer = ada.graphql_with(query, json!({ "id": created["id"] })).await;
            assert_eq!(answer.data()["snippet"], created);
            let mut expected = input;
            expected["id"] = created["id"].clone();
            assert_eq!(created, expected);
        }
    }
}
