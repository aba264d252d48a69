//! Which names, email addresses and passwords people may sign up with.

use serde_json::json;

use super::{
    forge::Key,
    issuer::{Issuer, SIGNUP, trusting},
    sign_up::{EDGES, Edge, user_named},
};
use crate::support::{App, Kind, PASSWORD};

#[tokio::test]
async fn a_name_that_could_mislead_is_refused_before_the_provider_is_asked() {
    App::run(Kind::Sqlite, async |app| {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        issuer.register_as("somebody");
        let names = [
            "admin",
            "Root",
            "SUPPORT",
            "Funcster",
            "\u{430}da",
            "ad\u{200b}a",
            "ada\u{200d}",
            "\u{202e}ada",
            "\u{ff41}\u{ff44}\u{ff41}",
            "\u{e1}da",
            "a\u{301}da",
            "\u{212a}elvin",
            "ada\u{1f600}",
            "abcdefghijklmnopqrstuvwxy",
            "",
            " ",
            "a da",
            " ada",
            "ada ",
            "ada\n",
            "ada\0",
            "ada\u{a0}",
            "a/b",
            "a%20b",
            "a\\b",
            "a\"b",
            "a*b",
            "a,b",
            "<ada>",
        ];
        for name in names {
            for edge in EDGES {
                let refused = edge.sign_up(&app, name, "ada@example.com").await;
                edge.assert_refused(&refused, 400, &format!("{name:?}"));
                if edge == Edge::Graphql {
                    assert_eq!(refused.error()["extensions"]["field"], "username", "{name:?}");
                }
            }
        }
        assert_eq!(issuer.requests(SIGNUP).await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_auth0_refuses_is_told_as_the_names_fault() {
    App::run(Kind::Sqlite, async |app| {
        // All of its characters are allowed, but Auth0 takes no email address for a name.
        let refused = Edge::Graphql.sign_up(app, "ada@example.com", "ada@example.com").await;
        Edge::Graphql.assert_refused(&refused, 400, "an email address for a name");
        assert_eq!(refused.error()["extensions"]["field"], "username", "{}", refused.body);
    })
    .await;
}

on_both_databases! {
    async fn every_name_that_auth0_allows_can_be_used_and_found(app: App) {
        let issuer = Issuer::publishing(&[&Key::of_auth0(app)]).await;
        let app = trusting(app, &issuer).await;
        let names = ["A", "7", "@^$.!`-#+'~_", "administrators", "Ada.Lovelace-1815", "abcdefghijklmnopqrstuvwx", "'--", "..", "null"];
        for (number, name) in names.into_iter().enumerate() {
            let edge = EDGES[number % 2];
            issuer.register_as(name);
            edge.assert_signed_up(&edge.sign_up(&app, name, "ada@example.com").await, name);
            assert_eq!(user_named(&app, &name.to_uppercase()).await.expect("the account").username, name);
            let viewer = app.bearer(&format!("auth0|{name}"), &[]).graphql("{ viewer { username } }").await;
            assert_eq!(viewer.data()["viewer"]["username"], name);
        }
    }
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_an_email_address_or_password_is_refused_here() {
    App::run(Kind::Sqlite, async |app| {
        let issuer = Issuer::start().await;
        let app = trusting(app, &issuer).await;
        issuer.register_as("somebody");
        let nobody = app.anonymous();
        let good = json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": PASSWORD });
        let bad = [
            ("email", vec![json!(""), json!(" "), json!("ada"), json!("@example.com"), json!("ada@"), json!("a da@example.com"), json!("ada@example.com\r\nBcc: x"), json!(format!("ada@{}.com", "x".repeat(300))), json!(null), json!(7)]),
            ("password", vec![json!(""), json!("x".repeat(5000)), json!(null), json!(7)]),
            ("username", vec![json!(null), json!(7), json!(["ada"])]),
            ("usertype", vec![json!("admin"), json!(""), json!("coder "), json!(null), json!(1)]),
        ];
        for (key, values) in bad {
            for value in values {
                let mut body = good.clone();
                body[key] = value.clone();
                let answer = nobody.post("/signup", body).await;
                assert_eq!(answer.status, 400, "{key} {value}: {}", answer.body);
                answer.assert_rest_error(400);
            }
            let mut body = good.clone();
            body.as_object_mut().expect("an object").remove(key);
            nobody.post("/signup", body).await.assert_rest_error(400);
        }
        assert_eq!(issuer.requests(SIGNUP).await.len(), 0);
        assert_eq!(nobody.post("/signup", good).await.status, 200, "the rest of it was in order");
    })
    .await;
}
