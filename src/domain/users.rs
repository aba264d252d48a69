//! Who is who: the account behind a token, people by name and by number, the lists of coders and
//! mentors.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait, RelationTrait, Select,
};

use super::{
    binding,
    counts::{Counts, List},
    paging::{self, Page, Slice},
};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, ActingMentor, Claims, Permission, Viewer},
    database::{Lookup, Pool, ReadPool},
    entity::{
        coder::{self, Coder},
        is_any_of,
        mentor::{self, Mentor},
        rows_of, user,
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
    let known = people().filter(user::Column::Auth0Sub.eq(claims.subject.as_str()));
    let known = known.into_model::<Person>().one(db).await?;
    if let Some(user) = known.and_then(Person::into_user) {
        return Ok(Some(match user {
            User::Coder(coder) => Account::Coder(ActingCoder { id: coder.id }),
            User::Mentor(mentor) => Account::Mentor(ActingMentor { id: mentor.id }),
        }));
    }
    match claims.username.as_deref() {
        Some(username)
            if can_be_stored(username) && binding::is_possible(db, username, &claims.subject).await? =>
        {
            let _turn = db.turn_to_write().await?;
            binding::bind(db.all(), username, &claims.subject).await
        }
        _ => Ok(None),
    }
}

/// The person called `username`, whatever the case of its letters.
///
/// # Errors
/// `Forbidden` without `get:userinfo`, `NotFound`.
pub async fn by_name(db: &ReadPool, viewer: &Viewer, username: String) -> Result<User> {
    viewer.require(Permission::GetUserinfo)?;
    let names = if can_be_stored(&username) { vec![username.clone()] } else { Vec::new() };
    let user = db.look_up(ByName, names).await?.remove(&username);
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
pub async fn coders_by_id(db: &ReadPool, ids: Vec<i32>) -> Result<HashMap<i32, Coder>> {
    db.look_up(CodersById, ids).await
}

/// The mentors with these numbers; as [`coders_by_id`].
///
/// # Errors
/// Those of the database.
pub async fn mentors_by_id(db: &ReadPool, ids: Vec<i32>) -> Result<HashMap<i32, Mentor>> {
    db.look_up(MentorsById, ids).await
}

impl Coders {
    fn narrow(self, select: Select<coder::Entity>) -> Select<coder::Entity> {
        match self {
            Self::All => select,
            Self::Available => select.filter(coder::Column::MentorId.is_null()),
        }
    }
}

/// A coder, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CodersById;

impl Lookup for CodersById {
    type Key = i32;
    type Value = Coder;

    async fn read(self, db: &ReadPool, ids: &[i32]) -> Result<HashMap<i32, Coder>> {
        let select = coder::find().filter(is_any_of(coder::Column::Id, ids, db.get_database_backend()));
        let found: Vec<Coder> = select.into_model().all(db).await?;
        Ok(found.into_iter().map(|coder| (coder.id, coder)).collect())
    }
}

/// A mentor, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct MentorsById;

impl Lookup for MentorsById {
    type Key = i32;
    type Value = Mentor;

    async fn read(self, db: &ReadPool, ids: &[i32]) -> Result<HashMap<i32, Mentor>> {
        let select = mentor::find().filter(is_any_of(mentor::Column::Id, ids, db.get_database_backend()));
        let found: Vec<Mentor> = select.into_model().all(db).await?;
        Ok(found.into_iter().map(|mentor| (mentor.id, mentor)).collect())
    }
}

/// A coder or mentor, by a name in any case of letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ByName;

impl Lookup for ByName {
    type Key = String;
    type Value = User;

    async fn read(self, db: &ReadPool, names: &[String]) -> Result<HashMap<String, User>> {
        // Which letters are one letter in another case is the database's to say, so it tells the name
        // that was asked for.
        let (table, name) = rows_of(names, "names", db.get_database_backend());
        let mut select = people().expr_as(name.clone(), "name").into_query();
        select.join(JoinType::InnerJoin, table, user::is_named(name));
        let found = db.query_all(&select).await?;
        let user_of = |row| -> Result<_> {
            let (person, name) = (Person::from_query_result(row, "")?, row.try_get("", "name")?);
            Ok(person.into_user().map(|user| (name, user)))
        };
        found.iter().filter_map(|row| user_of(row).transpose()).collect()
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

impl Person {
    fn into_user(self) -> Option<User> {
        let Self { username, coder_id, coders_mentor_id, mentor_id } = self;
        match (coder_id, mentor_id) {
            (Some(id), _) => Some(User::Coder(Coder { id, username, mentor_id: coders_mentor_id })),
            (None, Some(id)) => Some(User::Mentor(Mentor { id, username })),
            (None, None) => None,
        }
    }
}

/// Users, to be narrowed and then read as [`Person`]s.
fn people() -> Select<user::Entity> {
    user::Entity::find()
        .select_only()
        .column(user::Column::Username)
        .column_as(coder::Column::Id, "coder_id")
        .column_as(coder::Column::MentorId, "coders_mentor_id")
        .column_as(mentor::Column::Id, "mentor_id")
        .join(JoinType::LeftJoin, coder::Relation::User.def().rev())
        .join(JoinType::LeftJoin, mentor::Relation::User.def().rev())
}

/// PostgreSQL has no place for NUL in a text, so nobody bears such a name.
pub(super) fn can_be_stored(name: &str) -> bool {
    !name.contains('\0')
}
