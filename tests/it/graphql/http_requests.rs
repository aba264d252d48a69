//! What is read of a request for `/graphql`, and what is not.

use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, App, Person};

const JSON: &str = "application/json";

async fn post(person: &Person<'_>, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = person.request(Method::POST, "/graphql");
    let request =
        if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    person.send(request, body.into()).await
}

async fn get(person: &Person<'_>, parameters: &[(&str, &str)]) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    person.get(&format!("/graphql?{query}")).await
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, of: &str) {
    assert_eq!((answer.status, answer.code()), (status, "BAD_REQUEST"), "{of}: {}", answer.body);
    assert_eq!(answer.body.get("data"), None, "{of}");
}

on_both_databases! {
    async fn a_body_is_json_and_says_so(app: App) {
        let body = json!({ "query": "{ __typename }" }).to_string();
        for content_type in [
            JSON,
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; Charset=UTF-8",
        ] {
            post(&app.anonymous(), content_type, body.clone()).await.data();
        }
        for content_type in [
            "",
            "text/plain",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "application/json; charset=latin1",
        ] {
            assert_refused(&post(&app.anonymous(), content_type, body.clone()).await, 415, content_type);
        }
    }

    async fn a_body_that_is_no_request_is_refused(app: App) {
        let one = json!({ "query": "{ __typename }" });
        for body in [
            String::new(),
            "{".to_owned(),
            "{\"query\": \"{ __typename }\"} more".to_owned(),
            // A half of a surrogate pair is no character.
            "{\"query\": \"\\ud800\"}".to_owned(),
            "null".to_owned(),
            "1".to_owned(),
            "\"{ __typename }\"".to_owned(),
            json!([]).to_string(),
            json!([one]).to_string(),
            json!([one, one]).to_string(),
            json!({}).to_string(),
        ] {
            assert_refused(&post(&app.anonymous(), JSON, body.clone()).await, 400, &body);
        }
        assert_refused(
            &post(&app.anonymous(), JSON, b"{\"query\": \"\xff\"}".to_vec()).await,
            400,
            "not UTF-8",
        );
        let large = json!({ "query": format!("{{ __typename }} # {}", "x".repeat(1 << 20)) });
        assert_refused(&post(&app.anonymous(), JSON, large.to_string()).await, 413, "too large");
    }

    async fn a_parameter_of_the_wrong_type_is_refused(app: App) {
        for (parameter, wrong) in [
            (
                "query",
                vec![json!(null), json!(1), json!(["{ __typename }"]), json!({}), json!(""), json!(true)],
            ),
            ("operationName", vec![json!(1), json!(["One"]), json!({}), json!(false)]),
            ("variables", vec![json!([]), json!("{}"), json!(1), json!(true), json!("")]),
            ("extensions", vec![json!([]), json!("{}"), json!(1), json!(false)]),
        ] {
            for value in wrong {
                let mut body = json!({ "query": "{ __typename }" });
                body[parameter] = value;
                let answer = post(&app.anonymous(), JSON, body.to_string()).await;
                assert_refused(&answer, 400, &body.to_string());
                let message = answer.error()["message"].as_str().expect("a message");
                assert!(message.contains(parameter), "{message}");
            }
        }
        let body = json!({
            "query": "query One { __typename }", "operationName": null, "variables": null, "extensions": null,
            "somethingElse": 1,
        });
        post(&app.anonymous(), JSON, body.to_string()).await.data();
        let body = json!({ "query": "{ __typename }", "extensions": { "persistedQuery": {} } });
        post(&app.anonymous(), JSON, body.to_string()).await.data();
    }

    async fn a_query_can_be_sent_by_get(app: App) {
        let ada = app.coder("ada").await;
        let query = "query One($is: Boolean!) { viewer { username @include(if: $is) } } \
                     query Two { __typename } mutation Three { __typename }";
        for (parameters, expected) in [
            (vec![("query", "{ viewer { username } }")], json!({ "viewer": { "username": "ada" } })),
            (
                vec![("query", query), ("operationName", "One"), ("variables", r#"{"is": true}"#)],
                json!({ "viewer": { "username": "ada" } }),
            ),
            (
                vec![("query", query), ("operationName", "Two"), ("variables", ""), ("extensions", "{}")],
                json!({ "__typename": "Query" }),
            ),
            (vec![("query", "{ __typename }"), ("operationName", "")], json!({ "__typename": "Query" })),
        ] {
            let answer = get(&ada, &parameters).await;
            assert_eq!((answer.status, answer.data()), (200, &expected), "{parameters:?}");
        }
        for parameters in [
            vec![],
            vec![("query", "")],
            vec![("operationName", "One")],
            vec![("query", "{ __typename }"), ("variables", "{")],
            vec![("query", "{ __typename }"), ("variables", "[]")],
            vec![("query", "{ __typename }"), ("extensions", "1")],
        ] {
            assert_refused(&get(&ada, &parameters).await, 400, &format!("{parameters:?}"));
        }
    }

    async fn a_mutation_cannot_be_sent_by_get(app: App) {
        let ada = app.coder("ada").await;
        let store = "createSnippet(input: { name: \"a\", code: \"b\" }) { snippet { id } }";
        let several = format!("query One {{ __typename }} mutation Two {{ {store} }}");
        for parameters in [
            vec![("query", format!("mutation {{ {store} }}"))],
            vec![("query", format!("mutation One {{ {store} }}")), ("operationName", "One".to_owned())],
            vec![("query", several.clone()), ("operationName", "Two".to_owned())],
        ] {
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = get(&ada, &parameters).await;
            assert_refused(&answer, 405, &format!("{parameters:?}"));
            assert_eq!(answer.header("allow"), "POST");
        }
        get(&ada, &[("query", &several), ("operationName", "One")]).await.data();
        let answer = ada.graphql("{ viewer { ... on Coder { snippets { totalCount } } } }").await;
        assert_eq!(answer.data()["viewer"]["snippets"]["totalCount"], 0);
    }

    async fn a_browser_finds_an_explorer_where_that_is_on(app: App) {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let visit = async |app: &App, accept: &str, path: &str| {
            let person = app.anonymous();
            person.send(person.request(Method::GET, path).header("accept", accept), "").await
        };
        let answer = visit(app, BROWSER, "/graphql").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let scripts = policy.split(';').find(|directive| directive.trim().starts_with("script-src"));
        assert!(scripts.is_some_and(|scripts| !scripts.contains("unsafe")), "{policy}");
        let page = String::from_utf8_lossy(&answer.bytes);
        assert!(page.contains("<html") && page.to_lowercase().contains("graphiql"), "{page}");
        assert!(!page.contains("{{"), "something was not filled in: {page}");

        // A query in the address is a query, whoever follows the link.
        let answer = visit(app, BROWSER, "/graphql?query=%7B__typename%7D").await;
        assert_eq!(answer.data(), &json!({ "__typename": "Query" }));
        assert_refused(&visit(app, "*/*", "/graphql").await, 400, "a client that takes anything");

        let plain = app.another(|config| config.graphiql = false).await;
        assert_refused(&visit(&plain, BROWSER, "/graphql").await, 400, "a browser");
        assert_refused(&visit(&plain, "text/html", "/graphql").await, 406, "a client of pages alone");
    }

    async fn other_methods_are_not_allowed(app: App) {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let person = app.anonymous();
            let answer = person.send(person.request(method.clone(), "/graphql"), "").await;
            assert_eq!(answer.status, 405, "{method}");
            for allowed in ["GET", "POST"] {
                assert!(answer.header("allow").contains(allowed), "{method}: {}", answer.header("allow"));
            }
        }
    }
}

on_both_databases! {
    async fn what_a_foreign_page_sends_unasked_is_not_executed(app: App) {
        let nobody = app.anonymous();
        let get = |site: &str, header: Option<&str>| {
            let request = nobody.request("GET".parse().expect("a method"), "/graphql?query=%7B__typename%7D");
            let request = request.header("sec-fetch-site", site);
            match header {
                Some(header) => request.header(header, "true"),
                None => request,
            }
        };
        for (site, header, code) in [
            ("cross-site", None, Some("FORBIDDEN")),
            ("same-site", None, Some("FORBIDDEN")),
            ("cross-site", Some("apollo-require-preflight"), None),
            ("same-origin", None, None),
            ("none", None, None),
        ] {
            let answer = nobody.send(get(site, header), "").await;
            match code {
                Some(code) => assert_eq!(answer.code(), code, "{site} {header:?}"),
                None => assert_eq!(answer.data()["__typename"], "Query", "{site} {header:?}"),
            }
        }
    }
}
