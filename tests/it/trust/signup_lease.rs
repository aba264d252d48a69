//! Who gets a name that several want, or that a sign-up left half taken.

use std::{collections::HashMap, time::Duration};

use chrono::{SubsecRound, TimeDelta, Utc};
use funcster_api::{
    auth::Permission,
    entity::user::{self, Role, Status},
};
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{
    forge::named,
    issuer::{Issuer, SIGNUP, trusting},
    sign_up::{EDGES, Edge, count_accounts, user_named},
};
use crate::support::App;

const OWN: &str = "ada@example.com";
const OTHER: &str = "other@example.com";

/// Leaves a mentor's half-taken name in the database, as a process would that ended while the
/// provider was asked, or got no answer.
async fn leave_behind(app: &App, username: &str, status: Status, lease_seconds: i64) {
    let issuer = Issuer::start().await;
    issuer.answer(SIGNUP, ResponseTemplate::new(500));
    let failing = trusting(app, &issuer).await;
    let failed = Edge::Rest.sign_up_as(&failing, "mentor", username, OWN).await;
    assert_eq!(failed.status, 502, "{}", failed.body);
    let change = user::ActiveModel {
        status: Set(status),
        lease_expires_at: Set(Some((Utc::now() + TimeDelta::seconds(lease_seconds)).trunc_subsecs(6))),
        ..Default::default()
    };
    let changed =
        user::Entity::update_many().set(change).filter(user::is_named(username)).exec(&app.db).await;
    assert_eq!(changed.expect("the row is changed").rows_affected, 1);
}

