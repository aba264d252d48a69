//! A process that dies in the middle of a sign-up, and what it leaves behind.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use funcster_api::entity::user::{self, Status};
use reqwest::Client;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{
    cli_servers::{Server, free_port},
    forge::named,
    issuer::{Issuer, SIGNUP},
    program::Program,
    sign_up::{count_accounts, user_named},
};
use crate::support::{App, PASSWORD};

/// Kills a server while the provider is being asked, and returns the one that is started after it.
async fn killed_and_started_again(app: &App, issuer: &Issuer, program: &Program) -> Server {
    let (port, domain) = (free_port(), issuer.url().to_string());
    let settings = [
        ("DATABASE_URL", app.config.database_url.as_str()),
        ("AUTH0_DOMAIN", domain.as_str()),
        ("AUTH0_CLIENT_ID", "client"),
        ("API_IDENTIFIER", "https://api.example.com"),
        ("HOST", "127.0.0.1"),
        ("PORT", port.as_str()),
    ];
    issuer.answer(SIGNUP, ResponseTemplate::new(200).set_delay(Duration::from_mins(1)));
    let (mut server, _) = Server::start(program, &settings, &["serve"]).await;
    let lost = tokio::spawn(sign_up(server.at("/signup")));
    while issuer.requests(SIGNUP).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.child.kill().expect("it is killed");
    assert_eq!(lost.await.expect("it ran"), None, "nobody answered");
    drop(server);
    assert_no_secret_in_the_log(program);
    Server::start(program, &settings, &["serve"]).await.0
}

/// The status, if there is an answer.
async fn sign_up(address: String) -> Option<u16> {
    let ada =
        json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": PASSWORD });
    Some(Client::new().post(address).json(&ada).send().await.ok()?.status().as_u16())
}

fn assert_no_secret_in_the_log(program: &Program) {
    let log = std::fs::read_to_string(program.directory().join("log")).expect("the log");
    assert!(log.contains("listening"), "{log}");
    for secret in [PASSWORD, "ada@example.com"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

async fn let_the_lease_run_out(app: &App) {
    let mut row: user::ActiveModel =
        user_named(app, "ada").await.expect("the name is reserved").into_active_model();
    row.lease_expires_at = Set(Some(Utc::now() - TimeDelta::seconds(1)));
    row.update(&app.db).await.expect("the row is changed");
}

on_both_databases! {
    async fn a_sign_up_whose_process_was_killed_is_completed_by_a_repeat(app: App) {
        let (issuer, program) = (Issuer::start().await, Program::new());
        let server = killed_and_started_again(app, &issuer, &program).await;
        issuer.register_as("abc");
        assert_eq!(sign_up(server.at("/signup")).await, Some(409), "the lease is on");
        let_the_lease_run_out(app).await;
        assert_eq!(sign_up(server.at("/signup")).await, Some(200));
        let row = user_named(app, "ada").await.expect("the account is there");
        assert_eq!((row.status, row.auth0_sub.as_deref()), (Status::Active, Some("auth0|abc")));
        assert_eq!(count_accounts(app).await, 1);
        assert_eq!(issuer.requests(SIGNUP).await.len(), 2, "one for each process");
        assert_no_secret_in_the_log(&program);
    }

    async fn an_account_that_only_the_provider_has_is_completed_by_the_first_sign_in(app: App) {
        let (issuer, program) = (Issuer::start().await, Program::new());
        let server = killed_and_started_again(app, &issuer, &program).await;
        let_the_lease_run_out(app).await;
        issuer.answer(SIGNUP, ResponseTemplate::new(400).set_body_json(json!({ "code": "user_exists" })));
        assert_eq!(sign_up(server.at("/signup")).await, Some(409));
        assert_eq!(count_accounts(app).await, 0);
        assert_no_secret_in_the_log(&program);

        let ada = named(app, "auth0|made-by-the-provider", "ada", &[]);
        let viewer = ada.graphql("{ viewer { __typename username } }").await;
        assert_eq!(viewer.data()["viewer"], json!({ "__typename": "Coder", "username": "ada" }));
        assert_eq!(count_accounts(app).await, 1);
    }
}
