//! Signing up through either edge, and looking at what it left behind.

use funcster_api::entity::{coder, mentor, user};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::issuer::{Issuer, SIGNUP};
use crate::support::{Answer, App, PASSWORD};

/// Through which edge a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Rest,
    Graphql,
}

pub(crate) const EDGES: [Edge; 2] = [Edge::Rest, Edge::Graphql];

impl Edge {
    /// Signs somebody up as a coder.
    pub(crate) async fn sign_up(self, app: &App, username: &str, email: &str) -> Answer {
        self.sign_up_as(app, "coder", username, email).await
    }

    pub(crate) async fn sign_up_as(self, app: &App, usertype: &str, username: &str, email: &str) -> Answer {
        let nobody = app.anonymous();
        let input = |usertype: &str| json!({ "username": username, "usertype": usertype, "email": email, "password": PASSWORD });
        let answer = match self {
            Self::Rest => nobody.post("/signup", input(usertype)).await,
            Self::Graphql => {
                let mutation =
                    "mutation($input: SignupInput!) { signup(input: $input) { user { username } } }";
                nobody.graphql_with(mutation, json!({ "input": input(&usertype.to_uppercase()) })).await
            }
        };
        let text = String::from_utf8_lossy(&answer.bytes);
        assert!(!text.contains(PASSWORD), "the password is in the answer: {text}");
        answer
    }

    /// Checks that somebody was signed up.
    #[track_caller]
    pub(crate) fn assert_signed_up(self, answer: &Answer, what: &str) {
        assert_eq!(answer.status, 200, "{what} by {self:?}: {}", answer.body);
        match self {
            Self::Rest => assert!(answer.body["user_id"].is_i64(), "{what}: {}", answer.body),
            Self::Graphql => {
                let username = &answer.body["data"]["signup"]["user"]["username"];
                assert!(username.is_string(), "{what}: {}", answer.body);
            }
        }
    }

    /// Checks that a sign-up was refused with this status, or with the code that GraphQL has for it.
    #[track_caller]
    pub(crate) fn assert_refused(self, answer: &Answer, status: u16, what: &str) {
        match self {
            Self::Rest => {
                assert_eq!(answer.status, status, "{what}: {}", answer.body);
                answer.assert_rest_error(status);
            }
            Self::Graphql => {
                let code = match status {
                    400 => "BAD_USER_INPUT",
                    409 => "CONFLICT",
                    429 => "RATE_LIMITED",
                    _ => "UNAVAILABLE",
                };
                assert_eq!(answer.status, 200, "{what}: {}", answer.body);
                assert_eq!(answer.body["data"]["signup"], Value::Null, "{what}");
                assert_eq!(answer.body["errors"][0]["extensions"]["code"], code, "{what}: {}", answer.body);
            }
        }
    }

    /// What the client is told.
    pub(crate) fn message(self, answer: &Answer) -> String {
        let message = match self {
            Self::Rest => &answer.body["message"],
            Self::Graphql => &answer.body["errors"][0]["message"],
        };
        message.as_str().expect("a message").to_owned()
    }

    /// After how many seconds the client is to try again.
    pub(crate) fn retry_after(self, answer: &Answer) -> Option<u64> {
        match self {
            Self::Rest => answer.header("retry-after").parse().ok(),
            Self::Graphql => answer.body["errors"][0]["extensions"]["retryAfter"].as_u64(),
        }
    }
}

/// How many people there are.
pub(crate) async fn count_accounts(app: &App) -> u64 {
    let coders = coder::Entity::find().count(&app.db).await.expect("the coders are counted");
    coders + mentor::Entity::find().count(&app.db).await.expect("the mentors are counted")
}

/// The row that holds this name.
pub(crate) async fn user_named(app: &App, username: &str) -> Option<user::Model> {
    user::Entity::find().filter(user::is_named(username)).one(&app.db).await.expect("the users are read")
}

/// Of whoever signs up, where it does not matter.
pub(crate) const EMAIL: &str = "Ada@example.com";

pub(crate) fn json_answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// The shape that most of Auth0's refusals have.
pub(crate) fn refusal(code: &str) -> ResponseTemplate {
    let body = json!({ "name": "BadRequestError", "code": code, "description": "No.", "statusCode": 400 });
    json_answer(400, body)
}

/// Has the provider answer like this, checks that the client is told so, and that the name is free
/// afterwards. A failure that leaves it open whether somebody was registered keeps the name for
/// whoever asked; a refusal leaves it to anybody.
pub(crate) async fn check_failure(
    app: &App,
    issuer: &Issuer,
    what: &str,
    answer: ResponseTemplate,
    status: u16,
) {
    for edge in EDGES {
        let accounts = count_accounts(app).await;
        issuer.answer(SIGNUP, answer.clone());
        let failed = edge.sign_up(app, "ada", EMAIL).await;
        edge.assert_refused(&failed, status, what);
        if status == 503 {
            assert!(
                edge.retry_after(&failed).is_some_and(|seconds| seconds > 0),
                "{what}: {:?}",
                failed.headers
            );
        }
        assert_eq!(count_accounts(app).await, accounts, "{what} leaves no coder behind");
        issuer.register_as("of ada");
        let email = if status == 502 { EMAIL } else { "another@example.com" };
        edge.assert_signed_up(&edge.sign_up(app, "ADA", email).await, what);
        forget_everybody(app).await;
    }
}

async fn forget_everybody(app: &App) {
    app.db.execute_unprepared("DELETE FROM coders").await.expect("the coders are deleted");
    app.db.execute_unprepared("DELETE FROM users").await.expect("the users are deleted");
}
