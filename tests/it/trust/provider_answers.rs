//! Signing up with an identity provider that says yes, or no.

use funcster_api::entity::user::Status;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    forge::Key,
    issuer::{Issuer, SIGNUP, trusting},
    sign_up::{EDGES, EMAIL, Edge, check_failure, json_answer, refusal, user_named},
};
use crate::support::{App, PASSWORD};

on_both_databases! {
    async fn the_provider_is_told_who_signs_up_and_nothing_else(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let sign_ups = [(Edge::Rest, "CODER", "Coder"), (Edge::Rest, "mentor", "Mentor"), (Edge::Graphql, "mentor", "Mentor")];
        for (number, (edge, usertype, role)) in sign_ups.into_iter().enumerate() {
            let username = format!("Ada{number}");
            issuer.register_as(&username);
            edge.assert_signed_up(&edge.sign_up_as(&app, usertype, &username, EMAIL).await, usertype);
            let requests = issuer.requests(SIGNUP).await;
            let request = requests.last().expect("the provider was asked");
            assert_eq!(requests.len(), number + 1);
            assert_eq!(request.method.as_str(), "POST");
            assert_eq!(request.headers["content-type"], "application/json");
            assert_eq!(request.headers.get("authorization"), None);
            assert_eq!(request.body_json::<Value>().expect("JSON"), json!({
                "client_id": app.config.auth0.client_id,
                "connection": app.config.auth0.connection,
                "email": EMAIL,
                "password": PASSWORD,
                "username": username,
                "user_metadata": { "role": role },
            }));
        }
    }

    async fn the_account_is_bound_to_the_id_in_whichever_key_it_comes(app: App) {
        let issuer = Issuer::publishing(&[&Key::of_auth0(app)]).await;
        let app = trusting(app, &issuer).await;
        for (number, key) in ["_id", "id", "user_id"].into_iter().enumerate() {
            for (prefix, edge) in ["", "auth0|"].into_iter().zip(EDGES) {
                let username = format!("ada{number}{edge:?}");
                let id = format!("{prefix}{username}");
                issuer.answer(SIGNUP, json_answer(200, json!({ key: id, "email": EMAIL, "email_verified": false })));
                edge.assert_signed_up(&edge.sign_up(&app, &username, EMAIL).await, &id);
                let user = user_named(&app, &username).await.expect("the account");
                assert_eq!(user.auth0_sub, Some(format!("auth0|{username}")), "{key} {prefix}");
                assert_eq!((user.status, user.email_digest, user.lease_expires_at), (Status::Active, None, None));
                let viewer = app.bearer(&format!("auth0|{username}"), &[]).graphql("{ viewer { username } }").await;
                assert_eq!(viewer.data()["viewer"]["username"], *username);
            }
        }
    }

    async fn somebody_who_is_registered_already_is_a_conflict(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        for code in ["user_exists", "username_exists", "invalid_signup"] {
            check_failure(&app, &issuer, code, refusal(code), 409).await;
        }
        check_failure(&app, &issuer, "the code as an error", json_answer(400, json!({ "error": "user_exists" })), 409).await;
        check_failure(&app, &issuer, "409", ResponseTemplate::new(409), 409).await;
        check_failure(&app, &issuer, "409 and another code", json_answer(409, json!({ "code": "whatever" })), 409).await;
    }

    async fn a_password_or_email_that_is_refused_is_told_with_the_reason(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let rules = json!({
            "name": "PasswordStrengthError",
            "message": "Password is too weak",
            "code": "invalid_password",
            "description": { "rules": [{ "message": "At least %d characters", "format": [8], "verified": false }], "verified": false },
            "policy": "* At least 8 characters in length\n* Lower case letters",
            "statusCode": 400,
        });
        let leaked = json!({ "code": "password_leaked", "description": "It was found in a breach.", "statusCode": 400 });
        let dictionary = json!({ "name": "PasswordDictionaryError", "code": "invalid_password", "description": "It is too common." });
        let email = json!({ "error": "email format validation failed" });
        let cases = [
            (rules, "password", "At least 8 characters in length"),
            (leaked, "password", "It was found in a breach."),
            (dictionary, "password", "It is too common."),
            (email, "email", "email format validation failed"),
        ];
        for (body, field, reason) in cases {
            check_failure(&app, &issuer, reason, json_answer(400, body.clone()), 400).await;
            issuer.answer(SIGNUP, json_answer(400, body));
            for edge in EDGES {
                let refused = edge.sign_up(&app, "ada", EMAIL).await;
                let message = edge.message(&refused);
                assert!(message.contains(reason) && !message.contains('\n'), "{message}");
                if edge == Edge::Graphql {
                    assert_eq!(refused.error()["extensions"]["field"], field, "{reason}");
                }
            }
        }
    }

    async fn a_reason_that_repeats_the_password_does_not_carry_it_to_the_client(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let description = format!("The password {PASSWORD} is too common.");
        issuer.answer(SIGNUP, json_answer(400, json!({ "code": "invalid_password", "description": description })));
        for edge in EDGES {
            edge.assert_refused(&edge.sign_up(&app, "ada", EMAIL).await, 400, "a password repeated");
        }
    }
}
