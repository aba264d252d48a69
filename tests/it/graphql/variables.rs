//! Values that do not fit: those of variables are the user's mistake, literals the document's.

use axum::http::Method;
use serde_json::json;

use super::refusal::blamed;
use crate::support::{App, PASSWORD};

const CREATE: &str =
    "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { id } } }";
const SIGN_UP: &str = "mutation($input: SignupInput!) { signup(input: $input) { user { id } } }";

on_both_databases! {
    async fn a_bad_value_of_a_variable_is_blamed_on_the_field_that_it_is_in(app: App) {
        let ada = app.coder("ada").await;
        let first = "query($first: Int) { mentors(first: $first) { totalCount } }";
        let required = "query($first: Int!) { mentors(first: $first) { totalCount } }";
        let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let flag = "query($flag: Boolean!) { viewer { id @include(if: $flag) } }";
        let person = json!({ "usertype": "PILOT", "username": "a", "email": "a@b", "password": "c" });
        for (query, variables, field) in [
            (first, json!({ "first": "1" }), "first"),
            (first, json!({ "first": 1.5 }), "first"),
            (first, json!({ "first": true }), "first"),
            (first, json!({ "first": [1, 2] }), "first"),
            (first, json!({ "first": 2_147_483_648_u32 }), "first"),
            (first, json!({ "first": 1e30 }), "first"),
            (required, json!({}), "first"),
            (required, json!({ "first": null }), "first"),
            (flag, json!({}), "flag"),
            (flag, json!({ "flag": "true" }), "flag"),
            (flag, json!({ "flag": 1 }), "flag"),
            (ids, json!({ "ids": [ada.global_id(), null] }), "ids"),
            (ids, json!({ "ids": [[ada.global_id()]] }), "ids"),
            (ids, json!({ "ids": [true] }), "ids"),
            (ids, json!({ "ids": [1.5] }), "ids"),
            (ids, json!({ "ids": {} }), "ids"),
            (CREATE, json!({}), "input"),
            (CREATE, json!({ "input": null }), "input"),
            (CREATE, json!({ "input": "a" }), "input"),
            (CREATE, json!({ "input": [] }), "input"),
            (CREATE, json!({ "input": { "code": "b" } }), "name"),
            (CREATE, json!({ "input": { "name": null, "code": "b" } }), "name"),
            (CREATE, json!({ "input": { "name": 1, "code": "b" } }), "name"),
            (CREATE, json!({ "input": { "name": ["a"], "code": "b" } }), "name"),
            (CREATE, json!({ "input": { "name": "a", "code": "b", "needsReview": null } }), "needsReview"),
            (CREATE, json!({ "input": { "name": "a", "code": "b", "needsReview": "no" } }), "needsReview"),
            (CREATE, json!({ "input": { "name": "a", "code": "b", "comments": {} } }), "comments"),
            (CREATE, json!({ "input": { "name": "a", "code": "b", "coderId": 1 } }), "coderId"),
            (SIGN_UP, json!({ "input": person }), "usertype"),
        ] {
            let answer = ada.graphql_with(query, variables.clone()).await;
            assert_eq!(blamed(&answer), field, "{variables}");
            assert_eq!((answer.status, answer.body.get("data")), (200, None), "{variables}: {}", answer.body);
            let request = ada
                .request(Method::POST, "/graphql")
                .header("content-type", "application/json")
                .header("accept", "application/graphql-response+json");
            let body = json!({ "query": query, "variables": variables }).to_string();
            let answer = ada.send(request, body).await;
            assert_eq!((answer.status, blamed(&answer)), (400, field), "{variables}");
        }
    }

    async fn a_single_value_stands_for_a_list_of_one(app: App) {
        let ada = app.coder("ada").await;
        let expected = json!({ "nodes": [{ "id": ada.global_id() }] });
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        assert_eq!(ada.graphql_with(query, json!({ "ids": ada.global_id() })).await.data(), &expected);
        let answer = ada.graphql(&format!("{{ nodes(ids: \"{}\") {{ id }} }}", ada.global_id())).await;
        assert_eq!(answer.data(), &expected);
    }

    async fn a_string_is_no_value_of_an_enum(app: App) {
        let query = format!(
            "mutation {{ signup(input: {{ usertype: \"CODER\", username: \"grace\", \
             email: \"g@example.com\", password: \"{PASSWORD}\" }}) {{ user {{ id }} }} }}"
        );
        let answer = app.anonymous().graphql(&query).await;
        assert_eq!(answer.body.get("data"), None, "{}", answer.body);
        assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
    }

    async fn a_variable_does_not_fit_where_its_type_does_not(app: App) {
        let ada = app.coder("ada").await;
        for query in [
            "query($id: ID) { node(id: $id) { id } }",
            "query($text: String) { mentors(first: $text) { totalCount } }",
            "query($ids: [ID!]) { nodes(ids: $ids) { id } }",
            "query($ids: [ID]!) { nodes(ids: $ids) { id } }",
            "query($id: ID) { nodes(ids: [$id]) { id } }",
            "query($flag: Boolean) { viewer { id @include(if: $flag) } }",
            "mutation($id: ID) { deleteSnippet(input: { id: $id }) { deletedSnippetId } }",
        ] {
            let given = json!({ "id": ada.global_id(), "ids": [ada.global_id()], "flag": true, "text": "a" });
            for variables in [json!({}), given] {
                let answer = ada.graphql_with(query, variables.clone()).await;
                assert_eq!(answer.body.get("data"), None, "{query} {variables}: {}", answer.body);
                let code = &answer.body["errors"][0]["extensions"]["code"];
                assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{query}: {}", answer.body);
            }
        }
    }

    async fn nothing_is_done_when_the_answer_is_that_nothing_was_begun(app: App) {
        let ada = app.coder("ada").await;
        let store = "stored: createSnippet(input: { name: \"a\", code: \"b\" }) { snippet { id } }";
        for rest in [
            "mutation($id: ID) { STORE deleteSnippet(input: { id: $id }) { deletedSnippetId } }",
            "mutation($input: CreateSnippetInput) { STORE createSnippet(input: $input) { snippet { id } } }",
            "mutation { STORE deleteSnippet(input: { id: null }) { deletedSnippetId } }",
            "mutation { STORE nothing }",
        ] {
            let query = rest.replace("STORE", store);
            assert_eq!(ada.graphql(&query).await.body.get("data"), None, "{query}");
            let answer = ada.graphql("{ viewer { ... on Coder { snippets { totalCount } } } }").await;
            assert_eq!(answer.data()["viewer"]["snippets"]["totalCount"], 0, "{query}");
        }
    }
}
