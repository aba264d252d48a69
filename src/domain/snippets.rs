//! The coders' libraries: who may read, store, change and delete what.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    QueryTrait, Select, UpdateMany,
    prelude::Expr,
    sea_query::ExprTrait,
};

use super::paging::{self, Page, Slice};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, Permission, Viewer},
    entity::{
        is_any_of,
        snippet::{self, Listed, Texts, belonging_to, visible_to},
    },
    error::Current,
};

/// The longest name, in characters.
pub const MAX_NAME_CHARACTERS: usize = 200;
/// The longest code, in bytes.
pub const MAX_CODE_BYTES: usize = 100 * 1024;
/// The longest comments, in characters.
pub const MAX_COMMENTS_CHARACTERS: usize = 20_000;

/// A snippet to be stored.
#[derive(Clone, Debug)]
pub struct NewSnippet {
    /// A title.
    pub name: String,
    /// The Python.
    pub code: String,
    /// Whether review is asked for.
    pub needs_review: bool,
    /// Notes.
    pub comments: String,
}

/// An edit: what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new title.
    pub name: Option<String>,
    /// New code.
    pub code: Option<String>,
    /// Whether review is asked for from now on.
    pub needs_review: Option<bool>,
    /// New notes.
    pub comments: Option<String>,
}

/// The snippet with this number.
///
/// # Errors
/// `Forbidden` without `edit:snippet` or when the snippet is hidden from the viewer, `NotFound`.
pub async fn by_id(db: &impl ConnectionTrait, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let mut found = by_ids(db, viewer, &[id]).await?;
    found.remove(&id).unwrap_or_else(|| Err(not_found()))
}

/// The snippets with these numbers; for one that is hidden from the viewer, `Forbidden` in its
/// place.
///
/// # Errors
/// `Forbidden` without `edit:snippet`.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[i32],
) -> Result<HashMap<i32, Result<snippet::Model>>> {
    viewer.require(Permission::EditSnippet)?;
    let found = find_marked(db, ids, visible_to(viewer)).await?;
    Ok(found.into_iter().map(|(id, found)| (id, found.ok_or("This snippet is not yours to read."))).collect())
}

/// One page of the library of each of these coders, as far as the viewer may read it.
///
/// # Errors
/// Those of the database.
pub async fn of_coders(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    coder_ids: &[i32],
    needs_review: Option<bool>,
    texts: Texts,
    page: Page,
) -> Result<HashMap<i32, Slice<Listed>>> {
    let select = narrow(snippet::find(texts), viewer, needs_review);
    paging::pages(db, select, snippet::Column::CoderId, coder_ids, page, |row: &Listed| Some(row.coder_id))
        .await
}

/// How many snippets the viewer may read in the library of each of these coders.
///
/// # Errors
/// Those of the database.
pub async fn count_of_coders(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    coder_ids: &[i32],
    needs_review: Option<bool>,
) -> Result<HashMap<i32, i64>> {
    let select = narrow(snippet::Entity::find(), viewer, needs_review);
    paging::counts(db, select, snippet::Column::CoderId, coder_ids).await
}

/// Stores a new snippet in the acting coder's library.
///
/// # Errors
/// `Forbidden` without `post:snippet` or without a coder account, `BadUserInput`.
pub async fn create(db: &impl ConnectionTrait, viewer: &Viewer, new: NewSnippet) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::PostSnippet)?;
    new.validate()?;
    Ok(insert(db, coder, new).await?)
}

