//! `PATCH /coder/{id}/mentor` and `PATCH /mentor/{id}/coder`.

use serde_json::{Value, json};

use super::fixtures::{NO_ID, assert_refused, assert_says, nobodys_ids, take_on};
use crate::support::{App, Person};

async fn mentor_of(coder: &Person<'_>) -> Value {
    coder.get(&format!("/userinfo/{}", coder.username)).await.body["mentor"].clone()
}

on_both_databases! {
    async fn a_coder_chooses_a_mentor_and_another(app: App) {
        let ada = app.coder("ada").await;
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        let path = format!("/coder/{}/mentor", ada.id);

        let chosen = ada.patch(&path, json!({ "mentorId": bob.id })).await;
        assert_says(&chosen, &[], "the first choice");
        assert_eq!(mentor_of(&ada).await, "bob");

        let again = ada.patch(&path, json!({ "mentorId": bob.id.to_string() })).await;
        assert_says(&again, &[], "the same choice, in digits");
        assert_ne!(
            again.body["message"], chosen.body["message"],
            "the message tells that nothing has changed"
        );
        assert_eq!(mentor_of(&ada).await, "bob");

        let other = ada.patch(&path, json!({ "mentorId": dan.id.to_string() })).await;
        assert_says(&other, &[], "another choice");
        assert_eq!(other.body["message"], chosen.body["message"]);
        assert_eq!(mentor_of(&ada).await, "dan");
    }

    async fn a_mentor_takes_a_coder_on_from_another_mentor_too(app: App) {
        let ada = app.coder("ada").await;
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        for (mentor, coder_id) in
            [(&bob, json!(ada.id)), (&bob, json!(ada.id)), (&dan, json!(ada.id.to_string()))]
        {
            let path = format!("/mentor/{}/coder", mentor.id);
            let answer = mentor.patch(&path, json!({ "coderId": coder_id })).await;
            assert_says(&answer, &[], format_args!("{} takes {coder_id}", mentor.username));
            assert_eq!(mentor_of(&ada).await, mentor.username);
        }
        assert_eq!(
            bob.get("/userinfo/bob").await.body["coders"],
            json!([]),
            "a coder has one mentor at most"
        );
    }

    async fn somebody_else_in_the_path_is_refused(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        take_on(&bob, &ada).await;
        let answer = ada.patch(&format!("/coder/{}/mentor", cyd.id), json!({ "mentorId": dan.id })).await;
        assert_refused(&answer, 403, "another coder");
        let answer = bob.patch(&format!("/mentor/{}/coder", dan.id), json!({ "coderId": cyd.id })).await;
        assert_refused(&answer, 403, "another mentor");
        assert_eq!(mentor_of(&ada).await, "bob");
        assert_eq!(mentor_of(&cyd).await, Value::Null);
    }

    async fn an_id_that_names_nobody_is_not_found(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        for id in nobodys_ids() {
            let answer = ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": id })).await;
            assert_refused(&answer, 404, format_args!("mentorId {id}"));
            let answer = bob.patch(&format!("/mentor/{}/coder", bob.id), json!({ "coderId": id })).await;
            assert_refused(&answer, 404, format_args!("coderId {id}"));
        }
        assert_eq!(mentor_of(&ada).await, "bob");
    }

    async fn a_path_that_names_nobody_is_not_found(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        for id in NO_ID.into_iter().chain([""]) {
            let answer = ada.patch(&format!("/coder/{id}/mentor"), json!({ "mentorId": bob.id })).await;
            assert_refused(&answer, 404, format_args!("coder {id}"));
            let answer = bob.patch(&format!("/mentor/{id}/coder"), json!({ "coderId": ada.id })).await;
            assert_refused(&answer, 404, format_args!("mentor {id}"));
        }
        assert_eq!(mentor_of(&ada).await, Value::Null);
    }

    /// Numbers among coders and numbers among mentors are of their own, so one can be of one alone.
    async fn a_coder_is_no_mentor_and_a_mentor_no_coder(app: App) {
        let (ada, cyd, bob) = (app.coder("ada").await, app.coder("cyd").await, app.mentor("bob").await);
        assert_ne!(cyd.id, bob.id);
        let answer = ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": cyd.id })).await;
        assert_refused(&answer, 404, "a coder's number");
        let answer = bob.patch(&format!("/mentor/{}/coder", cyd.id), json!({ "coderId": ada.id })).await;
        assert_refused(&answer, 404, "a coder's number in a mentor's path");
    }
}
