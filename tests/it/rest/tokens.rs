//! Who comes without a token that is good is told so before anything else is looked at.

use axum::{
    body::Body,
    http::{Method, header::AUTHORIZATION},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funcster_api::auth::Permission;
use jsonwebtoken::Header;
use serde_json::{Value, json};

use super::{
    fixtures::{assert_refused, call, hello, send, store, with},
    guarded::guarded,
};
use crate::support::{Answer, App, Person};

async fn mentors_by(app: &App, authorization: &str) -> Answer {
    let nobody = app.anonymous();
    let request = nobody.request(Method::GET, "/mentors").header(AUTHORIZATION, authorization);
    nobody.send(request, Body::empty()).await
}

fn holder<'a>(person: &Person<'a>, token: &str) -> Person<'a> {
    let mut holder = person.clone();
    holder.token = Some(token.to_owned());
    holder
}

on_both_databases! {
    async fn every_guarded_path_needs_a_good_token(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        let nobody = app.anonymous();
        for row in guarded(&ada, &bob, snippet) {
            let forger = holder(&row.user, "not.a.token");
            for (person, what) in [(&nobody, "no token"), (&forger, "a bad token")] {
                let case = format!("{what}: {} {}", row.method, row.path);
                assert_refused(&call(person, &row.method, &row.path, row.body.as_ref()).await, 401, &case);
                let answer = send(person, &row.method, row.nowhere, Some("text/plain"), "{").await;
                assert_refused(&answer, 401, format_args!("{case}, whatever else is wrong"));
            }
        }
        assert_eq!(ada.get(&format!("/snippet/{snippet}")).await.body["snippet_name"], "Hello");
    }

    async fn a_token_that_is_not_good_is_refused(app: App) {
        let claims = app.claims("auth0|service", &Permission::ALL);
        let expired = claims["iat"].as_i64().expect("a time") - 3600;
        let changed = |key, value: Value| App::sign(&with(&claims, key, value));
        let good = App::sign(&claims);
        let (content, signature) = good.rsplit_once('.').expect("a signature");
        let other = changed("sub", json!("auth0|somebody-else"));
        let (others_content, _) = other.rsplit_once('.').expect("a signature");
        let unknown_key = Header { kid: Some("unknown".to_owned()), ..App::header() };
        let unknown_key = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&unknown_key).expect("JSON"));
        let (_, without_header) = good.split_once('.').expect("a header");

        assert_eq!(
            mentors_by(app, &format!("Bearer {good}")).await.status,
            200,
            "the cases differ from this one"
        );
        let tokens = [
            ("malformed", "nonsense".to_owned()),
            ("without signature", format!("{content}.")),
            ("in two parts", content.to_owned()),
            ("badly signed", format!("{others_content}.{signature}")),
            ("expired", changed("exp", json!(expired))),
            ("for another audience", changed("aud", json!("https://elsewhere.example"))),
            ("of another issuer", changed("iss", json!("https://elsewhere.example/"))),
            ("of an unknown key", format!("{unknown_key}.{without_header}")),
        ];
        for (what, token) in tokens {
            assert_refused(&mentors_by(app, &format!("Bearer {token}")).await, 401, what);
        }
        for header in
            ["", "Bearer", "Bearer ", "Basic YWRhOnNlY3JldA==", "Token", &good, &format!("Token {good}")]
        {
            assert_refused(&mentors_by(app, header).await, 401, header);
        }
    }

    async fn bearer_is_read_in_any_case(app: App) {
        let token = App::sign(&app.claims("auth0|service", &Permission::ALL));
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let answer = mentors_by(app, &format!("{scheme} {token}")).await;
            assert_eq!((scheme, answer.status), (scheme, 200));
        }
    }

    async fn permissions_count_only_where_they_belong(app: App) {
        let claims = app.claims("auth0|service", &[]);
        for key in ["scope", "scp", "roles"] {
            for value in [json!("get:mentors"), json!(["get:mentors"])] {
                let token = App::sign(&with(&claims, key, value));
                assert_refused(&mentors_by(app, &format!("Bearer {token}")).await, 403, key);
            }
        }
    }

    async fn a_path_without_permission_does_not_look_at_tokens(app: App) {
        let forger = holder(&app.anonymous(), "not.a.token");
        assert_eq!(forger.get("/").await.status, 200);
        assert_eq!(forger.get("/favicon.ico").await.status, 200);
        assert_refused(&forger.post("/signup", json!({})).await, 400, "signup");
        assert_refused(&forger.get("/nothing").await, 404, "an unknown path");
    }
}
