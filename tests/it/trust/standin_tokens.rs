//! The local stand-in for Auth0, over HTTP: how people get tokens, and what it says about them.

use funcster_api::auth::Permission;
use reqwest::{
    Method,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

use super::{
    forge::{with, without},
    standin::{Client, claims_of},
};
use crate::support::{App, Kind};

#[tokio::test]
async fn a_password_is_exchanged_for_a_token() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        let (_, ada) = client.post("dbconnections/signup", &client.person("Ada")).await;
        let usual = client.grant("ada");
        for body in [usual.clone(), with(&usual, "username", "ADA@example.com"), without(&usual, "audience")] {
            let response = client.request(Method::POST, "oauth/token").json(&body).send().await.expect("an answer");
            assert_eq!(response.status(), 200, "{body}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            let answer: Value = response.json().await.expect("JSON");
            assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(86_400)));
            let claims = claims_of(answer["access_token"].as_str().expect("a token"));
            assert_eq!(claims["sub"], format!("auth0|{}", ada["_id"].as_str().expect("an id")));
            assert_eq!(claims["iss"], app.config.auth0.issuer.as_str());
            assert_eq!(claims["aud"][0], *app.config.auth0.audience);
            assert_eq!(claims["https://funcster.local/username"], "ada");
            assert_eq!(claims["permissions"], json!(Permission::OF_CODERS.map(Permission::name)));
        }
        let form = "grant_type=password&client_id=funcster-local&username=ada&password=Correct-horse-1";
        let (status, answer) = client.post_text("oauth/token", "application/x-www-form-urlencoded", form).await;
        assert_eq!(status, 200, "{answer}");

        let wrong = (403, json!({ "error": "invalid_grant", "error_description": "Wrong email or password." }));
        assert_eq!(client.post("oauth/token", &with(&usual, "password", "Wrong-horse-1")).await, wrong);
        assert_eq!(client.post("oauth/token", &with(&usual, "username", "nobody")).await, wrong, "nor who there is");
        for name in ["grant_type", "client_id", "username", "password"] {
            let missing = json!({ "error": "invalid_request", "error_description": format!("Missing required parameter: {name}") });
            assert_eq!(client.post("oauth/token", &without(&usual, name)).await, (400, missing));
        }
        let refusals = [
            ("grant_type", "client_credentials", "unsupported_grant_type"),
            ("client_id", "another", "unauthorized_client"),
            ("audience", "https://another.example.com", "access_denied"),
        ];
        for (name, value, error) in refusals {
            let (status, refused) = client.post("oauth/token", &with(&usual, name, value)).await;
            assert_eq!((status, &refused["error"]), (403, &json!(error)), "{refused}");
            assert!(refused["error_description"].is_string());
        }
        let (status, refused) = client.post_text("oauth/token", "application/json", "{").await;
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")));
    })
    .await;
}

#[tokio::test]
async fn anybodys_token_is_a_plain_text() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        let nobody = client.get("token/ada").await;
        assert_eq!(nobody.status(), 404);
        assert!(nobody.text().await.expect("a text").contains("Nobody is registered yet"));
        for (username, role) in [("ada", "Coder"), ("bob", "mentor"), ("carl", "admin")] {
            let person = with(&client.person(username), "user_metadata", json!({ "role": role }));
            assert_eq!(client.post("dbconnections/signup", &person).await.0, 200);
        }
        let nobody = client.get("token/dora").await;
        assert_eq!(nobody.status(), 404);
        let sentence = nobody.text().await.expect("a text");
        assert!(sentence.contains("dora") && sentence.contains("ada, bob, carl"), "{sentence}");
        let expected = [
            ("ADA", Permission::OF_CODERS.as_slice()),
            ("bob", Permission::OF_MENTORS.as_slice()),
            ("carl", &[]),
        ];
        for (username, permissions) in expected {
            let response = client.get(&format!("token/{username}")).await;
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert!(response.headers()[CONTENT_TYPE].to_str().expect("a text").starts_with("text/plain"));
            let token = response.text().await.expect("a text");
            let names: Vec<_> = permissions.iter().map(|permission| permission.name()).collect();
            assert_eq!(claims_of(&token)["permissions"], json!(names), "{username}");
        }
    })
    .await;
}

#[tokio::test]
async fn userinfo_tells_whom_a_token_was_issued_to() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        let ada = app.coder("Ada").await;
        let token = ada.token.as_deref().expect("a token");
        for method in [Method::GET, Method::POST] {
            let response =
                client.request(method, "userinfo").bearer_auth(token).send().await.expect("an answer");
            assert_eq!(
                response.json::<Value>().await.expect("JSON"),
                json!({
                    "sub": ada.subject(),
                    "nickname": "ada",
                    "name": "ada@example.com",
                    "email": "ada@example.com",
                    "email_verified": false,
                    "https://funcster.local/username": "ada",
                })
            );
        }
        let expired = with(&app.claims(&ada.subject(), &[]), "exp", chrono::Utc::now().timestamp() - 60);
        let cases = [
            (String::new(), r#"Bearer realm="Users""#, ""),
            ("Basic YTpi".to_owned(), r#"Bearer realm="Users""#, ""),
            ("Bearer nonsense".to_owned(), r#"error="invalid_token""#, "not valid"),
            (format!("Bearer {}", App::sign(&expired)), r#"error="invalid_token""#, "expired"),
            (
                format!("Bearer {}", App::sign(&app.claims("auth0|gone", &[]))),
                r#"error="invalid_token""#,
                "does not exist",
            ),
        ];
        for (authorization, challenge, reason) in cases {
            let request = client.request(Method::GET, "userinfo").header(AUTHORIZATION, &authorization);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 401, "{authorization}");
            let header = response.headers()[WWW_AUTHENTICATE].to_str().expect("a text").to_owned();
            assert!(header.contains(challenge) && header.contains(reason), "{header}");
            assert_eq!(response.text().await.expect("a text"), "Unauthorized");
        }
    })
    .await;
}
