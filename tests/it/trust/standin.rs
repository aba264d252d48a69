//! The local stand-in for Auth0, over HTTP: discovery, and how people register.

use reqwest::{Method, Response, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::forge::{with, without};
use crate::support::{App, Kind, PASSWORD};

/// Somebody who talks to the stand-in.
pub(crate) struct Client<'a> {
    app: &'a App,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    pub(crate) fn of(app: &'a App) -> Self {
        Self { app, http: reqwest::Client::new() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.app.config.auth0.issuer.join(path).expect("an address"))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.expect("JSON")
    }

    /// Posts JSON; returns the status and the JSON that comes back.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(Method::POST, path).json(body).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Posts a form, or whatever it says it is.
    pub(crate) async fn post_text(&self, path: &str, content_type: &str, body: &'static str) -> (u16, Value) {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, content_type).body(body);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    pub(crate) fn person(&self, username: &str) -> Value {
        json!({
            "client_id": self.app.config.auth0.client_id,
            "connection": self.app.config.auth0.connection,
            "username": username,
            "email": format!("{username}@Example.com"),
            "password": PASSWORD,
            "user_metadata": { "role": "Coder" },
        })
    }

    pub(crate) fn grant(&self, username: &str) -> Value {
        json!({
            "grant_type": "password",
            "client_id": self.app.config.auth0.client_id,
            "audience": self.app.config.auth0.audience,
            "username": username,
            "password": PASSWORD,
        })
    }
}

pub(crate) fn claims_of(token: &str) -> Value {
    jsonwebtoken::dangerous::insecure_decode_claims(token).expect("the token has claims")
}

#[tokio::test]
async fn discovery_leads_to_the_other_endpoints() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        let issuer = app.config.auth0.issuer.as_str();
        let found = client.get_json(".well-known/openid-configuration").await;
        assert_eq!(found["issuer"], issuer);
        let endpoints = [
            ("authorization_endpoint", 501),
            ("token_endpoint", 405),
            ("userinfo_endpoint", 401),
            ("jwks_uri", 200),
        ];
        for (name, status) in endpoints {
            let address = found[name].as_str().expect("an address");
            let path = address.strip_prefix(issuer).expect("it begins with the issuer");
            assert_eq!(client.get(path).await.status(), status, "{name}");
        }
        let keys = client.get_json(".well-known/jwks.json").await;
        let [key] = keys["keys"].as_array().expect("keys").as_slice() else { panic!("one key: {keys}") };
        assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("RSA"), &json!("sig"), &json!("RS256")));
        assert_eq!(key["kid"], App::header().kid.expect("a key id"));
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert_eq!(key.get(private), None, "{private} is nobody's business");
        }
        let advice = client.get("authorize?client_id=x").await.text().await.expect("a text");
        assert!(advice.contains("token/{username}"), "{advice}");
    })
    .await;
}

#[tokio::test]
async fn signing_up_answers_as_auth0_does() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        let path = "dbconnections/signup";
        let (status, ada) = client.post(path, &client.person("Ada")).await;
        assert_eq!(status, 200, "{ada}");
        let id = ada["_id"].as_str().expect("an id");
        assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert_eq!(without(&ada, "_id"), json!({
            "email": "ada@example.com",
            "email_verified": false,
            "username": "ada",
            "user_metadata": { "role": "Coder" },
        }));
        let form = "client_id=funcster-local&connection=Username-Password-Authentication&email=bob%40example.com&password=Correct-horse-1";
        let (status, bob) = client.post_text(path, "application/x-www-form-urlencoded; charset=utf-8", form).await;
        assert_eq!((status, &bob["email"]), (200, &json!("bob@example.com")), "{bob}");

        let carl = client.person("carl");
        for name in ["client_id", "connection", "email", "password"] {
            let required = json!({ "error": format!("{name} is required") });
            assert_eq!(client.post(path, &without(&carl, name)).await, (400, required.clone()));
            assert_eq!(client.post(path, &with(&carl, name, "")).await, (400, required));
        }
        let (status, unknown) = client.post(path, &with(&carl, "client_id", "another")).await;
        assert_eq!((status, &unknown["error"]), (403, &json!("unauthorized_client")));
        let too_much: serde_json::Map<_, _> = (0..11).map(|number| (number.to_string(), json!("x"))).collect();
        let coded = [
            ("invalid_signup", with(&carl, "connection", "another")),
            ("invalid_signup", with(&carl, "email", "carl")),
            ("invalid_username", with(&carl, "username", "carl the great")),
            ("invalid_username", with(&carl, "username", "carl@example.com")),
            ("invalid_username", with(&carl, "username", "c".repeat(129))),
            ("user_exists", with(&carl, "email", "ADA@example.com")),
            ("username_exists", with(&carl, "username", "ADA")),
        ];
        for (code, body) in coded {
            let (status, refused) = client.post(path, &body).await;
            assert_eq!((status, &refused["code"], &refused["statusCode"]), (400, &json!(code), &json!(400)), "{refused}");
            assert!(refused["name"].is_string() && refused["description"].is_string(), "{refused}");
        }
        for body in [with(&carl, "user_metadata", too_much), with(&carl, "user_metadata", json!({ "age": 7 })), json!([]), json!("carl")] {
            let (status, refused) = client.post(path, &body).await;
            assert!(status == 400 && refused["error"].is_string(), "{body}: {status} {refused}");
        }
        let (status, refused) = client.post_text(path, "application/json", "{\"password\": \"hunter2").await;
        assert!(status == 400 && !refused.to_string().contains("hunter2"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_weak_password_is_told_by_its_rules() {
    App::run(Kind::Sqlite, async |app| {
        let client = Client::of(app);
        // Length, and the mixture of characters.
        let cases = [
            ("Short-1", false, true),
            ("only lower case letters", true, false),
            ("abc", false, false),
            ("12345678a", true, false),
        ];
        for (password, is_long, is_mixed) in cases {
            let body = with(&client.person("ada"), "password", password);
            let (status, refused) = client.post("dbconnections/signup", &body).await;
            assert_eq!(
                (status, &refused["code"]),
                (400, &json!("invalid_password")),
                "{password}: {refused}"
            );
            assert_eq!(
                (&refused["name"], &refused["statusCode"]),
                (&json!("PasswordStrengthError"), &json!(400))
            );
            let rules = &refused["description"]["rules"];
            assert_eq!(
                (&rules[0]["verified"], &rules[1]["verified"]),
                (&json!(is_long), &json!(is_mixed)),
                "{password}"
            );
            assert!(refused["policy"].is_string() && refused["message"].is_string());
            assert!(!refused.to_string().contains(password), "{refused}");
        }
        for (number, password) in ["Correct1", "correct-1", "CORRECT-1"].into_iter().enumerate() {
            let body = with(&client.person(&format!("ada{number}")), "password", password.to_owned() + "xX");
            assert_eq!(client.post("dbconnections/signup", &body).await.0, 200, "{password}");
        }
    })
    .await;
}
