use std::slice;

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryTrait, UpdateMany,
    prelude::Expr,
    sea_query::ExprTrait,
};

use super::{
    content::{Change, NewSnippet},
    read::by_id_belonging_to,
};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, Permission, Viewer},
    database::Joint,
    domain::{
        Store,
        events::{Event, Kind},
    },
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
    let updated = change
        .apply_to(snippet::Entity::update_many())
        .filter(snippet::Column::Id.eq(id))
        .filter(belonging_to(account))
        .apply_if(expected_version, |update, version| update.filter(snippet::Column::Version.eq(version)))
        .exec_with_returning(&store.db)
        .await?;
    match updated.into_iter().next() {
        Some(snippet) => {
            tell(store, Kind::SnippetUpdated, &snippet);
            Ok(snippet)
        }
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
    let deleted = snippet::Entity::delete_many()
        .filter(snippet::Column::Id.eq(id))
        .filter(belonging_to(&own))
        .apply_if(expected_version, |delete, version| delete.filter(snippet::Column::Version.eq(version)))
        .exec_with_returning(&store.db)
        .await?;
    match deleted.into_iter().next() {
        Some(snippet) => {
            tell(store, Kind::SnippetDeleted, &snippet);
            Ok(snippet)
        }
        None => Err(why_untouched(&store.db, id, &own).await?),
    }
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

/// Storing snippets that are known to be valid: those of several people by one statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Insertion;

impl Insertion {
    /// How many are stored by one statement: it holds all of their texts.
    const MOST_ROWS: usize = 32;
}

impl Joint for Insertion {
    type Db = Store;
    type Input = snippet::Model;
    type Output = snippet::Model;

    async fn carry_out(self, store: Store, rows: Vec<snippet::Model>) -> Vec<Result<snippet::Model>> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for rows in rows.chunks(Self::MOST_ROWS) {
            match insert_all(&store.db, rows).await {
                Ok(stored) => outcomes.extend(stored.into_iter().map(Ok)),
                // None is stored if one cannot be, for which the others are not to blame.
                Err(error) if Error::is_refusal(&error) && rows.len() > 1 => {
                    outcomes.extend(join_all(rows.iter().map(|row| insert_one(&store.db, row))).await);
                }
                Err(error) => outcomes.extend(vec![Err(error.into()); rows.len()]),
            }
        }
        // Here, since a snippet is stored even if who sent it has left.
        outcomes.iter().flatten().for_each(|created| tell(&store, Kind::SnippetCreated, created));
        outcomes
    }
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

async fn insert_one(db: &impl ConnectionTrait, row: &snippet::Model) -> Result<snippet::Model> {
    let mut stored = insert_all(db, slice::from_ref(row)).await?;
    Ok(stored.remove(0))
}

/// Stores new rows, or none of them.
async fn insert_all(
    db: &impl ConnectionTrait,
    rows: &[snippet::Model],
) -> std::result::Result<Vec<snippet::Model>, DbErr> {
    let new = rows.iter().cloned().map(|row| snippet::ActiveModel { id: NotSet, ..row.into() }.reset_all());
    let mut stored = snippet::Entity::insert_many(new).exec_with_returning(db).await?;
    // They may be returned in another order.
    let take = |mut row: snippet::Model| {
        let place = stored.iter().position(|stored| {
            row.id = stored.id;
            row == *stored
        })?;
        Some(stored.remove(place))
    };
    let stored: Option<_> = rows.iter().cloned().map(take).collect();
    stored.ok_or(DbErr::RecordNotInserted)
}

impl Change {
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

fn tell(store: &Store, kind: Kind, snippet: &snippet::Model) {
    store.events.publish(Event {
        kind,
        coder_id: snippet.coder_id,
        snippet_id: Some(snippet.id),
        mentor_id: None,
    });
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
