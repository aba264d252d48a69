//! Who mentors whom.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, SqlErr, prelude::Expr};

use super::paging::{self, Page, Slice};
use crate::{
    Error, Result,
    auth::{Permission, Viewer},
    entity::coder::{self, Coder},
};

/// What became of a coder's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The coder who chose.
    pub coder_id: i32,
    /// False when they had that mentor already.
    pub is_new: bool,
}

/// Makes `mentor_id` the acting coder's mentor.
///
/// # Errors
/// `Forbidden` without `add:mentor` or without a coder account, `NotFound` for no such mentor.
pub async fn select_mentor(db: &impl ConnectionTrait, viewer: &Viewer, mentor_id: i32) -> Result<Choice> {
    let coder = viewer.coder_with(Permission::AddMentor)?;
    let another =
        Condition::any().add(coder::Column::MentorId.is_null()).add(coder::Column::MentorId.ne(mentor_id));
    let updated = coder::Entity::update_many()
        .col_expr(coder::Column::MentorId, Expr::value(mentor_id))
        .filter(coder::Column::Id.eq(coder.id))
        .filter(another)
        .exec(db)
        .await;
    match updated {
        Ok(updated) => Ok(Choice { coder_id: coder.id, is_new: updated.rows_affected > 0 }),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) => {
            Err(Error::not_found("mentor"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a coder on, from another mentor too.
///
/// # Errors
/// `Forbidden` without `add:coder` or without a mentor account, `NotFound` for no such coder.
pub async fn add_coder(db: &impl ConnectionTrait, viewer: &Viewer, coder_id: i32) -> Result<coder::Model> {
    let mentor = viewer.mentor_with(Permission::AddCoder)?;
    let updated = coder::Entity::update_many()
        .col_expr(coder::Column::MentorId, Expr::value(mentor.id))
        .filter(coder::Column::Id.eq(coder_id))
        .exec_with_returning(db)
        .await?;
    updated.into_iter().next().ok_or_else(|| Error::not_found("coder"))
}

/// One page of the coders of each of these mentors. Whoever got hold of a mentor may know them.
///
/// # Errors
/// Those of the database.
pub async fn coders_of(
    db: &impl ConnectionTrait,
    mentor_ids: &[i32],
    page: Page,
) -> Result<HashMap<i32, Slice<Coder>>> {
    paging::pages(db, coder::find(), coder::Column::MentorId, mentor_ids, page, |coder: &Coder| {
        coder.mentor_id
    })
    .await
}

/// How many coders each of these mentors has.
///
/// # Errors
/// Those of the database.
pub async fn count_coders_of(db: &impl ConnectionTrait, mentor_ids: &[i32]) -> Result<HashMap<i32, i64>> {
    paging::counts(db, coder::Entity::find(), coder::Column::MentorId, mentor_ids).await
}
