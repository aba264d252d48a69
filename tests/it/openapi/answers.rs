//! Answers of real requests against their schemas, and bodies that are refused against theirs.

use axum::http::Method;
use serde_json::{Value, json};

use super::{assert_described, check, document, validator};
use crate::support::{App, PASSWORD};

on_both_databases! {
    async fn answers_are_as_described(app: App) {
        let document = document(app).await;
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let nobody = app.anonymous();
        let (ada_id, bob_id) = (ada.id.to_string(), bob.id.to_string());
        let new = json!({ "name": "Hello", "code": "print(1)", "needsReview": true });
        let stored = ada.post("/snippet", new.clone()).await;
        let id = stored.body["snippet_id"].to_string();
        let signup = json!({ "username": "cyd", "usertype": "CODER", "email": "cyd@example.com", "password": PASSWORD });
        let mentor = json!({ "mentorId": bob_id });
        let owner = json!({ "coderId": ada.id });
        let nothing = Value::Null;
        let snippet = "/snippet/{id}";
        for (person, method, path, variable, body, status) in [
            (&nobody, Method::GET, "/", "", &nothing, 200),
            (&nobody, Method::GET, "/healthz", "", &nothing, 200),
            (&nobody, Method::GET, "/readyz", "", &nothing, 200),
            (&nobody, Method::POST, "/signup", "", &signup, 200),
            (&nobody, Method::POST, "/signup", "", &signup, 409),
            (&nobody, Method::POST, "/signup", "", &nothing, 400),
            (&ada, Method::PATCH, "/coder/{coder_id}/mentor", &ada_id, &mentor, 200),
            (&ada, Method::PATCH, "/coder/{coder_id}/mentor", &ada_id, &owner, 400),
            (&ada, Method::PATCH, "/coder/{coder_id}/mentor", "none", &mentor, 404),
            (&bob, Method::PATCH, "/mentor/{mentor_id}/coder", &bob_id, &owner, 200),
            (&bob, Method::PATCH, "/mentor/{mentor_id}/coder", "0", &owner, 404),
            (&bob, Method::GET, "/coders", "", &nothing, 200),
            (&bob, Method::GET, "/coders/available", "", &nothing, 200),
            (&ada, Method::GET, "/mentors", "", &nothing, 200),
            (&ada, Method::GET, "/userinfo/{username}", "ada", &nothing, 200),
            (&bob, Method::GET, "/userinfo/{username}", "BOB", &nothing, 200),
            (&bob, Method::GET, "/userinfo/{username}", "%ff", &nothing, 404),
            (&ada, Method::POST, "/snippet", "", &new, 200),
            (&ada, Method::POST, "/snippet", "", &owner, 400),
            (&bob, Method::POST, "/snippet", "", &new, 403),
            (&bob, Method::GET, snippet, &id, &nothing, 200),
            (&bob, Method::GET, snippet, "0", &nothing, 404),
            (&bob, Method::GET, snippet, "%ff", &nothing, 404),
            (&bob, Method::PATCH, snippet, &id, &new, 200),
            (&bob, Method::PATCH, snippet, &id, &owner, 400),
            (&bob, Method::DELETE, snippet, &id, &owner, 403),
            (&ada, Method::DELETE, snippet, &id, &nothing, 400),
            (&ada, Method::DELETE, snippet, &id, &owner, 200),
            (&ada, Method::DELETE, snippet, &id, &owner, 404),
        ] {
            check(&document, person, (method, path), (variable, body.clone()), status).await;
        }
    }

    async fn refusals_of_a_request_are_as_described(app: App) {
        let document = document(app).await;
        let ada = app.coder("ada").await;
        let stored = ada.post("/snippet", json!({ "name": "Hello", "code": "1" })).await;
        let address = format!("/snippet/{}", stored.body["snippet_id"]);
        let request = |method: &Method, path| ada.request(method.clone(), path).header("content-type", "application/json");
        for (method, body) in [
            (Method::PATCH, json!({ "name": "Hello", "code": "2" })),
            (Method::DELETE, json!({ "coderId": ada.id })),
        ] {
            let stale = request(&method, &address).header("if-match", "\"7\"");
            let answer = ada.send(stale, body.to_string()).await;
            assert_eq!(answer.status, 412, "{}", answer.body);
            assert_described(&document, (&method, "/snippet/{id}"), &answer);
        }
        let post = (&Method::POST, "/snippet");
        let answer = ada.send(request(post.0, post.1), "a".repeat(2_000_000)).await;
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert_described(&document, post, &answer);
        let answer = ada.send(ada.request(Method::POST, post.1).header("content-type", "text/plain"), "{}").await;
        assert_eq!(answer.status, 415, "{}", answer.body);
        assert_described(&document, post, &answer);
        let strict = app.another(|config| config.failed_tokens_per_minute = 1).await;
        for status in [401, 429] {
            let person = strict.anonymous();
            let bad = person.request(Method::GET, "/mentors").header("authorization", "Bearer nonsense");
            let answer = person.send(bad, "").await;
            assert_eq!(answer.status, status, "{}", answer.body);
            assert_described(&document, (&Method::GET, "/mentors"), &answer);
        }
    }

    async fn the_limits_of_a_body_are_those_that_are_enforced(app: App) {
        let document = document(app).await;
        let ada = app.coder("ada").await;
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let snippet = validator(&document, reference("NewSnippet"));
        let valid = json!({ "name": "Hello", "code": "1", "comments": null, "coderId": ada.id.to_string() });
        let changes = [
            ("name", json!("\u{1f40d}".repeat(200))),
            ("name", json!("a".repeat(201))),
            ("name", json!("\u{85}\u{2003}\t")),
            ("name", json!("\u{feff}")),
            ("name", json!("a\u{0}")),
            ("code", json!("")),
            ("code", json!("a".repeat(102_400))),
            ("code", json!("a".repeat(102_401))),
            ("comments", json!("\u{e9}".repeat(20_000))),
            ("comments", json!("a".repeat(20_001))),
            ("comments", json!(7)),
            ("needsReview", json!("yes")),
            ("coderId", json!("one")),
            ("coderId", json!(true)),
        ];
        for (key, value) in changes {
            let mut body = valid.clone();
            body[key] = value;
            let status = ada.post("/snippet", body.clone()).await.status;
            let is_valid = snippet.is_valid(&body);
            assert_eq!(status, if is_valid { 200 } else { 400 }, "{key}: {:.60}", body[key].to_string());
        }

        let signup = validator(&document, reference("Signup"));
        let valid = json!({ "username": "cyd", "usertype": "cOdEr", "email": "cyd@example.com", "password": PASSWORD });
        assert!(signup.is_valid(&valid));
        let (long_email, long_password) = (format!("{}@example.com", "a".repeat(243)), "a".repeat(1_025));
        for (key, value) in [
            ("username", ""),
            ("username", "much-longer-than-24-chars"),
            ("username", "caf\u{e9}"),
            ("username", "two words"),
            ("usertype", "admin"),
            ("email", "nobody"),
            ("email", "no body@example.com"),
            ("email", "@example.com"),
            ("email", &long_email),
            ("password", ""),
            ("password", &long_password),
        ] {
            let mut body = valid.clone();
            body[key] = value.into();
            assert!(!signup.is_valid(&body), "{key}: {value}");
            assert_eq!(app.anonymous().post("/signup", body).await.status, 400, "{key}: {value}");
        }
        assert_eq!(app.anonymous().post("/signup", valid).await.status, 200);
    }
}