on_both_databases! {
    async fn of_fifty_who_want_one_name_at_once_one_gets_it(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "_id": "the first" }));
        issuer.answer(SIGNUP, answer.set_delay(Duration::from_millis(500)));
        let attempts = (0..50).map(|number| {
            let username = ["ada", "Ada", "ADA"][number % 3];
            // Some are the same person, who pressed the button twice.
            let email = format!("ada{}@example.com", number % 7);
            let (app, edge) = (&app, EDGES[number % 2]);
            async move { (edge, edge.sign_up(app, username, &email).await) }
        });
        let answers = join_all(attempts).await;
        let is_success = |edge: Edge, answer: &crate::support::Answer| match edge {
            Edge::Rest => answer.status == 200,
            Edge::Graphql => answer.body.get("errors").is_none(),
        };
        let (winners, losers): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(edge, answer)| is_success(*edge, answer));
        assert_eq!((winners.len(), losers.len()), (1, 49));
        for (edge, answer) in losers {
            edge.assert_refused(&answer, 409, "a name that is being taken");
        }
        assert_eq!(issuer.requests(SIGNUP).await.len(), 1, "the provider is asked for one of them");
        assert_eq!(user::Entity::find().count(&app.db).await.expect("a count"), 1);
        assert_eq!(count_accounts(&app).await, 1);
    }

    async fn an_active_lease_holds_a_name_and_an_expired_one_does_not(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let cases = [
            ("r1", Status::Reserved, 20, OTHER, 409),
            // The same person's first try is still under way.
            ("r2", Status::Reserved, 20, OWN, 409),
            ("r3", Status::Reserved, -1, OTHER, 200),
            ("r4", Status::Reserved, -1, OWN, 200),
            ("u1", Status::Unanswered, 20, OTHER, 409),
            ("u2", Status::Unanswered, 20, OWN, 200),
            ("u3", Status::Unanswered, 20, "Ada@Example.COM", 200),
            ("u4", Status::Unanswered, -1, OTHER, 200),
            ("u5", Status::Unanswered, -1, OWN, 200),
        ];
        for edge in EDGES {
            for (username, status, lease, email, expected) in cases {
                let what = format!("{username}, {status:?} for {lease} s, wanted by {email}");
                let username = format!("{username}{edge:?}");
                leave_behind(&app, &username, status, lease).await;
                issuer.register_as(&username);
                let (accounts, asked) = (count_accounts(&app).await, issuer.requests(SIGNUP).await.len());
                let answer = edge.sign_up(&app, &username.to_uppercase(), email).await;
                if expected == 200 {
                    edge.assert_signed_up(&answer, &what);
                    let user = user_named(&app, &username).await.expect("the account");
                    assert_eq!((user.role, user.status), (Role::Coder, Status::Active), "{what}");
                    assert_eq!(count_accounts(&app).await, accounts + 1, "{what}");
                } else {
                    edge.assert_refused(&answer, expected, &what);
                    assert_eq!(issuer.requests(SIGNUP).await.len(), asked, "{what}");
                    assert_eq!(count_accounts(&app).await, accounts, "{what}");
                }
            }
        }
    }

    async fn of_many_who_take_an_abandoned_name_over_at_once_one_gets_it(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        leave_behind(&app, "ada", Status::Unanswered, -1).await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "_id": "the first" }));
        issuer.answer(SIGNUP, answer.set_delay(Duration::from_millis(500)));
        let attempts = (0..20).map(|number| {
            let (app, email) = (&app, format!("ada{number}@example.com"));
            async move { Edge::Rest.sign_up(app, "ada", &email).await.status }
        });
        let mut statuses = HashMap::new();
        for status in join_all(attempts).await {
            *statuses.entry(status).or_insert(0) += 1;
        }
        assert_eq!(statuses, HashMap::from([(200, 1), (409, 19)]));
        assert_eq!(issuer.requests(SIGNUP).await.len(), 1);
        assert_eq!(count_accounts(&app).await, 1);
    }

    /// The provider had made the account, though its answer never came.
    async fn a_sign_up_that_went_through_unnoticed_is_completed_by_the_first_token(app: App) {
        for (number, (edge, lease)) in [(Edge::Rest, 20), (Edge::Graphql, -1)].into_iter().enumerate() {
            let username = format!("ada{number}");
            leave_behind(app, &username, Status::Unanswered, lease).await;
            let issuer = Issuer::start().await;
            let refusing = trusting(app, &issuer).await;
            for answer in [
                ResponseTemplate::new(400).set_body_json(json!({ "code": "user_exists", "description": "No." })),
                ResponseTemplate::new(400).set_body_json(json!({ "code": "username_exists", "description": "No." })),
                ResponseTemplate::new(409),
            ] {
                issuer.answer(SIGNUP, answer);
                edge.assert_refused(&edge.sign_up(&refusing, &username, OWN).await, 409, "the second try");
                let kept = user_named(app, &username).await.expect("the row is kept");
                assert_eq!((kept.status, kept.role, kept.auth0_sub), (Status::Unanswered, Role::Mentor, None));
            }
            let accounts = count_accounts(app).await;
            let subject = format!("auth0|{username}");
            let ada = named(app, &subject, username.as_str(), &[Permission::GetCoders, Permission::AddCoder]);
            let viewer = ada.graphql("{ viewer { __typename username } }").await;
            assert_eq!(viewer.data()["viewer"], json!({ "__typename": "Mentor", "username": username }));
            assert_eq!(count_accounts(app).await, accounts + 1);
            // Usable means: it may act, and it stays.
            let answer = ada.graphql(r#"mutation { addCoder(input: { coderId: "999" }) { coder { id } } }"#).await;
            assert_eq!(answer.code(), "NOT_FOUND");
            let user = user_named(app, &username).await.expect("the account");
            assert_eq!((user.status, user.auth0_sub.as_deref()), (Status::Active, Some(subject.as_str())));
            assert_eq!((user.email_digest, user.lease_expires_at), (None, None));
            edge.assert_refused(&edge.sign_up(&refusing, &username, OWN).await, 409, "a name that is taken");
        }
    }

    async fn a_take_over_that_fails_leaves_the_earlier_sign_up_as_it_was(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        leave_behind(&app, "ada", Status::Unanswered, -1).await;
        let before = user_named(&app, "ada").await;
        for (status, answer) in [(503, 429), (409, 409)] {
            issuer.answer(SIGNUP, ResponseTemplate::new(answer));
            for edge in EDGES {
                edge.assert_refused(&edge.sign_up(&app, "ada", OTHER).await, status, "a take-over");
                assert_eq!(user_named(&app, "ada").await, before, "{status}");
            }
        }
        issuer.register_as("ada");
        Edge::Rest.assert_signed_up(&Edge::Rest.sign_up(&app, "ada", OWN).await, "she who came first");
    }

    async fn a_client_that_hangs_up_is_signed_up_all_the_same(app: App) {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "_id": "ada" }));
        issuer.answer(SIGNUP, answer.set_delay(Duration::from_secs(1)));
        let patience = Duration::from_millis(500);
        let hung_up = tokio::time::timeout(patience, Edge::Rest.sign_up(&app, "ada", OWN)).await;
        assert!(hung_up.is_err(), "the provider takes its time");
        assert_eq!(issuer.requests(SIGNUP).await.len(), 1);
        let signed_up = async {
            while count_accounts(&app).await == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), signed_up).await.expect("the sign-up is completed");
        let user = user_named(&app, "ada").await.expect("the account");
        assert_eq!((user.status, user.auth0_sub.as_deref()), (Status::Active, Some("auth0|ada")));
    }
}