/// Changes what `change` gives, if the snippet is at `expected_version` (where one is given).
///
/// # Errors
/// `Forbidden` without `edit:snippet`, without an account, or when the snippet is neither the
/// acting coder's nor one of the acting mentor's coders'; `BadUserInput`; `NotFound`; `Conflict`.
pub async fn update(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: i32,
    change: Change,
    expected_version: Option<i32>,
) -> Result<snippet::Model> {
    let account = viewer.account_with(Permission::EditSnippet)?;
    change.validate()?;
    let editable = belonging_to(Some(account));
    if change.is_empty() {
        let snippet = by_id_within(db, id, editable).await?;
        return at_version(snippet, expected_version);
    }
    let updated = change
        .apply_to(snippet::Entity::update_many())
        .filter(snippet::Column::Id.eq(id))
        .filter(editable.clone())
        .apply_if(expected_version, |update, version| update.filter(snippet::Column::Version.eq(version)))
        .exec_with_returning(db)
        .await?;
    match updated.into_iter().next() {
        Some(snippet) => Ok(snippet),
        None => Err(why_untouched(db, id, editable).await?),
    }
}

/// The snippet with this number, if the viewer may change it.
///
/// # Errors
/// Those of [`update`], `BadUserInput` and `Conflict` aside.
pub async fn editable_by(db: &impl ConnectionTrait, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let account = viewer.account_with(Permission::EditSnippet)?;
    by_id_within(db, id, belonging_to(Some(account))).await
}

/// Deletes a snippet of the acting coder's, if it is at `expected_version` (where one is given).
///
/// # Errors
/// `Forbidden` without `delete:snippet`, without a coder account, or when the snippet is another
/// coder's; `NotFound`; `Conflict`.
pub async fn delete(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: i32,
    expected_version: Option<i32>,
) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::DeleteSnippet)?;
    let own = belonging_to(Some(&Account::Coder(coder.clone())));
    let deleted = snippet::Entity::delete_many()
        .filter(snippet::Column::Id.eq(id))
        .filter(own.clone())
        .apply_if(expected_version, |delete, version| delete.filter(snippet::Column::Version.eq(version)))
        .exec_with_returning(db)
        .await?;
    match deleted.into_iter().next() {
        Some(snippet) => Ok(snippet),
        None => Err(why_untouched(db, id, own).await?),
    }
}

/// The snippet with this number, if the viewer may delete it.
///
/// # Errors
/// Those of [`delete`], `Conflict` aside.
pub async fn deletable_by(db: &impl ConnectionTrait, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::DeleteSnippet)?;
    by_id_within(db, id, belonging_to(Some(&Account::Coder(coder.clone())))).await
}

/// Stores a snippet that is known to be valid.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    coder: &ActingCoder,
    new: NewSnippet,
) -> std::result::Result<snippet::Model, sea_orm::DbErr> {
    let now = now();
    snippet::Entity::insert(snippet::ActiveModel {
        id: NotSet,
        coder_id: Set(coder.id),
        name: Set(new.name),
        code: Set(new.code),
        comments: Set(Some(new.comments)),
        needs_review: Set(new.needs_review),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    })
    .exec_with_returning(db)
    .await
}

impl NewSnippet {
    /// Checks what it would store. [`create`] does; this is for who must know earlier.
    ///
    /// # Errors
    /// `BadUserInput`.
    pub fn validate(&self) -> Result<()> {
        validate(Some(&self.name), Some(&self.code), Some(&self.comments))
    }
}

impl Change {
    /// Checks what it would store. [`update`] does; this is for who must know earlier.
    ///
    /// # Errors
    /// `BadUserInput`.
    pub fn validate(&self) -> Result<()> {
        validate(self.name.as_deref(), self.code.as_deref(), self.comments.as_deref())
    }

    const fn is_empty(&self) -> bool {
        self.name.is_none() && self.code.is_none() && self.needs_review.is_none() && self.comments.is_none()
    }

    fn apply_to(self, update: UpdateMany<snippet::Entity>) -> UpdateMany<snippet::Entity> {
        update
            .set(snippet::ActiveModel {
                name: self.name.map_or(NotSet, Set),
                code: self.code.map_or(NotSet, Set),
                needs_review: self.needs_review.map_or(NotSet, Set),
                comments: self.comments.map_or(NotSet, |comments| Set(Some(comments))),
                updated_at: Set(now()),
                ..Default::default()
            })
            .col_expr(snippet::Column::Version, Expr::col(snippet::Column::Version).add(1))
    }
}

