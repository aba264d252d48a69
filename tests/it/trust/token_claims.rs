//! Well-signed tokens: those that say the wrong things, and those that are sound.

use axum::http::HeaderValue;
use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::{
    forge::{Key, and, ask_both, bearing, not_refused, with, without},
    issuer::{Issuer, JWKS, trusting},
};
use crate::support::{App, Kind};

const NOBODY_IN_PARTICULAR: &str = "auth0|somebody";

#[tokio::test]
async fn a_well_signed_token_that_says_the_wrong_things_is_refused() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let issuer = Issuer::publishing(&[&key]).await;
        let app = trusting(app, &issuer).await;
        let claims = app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL);
        let now = chrono::Utc::now().timestamp();
        let iss = app.config.auth0.issuer.as_str();
        let audience = app.config.auth0.audience.as_str();
        let values = [
            ("iss", json!("https://tenant.example.com/")),
            ("iss", json!(iss.trim_end_matches('/'))),
            ("iss", json!(iss.to_uppercase())),
            ("iss", json!(format!("{iss}/"))),
            ("iss", json!([iss])),
            ("iss", json!("")),
            ("iss", json!(null)),
            ("aud", json!("https://another.example.com")),
            ("aud", json!(format!("{audience}/"))),
            ("aud", json!(format!("{iss}userinfo"))),
            ("aud", json!([format!("{iss}userinfo")])),
            // An ID token of the same tenant.
            ("aud", json!(app.config.auth0.client_id)),
            ("aud", json!("")),
            ("aud", json!([])),
            ("aud", json!([[audience]])),
            ("aud", json!({ "aud": audience })),
            ("aud", json!(null)),
            ("exp", json!(now - 40)),
            ("exp", json!(0)),
            ("exp", json!(-1)),
            ("exp", json!((now + 3600).to_string())),
            ("exp", json!([now + 3600])),
            ("exp", json!(true)),
            ("exp", json!(null)),
            ("nbf", json!(now + 60)),
            ("nbf", json!(now.to_string())),
            ("iat", json!(now.to_string())),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("sub", json!([NOBODY_IN_PARTICULAR])),
            ("sub", json!(null)),
        ];
        let mut payloads: Vec<_> = values
            .into_iter()
            .map(|(name, value)| (format!("{name} {value}"), with(&claims, name, value).to_string()))
            .collect();
        for name in ["iss", "aud", "exp", "sub"] {
            payloads.push((format!("no {name}"), without(&claims, name).to_string()));
        }
        let repeated = [
            r#""sub":"auth0|another""#.to_owned(),
            r#""permissions":[]"#.to_owned(),
            format!(r#""exp":{}"#, now + 3600),
            format!(r#""iss":"{iss}""#),
            format!(r#""aud":"{audience}""#),
        ];
        payloads.extend(repeated.map(|member| (format!("{member} once more"), and(&claims, &member))));
        payloads.push(("exp 1e400".to_owned(), and(&without(&claims, "exp"), r#""exp":1e400"#)));
        payloads.push(("no object".to_owned(), json!([claims]).to_string()));
        payloads.push(("nothing".to_owned(), String::new()));
        payloads.push(("something after the object".to_owned(), format!("{claims}{claims}")));
        payloads.push(("8 KiB".to_owned(), with(&claims, "padding", "x".repeat(8 * 1024)).to_string()));
        let header = key.header().to_string();
        let tokens = payloads.into_iter().map(|(what, payload)| (what, key.sign(&header, payload))).collect();

        assert_eq!(not_refused(&app, tokens).await, Vec::<String>::new());
        assert_eq!(issuer.requests(JWKS).await.len(), 1, "the key is known already");
        assert_eq!(issuer.requests_elsewhere(JWKS).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_username_claim_that_occurs_twice_is_no_username() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let claim = app.config.auth0.username_claim.as_deref().expect("the claim is configured");
        let claims = with(&app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL), claim, "ada");
        let payload = and(&claims, &format!(r#""{claim}":"bob""#));
        let token = key.sign(key.header().to_string(), payload);
        assert_eq!(not_refused(app, vec![("two usernames".to_owned(), token)]).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn whatever_auth0_may_issue_is_accepted() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let claims = app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL);
        let audience = app.config.auth0.audience.as_str();
        let now = chrono::Utc::now().timestamp();
        let token = |name: &str, value: Value| key.token(&with(&claims, name, value));
        let typed = |typ: &str| key.sign(with(&key.header(), "typ", typ).to_string(), claims.to_string());
        let headers = [
            ("aud as text", format!("Bearer {}", token("aud", json!(audience)))),
            (
                "aud as an array",
                format!("Bearer {}", token("aud", json!(["https://other.example.com", audience]))),
            ),
            ("expired within the leeway", format!("Bearer {}", token("exp", json!(now - 15)))),
            ("not yet valid within the leeway", format!("Bearer {}", token("nbf", json!(now + 15)))),
            ("no iat", format!("Bearer {}", key.token(&without(&claims, "iat")))),
            ("a subject of another connection", format!("Bearer {}", token("sub", json!("google-oauth2|1")))),
            ("at+jwt", format!("Bearer {}", typed("at+jwt"))),
            ("lower case", format!("bearer {}", key.token(&claims))),
            ("upper case", format!("BEARER {}", key.token(&claims))),
        ];
        for (what, header) in headers {
            let (rest, graphql) = ask_both(app, &[HeaderValue::from_str(&header).expect("a value")]).await;
            assert_eq!(rest.status, 200, "{what}: {}", rest.body);
            assert_eq!(graphql.data()["coders"]["totalCount"], 0, "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn permissions_that_are_not_a_list_of_names_grant_nothing_but_leave_the_token_valid() {
    App::run(Kind::Sqlite, async |app| {
        let claims = app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL);
        let bare = without(&claims, "permissions");
        let cases = [
            bare.clone(),
            with(&bare, "scope", "get:coders get:userinfo"),
            with(&bare, "permissions", json!(null)),
            with(&bare, "permissions", json!([])),
            with(&bare, "permissions", "get:coders"),
            with(&bare, "permissions", json!(["get:coders", 1])),
            with(&bare, "permissions", json!([["get:coders"]])),
            with(&bare, "permissions", json!({ "get:coders": true })),
            with(&bare, "permissions", json!(["GET:CODERS", "get:coders ", "get:*", "*"])),
        ];
        for claims in cases {
            let somebody = bearing(app, App::sign(&claims));
            let rest = somebody.get("/coders").await;
            assert_eq!(rest.status, 403, "{claims}");
            rest.assert_rest_error(403);
            let graphql = somebody.graphql("{ coders { totalCount } }").await;
            assert_eq!((graphql.status, graphql.code()), (200, "FORBIDDEN"), "{claims}");
            assert_eq!(graphql.error()["extensions"]["permission"], "get:coders");
        }
    })
    .await;
}
