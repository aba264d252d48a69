//! `GET /coders`, `GET /coders/available` and `GET /mentors`.

use chrono::Utc;
use funcster_api::{
    auth::Permission,
    entity::{
        coder, snippet,
        user::{self, Role, Status},
    },
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};

use super::fixtures::{hello, shown, store, take_on, with};
use crate::support::App;

/// Puts a hundred and fifty coders into the database, the first of them with as many snippets.
async fn crowd(app: &App) {
    let now = Utc::now();
    let users = (1001..=1150).map(|id| user::ActiveModel {
        id: Set(id),
        username: Set(format!("coder-{id}")),
        auth0_sub: Set(Some(format!("auth0|{id}"))),
        role: Set(Role::Coder),
        status: Set(Status::Active),
        email_digest: Set(None),
        lease_expires_at: Set(None),
        created_at: Set(now),
    });
    let coders =
        (1001..=1150).map(|id| coder::ActiveModel { id: Set(id), user_id: Set(id), mentor_id: Set(None) });
    let snippets = (1001..=1150).map(|id| snippet::ActiveModel {
        id: Set(id),
        coder_id: Set(1001),
        name: Set("n".to_owned()),
        code: Set("c".to_owned()),
        comments: Set(None),
        needs_review: Set(true),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    });
    user::Entity::insert_many(users).exec(&app.db).await.expect("users");
    coder::Entity::insert_many(coders).exec(&app.db).await.expect("coders");
    snippet::Entity::insert_many(snippets).exec(&app.db).await.expect("snippets");
}

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().into_iter().flatten().filter_map(|item| item["id"].as_i64()).collect()
}

on_both_databases! {
    async fn lists_of_nobody_are_empty(app: App) {
        let service = app.bearer("auth0|service", &Permission::ALL);
        for (path, key) in [("/coders", "coders"), ("/coders/available", "coders"), ("/mentors", "mentors")] {
            let answer = service.get(path).await;
            assert_eq!(
                (path, answer.status, answer.body),
                (path, 200, with(&json!({ "success": true }), key, json!([])))
            );
        }
    }

    async fn coders_are_listed_with_library_and_mentor(app: App) {
        let (ada, cyd, bob) = (app.coder("Ada").await, app.coder("cyd").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        let all = json!({ "name": "All", "code": "1", "needsReview": true, "comments": "Why?" });
        let (first, second) = (store(&ada, hello()).await, store(&ada, all.clone()).await);
        let of_ada = json!({
            "id": ada.id,
            "username": "Ada",
            "snippets": [shown(first, &ada, &hello()), shown(second, &ada, &all)],
            "mentor_id": bob.id,
        });
        let of_cyd = json!({ "id": cyd.id, "username": "cyd", "snippets": [], "mentor_id": null });

        let answer = bob.get("/coders").await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({ "success": true, "coders": [of_ada, of_cyd] }))
        );
        let answer = bob.get("/coders/available").await;
        assert_eq!((answer.status, answer.body), (200, json!({ "success": true, "coders": [of_cyd] })));

        take_on(&bob, &cyd).await;
        assert_eq!(bob.get("/coders/available").await.body, json!({ "success": true, "coders": [] }));
    }

    async fn mentors_are_listed_with_their_coders(app: App) {
        let (ada, cyd, eve) = (app.coder("ada").await, app.coder("cyd").await, app.coder("eve").await);
        let (bob, dan, fay) = (app.mentor("Bob").await, app.mentor("dan").await, app.mentor("fay").await);
        for (mentor, coder) in [(&fay, &eve), (&bob, &cyd), (&bob, &ada)] {
            take_on(mentor, coder).await;
        }
        let flagged = with(&hello(), "needsReview", true);
        let (of_ada, another_of_ada) = (store(&ada, hello()).await, store(&ada, flagged.clone()).await);
        let of_eve = store(&eve, hello()).await;
        let expected = json!({ "success": true, "mentors": [
            { "id": bob.id, "username": "Bob", "coders": [
                {
                    "id": ada.id,
                    "username": "ada",
                    "snippets": [shown(of_ada, &ada, &hello()), shown(another_of_ada, &ada, &flagged)],
                    "mentor_id": bob.id,
                },
                { "id": cyd.id, "username": "cyd", "snippets": [], "mentor_id": bob.id },
            ] },
            { "id": dan.id, "username": "dan", "coders": [] },
            { "id": fay.id, "username": "fay", "coders": [
                {
                    "id": eve.id,
                    "username": "eve",
                    "snippets": [shown(of_eve, &eve, &hello())],
                    "mentor_id": fay.id,
                },
            ] },
        ] });
        let answer = bob.get("/mentors").await;
        assert_eq!((answer.status, answer.body), (200, expected));
    }

    async fn a_library_is_listed_whole_that_is_read_in_several_steps(app: App) {
        let (ada, cyd, bob) = (app.coder("ada").await, app.coder("cyd").await, app.mentor("bob").await);
        let long = json!({ "name": "Long", "code": "x".repeat(100 * 1024) });
        let mut library = Vec::new();
        for _ in 0..45 {
            library.push(shown(store(&ada, long.clone()).await, &ada, &long));
        }
        let of_cyd = shown(store(&cyd, hello()).await, &cyd, &hello());
        let coders = json!([
            { "id": ada.id, "username": "ada", "snippets": library, "mentor_id": null },
            { "id": cyd.id, "username": "cyd", "snippets": [of_cyd], "mentor_id": null },
        ]);
        assert!(bob.get("/coders").await.body["coders"] == coders, "the list is another");
    }

    async fn an_old_list_is_never_cut_into_pages(app: App) {
        crowd(app).await;
        let bob = app.mentor("bob").await;
        let all: Vec<i64> = (1001..=1150).collect();
        for path in ["/coders", "/coders/available", "/coders?first=1"] {
            assert_eq!(ids(&bob.get(path).await.body["coders"]), all, "{path}");
        }
        assert_eq!(ids(&bob.get("/userinfo/coder-1001").await.body["snippets"]), all);

        for id in &all {
            let answer = bob.patch(&format!("/mentor/{}/coder", bob.id), json!({ "coderId": id })).await;
            assert_eq!(answer.status, 200);
        }
        assert_eq!(ids(&bob.get("/mentors").await.body["mentors"][0]["coders"]), all);
        let review = bob.get("/userinfo/bob").await.body;
        assert_eq!(ids(&review["coders"]), all);
        assert_eq!(ids(&review["coders"][0]["snippets"]), all);
    }
}
