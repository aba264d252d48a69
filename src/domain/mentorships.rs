//! Who mentors whom.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, EntityTrait, FromQueryResult, QuerySelect, SqlErr,
};

use super::{
    Store,
    events::{Event, Kind},
    paging::{self, Child, Page, Slice},
    to_the_end,
};
use crate::{
    Error, Result,
    auth::{Permission, Viewer},
    database::{Lookup, ReadPool, begin_write},
    entity::coder::{self, Coder},
};

/// A coder who has a mentor now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mentorship {
    /// The coder.
    pub coder_id: i32,
    /// The mentor.
    pub mentor_id: i32,
    /// Who was the mentor before; the same one, when nothing changed.
    pub previous_mentor_id: Option<i32>,
}

impl Mentorship {
    /// False when the coder had this mentor already.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.previous_mentor_id != Some(self.mentor_id)
    }
}

/// Makes `mentor_id` the acting coder's mentor.
///
/// # Errors
/// `Forbidden` without `add:mentor` or without a coder account, `NotFound` for no such mentor.
pub async fn select_mentor(store: &Store, viewer: &Viewer, mentor_id: i32) -> Result<Mentorship> {
    let coder = viewer.coder_with(Permission::AddMentor)?;
    to_the_end(assign(store.clone(), coder.id, mentor_id)).await
}

/// Takes a coder on, from another mentor too.
///
/// # Errors
/// `Forbidden` without `add:coder` or without a mentor account, `NotFound` for no such coder.
pub async fn add_coder(store: &Store, viewer: &Viewer, coder_id: i32) -> Result<Mentorship> {
    let mentor = viewer.mentor_with(Permission::AddCoder)?;
    to_the_end(assign(store.clone(), coder_id, mentor.id)).await
}

async fn assign(store: Store, coder_id: i32, mentor_id: i32) -> Result<Mentorship> {
    let _turn = store.db.turn_to_write().await?;
    let txn = begin_write(store.db.all()).await?;
    let coder = coder::Entity::find_by_id(coder_id).lock_exclusive().one(&txn).await?;
    let coder = coder.ok_or_else(|| Error::not_found("coder"))?;
    let mentorship = Mentorship { coder_id, mentor_id, previous_mentor_id: coder.mentor_id };
    if !mentorship.is_new() {
        return Ok(mentorship);
    }
    let updated =
        coder::ActiveModel { id: Unchanged(coder_id), mentor_id: Set(Some(mentor_id)), ..Default::default() };
    match updated.update(&txn).await {
        Ok(_) => txn.commit().await?,
        Err(error) if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) => {
            return Err(Error::not_found("mentor"));
        }
        Err(error) => return Err(error.into()),
    }
    let tell = |kind, mentor_id| {
        store.events.publish(Event { kind, coder_id, snippet_id: None, mentor_id: Some(mentor_id) });
    };
    tell(Kind::CoderAdded, mentor_id);
    if let Some(previous) = mentorship.previous_mentor_id {
        tell(Kind::CoderLeft, previous);
    }
    Ok(mentorship)
}

/// One page of the coders of each of these mentors. Whoever got hold of a mentor may know them.
///
/// # Errors
/// Those of the database.
pub async fn coders_of(
    db: &ReadPool,
    mentor_ids: Vec<i32>,
    page: Page,
) -> Result<HashMap<i32, Slice<Coder>>> {
    db.look_up(CodersOf(page), mentor_ids).await
}

/// A page of the coders of a mentor, by the mentor's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CodersOf(Page);

impl Lookup for CodersOf {
    type Key = i32;
    type Value = Slice<Coder>;

    fn may_be_long(&self) -> bool {
        self.0.may_be_long()
    }

    async fn read(self, db: &ReadPool, mentor_ids: &[i32]) -> Result<HashMap<i32, Slice<Coder>>> {
        let Self(page) = self;
        paging::pages(db, coder::find(), coder::Column::MentorId, mentor_ids, page, |row| {
            Coder::from_query_result(row, "")
        })
        .await
    }
}

impl Child for Coder {
    fn id(&self) -> i32 {
        self.id
    }

    fn parent(&self) -> i32 {
        self.mentor_id.unwrap_or_default()
    }
}

/// How many coders each of these mentors has.
///
/// # Errors
/// Those of the database.
pub async fn count_coders_of(db: &impl ConnectionTrait, mentor_ids: &[i32]) -> Result<HashMap<i32, i64>> {
    paging::counts(db, coder::Entity::find(), coder::Column::MentorId, mentor_ids).await
}
