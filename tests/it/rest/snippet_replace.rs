//! `PATCH /snippet/{id}`.

use serde_json::{Value, json};

use super::fixtures::{
    NO_ID, assert_refused, assert_says, hello, nobodys_ids, row, shown, store, take_on, with,
};
use crate::support::App;

fn full() -> Value {
    json!({ "name": "Full", "code": "1", "needsReview": true, "comments": "Why?" })
}

on_both_databases! {
    async fn what_is_left_out_is_reset(app: App) {
        let ada = app.coder("ada").await;
        let id = store(&ada, full()).await;
        let path = format!("/snippet/{id}");
        let null = json!({
            "name": "Hello",
            "code": "2",
            "needsReview": null,
            "comments": null,
            "coderId": null,
            "userId": null,
            "usertype": null,
        });
        for body in [hello(), null] {
            assert_says(&ada.patch(&path, body.clone()).await, &[], &body);
            let reset =
                json!({ "name": body["name"], "code": body["code"], "needsReview": false, "comments": "" });
            assert_eq!(ada.get(&path).await.body, with(&shown(id, &ada, &reset), "success", true));
            assert_says(&ada.patch(&path, full()).await, &[], full());
            assert_eq!(ada.get(&path).await.body, with(&shown(id, &ada, &full()), "success", true));
        }
    }

    async fn a_coder_changes_own_snippets_only(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let id = store(&ada, full()).await;
        for body in [hello(), with(&hello(), "coderId", ada.id), with(&hello(), "coderId", cyd.id)] {
            assert_refused(&cyd.patch(&format!("/snippet/{id}"), body.clone()).await, 403, body);
        }
        assert_eq!(row(app, id).await.map(|row| (row.name, row.version)), Some(("Full".to_owned(), 1)));
    }

    async fn a_mentor_changes_snippets_of_own_coders_only(app: App) {
        let (ada, bob, dan) = (app.coder("ada").await, app.mentor("bob").await, app.mentor("dan").await);
        let id = store(&ada, full()).await;
        let path = format!("/snippet/{id}");
        assert_refused(&bob.patch(&path, hello()).await, 403, "nobody's coder yet");
        take_on(&bob, &ada).await;
        assert_says(&bob.patch(&path, with(&hello(), "comments", "Nice.")).await, &[], "her mentor");
        assert_eq!(ada.get(&path).await.body["comments"], "Nice.");
        assert_refused(&dan.patch(&path, hello()).await, 403, "another mentor");
        take_on(&dan, &ada).await;
        assert_refused(&bob.patch(&path, hello()).await, 403, "her mentor of before");
        assert_says(&dan.patch(&path, hello()).await, &[], "her mentor now");
    }

    /// The ids of the two differ, so that one taken for the other shows.
    async fn what_a_client_sends_beside_its_token_must_agree(app: App) {
        let (cyd, ada, bob) = (app.coder("cyd").await, app.coder("ada").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        assert_ne!(ada.id, bob.id);
        let id = store(&ada, full()).await;
        let path = format!("/snippet/{id}");
        for (person, kinds, other_kind, others) in [
            (&ada, ["coder", "Coder", "CODER"], "Mentor", [bob.id, cyd.id]),
            (&bob, ["mentor", "Mentor", "mENTOR"], "coder", [ada.id, ada.id]),
        ] {
            let own = [json!(person.id), json!(person.id.to_string())].map(|id| with(&hello(), "userId", id));
            let kinds = kinds.map(|kind| with(&hello(), "usertype", kind));
            let owners = [json!(ada.id), json!(ada.id.to_string())].map(|id| with(&hello(), "coderId", id));
            let all = with(&with(&kinds[0], "userId", person.id), "coderId", ada.id);
            for body in own.into_iter().chain(kinds).chain(owners).chain([all.clone()]) {
                assert_says(
                    &person.patch(&path, body.clone()).await,
                    &[],
                    format_args!("{}: {body}", person.username),
                );
            }

            let version = row(app, id).await.map(|row| row.version);
            let user_ids =
                nobodys_ids().into_iter().chain(others.map(Value::from)).map(|id| with(&all, "userId", id));
            let coder_ids =
                nobodys_ids().into_iter().chain([json!(cyd.id)]).map(|id| with(&all, "coderId", id));
            for body in user_ids.chain(coder_ids).chain([with(&all, "usertype", other_kind)]) {
                let answer = person.patch(&path, body.clone()).await;
                assert_refused(&answer, 403, format_args!("{}: {body}", person.username));
            }
            assert_eq!(row(app, id).await.map(|row| row.version), version, "what is refused changes nothing");
        }
        assert_eq!(row(app, id).await.map(|row| row.coder_id), Some(ada.id), "an owner stays");
    }

    async fn an_id_that_names_no_snippet_is_not_found(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        for id in NO_ID {
            for person in [&ada, &bob] {
                assert_refused(&person.patch(&format!("/snippet/{id}"), hello()).await, 404, id);
            }
        }
    }
}
