//! Creating, changing and deleting snippets.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait};

use super::{
    content::{Change, NewSnippet},
    read::by_id_belonging_to,
    tell,
    together::{Edit, Editing, Insertion, insert_one},
};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, Permission, Viewer},
    domain::{Store, events::Kind, to_the_end},
    entity::{
        now,
        snippet::{self, belonging_to},
    },
    error::Current,
};

/// Stores a new snippet in the acting coder's library.
///
/// # Errors
/// `Forbidden` without `post:snippet` or without a coder account, `BadUserInput`.
pub async fn create(store: &Store, viewer: &Viewer, new: NewSnippet) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::PostSnippet)?;
    new.validate()?;
    store.db.join(Insertion, store, row(coder, new)).await
}

/// Changes what `change` gives, if the snippet is at `expected_version` (where one is given).
///
/// # Errors
/// `Forbidden` without `edit:snippet`, without an account, or when the snippet is neither the
/// acting coder's nor one of the acting mentor's coders'; `BadUserInput`; `NotFound`; `Conflict`.
pub async fn update(
    store: &Store,
    viewer: &Viewer,
    id: i32,
    change: Change,
    expected_version: Option<i32>,
) -> Result<snippet::Model> {
    let account = viewer.account_with(Permission::EditSnippet)?;
    change.validate()?;
    if change.is_empty() {
        let snippet = by_id_belonging_to(&store.db, id, account).await?;
        return at_version(snippet, expected_version);
    }
    let edit = Edit { id, account: account.clone(), change, expected_version };
    let edited = match store.db.join(Editing, store, edit).await? {
        Ok(edited) => edited,
        Err(left) => to_the_end(left.make_alone(store.clone())).await?,
    };
    match edited {
        Some(snippet) => Ok(snippet),
        None => Err(why_untouched(&store.db, id, account).await?),
    }
}

/// The snippet with this number, if the viewer may change it.
///
/// # Errors
/// Those of [`update`], `BadUserInput` and `Conflict` aside.
pub async fn editable_by(db: &impl ConnectionTrait, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let account = viewer.account_with(Permission::EditSnippet)?;
    by_id_belonging_to(db, id, account).await
}

/// Deletes a snippet of the acting coder's, if it is at `expected_version` (where one is given).
///
/// # Errors
/// `Forbidden` without `delete:snippet`, without a coder account, or when the snippet is another
/// coder's; `NotFound`; `Conflict`.
pub async fn delete(
    store: &Store,
    viewer: &Viewer,
    id: i32,
    expected_version: Option<i32>,
) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::DeleteSnippet)?;
    let own = Account::Coder(coder.clone());
    match to_the_end(delete_belonging_to(store.clone(), own.clone(), id, expected_version)).await? {
        Some(snippet) => Ok(snippet),
        None => Err(why_untouched(&store.db, id, &own).await?),
    }
}

/// Deletes a snippet, if it belongs to `account` and is at that version, and tells of it.
async fn delete_belonging_to(
    store: Store,
    account: Account,
    id: i32,
    expected_version: Option<i32>,
) -> Result<Option<snippet::Model>> {
    let _turn = store.db.turn_to_write().await?;
    let deleted = snippet::Entity::delete_many()
        .filter(snippet::Column::Id.eq(id))
        .filter(belonging_to(&account))
        .apply_if(expected_version, |delete, version| delete.filter(snippet::Column::Version.eq(version)))
        .exec_with_returning(&store.db)
        .await?;
    let deleted = deleted.into_iter().next();
    if let Some(snippet) = &deleted {
        tell(&store, Kind::SnippetDeleted, snippet);
    }
    Ok(deleted)
}

/// The snippet with this number, if the viewer may delete it.
///
/// # Errors
/// Those of [`delete`], `Conflict` aside.
pub async fn deletable_by(db: &impl ConnectionTrait, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let coder = viewer.coder_with(Permission::DeleteSnippet)?;
    by_id_belonging_to(db, id, &Account::Coder(coder.clone())).await
}

/// Stores a snippet that is known to be valid, and tells nobody.
pub(crate) async fn insert(db: &impl ConnectionTrait, coder: &ActingCoder, new: NewSnippet) -> Result<()> {
    insert_one(db, &row(coder, new)).await.map(drop)
}

/// A new row, which has no number yet.
fn row(coder: &ActingCoder, new: NewSnippet) -> snippet::Model {
    let now = now();
    snippet::Model {
        id: 0,
        coder_id: coder.id,
        name: new.name,
        code: new.code,
        comments: Some(new.comments),
        needs_review: new.needs_review,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Why a statement that should have changed or deleted the snippet touched no row.
async fn why_untouched(db: &impl ConnectionTrait, id: i32, account: &Account) -> Result<Error> {
    Ok(match by_id_belonging_to(db, id, account).await {
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
