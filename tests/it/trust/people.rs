//! People whose accounts a test looks at behind the API.

use chrono::Utc;
use funcster_api::entity::{
    coder, mentor,
    user::{self, Role, Status},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::Value;

use super::sign_up::user_named;
use crate::support::{App, Person};

/// Somebody whose account is older than the tenant: nobody's subject is bound to it. Returns their
/// number among coders or mentors.
pub(crate) async fn unbound(app: &App, username: &str, role: Role) -> i32 {
    let user = user::ActiveModel {
        username: Set(username.to_owned()),
        role: Set(role),
        status: Set(Status::Active),
        created_at: Set(Utc::now()),
        ..Default::default()
    };
    let user_id = Set(user.insert(&app.db).await.expect("the user is inserted").id);
    match role {
        Role::Coder => {
            let coder = coder::ActiveModel { user_id, ..Default::default() };
            coder.insert(&app.db).await.expect("the coder is inserted").id
        }
        Role::Mentor => {
            let mentor = mentor::ActiveModel { user_id, ..Default::default() };
            mentor.insert(&app.db).await.expect("the mentor is inserted").id
        }
    }
}

/// The name of the account that a token acts for; null for none.
pub(crate) async fn viewer_of(person: &Person<'_>) -> Value {
    let answer = person.graphql("{ viewer { username } }").await;
    answer.data()["viewer"]["username"].clone()
}

/// To whom the account is bound.
pub(crate) async fn subject_of(app: &App, username: &str) -> Option<String> {
    user_named(app, username).await.expect("the account").auth0_sub
}
