//! Whose snippets are shown to whom.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::fixtures::{assert_refused, hello, shown, store, take_on, with};
use crate::support::App;

/// Every library below `value`, as the owner's number and the snippets that are shown.
fn libraries(value: &Value) -> Vec<(i64, Vec<i64>)> {
    let ids =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(|item| item["id"].as_i64()).collect();
    let coders = value.as_array().into_iter().flatten();
    coders.filter_map(|coder| Some((coder["id"].as_i64()?, ids(&coder["snippets"])))).collect()
}

on_both_databases! {
    async fn snippets_are_for_the_owner_the_mentor_and_holders_of_get_coders(app: App) {
        let (cyd, ada) = (app.coder("cyd").await, app.coder("ada").await);
        let (dan, bob) = (app.mentor("dan").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        take_on(&bob, &cyd).await;
        let body = with(&hello(), "needsReview", true);
        let id = store(&ada, body.clone()).await;

        let service = app.bearer("auth0|service", &Permission::ALL);
        let reader = [Permission::GetUserinfo, Permission::GetMentors, Permission::EditSnippet];
        let viewers = [
            ("the owner", &ada, true),
            ("another coder", &cyd, false),
            ("another coder who holds get:coders", &cyd.with_permissions(&Permission::ALL), true),
            ("her mentor", &bob, true),
            ("her mentor without get:coders", &bob.without(Permission::GetCoders), true),
            ("another mentor", &dan, true),
            ("another mentor without get:coders", &dan.without(Permission::GetCoders), false),
            ("a service", &service, true),
            ("a service without get:coders", &app.bearer("auth0|reader", &reader), false),
        ];
        for (who, viewer, may_see) in viewers {
            let answer = viewer.get(&format!("/snippet/{id}")).await;
            if may_see {
                assert_eq!(answer.body, with(&shown(id, &ada, &body), "success", true), "{who}");
            } else {
                assert_refused(&answer, 403, who);
            }
            let library = if may_see { json!([shown(id, &ada, &body)]) } else { json!([]) };

            let answer = viewer.get("/userinfo/ada").await;
            assert_eq!((who, &answer.body["snippets"]), (who, &library));
            assert_eq!(answer.body["mentor"], "bob", "{who} may know whose coder she is");

            let answer = viewer.get("/mentors").await;
            let coders = &answer.body["mentors"][1]["coders"];
            assert_eq!((who, &coders[1]["username"], &coders[1]["snippets"]), (who, &json!("ada"), &library));

            let answer = viewer.get("/userinfo/bob").await;
            let coders = &answer.body["coders"];
            assert_eq!((who, &coders[1]["username"], &coders[1]["snippets"]), (who, &json!("ada"), &library));

            if viewer.get("/coders").await.status == 200 {
                assert!(may_see, "{who}");
                let answer = viewer.get("/coders").await;
                assert_eq!((who, &answer.body["coders"][1]["snippets"]), (who, &library));
            }
        }
    }

    async fn a_list_leaves_out_what_is_hidden_and_nothing_else(app: App) {
        let (ada, cyd, bob) = (app.coder("ada").await, app.coder("cyd").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        take_on(&bob, &cyd).await;
        let flagged = with(&hello(), "needsReview", true);
        let (of_ada, of_cyd) = (store(&ada, flagged.clone()).await, store(&cyd, flagged).await);
        let unflagged = store(&cyd, hello()).await;
        let (ada_id, cyd_id) = (i64::from(ada.id), i64::from(cyd.id));

        let of_bob = ada.get("/mentors").await.body["mentors"][0]["coders"].clone();
        assert_eq!(
            libraries(&of_bob),
            [(ada_id, vec![of_ada]), (cyd_id, vec![])],
            "a coder at the list of mentors"
        );
        let of_bob = cyd.get("/mentors").await.body["mentors"][0]["coders"].clone();
        assert_eq!(libraries(&of_bob), [(ada_id, vec![]), (cyd_id, vec![of_cyd, unflagged])]);
        let review = cyd.get("/userinfo/bob").await.body["coders"].clone();
        assert_eq!(
            libraries(&review),
            [(ada_id, vec![]), (cyd_id, vec![of_cyd])],
            "a coder at the mentor's review list"
        );
    }

    async fn a_mentor_of_before_sees_no_more_without_get_coders(app: App) {
        let ada = app.coder("ada").await;
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        let path = format!("/snippet/{}", store(&ada, hello()).await);
        take_on(&bob, &ada).await;
        let bob = bob.without(Permission::GetCoders);
        assert_eq!(bob.get(&path).await.status, 200);
        take_on(&dan, &ada).await;
        assert_refused(&bob.get(&path).await, 403, "she is another's now");
        assert_eq!(bob.get("/userinfo/ada").await.body["snippets"], json!([]));
    }
}
