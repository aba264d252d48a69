//! `GET /userinfo/{username}`.

use chrono::{Duration, Utc};
use funcster_api::entity::user::{self, Role, Status};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait,
};
use serde_json::{Value, json};

use super::fixtures::{assert_refused, hello, shown, shown_old, store, store_old, take_on, with};
use crate::support::App;

on_both_databases! {
    async fn a_coder_is_shown_with_mentor_and_library(app: App) {
        let (ada, bob) = (app.coder("Ada").await, app.mentor("Bob").await);
        let nothing_yet = json!({
            "success": true, "user_id": ada.id, "usertype": "Coder", "mentor": null, "snippets": [],
        });
        let answer = ada.get("/userinfo/Ada").await;
        assert_eq!((answer.status, &answer.body), (200, &nothing_yet));
        assert_eq!(answer.header("content-type"), "application/json");

        take_on(&bob, &ada).await;
        let flagged = with(&hello(), "needsReview", true);
        let (first, second) = (store(&ada, hello()).await, store(&ada, flagged.clone()).await);
        let all = json!({
            "success": true,
            "user_id": ada.id,
            "usertype": "Coder",
            "mentor": "Bob",
            "snippets": [shown(first, &ada, &hello()), shown(second, &ada, &flagged)],
        });
        assert_eq!(ada.get("/userinfo/Ada").await.body, all);
        assert_eq!(bob.get("/userinfo/Ada").await.body, all);
    }

    async fn a_mentor_is_shown_with_what_there_is_to_review(app: App) {
        let (ada, cyd, eve) = (app.coder("ada").await, app.coder("Cyd").await, app.coder("eve").await);
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        let nothing_yet = json!({ "success": true, "user_id": bob.id, "usertype": "Mentor", "coders": [] });
        assert_eq!(bob.get("/userinfo/bob").await.body, nothing_yet);

        for (mentor, coder) in [(&bob, &cyd), (&bob, &ada), (&dan, &eve)] {
            take_on(mentor, coder).await;
        }
        let flagged = with(&hello(), "needsReview", true);
        store(&ada, hello()).await;
        let old = store_old(app, &ada).await;
        let reviewed = store(&ada, flagged.clone()).await;
        store(&cyd, hello()).await;
        store(&eve, flagged.clone()).await;
        let old = shown_old(old, &ada);
        let list = |of_ada: Value| {
            json!({
                "success": true,
                "user_id": bob.id,
                "usertype": "Mentor",
                "coders": [
                    { "username": "ada", "id": ada.id, "snippets": of_ada },
                    { "username": "Cyd", "id": cyd.id, "snippets": [] },
                ],
            })
        };
        let answer = bob.get("/userinfo/bob").await;
        assert_eq!((answer.status, answer.body), (200, list(json!([old, shown(reviewed, &ada, &flagged)]))));

        let answer = bob.patch(&format!("/snippet/{reviewed}"), hello()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            bob.get("/userinfo/bob").await.body,
            list(json!([old])),
            "what has been reviewed leaves the list"
        );
    }

    async fn whoever_has_more_than_fits_into_memory_is_shown_whole(app: App) {
        let (ada, cyd, bob) = (app.coder("ada").await, app.coder("cyd").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        take_on(&bob, &cyd).await;
        let long = json!({ "name": "Long", "code": "x".repeat(100 * 1024), "needsReview": true });
        let of_cyd = shown(store(&cyd, long.clone()).await, &cyd, &long);
        let (mut library, mut to_review) = (vec![shown(store(&ada, hello()).await, &ada, &hello())], Vec::new());
        for _ in 0..11 {
            to_review.push(shown(store(&ada, long.clone()).await, &ada, &long));
        }
        library.extend(to_review.clone());
        for (username, expected) in [
            ("ada", json!({ "user_id": ada.id, "usertype": "Coder", "mentor": "bob", "snippets": library })),
            ("bob", json!({ "user_id": bob.id, "usertype": "Mentor", "coders": [
                { "username": "ada", "id": ada.id, "snippets": to_review },
                { "username": "cyd", "id": cyd.id, "snippets": [of_cyd] },
            ] })),
        ] {
            let answer = bob.get(&format!("/userinfo/{username}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
            assert_eq!(answer.header("content-length"), "", "it is sent while it is read");
            assert!(answer.body == with(&expected, "success", true), "{username} is not shown as they are");
        }
    }

    async fn a_name_is_found_in_any_case(app: App) {
        let (ada, bob) = (app.coder("Ada-Q").await, app.mentor("BOB").await);
        for name in ["Ada-Q", "ada-q", "ADA-Q", "aDA-q"] {
            let answer = bob.get(&format!("/userinfo/{name}")).await;
            assert_eq!(
                (name, &answer.body["user_id"], &answer.body["usertype"]),
                (name, &json!(ada.id), &json!("Coder"))
            );
        }
        for name in ["BOB", "bob", "Bob"] {
            let answer = ada.get(&format!("/userinfo/{name}")).await;
            assert_eq!(
                (name, &answer.body["user_id"], &answer.body["usertype"]),
                (name, &json!(bob.id), &json!("Mentor"))
            );
        }
    }

    async fn a_name_of_any_letters_that_are_allowed_is_found(app: App) {
        let odd = app.coder("a@^$.!`-#+'~_b").await;
        let answer = odd.get("/userinfo/a@%5E$.!%60-%23+'~_B").await;
        assert_eq!((answer.status, &answer.body["user_id"]), (200, &json!(odd.id)), "{}", answer.body);
    }

    async fn a_name_that_nobody_bears_is_not_found(app: App) {
        let ada = app.coder("ada").await;
        let long = "a".repeat(5000);
        for name in [
            "nobody", "ad", "adaa", "ad_", "%25", "a%25", "_da", "%00", "ada%00", "ada%20", "%20ada",
            "a%2Fda", "'", "%C3%A1da", "1", &long,
        ] {
            assert_refused(&ada.get(&format!("/userinfo/{name}")).await, 404, name);
        }
    }

    async fn who_is_still_signing_up_is_nobody_yet(app: App) {
        let ada = app.coder("ada").await;
        for (username, status) in [("eve", Status::Reserved), ("fay", Status::Unanswered)] {
            let reservation = user::ActiveModel {
                id: NotSet,
                username: Set(username.to_owned()),
                auth0_sub: NotSet,
                role: Set(Role::Coder),
                status: Set(status),
                email_digest: Set(Some("digest".to_owned())),
                lease_expires_at: Set(Some(Utc::now() + Duration::seconds(30))),
                created_at: Set(Utc::now()),
            };
            user::Entity::insert(reservation).exec(&app.db).await.expect("the row fits");
            assert_refused(&ada.get(&format!("/userinfo/{username}")).await, 404, username);
        }
    }
}
