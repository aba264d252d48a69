//! Bodies that are not what a path needs.

use axum::http::Method;
use funcster_api::entity::user;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::fixtures::{assert_refused, hello, no_integers, row, send, store, with, without};
use crate::support::{App, PASSWORD, Person};

const JSON: Option<&str> = Some("application/json");

struct Request<'a> {
    person: Person<'a>,
    method: Method,
    path: String,
    body: Value,
    /// The keys that must be there.
    required: &'static [&'static str],
}

/// Every path that reads a body; the one that deletes the snippet comes last.
fn requests<'a>(ada: &Person<'a>, bob: &Person<'a>, snippet: i64) -> [Request<'a>; 6] {
    let request = |person: &Person<'a>, method, path: String, body, required| Request {
        person: person.clone(),
        method,
        path,
        body,
        required,
    };
    let email = "cyd@example.com";
    let cyd = json!({ "username": "cyd", "usertype": "coder", "email": email, "password": PASSWORD });
    let (of_ada, of_bob) = (json!({ "coderId": ada.id }), json!({ "mentorId": bob.id }));
    let one = format!("/snippet/{snippet}");
    let named: &[_] = &["name", "code"];
    [
        request(ada, Method::POST, "/signup".to_owned(), cyd, &["username", "usertype", "email", "password"]),
        request(ada, Method::POST, "/snippet".to_owned(), hello(), named),
        request(ada, Method::PATCH, one.clone(), hello(), named),
        request(ada, Method::PATCH, format!("/coder/{}/mentor", ada.id), of_bob, &["mentorId"]),
        request(bob, Method::PATCH, format!("/mentor/{}/coder", bob.id), of_ada.clone(), &["coderId"]),
        request(ada, Method::DELETE, one, of_ada, &["coderId"]),
    ]
}

on_both_databases! {
    async fn a_body_must_be_a_json_object(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for Request { person, method, path, body, .. } in requests(&ada, &bob, snippet) {
            let whole = body.to_string();
            let bodies = [
                "",
                " ",
                "{",
                "}",
                "{}",
                "[]",
                "null",
                "true",
                "1",
                "\"text\"",
                "name=Hello",
                "{'name': 1}",
                &whole[..whole.len() - 1],
                &format!("[{whole}]"),
                &format!("{whole}{whole}"),
                &format!("{whole},"),
            ];
            for bad in bodies {
                let answer = send(&person, &method, &path, JSON, bad.to_owned()).await;
                assert_refused(&answer, 400, format_args!("{method} {path} with {bad:?}"));
            }
            let answer =
                send(&person, &method, &path, JSON, b"{\"name\": \"\xff\", \"code\": \"1\"}".to_vec()).await;
            assert_refused(&answer, 400, format_args!("{method} {path} with bytes that are no text"));
            let answer = send(&person, &method, &path, None, "").await;
            assert_refused(&answer, 400, format_args!("{method} {path} without a body"));
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
        assert_eq!(user::Entity::find().count(&app.db).await.expect("it counts"), 2);
    }

    async fn a_required_key_must_be_there_and_of_its_type(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for Request { person, method, path, body, required } in requests(&ada, &bob, snippet) {
            for key in required {
                let is_id = key.ends_with("Id");
                let wrong = if is_id {
                    no_integers()
                } else {
                    vec![json!(1), json!(true), json!(["x"]), json!({}), json!("")]
                };
                let wrong = wrong.into_iter().chain([Value::Null]).map(|value| with(&body, key, value));
                for bad in wrong.chain([without(&body, key)]) {
                    let answer = send(&person, &method, &path, JSON, bad.to_string()).await;
                    assert_refused(&answer, 400, format_args!("{method} {path} with {bad}"));
                }
            }
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
    }

    async fn an_optional_key_of_the_wrong_type_is_refused(app: App) {
        let ada = app.coder("ada").await;
        let snippet = store(&ada, hello()).await;
        let flags = || vec![json!("true"), json!(1), json!(0), json!([]), json!({})];
        let texts = || vec![json!(1), json!(false), json!(["x"]), json!({})];
        let kinds = vec![json!("admin"), json!(""), json!("coders"), json!(1), json!(["coder"]), json!({})];
        let post = [("needsReview", flags()), ("comments", texts()), ("coderId", no_integers())];
        let patch = [("userId", no_integers()), ("usertype", kinds)];
        let to_post = post.iter().map(|row| (Method::POST, "/snippet".to_owned(), row));
        let to_patch =
            post.iter().chain(&patch).map(|row| (Method::PATCH, format!("/snippet/{snippet}"), row));
        for (method, path, (key, wrong)) in to_post.chain(to_patch) {
            for value in wrong {
                let bad = with(&hello(), key, value.clone());
                let answer = send(&ada, &method, &path, JSON, bad.to_string()).await;
                assert_refused(&answer, 400, format_args!("{method} {path} with {bad}"));
            }
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
    }

    async fn a_key_that_nobody_knows_is_passed_over(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for Request { person, method, path, body, .. } in requests(&ada, &bob, snippet) {
            let body = with(&body, "unknown", json!({ "nested": [1, null] }));
            let answer = send(&person, &method, &path, JSON, body.to_string()).await;
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        }
    }

    async fn a_body_of_another_type_is_unsupported(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for Request { person, method, path, body, .. } in requests(&ada, &bob, snippet) {
            for content_type in [
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/jsonp",
                "text/json; application/json",
            ] {
                let answer = send(&person, &method, &path, Some(content_type), body.to_string()).await;
                assert_refused(&answer, 415, format_args!("{method} {path} as {content_type}"));
            }
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
    }

    async fn a_content_type_is_read_in_any_case_and_with_parameters(app: App) {
        let ada = app.coder("ada").await;
        for content_type in
            ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"]
        {
            let answer = send(&ada, &Method::POST, "/snippet", Some(content_type), hello().to_string()).await;
            assert_eq!(answer.status, 200, "{content_type}: {}", answer.body);
        }
    }

    async fn a_body_that_is_too_large_is_an_error_in_json(app: App) {
        let ada = app.coder("ada").await;
        let huge = with(&hello(), "comments", "x".repeat(2 * 1024 * 1024)).to_string();
        assert_refused(&send(&ada, &Method::POST, "/snippet", JSON, huge).await, 413, "2 MiB");
    }
}
