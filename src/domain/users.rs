//! Who is who: the account behind a token, people by name and by number, the lists of coders and
//! mentors.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect, RelationTrait, Select, sea_query::SimpleExpr,
};

use super::{
    binding,
    counts::{Counts, List},
    paging::{self, Page, Slice},
};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, ActingMentor, Claims, Permission, Viewer},
    database::Pool,
    entity::{
        coder::{self, Coder},
        is_any_of,
        mentor::{self, Mentor},
        user,
    },
};

/// A coder or a mentor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// A coder.
    Coder(Coder),
    /// A mentor.
    Mentor(Mentor),
}

/// Which coders a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coders {
    /// All of them.
    All,
    /// Those without a mentor.
    Available,
}

/// Finds the account that a token's subject is bound to. A subject that is bound to none, with a
/// username claim that names an account which is bound to no subject yet, is bound to that one.
///
/// # Errors
/// Those of the database.
pub async fn identify(db: &Pool, claims: &Claims) -> Result<Option<Account>> {
    let known = find_person(db, user::Column::Auth0Sub.eq(claims.subject.as_str())).await?;
    if known.is_some() {
        return Ok(known.map(|user| match user {
            User::Coder(coder) => Account::Coder(ActingCoder { id: coder.id }),
            User::Mentor(mentor) => Account::Mentor(ActingMentor { id: mentor.id }),
        }));
    }
    match claims.username.as_deref() {
        Some(username) if can_be_stored(username) => binding::bind(db.all(), username, &claims.subject).await,
        _ => Ok(None),
    }
}

/// The person called `username`, whatever the case of its letters.
///
/// # Errors
/// `Forbidden` without `get:userinfo`, `NotFound`.
pub async fn by_name(db: &impl ConnectionTrait, viewer: &Viewer, username: &str) -> Result<User> {
    viewer.require(Permission::GetUserinfo)?;
    let user = if can_be_stored(username) { find_person(db, user::is_named(username)).await? } else { None };
    user.ok_or_else(|| Error::not_found("user"))
}

/// One page of the coders.
///
/// # Errors
/// `Forbidden` without `get:coders`.
pub async fn coders(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    which: Coders,
    page: Page,
) -> Result<Slice<Coder>> {
    viewer.require(Permission::GetCoders)?;
    paging::page(db, which.narrow(coder::find()), page).await
}

/// How many coders there are; of many, a moment ago.
///
/// # Errors
/// `Forbidden` without `get:coders`.
pub async fn count_coders(
    db: &impl ConnectionTrait,
    counts: &Counts,
    viewer: &Viewer,
    which: Coders,
) -> Result<u64> {
    viewer.require(Permission::GetCoders)?;
    counts.of(List::Coders(which), which.narrow(coder::Entity::find()).count(db)).await
}

/// One page of the mentors.
///
/// # Errors
/// `Forbidden` without `get:mentors`.
pub async fn mentors(db: &impl ConnectionTrait, viewer: &Viewer, page: Page) -> Result<Slice<Mentor>> {
    viewer.require(Permission::GetMentors)?;
    paging::page(db, mentor::find(), page).await
}

/// How many mentors there are; of many, a moment ago.
///
/// # Errors
/// `Forbidden` without `get:mentors`.
pub async fn count_mentors(db: &impl ConnectionTrait, counts: &Counts, viewer: &Viewer) -> Result<u64> {
    viewer.require(Permission::GetMentors)?;
    counts.of(List::Mentors, mentor::Entity::find().count(db)).await
}

/// The coders with these numbers. Who may ask is the caller's to know: a coder is reached from a
/// list, from a snippet, or from their own account.
///
/// # Errors
/// Those of the database.
pub async fn coders_by_id(db: &impl ConnectionTrait, ids: &[i32]) -> Result<HashMap<i32, Coder>> {
    let found =
        coder::find().filter(is_any_of(coder::Column::Id, ids, db.get_database_backend())).into_model();
    Ok(found.all(db).await?.into_iter().map(|coder: Coder| (coder.id, coder)).collect())
}

/// The mentors with these numbers; as [`coders_by_id`].
///
/// # Errors
/// Those of the database.
pub async fn mentors_by_id(db: &impl ConnectionTrait, ids: &[i32]) -> Result<HashMap<i32, Mentor>> {
    let found =
        mentor::find().filter(is_any_of(mentor::Column::Id, ids, db.get_database_backend())).into_model();
    Ok(found.all(db).await?.into_iter().map(|mentor: Mentor| (mentor.id, mentor)).collect())
}

impl Coders {
    fn narrow(self, select: Select<coder::Entity>) -> Select<coder::Entity> {
        match self {
            Self::All => select,
            Self::Available => select.filter(coder::Column::MentorId.is_null()),
        }
    }
}

/// A user with what they are; a sign-up that is not complete is neither.
#[derive(FromQueryResult)]
struct Person {
    username: String,
    coder_id: Option<i32>,
    coders_mentor_id: Option<i32>,
    mentor_id: Option<i32>,
}

async fn find_person(db: &impl ConnectionTrait, which: SimpleExpr) -> Result<Option<User>> {
    let person = user::Entity::find()
        .select_only()
        .column(user::Column::Username)
        .column_as(coder::Column::Id, "coder_id")
        .column_as(coder::Column::MentorId, "coders_mentor_id")
        .column_as(mentor::Column::Id, "mentor_id")
        .join(JoinType::LeftJoin, coder::Relation::User.def().rev())
        .join(JoinType::LeftJoin, mentor::Relation::User.def().rev())
        .filter(which)
        .into_model::<Person>()
        .one(db)
        .await?;
    Ok(person.and_then(|Person { username, coder_id, coders_mentor_id, mentor_id }| {
        coder_id
            .map(|id| User::Coder(Coder { id, username: username.clone(), mentor_id: coders_mentor_id }))
            .or_else(|| mentor_id.map(|id| User::Mentor(Mentor { id, username })))
    }))
}

/// PostgreSQL has no place for NUL in a text, so nobody bears such a name.
pub(super) fn can_be_stored(name: &str) -> bool {
    !name.contains('\0')
}
