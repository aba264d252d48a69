//! Rows that go straight into the tables: signing hundreds of people up would take a while.

use chrono::Utc;
use funcster_api::entity::{
    coder, mentor, snippet,
    user::{self, Role, Status},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait,
};
use uuid::Uuid;

use crate::support::App;

/// This many more mentors; returns their numbers, in order.
pub(super) async fn mentors(app: &App, count: usize) -> Vec<i32> {
    let users = users(app, Role::Mentor, count).await;
    let rows = users.into_iter().map(|user_id| mentor::ActiveModel { id: NotSet, user_id: Set(user_id) });
    let rows = mentor::Entity::insert_many(rows).exec_with_returning(&app.db).await.expect("mentors");
    sorted(rows.into_iter().map(|row| row.id))
}

/// This many more coders, all of one mentor or of none; returns their numbers, in order.
pub(super) async fn coders(app: &App, count: usize, mentor_id: Option<i32>) -> Vec<i32> {
    coders_of(app, &vec![mentor_id; count]).await
}

/// A coder for each of these mentors; returns their numbers, in order.
pub(super) async fn coders_of(app: &App, mentor_ids: &[Option<i32>]) -> Vec<i32> {
    let users = users(app, Role::Coder, mentor_ids.len()).await;
    let rows = users.into_iter().zip(mentor_ids).map(|(user_id, mentor_id)| coder::ActiveModel {
        id: NotSet,
        user_id: Set(user_id),
        mentor_id: Set(*mentor_id),
    });
    let rows = coder::Entity::insert_many(rows).exec_with_returning(&app.db).await.expect("coders");
    sorted(rows.into_iter().map(|row| row.id))
}

/// A snippet for each of these coders; every other one asks for review. Returns their numbers, in
/// order.
pub(super) async fn snippets(app: &App, coder_ids: &[i32]) -> Vec<i32> {
    let rows = coder_ids.iter().enumerate().map(|(index, coder_id)| snippet::ActiveModel {
        id: NotSet,
        coder_id: Set(*coder_id),
        name: Set(format!("Snippet {index}")),
        code: Set("print()".to_owned()),
        comments: Set(None),
        needs_review: Set(index % 2 == 0),
        version: Set(1),
        created_at: Set(Utc::now()),
        updated_at: Set(Utc::now()),
    });
    let rows = snippet::Entity::insert_many(rows).exec_with_returning(&app.db).await.expect("snippets");
    sorted(rows.into_iter().map(|row| row.id))
}

async fn users(app: &App, role: Role, count: usize) -> Vec<i32> {
    let rows = (0..count).map(|_| user::ActiveModel {
        id: NotSet,
        username: Set(Uuid::new_v4().simple().to_string()),
        auth0_sub: Set(None),
        role: Set(role),
        status: Set(Status::Active),
        email_digest: Set(None),
        lease_expires_at: Set(None),
        created_at: Set(Utc::now()),
    });
    let rows = user::Entity::insert_many(rows).exec_with_returning(&app.db).await.expect("users");
    sorted(rows.into_iter().map(|row| row.id))
}

fn sorted(ids: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}
