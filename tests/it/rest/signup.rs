//! `POST /signup`.

use funcster_api::entity::{coder, mentor, user};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::fixtures::{assert_refused, assert_says, with, without};
use crate::support::{App, PASSWORD};

fn ada() -> Value {
    json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": PASSWORD })
}

async fn users(app: &App) -> u64 {
    user::Entity::find().count(&app.db).await.expect("it counts")
}

async fn user_named(app: &App, username: &str) -> user::Model {
    let named = user::Entity::find().filter(user::Column::Username.eq(username));
    named.one(&app.db).await.expect("the database answers").expect("the user is there")
}

on_both_databases! {
    async fn a_coder_gets_a_number_among_coders_and_a_mentor_among_mentors(app: App) {
        let people =
            [("ada", "coder"), ("cyd", "Coder"), ("eve", "CODER"), ("bob", "mentor"), ("dan", "mENTOR")];
        for (username, usertype) in people {
            let body = with(&with(&ada(), "username", username), "usertype", usertype);
            let body = with(&body, "email", format!("{username}@example.com"));
            let answer = app.anonymous().post("/signup", body).await;
            assert_says(&answer, &["user_id"], username);
            let id =
                answer.body["user_id"].as_i64().and_then(|id| i32::try_from(id).ok()).expect("an integer");
            let (coder, mentor) = (coder::Entity::find_by_id(id), mentor::Entity::find_by_id(id));
            let user_id = if usertype.eq_ignore_ascii_case("coder") {
                coder.one(&app.db).await.expect("the database answers").map(|coder| coder.user_id)
            } else {
                mentor.one(&app.db).await.expect("the database answers").map(|mentor| mentor.user_id)
            };
            assert_eq!(user_id, Some(user_named(app, username).await.id), "{username}'s number is {id}");
        }
        assert_eq!(mentor::Entity::find().all(&app.db).await.expect("mentors").len(), 2);
    }

    async fn who_has_signed_up_can_sign_in_and_act(app: App) {
        let ada = app.coder("Ada").await;
        let answer = ada.get("/userinfo/ada").await;
        assert_eq!(answer.body["user_id"], ada.id);
        let answer = ada.post("/snippet", json!({ "name": "n", "code": "c" })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let user = user_named(app, "Ada").await;
        assert_eq!(user.auth0_sub, Some(ada.subject()), "bound to the subject that the provider made");
    }

    async fn all_four_are_needed_and_have_to_be_allowed(app: App) {
        let long = format!("{}@example.com", "x".repeat(300));
        let refused = json!({
            "username": [
                "", " ", "a b", " ada", "ada ", "x".repeat(25), "é", "名前", "a/b", "a?b", "a%b", "a\"b", "a\0b",
                "a\nb", 1, null,
            ],
            "usertype": ["", "admin", "coders", " coder", 1, ["coder"], null],
            "email": [
                "", "ada", "@example.com", "ada@", "a da@example.com", "ada@example.com\n", long, 1, null,
            ],
            "password": ["", 12_345_678, ["Correct-horse-1"], {}, null],
        });
        for (key, values) in refused.as_object().expect("an object") {
            let values = values.as_array().expect("an array").iter();
            for bad in values.map(|value| with(&ada(), key, value.clone())).chain([without(&ada(), key)]) {
                assert_refused(&app.anonymous().post("/signup", bad.clone()).await, 400, &bad);
            }
        }
        assert_eq!(users(app).await, 0, "nobody is left behind");
        assert_says(&app.anonymous().post("/signup", ada()).await, &["user_id"], "the name is still free");
    }

    async fn a_name_that_is_taken_is_a_conflict_in_any_case(app: App) {
        let (coder, mentor) = (app.coder("Ada").await, app.mentor("Bob").await);
        for username in [&coder.username, &mentor.username, "ada", "ADA", "bob", "BOB"] {
            for usertype in ["coder", "mentor"] {
                let body = json!({
                    "username": username,
                    "usertype": usertype,
                    "email": "new@example.com",
                    "password": PASSWORD,
                });
                assert_refused(&app.anonymous().post("/signup", body.clone()).await, 409, &body);
            }
        }
        assert_eq!(users(app).await, 2);
    }

    async fn an_email_address_that_the_provider_knows_is_a_conflict(app: App) {
        app.coder("ada").await;
        let body = with(&ada(), "username", "eve");
        for email in ["ada@example.com", "ADA@example.com"] {
            let answer = app.anonymous().post("/signup", with(&body, "email", email)).await;
            assert_refused(&answer, 409, email);
        }
        let answer = app.anonymous().post("/signup", with(&body, "email", "eve@example.com")).await;
        assert_says(&answer, &["user_id"], "the name is free for a second try");
    }

    async fn the_providers_reason_is_passed_on_and_the_password_is_not(app: App) {
        for weak in ["hunter2", "correct horse battery staple", "ALLUPPERCASE99"] {
            let answer = app.anonymous().post("/signup", with(&ada(), "password", weak)).await;
            assert_refused(&answer, 400, weak);
            let message = answer.body["message"].as_str().unwrap_or_default();
            assert!(message.contains("Password is too weak"), "{message}");
            assert!(message.contains("At least 8 characters"), "{message}");
            assert!(!message.contains(weak), "{message}");
        }
        // Letters that we allow, in an order that Auth0 does not.
        let answer = app.anonymous().post("/signup", with(&ada(), "username", "ada@example.com")).await;
        assert_refused(&answer, 400, "an email address for a name");
        assert!(
            answer.body["message"].as_str().is_some_and(|message| message.contains("email")),
            "{}",
            answer.body
        );

        assert_eq!(users(app).await, 0, "nobody is left behind");
        let mentor = with(&with(&ada(), "usertype", "mentor"), "email", "other@example.com");
        assert_says(
            &app.anonymous().post("/signup", mentor).await,
            &["user_id"],
            "the name is free, for anybody",
        );
    }

    async fn a_password_is_not_echoed_however_wrong_the_body_is(app: App) {
        let secret = 8_675_309_177_i64;
        let bodies = [
            with(&ada(), "password", secret),
            with(&ada(), "password", f64::from(1_234_567)),
            with(&ada(), "password", vec![secret]),
            with(&without(&ada(), "email"), "password", secret.to_string()),
            with(&with(&ada(), "usertype", "admin"), "password", secret.to_string()),
            with(&with(&ada(), "username", 1), "password", secret.to_string()),
            json!(secret),
            json!(secret.to_string()),
        ];
        for body in bodies {
            let answer = app.anonymous().post("/signup", body.clone()).await;
            assert_refused(&answer, 400, &body);
            let told = String::from_utf8_lossy(&answer.bytes);
            assert!(!told.contains("8675309177") && !told.contains("1234567"), "{body}: {told}");
        }
    }
}
