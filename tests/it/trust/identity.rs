//! Which account a token acts for.

use funcster_api::{auth::Permission, database::begin_write, entity::user::Role};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    forge::{bearing, named},
    people::{subject_of, unbound, viewer_of},
    sign_up::count_accounts,
};
use crate::support::{App, Kind};

on_both_databases! {
    async fn the_first_token_that_bears_the_name_binds_an_account_that_nobody_has(app: App) {
        let coder = unbound(app, "Ada", Role::Coder).await;
        let mentor = unbound(app, "Bob", Role::Mentor).await;
        // Auth0 keeps names in lower case.
        let ada = named(app, "auth0|a", "ada", &Permission::OF_CODERS);
        let bob = named(app, "auth0|b", "BOB", &Permission::OF_MENTORS);
        let choice = ada.patch(&format!("/coder/{coder}/mentor"), json!({ "mentorId": mentor })).await;
        assert_eq!(choice.status, 200, "{}", choice.body);
        assert_eq!(viewer_of(&bob).await, "Bob");
        assert_eq!(subject_of(app, "ada").await.as_deref(), Some("auth0|a"));
        assert_eq!(count_accounts(app).await, 2, "nobody got a second account");
        // From now on it is the subject that counts, with or without the name.
        assert_eq!(viewer_of(&app.bearer("auth0|a", &[])).await, "Ada");
        unbound(app, "Carl", Role::Coder).await;
        assert_eq!(viewer_of(&named(app, "auth0|a", "carl", &[])).await, "Ada");
        assert_eq!(subject_of(app, "carl").await, None);
    }

    async fn an_account_that_is_bound_is_never_bound_anew(app: App) {
        let ada = app.coder("ada").await;
        let impostor = named(app, "auth0|impostor", "ada", &Permission::ALL);
        for _ in 0..2 {
            assert_eq!(viewer_of(&impostor).await, Value::Null);
        }
        let theft = impostor.post("/snippet", json!({ "name": "Hers", "code": "1", "coderId": ada.id })).await;
        theft.assert_rest_error(403);
        assert_eq!(subject_of(app, "ada").await, Some(ada.subject()));
        assert_eq!(viewer_of(&ada).await, "ada");
        // The same database, but nothing remembered of who is who.
        let restarted = app.another(|config| config.auth0.issuer = app.config.auth0.issuer.clone()).await;
        let impostor = bearing(&restarted, impostor.token.expect("a token"));
        assert_eq!(viewer_of(&impostor).await, Value::Null);
    }

    async fn of_two_subjects_that_bear_one_name_one_gets_the_account(app: App) {
        unbound(app, "ada", Role::Coder).await;
        let claimants: Vec<_> =
            (0..20).map(|number| named(app, &format!("auth0|{number}"), "ada", &Permission::ALL)).collect();
        let viewers = join_all(claimants.iter().map(viewer_of)).await;
        let winners: Vec<_> = (0..20).filter(|number| viewers[*number] == "ada").collect();
        assert_eq!(winners.len(), 1, "{viewers:?}");
        assert_eq!(subject_of(app, "ada").await, Some(format!("auth0|{}", winners[0])));
        assert_eq!(count_accounts(app).await, 1);
        // Once more, one after the other: it stays decided.
        for (number, claimant) in claimants.iter().enumerate() {
            assert_eq!(viewer_of(claimant).await == "ada", number == winners[0]);
        }
    }

    async fn one_subject_has_one_account_however_many_names_its_tokens_bear(app: App) {
        let names: Vec<_> = (0..10).map(|number| format!("ada{number}")).collect();
        for name in &names {
            unbound(app, name, Role::Coder).await;
        }
        let tokens: Vec<_> = names.iter().map(|name| named(app, "auth0|a", name.as_str(), &[])).collect();
        join_all(tokens.iter().map(viewer_of)).await;
        let mut bound = 0;
        for name in &names {
            bound += usize::from(subject_of(app, name).await.is_some());
        }
        assert_eq!(bound, 1);
    }

    async fn a_token_without_an_account_may_do_what_its_permissions_alone_allow(app: App) {
        unbound(app, "ada", Role::Coder).await;
        let coder_id = json!({ "input": { "coderId": "coder_1" } });
        let names = [json!("nobody"), json!(""), json!(7), json!(["ada"]), json!(null), json!("a\u{0}da"), json!("ada "), json!("x".repeat(5000)), json!("' OR 1=1 --")];
        for name in names {
            let service = named(app, "auth0|service", name.clone(), &Permission::ALL);
            assert_eq!(viewer_of(&service).await, Value::Null, "{name}");
            let list = service.get("/coders").await;
            assert_eq!(list.body["coders"][0]["username"], "ada", "{name}");
            for (path, body) in [
                ("/snippet", json!({ "name": "Mine", "code": "1" })),
                ("/snippet", json!({ "name": "Hers", "code": "1", "coderId": 1 })),
            ] {
                let refused = service.post(path, body).await;
                refused.assert_rest_error(403);
                let message = refused.body["message"].as_str().expect("a message");
                assert!(message.to_lowercase().contains("account"), "it should say why: {message}");
            }
            service.patch("/coder/1/mentor", json!({ "mentorId": 1 })).await.assert_rest_error(403);
            let mutation = "mutation($input: AddCoderInput!) { addCoder(input: $input) { coder { id } } }";
            let refused = service.graphql_with(mutation, coder_id.clone()).await;
            assert_eq!(refused.code(), "FORBIDDEN", "{name}");
            assert_eq!(refused.error()["extensions"].get("permission"), None, "no permission is missing");
        }
        assert_eq!(subject_of(app, "ada").await, None);
    }
}

#[tokio::test]
async fn who_has_no_account_does_not_wait_for_those_who_write() {
    App::run(Kind::Sqlite, async |app: &App| {
        app.coder("ada").await;
        let other = begin_write(&app.db).await.expect("nobody else writes");
        for name in ["ada", "nobody"] {
            assert_eq!(viewer_of(&named(app, "auth0|impostor", name, &[])).await, Value::Null);
        }
        other.rollback().await.expect("it has written nothing");
    })
    .await;
}
