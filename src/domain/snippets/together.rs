//! Snippets that several people store or change at the same time, by one statement.

use std::{
    collections::{HashMap, HashSet},
    slice,
};

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::NotSet,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable,
    prelude::Expr,
    sea_query::{
        Asterisk, CommonTableExpression, ExprTrait, Func, IntoIden, LockBehavior, LockType, Query,
        WithClause, any,
    },
};

use super::{content::Change, tell};
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, ActingMentor},
    database::Joint,
    domain::{Store, events::Kind},
    entity::{
        coder, now,
        snippet::{self, of_coder_or_mentor},
    },
};

/// How many snippets are stored or changed by one statement: it holds all of their texts.
const MOST_ROWS: usize = 32;

/// Storing snippets that are known to be valid: those of several people by one statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Insertion;

impl Joint for Insertion {
    const MOST: usize = MOST_ROWS;

    type Db = Store;
    type Input = snippet::Model;
    type Output = snippet::Model;

    async fn carry_out(self, store: Store, rows: Vec<snippet::Model>) -> Vec<Result<snippet::Model>> {
        let outcomes: Vec<_> = match insert_all(&store.db, &rows).await {
            Ok(stored) => stored.into_iter().map(Ok).collect(),
            // None is stored if one cannot be, for which the others are not to blame.
            Err(error) if Error::is_refusal(&error) && rows.len() > 1 => {
                join_all(rows.iter().map(|row| insert_one(&store.db, row))).await
            }
            Err(error) => vec![Err(error.into()); rows.len()],
        };
        // Here, since a snippet is stored even if who sent it has left.
        outcomes.iter().flatten().for_each(|created| tell(&store, Kind::SnippetCreated, created));
        outcomes
    }
}

pub(super) async fn insert_one(db: &impl ConnectionTrait, row: &snippet::Model) -> Result<snippet::Model> {
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

/// A change that is known to be valid, and changes something.
pub(super) struct Edit {
    pub(super) id: i32,
    pub(super) account: Account,
    pub(super) change: Change,
    pub(super) expected_version: Option<i32>,
}

impl Edit {
    /// Makes it when nobody else is at the snippet any more, if it may be made then.
    pub(super) async fn make_alone(self, store: &Store) -> Result<Option<snippet::Model>> {
        Ok(edit_all(store, [&self], AtWork::Wait).await?.into_iter().next())
    }
}

/// Making edits: those of several people by one statement. What could not be made so comes back, to be tried
/// alone: nobody waits for a snippet that somebody else is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Editing;

impl Joint for Editing {
    const MOST: usize = MOST_ROWS;

    type Db = Store;
    type Input = Edit;
    type Output = std::result::Result<snippet::Model, Edit>;

    async fn carry_out(self, store: Store, edits: Vec<Edit>) -> Vec<Result<Self::Output>> {
        // Of two edits of one snippet, the other comes later.
        let mut snippets = HashSet::new();
        let first = edits.iter().filter(|edit| snippets.insert(edit.id));
        let edited =
            if edits.len() > 1 { edit_all(&store, first, AtWork::Skip).await } else { Ok(Vec::new()) };
        let edited = match edited {
            Err(error) if !Error::is_refusal(&error) => {
                return edits.iter().map(|_| Err(error.clone().into())).collect();
            }
            edited => edited.unwrap_or_default(),
        };
        let mut edited: HashMap<_, _> = edited.into_iter().map(|snippet| (snippet.id, snippet)).collect();
        edits.into_iter().map(|edit| Ok(edited.remove(&edit.id).ok_or(edit))).collect()
    }
}

/// What happens to a snippet that somebody else is changing at this time.
enum AtWork {
    /// They are waited for, and the edit is made if it still can be then.
    Wait,
    /// It is left as it is.
    Skip,
}

/// Makes these edits of different snippets, as far as whoever makes one may, and the snippet is at the version
/// that is expected. Tells of those that were made, and returns what the snippets have become.
async fn edit_all(
    store: &Store,
    edits: impl IntoIterator<Item = &Edit>,
    at_work: AtWork,
) -> std::result::Result<Vec<snippet::Model>, DbErr> {
    use snippet::Column::{Code, CoderId, Comments, Id, Name, NeedsReview, UpdatedAt, Version};
    const WANTED: &str = "wanted";
    const FREE: &str = "free";
    let kept = |column| Expr::col((snippet::Entity, column));
    let wanted = |column| Expr::col((WANTED, column));
    let mentor_id = coder::Column::MentorId;

    let rows = edits.into_iter().map(|edit| {
        let Change { name, code, needs_review, comments } = edit.change.clone();
        let (coder_id, mentor_id) = match edit.account {
            Account::Coder(ActingCoder { id }) => (Some(id), None),
            Account::Mentor(ActingMentor { id }) => (None, Some(id)),
        };
        (edit.id, coder_id, mentor_id, edit.expected_version, name, code, needs_review, comments)
    });
    let rows = Query::select().column(Asterisk).from_values(rows, "rows").take();
    let rows = CommonTableExpression::new()
        .table_name(WANTED)
        .columns([Id, CoderId].map(IntoIden::into_iden))
        .column(mentor_id)
        .columns([Version, Name, Code, NeedsReview, Comments])
        .query(rows)
        .to_owned();

    let mut free = Query::select()
        .column((WANTED, Asterisk))
        .from(WANTED)
        .inner_join(snippet::Entity, kept(Id).eq(wanted(Id)))
        .inner_join(coder::Entity, coder::Column::Id.into_expr().eq(kept(CoderId)))
        .cond_where(of_coder_or_mentor(wanted(CoderId), Expr::col((WANTED, mentor_id))))
        .cond_where(any![wanted(Version).is_null(), wanted(Version).eq(kept(Version))])
        .take();
    // All are locked before one is changed.
    match at_work {
        AtWork::Wait => free.lock_with_tables(LockType::NoKeyUpdate, [snippet::Entity]),
        AtWork::Skip => {
            free.lock_with_tables_behavior(LockType::NoKeyUpdate, [snippet::Entity], LockBehavior::SkipLocked)
        }
    };
    let free = CommonTableExpression::new().table_name(FREE).query(free).to_owned();

    let changed = |column| (column, Func::coalesce([Expr::col((FREE, column)), kept(column)]).into());
    let update = Query::update()
        .with_cte(WithClause::new().cte(rows).cte(free).to_owned())
        .table(snippet::Entity)
        .values([Name, Code, NeedsReview, Comments].map(changed))
        .values([(UpdatedAt, now().into()), (Version, kept(Version).add(1))])
        .from(FREE)
        .and_where(kept(Id).eq(Expr::col((FREE, Id))))
        .returning(
            Query::returning().columns(snippet::Column::iter().map(|column| (snippet::Entity, column))),
        )
        .take();
    let rows = store.db.query_all(&update).await?;
    let edited = rows.iter().map(|row| snippet::Model::from_query_result(row, ""));
    let edited = edited.collect::<std::result::Result<Vec<_>, _>>()?;
    for snippet in &edited {
        tell(store, Kind::SnippetUpdated, snippet);
    }
    Ok(edited)
}
