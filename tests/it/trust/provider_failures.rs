//! Signing up with an identity provider that throttles, fails, talks nonsense or does not answer.

use std::time::{Duration, Instant};

use funcster_api::entity::user::Status;
use serde_json::json;
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use super::{
    issuer::{Issuer, SIGNUP, trusting},
    sign_up::{EDGES, EMAIL, Edge, check_failure, count_accounts, json_answer, user_named},
};
use crate::support::App;

on_both_databases! {
    async fn a_provider_that_throttles_is_unavailable_for_as_long_as_it_says(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let throttled = |after: &str| ResponseTemplate::new(429).insert_header("retry-after", after);
        check_failure(&app, &issuer, "429", ResponseTemplate::new(429), 503).await;
        for after in ["17", "0", "Wed, 21 Oct 2065 07:28:00 GMT", "99999999999999999999", "-1"] {
            check_failure(&app, &issuer, after, throttled(after), 503).await;
        }
        issuer.answer(SIGNUP, throttled("17"));
        for edge in EDGES {
            assert_eq!(edge.retry_after(&edge.sign_up(&app, "ada", EMAIL).await), Some(17));
        }
    }

    async fn a_provider_that_fails_or_talks_nonsense_is_a_bad_gateway(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let html = |status| ResponseTemplate::new(status).set_body_raw("<html>Oops</html>", "text/html");
        let redirect = ResponseTemplate::new(307).insert_header("location", issuer.url().join("elsewhere").expect("an address").as_str());
        let cases = [
            ("500", json_answer(500, json!({ "error": "server_error" }))),
            ("503 in HTML", html(503)),
            ("401", json_answer(401, json!({ "error": "unauthorized" }))),
            ("403", json_answer(403, json!({ "error": "unauthorized_client" }))),
            ("404", html(404)),
            ("a redirect", redirect),
            ("200 without a body", ResponseTemplate::new(200)),
            ("200 in HTML", html(200)),
            ("200 without an id", json_answer(200, json!({ "email": EMAIL }))),
            ("200 with an empty id", json_answer(200, json!({ "_id": "" }))),
            ("200 with a prefix alone", json_answer(200, json!({ "_id": "auth0|" }))),
            ("200 with a number", json_answer(200, json!({ "_id": 7 }))),
            ("200 with a list", json_answer(200, json!(["63f1"]))),
        ];
        for (what, answer) in cases {
            check_failure(&app, &issuer, what, answer, 502).await;
        }
        assert!(issuer.requests("/elsewhere").await.is_empty(), "no redirect carries the password elsewhere");
    }

    async fn a_provider_that_cannot_be_reached_is_a_bad_gateway(app: App) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let cut_off = app.another(|config| {
            config.auth0.issuer = format!("http://{address}/").parse().expect("an address");
        }).await;
        for edge in EDGES {
            edge.assert_refused(&edge.sign_up(&cut_off, "ada", EMAIL).await, 502, "connection refused");
            assert_eq!(user_named(app, "ada").await, None, "nobody can have been registered");
        }
        app.coder("ada").await;
    }

    async fn the_id_of_another_account_is_a_conflict_that_leaves_the_name_free(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        issuer.register_as("of bob");
        Edge::Rest.assert_signed_up(&Edge::Rest.sign_up(&app, "bob", "bob@example.com").await, "bob");
        for edge in EDGES {
            edge.assert_refused(&edge.sign_up(&app, "ada", EMAIL).await, 409, "the id of bob");
            assert_eq!(count_accounts(&app).await, 1);
        }
        issuer.register_as("of ada");
        Edge::Rest.assert_signed_up(&Edge::Rest.sign_up(&app, "ada", EMAIL).await, "the second try");
    }

    async fn a_provider_that_does_not_answer_in_time_costs_one_try(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        issuer.answer(SIGNUP, json_answer(200, json!({ "_id": "too late" })).set_delay(Duration::from_secs(13)));
        let began = Instant::now();
        let [rest, graphql] = EDGES;
        let (by_rest, by_graphql) =
            tokio::join!(rest.sign_up(&app, "ada", EMAIL), graphql.sign_up(&app, "bob", EMAIL));
        assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
        rest.assert_refused(&by_rest, 504, "no answer");
        graphql.assert_refused(&by_graphql, 504, "no answer");
        assert_eq!(count_accounts(&app).await, 0);

        let asked = issuer.requests(SIGNUP).await.len();
        for (edge, username) in [(rest, "ada"), (graphql, "bob")] {
            let user = user_named(&app, username).await.expect("the name is kept");
            assert_eq!(user.status, Status::Unanswered);
            assert!(!user.email_digest.unwrap_or_default().contains('@'), "the address itself is not kept");
            let other = edge.sign_up(&app, username, "other@example.com").await;
            edge.assert_refused(&other, 409, "somebody else, who comes in between");
        }
        assert_eq!(issuer.requests(SIGNUP).await.len(), asked, "somebody else is not passed on");
        for (edge, username) in [(rest, "ada"), (graphql, "bob")] {
            issuer.register_as(username);
            edge.assert_signed_up(&edge.sign_up(&app, username, EMAIL).await, "the same person, at once");
        }
    }
}
