//! Which media type and status an answer has, by the specification of GraphQL over HTTP.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Person};

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

async fn post(person: &Person<'_>, accept: &str, body: &Value) -> Answer {
    let request =
        person.request(Method::POST, "/graphql").header("content-type", JSON).header("accept", accept);
    person.send(request, body.to_string()).await
}

/// Checks that the answer has errors of this code and nothing that an execution would have left.
#[track_caller]
fn assert_never_began(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.body.get("data")), (status, None), "{}", answer.body);
    let errors = answer.body["errors"].as_array().expect("errors");
    assert!(!errors.is_empty());
    for error in errors {
        assert_eq!(error["extensions"]["code"], code, "{}", answer.body);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.body);
    }
}

on_both_databases! {
    async fn the_client_chooses_the_media_type(app: App) {
        for (accept, expected) in [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            (JSON, JSON),
            ("application/json; charset=utf-8", JSON),
            (GRAPHQL, GRAPHQL),
            ("Application/GraphQL-Response+JSON", GRAPHQL),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
            ("application/json, application/graphql-response+json", GRAPHQL),
            ("application/json;q=0.9, application/graphql-response+json;q=0.8", JSON),
            ("application/graphql-response+json;q=0, */*", JSON),
            ("text/html, */*;q=0.1", JSON),
        ] {
            let answer = post(&app.anonymous(), accept, &json!({ "query": "{ __typename }" })).await;
            assert_eq!(answer.status, 200, "{accept}");
            let content_type = answer.header("content-type").to_owned();
            assert_eq!(content_type, format!("{expected}; charset=utf-8"), "{accept}");
        }
        let request = app.anonymous().request(Method::POST, "/graphql").header("content-type", JSON);
        let answer = app.anonymous().send(request, json!({ "query": "{ __typename }" }).to_string()).await;
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    }

    async fn what_cannot_be_read_by_the_client_is_not_acceptable(app: App) {
        for accept in ["text/html", "image/png, text/*", "application/json;q=0", "application/xml"] {
            for answer in [
                post(&app.anonymous(), accept, &json!({ "query": "{ __typename }" })).await,
                app.anonymous()
                    .send(
                        app.anonymous()
                            .request(Method::GET, "/graphql?query=%7B__typename%7D")
                            .header("accept", accept),
                        "",
                    )
                    .await,
            ] {
                assert_never_began(&answer, 406, "BAD_REQUEST");
            }
        }
    }

    async fn the_status_tells_whether_execution_began(app: App) {
        let ada = app.coder("ada").await;
        let missing = "query($id: ID!) { node(id: $id) { id } }";
        // The older media type has 200 for whatever is wrong with the document: its clients take
        // any other status for a failure of the network.
        for (body, code, status) in [
            (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED", 400),
            (json!({ "query": "hello" }), "GRAPHQL_PARSE_FAILED", 400),
            (json!({ "query": " " }), "GRAPHQL_PARSE_FAILED", 400),
            (json!({ "query": "fragment F on Query { __typename }" }), "GRAPHQL_PARSE_FAILED", 400),
            (json!({ "query": "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": "{ viewer }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": "{ viewer { ...F } }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": "{ viewer { ... on Snippet { id } } }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": "{ snippet(id: $id) { id } }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": "subscription { viewer { id } }" }), "GRAPHQL_VALIDATION_FAILED", 400),
            (json!({ "query": missing }), "BAD_USER_INPUT", 400),
            (json!({ "query": missing, "variables": { "id": null } }), "BAD_USER_INPUT", 400),
        ] {
            assert_never_began(&post(&ada, GRAPHQL, &body).await, status, code);
            assert_never_began(&post(&ada, JSON, &body).await, 200, code);
        }
        // Once it has begun, both have 200, even when nothing came of it.
        for query in
            ["{ viewer { id } }", "{ coders { totalCount } }", "{ viewer { id } snippet(id: 9) { id } }"]
        {
            for accept in [GRAPHQL, JSON] {
                let answer = post(&ada, accept, &json!({ "query": query })).await;
                assert_eq!(answer.status, 200, "{query}");
                assert!(answer.body["data"].is_object(), "{query}: {}", answer.body);
            }
        }
    }

    async fn the_name_chooses_one_of_several_operations(app: App) {
        let query = "query One { one: __typename } query Two { two: __typename } \
                     mutation Three { three: __typename }";
        for (name, expected) in [("One", "one"), ("Two", "two"), ("Three", "three")] {
            let answer =
                post(&app.anonymous(), JSON, &json!({ "query": query, "operationName": name })).await;
            assert_eq!(answer.data().as_object().expect("data").keys().collect::<Vec<_>>(), [expected]);
        }
        let single = "query One { one: __typename }";
        for name in [json!(null), json!("One"), json!("")] {
            let answer =
                post(&app.anonymous(), JSON, &json!({ "query": single, "operationName": name })).await;
            assert_eq!(answer.data(), &json!({ "one": "Query" }), "{name}");
        }
        for body in [
            json!({ "query": query }),
            json!({ "query": query, "operationName": "Four" }),
            json!({ "query": query, "operationName": "one" }),
            json!({ "query": single, "operationName": "Two" }),
            json!({ "query": "{ __typename }", "operationName": "Two" }),
        ] {
            for (accept, status) in [(GRAPHQL, 400), (JSON, 200)] {
                assert_never_began(
                    &post(&app.anonymous(), accept, &body).await,
                    status,
                    "GRAPHQL_VALIDATION_FAILED",
                );
            }
        }
    }

    async fn a_bad_token_is_answered_before_anything_else(app: App) {
        let mut expired = app.claims("auth0|ada", &[]);
        expired["exp"] = json!(1_000_000_000);
        for token in ["not-a-token".to_owned(), App::sign(&expired)] {
            let mut person = app.anonymous();
            person.token = Some(token);
            for accept in [GRAPHQL, JSON] {
                for body in [json!({ "query": "{ viewer { id } }" }), json!({ "query": "{" }), json!([])] {
                    let answer = post(&person, accept, &body).await;
                    assert_never_began(&answer, 401, "UNAUTHENTICATED");
                    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
                    assert_eq!(answer.header("content-type"), format!("{accept}; charset=utf-8"));
                    let message = &answer.error()["message"];
                    let error = json!({ "message": message, "extensions": { "code": "UNAUTHENTICATED" } });
                    assert_eq!(answer.body, json!({ "errors": [error] }));
                }
            }
            let answer = person.get("/graphql?query=%7B__typename%7D").await;
            assert_never_began(&answer, 401, "UNAUTHENTICATED");
        }
        let basic = app.anonymous().request(Method::POST, "/graphql").header("authorization", "Basic YTpi");
        let answer = app.anonymous().send(basic.header("content-type", JSON), "{}").await;
        assert_never_began(&answer, 401, "UNAUTHENTICATED");
    }
}