/// The rule for what may stand in a snippet; `None` is not looked at.
fn validate(name: Option<&str>, code: Option<&str>, comments: Option<&str>) -> Result<()> {
    if name.is_some_and(|name| name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARACTERS) {
        let message = format!("name must be 1 to {MAX_NAME_CHARACTERS} characters, and not blank.");
        return Err(Error::bad_user_input("name", message));
    }
    if code.is_some_and(|code| code.is_empty() || code.len() > MAX_CODE_BYTES) {
        let message = format!("code must be 1 to {MAX_CODE_BYTES} bytes.");
        return Err(Error::bad_user_input("code", message));
    }
    if comments.is_some_and(|comments| comments.chars().count() > MAX_COMMENTS_CHARACTERS) {
        let message = format!("comments must be at most {MAX_COMMENTS_CHARACTERS} characters.");
        return Err(Error::bad_user_input("comments", message));
    }
    // PostgreSQL has no place for NUL in a text, and both databases shall store the same.
    for (field, text) in [("name", name), ("code", code), ("comments", comments)] {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Error::bad_user_input(field, format!("{field} must not contain NUL.")));
        }
    }
    Ok(())
}

fn narrow(
    select: Select<snippet::Entity>,
    viewer: &Viewer,
    needs_review: Option<bool>,
) -> Select<snippet::Entity> {
    select
        .filter(visible_to(viewer))
        .apply_if(needs_review, |select, flag| select.filter(snippet::Column::NeedsReview.eq(flag)))
}

/// A row, and whether it fulfils a condition.
#[derive(FromQueryResult)]
struct Marked {
    #[sea_orm(nested)]
    snippet: snippet::Model,
    fulfils: bool,
}

/// What [`find_marked`] found: the snippet if it fulfils the condition.
struct Found(snippet::Model, bool);

impl Found {
    fn ok_or(self, refusal: &'static str) -> Result<snippet::Model> {
        if self.1 { Ok(self.0) } else { Err(Error::forbidden(refusal)) }
    }
}

/// Reads snippets and, in the same statement, which of them fulfil `condition`: so that one that
/// is hidden and one that does not exist can be told apart.
async fn find_marked(
    db: &impl ConnectionTrait,
    ids: &[i32],
    condition: Condition,
) -> Result<HashMap<i32, Found>> {
    let marked: Vec<Marked> = snippet::Entity::find()
        .expr_as(condition, "fulfils")
        .filter(is_any_of(snippet::Column::Id, ids, db.get_database_backend()))
        .into_model()
        .all(db)
        .await?;
    Ok(marked.into_iter().map(|row| (row.snippet.id, Found(row.snippet, row.fulfils))).collect())
}

async fn by_id_within(db: &impl ConnectionTrait, id: i32, condition: Condition) -> Result<snippet::Model> {
    let found = find_marked(db, &[id], condition).await?.remove(&id).ok_or_else(not_found)?;
    found.ok_or("This snippet is not yours to change.")
}

/// Why a statement that should have changed or deleted the snippet touched no row.
async fn why_untouched(db: &impl ConnectionTrait, id: i32, condition: Condition) -> Result<Error> {
    Ok(match by_id_within(db, id, condition).await {
        Ok(snippet) => Error::stale(Current { id, version: snippet.version }),
        Err(error) => error,
    })
}

fn at_version(snippet: snippet::Model, expected: Option<i32>) -> Result<snippet::Model> {
    if expected.is_none_or(|expected| expected == snippet.version) {
        Ok(snippet)
    } else {
        Err(Error::stale(Current { id: snippet.id, version: snippet.version }))
    }
}

fn not_found() -> Error {
    Error::not_found("snippet")
}

/// The time in microseconds: what PostgreSQL keeps, so that both databases read back what was
/// written.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
