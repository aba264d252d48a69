//! The tenant's signing keys: how they come, change and go while the server runs.

use std::time::Duration;

use funcster_api::{
    app::{self, AppState},
    auth::{Jwks, Permission},
};
use futures_util::future::{Either, join_all, select};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{
    forge::{INVALID_TOKEN, Key, base64, bearing, with},
    issuer::{Issuer, JWKS, key_set, trusting},
};
use crate::support::{Answer, App, Kind};

/// Shows a token that this key signed.
async fn show(app: &App, key: &Key) -> Answer {
    bearing(app, key.token(&app.claims("auth0|somebody", &Permission::ALL))).get("/coders").await
}

/// A server that trusts this provider, and the key set that it goes by.
async fn with_keys_at_hand(app: &App, issuer: &Issuer) -> (App, Jwks) {
    let mut server = trusting(app, issuer).await;
    let state = AppState::new(&server.config, server.db.clone()).await.expect("the settings are sound");
    let jwks = state.verifier.jwks().clone();
    server.router = app::router(state);
    (server, jwks)
}

#[tokio::test]
async fn a_new_key_is_taken_up_without_a_restart() {
    App::run(Kind::Sqlite, async |app| {
        let (old, new) = (Key::generate("old"), Key::generate("new"));
        let issuer = Issuer::publishing(&[&old]).await;
        let app = trusting(app, &issuer).await;
        assert_eq!(show(&app, &old).await.status, 200);
        issuer.publish(&[&old, &new]);
        assert_eq!(show(&app, &new).await.status, 200, "the first token of a new key");
        assert_eq!(show(&app, &old).await.status, 200, "the old key, which is published still");
        assert_eq!(issuer.requests(JWKS).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn many_unknown_key_ids_cause_one_fetch_and_hold_nobody_up() {
    App::run(Kind::Sqlite, async |app| {
        let (key, stranger) = (Key::generate("known"), Key::generate("unknown"));
        let issuer = Issuer::publishing(&[&key]).await;
        let app = trusting(app, &issuer).await;
        issuer.answer(JWKS, key_set(&[key.jwk()]).set_delay(Duration::from_secs(2)));

        let claims = app.claims("auth0|somebody", &Permission::ALL);
        let unknown = (0..40).map(async |number| {
            let header = with(&stranger.header(), "kid", format!("unknown {number}"));
            let token = stranger.sign(header.to_string(), claims.to_string());
            bearing(&app, token).get("/coders").await
        });
        let unknown = join_all(unknown);
        let known = async {
            // By now the fetch is under way.
            tokio::time::sleep(Duration::from_millis(300)).await;
            join_all((0..10).map(|_| show(&app, &key))).await
        };
        let (known, unknown) = match select(std::pin::pin!(known), std::pin::pin!(unknown)).await {
            Either::Left((known, unknown)) => (known, unknown.await),
            Either::Right(_) => panic!("those with a known key waited for the fetch"),
        };
        assert!(known.iter().all(|answer| answer.status == 200), "{known:?}");
        assert!(unknown.iter().all(|answer| answer.status == 401), "{unknown:?}");
        assert_eq!(show(&app, &stranger).await.header("www-authenticate"), INVALID_TOKEN);
        assert_eq!(issuer.requests(JWKS).await.len(), 2, "one at the start, one for them all");
    })
    .await;
}

#[tokio::test]
async fn whatever_comes_instead_of_keys_leaves_the_old_ones_in_force() {
    App::run(Kind::Sqlite, async |app| {
        let (key, other) = (Key::generate("good"), Key::generate("other"));
        let issuer = Issuer::publishing(&[&key]).await;
        let elsewhere = Issuer::publishing(&[&other]).await;
        let (app, jwks) = with_keys_at_hand(app, &issuer).await;
        jwks.refresh().await;
        let with_body =
            |status| ResponseTemplate::new(status).set_body_json(json!({ "keys": [other.jwk()] }));
        let address = elsewhere.url().join(JWKS).expect("an address").to_string();
        let octets =
            json!({ "kty": "oct", "k": base64("secret"), "kid": "good", "use": "sig", "alg": "HS256" });
        let padding = "x".repeat(5 * 1024 * 1024);
        let answers = [
            ("500", ResponseTemplate::new(500)),
            ("503 with keys", with_body(503)),
            ("404 with keys", with_body(404)),
            ("a redirect", ResponseTemplate::new(302).insert_header("location", address.as_str())),
            ("a redirect with keys", with_body(301).insert_header("location", address.as_str())),
            ("nothing", ResponseTemplate::new(200)),
            (
                "HTML",
                ResponseTemplate::new(200).set_body_raw("<html>Down for maintenance</html>", "text/html"),
            ),
            ("JSON cut short", ResponseTemplate::new(200).set_body_string(r#"{"keys": [{"kty": "RSA""#)),
            ("no set", ResponseTemplate::new(200).set_body_json(json!([other.jwk()]))),
            (
                "keys that are no list",
                ResponseTemplate::new(200).set_body_json(json!({ "keys": other.jwk() })),
            ),
            ("an empty set", key_set(&[])),
            ("a symmetric key alone", key_set(&[octets])),
            ("an encryption key alone", key_set(&[with(&other.jwk(), "use", "enc")])),
            (
                "5 MB",
                ResponseTemplate::new(200)
                    .set_body_json(json!({ "keys": [other.jwk()], "padding": padding })),
            ),
        ];
        let count = answers.len();
        let mut complaints = Vec::new();
        for (what, answer) in answers {
            issuer.answer(JWKS, answer);
            jwks.refresh().await;
            if show(&app, &key).await.status != 200 {
                complaints.push(format!("{what}: the good key is gone"));
                issuer.publish(&[&key]);
                jwks.refresh().await;
            }
        }
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(issuer.requests(JWKS).await.len(), 2 + count, "it was asked each time");
        assert_eq!(elsewhere.requests_elsewhere("").await, 0, "no redirect is followed");
        drop(issuer);
        jwks.refresh().await;
        assert_eq!(show(&app, &key).await.status, 200, "with nobody listening");
    })
    .await;
}

#[tokio::test]
async fn until_there_are_keys_only_those_with_a_token_are_sent_away() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::generate("late");
        let issuer = Issuer::start().await;
        issuer.answer(JWKS, ResponseTemplate::new(500));
        let (app, jwks) = with_keys_at_hand(app, &issuer).await;
        assert!(!jwks.is_loaded());

        let somebody = bearing(&app, key.token(&app.claims("auth0|somebody", &Permission::ALL)));
        let rest = somebody.get("/coders").await;
        rest.assert_rest_error(503);
        let graphql = somebody.graphql("{ coders { totalCount } }").await;
        assert_eq!((graphql.status, graphql.code()), (503, "UNAVAILABLE"));
        for answer in [rest, graphql] {
            let seconds: u64 = answer.header("retry-after").parse().expect("Retry-After is in seconds");
            assert!((1..=60).contains(&seconds), "{seconds}");
            assert_eq!(answer.header("www-authenticate"), "", "nothing is known against the token");
        }
        let nonsense = bearing(&app, "nonsense".to_owned()).get("/coders").await;
        assert_eq!(nonsense.status, 401, "no key makes this a token");

        let nobody = app.anonymous();
        assert_eq!(nobody.get("/").await.status, 200);
        assert_eq!(nobody.get("/healthz").await.status, 200);
        assert_eq!(nobody.get("/coders").await.status, 401);
        assert_eq!(nobody.graphql("{ viewer { id } }").await.data(), &json!({ "viewer": null }));
        issuer.register_as("ada");
        let body =
            json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": "x" });
        assert_eq!(nobody.post("/signup", body).await.status, 200);

        issuer.publish(&[&key]);
        jwks.refresh().await;
        assert_eq!(somebody.get("/coders").await.status, 200, "the same token, once there are keys");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_gone_stops_working_with_the_next_refresh() {
    App::run(Kind::Sqlite, async |app| {
        let (stolen, new) = (Key::generate("stolen"), Key::generate("new"));
        let issuer = Issuer::publishing(&[&stolen]).await;
        let (app, jwks) = with_keys_at_hand(app, &issuer).await;
        assert_eq!(show(&app, &stolen).await.status, 200);
        issuer.publish(&[&new]);
        jwks.refresh().await;
        let refused = show(&app, &stolen).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, INVALID_TOKEN));
        assert_eq!(show(&app, &new).await.status, 200);

        // Nor does it take a request: the set is fetched now and then.
        let keeping_fresh = tokio::spawn(jwks.clone().keep_fresh(Duration::from_millis(50)));
        issuer.publish(&[&stolen]);
        let gone = async {
            while show(&app, &new).await.status != 401 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), gone).await.expect("the set is fetched again by itself");
        keeping_fresh.abort();
    })
    .await;
}

/// The keys of a tenant that was never reached are tried for again by itself.
#[tokio::test]
async fn the_first_keys_are_waited_for() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::generate("late");
        let issuer = Issuer::start().await;
        let (app, jwks) = with_keys_at_hand(app, &issuer).await;
        let keeping_fresh = tokio::spawn(jwks.clone().keep_fresh(Duration::from_hours(1)));
        tokio::time::sleep(Duration::from_millis(200)).await;
        issuer.publish(&[&key]);
        let loaded = async {
            while !jwks.is_loaded() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(8), loaded)
            .await
            .expect("an hour is too long for the first set");
        assert_eq!(show(&app, &key).await.status, 200);
        keeping_fresh.abort();
    })
    .await;
}
