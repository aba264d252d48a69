use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait,
    QueryFilter, prelude::Expr,
};

use super::demo;
use crate::{
    Result,
    auth::{Account, ActingCoder},
    database::begin_write,
    domain::{
        binding::make_account,
        snippets::{self, NewSnippet},
    },
    entity::{
        coder, now,
        user::{self, Role, Status},
    },
};

/// Puts the demo people and their snippets into an empty database. Their accounts are bound by the
/// first token that bears their name. Returns false, and does nothing, when there are users already.
///
/// # Errors
/// Those of the database.
pub async fn seed(db: &DatabaseConnection) -> Result<bool> {
    let txn = begin_write(db).await?;
    if user::Entity::find().count(&txn).await? > 0 {
        return Ok(false);
    }
    let mut mentors = HashMap::new();
    for username in demo::MENTORS {
        if let Account::Mentor(mentor) = add(&txn, username, Role::Mentor).await? {
            mentors.insert(*username, mentor.id);
        }
    }
    for demo_coder in demo::CODERS {
        let Account::Coder(coder) = add(&txn, demo_coder.username, Role::Coder).await? else { continue };
        if let Some(mentor_id) = demo_coder.mentor.and_then(|mentor| mentors.get(mentor)) {
            coder::Entity::update_many()
                .col_expr(coder::Column::MentorId, Expr::value(*mentor_id))
                .filter(coder::Column::Id.eq(coder.id))
                .exec(&txn)
                .await?;
        }
        for snippet in demo_coder.snippets {
            add_snippet(&txn, &coder, snippet).await?;
        }
    }
    txn.commit().await?;
    Ok(true)
}

async fn add(db: &impl ConnectionTrait, username: &str, role: Role) -> Result<Account> {
    let user = user::Entity::insert(user::ActiveModel {
        username: Set(username.to_owned()),
        role: Set(role),
        status: Set(Status::Active),
        created_at: Set(now()),
        ..Default::default()
    })
    .exec_with_returning(db)
    .await?;
    make_account(db, &user).await
}

async fn add_snippet(
    db: &impl ConnectionTrait,
    coder: &ActingCoder,
    snippet: &demo::DemoSnippet,
) -> Result<()> {
    let new = NewSnippet {
        name: snippet.name.to_owned(),
        code: snippet.code.to_owned(),
        needs_review: snippet.needs_review,
        comments: snippet.comments.unwrap_or_default().to_owned(),
    };
    new.validate()?;
    snippets::insert(db, coder, new).await
}
