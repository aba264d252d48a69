//! Snippets that several people store or change at the same time, by one statement.

use std::{
    collections::{HashMap, HashSet},
    slice,
};

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::NotSet,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IdenStatic, Iterable,
    prelude::Expr,
    sea_query::{
        Asterisk, CommonTableExpression, ExprTrait, Func, LockBehavior, LockType, Query, UpdateStatement,
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

/// How many snippets are stored or changed by one statement: it holds all of their texts, and each number of
/// them is a text of its own for the database to keep.
const MOST_ROWS: usize = 16;

/// Storing snippets that are known to be valid: those of several people by one statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Insertion;

impl Joint for Insertion {
    const MOST: usize = MOST_ROWS;
    const WRITES: bool = true;

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
    /// Makes it when nobody else is changing the snippet any more, if it may be made then.
    pub(super) async fn make_alone(self, store: Store) -> Result<Option<snippet::Model>> {
        let _turn = store.db.turn_to_write().await?;
        Ok(edit_all(&store, [&self], Locked::Wait).await?.into_iter().next())
    }
}

/// Making edits: those of several people by one statement. What could not be made so comes back, to be tried
/// alone: nobody waits for a snippet that is not theirs. What was alone and may not be made is nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Editing;

impl Joint for Editing {
    const MOST: usize = MOST_ROWS;
    const WRITES: bool = true;

    type Db = Store;
    type Input = Edit;
    type Output = std::result::Result<Option<snippet::Model>, Edit>;

    async fn carry_out(self, store: Store, edits: Vec<Edit>) -> Vec<Result<Self::Output>> {
        let is_alone = edits.len() == 1;
        let locked = if is_alone { Locked::Wait } else { Locked::Skip };
        let mut snippets = HashSet::new();
        let first_of_each = edits.iter().filter(|edit| snippets.insert(edit.id));
        let edited = match edit_all(&store, first_of_each, locked).await {
            Ok(edited) => edited,
            // None is made if one cannot be, for which the others are not to blame.
            Err(error) if Error::is_refusal(&error) && !is_alone => Vec::new(),
            Err(error) => return edits.iter().map(|_| Err(error.clone().into())).collect(),
        };
        let mut edited: HashMap<_, _> = edited.into_iter().map(|snippet| (snippet.id, snippet)).collect();
        let outcome = |edit: Edit| match edited.remove(&edit.id) {
            None if !is_alone => Err(edit),
            edited => Ok(edited),
        };
        edits.into_iter().map(outcome).map(Ok).collect()
    }
}

/// Makes these edits of different snippets, as far as they may be made, and tells of it. Returns what the
/// snippets have become.
async fn edit_all(
    store: &Store,
    edits: impl IntoIterator<Item = &Edit>,
    locked: Locked,
) -> std::result::Result<Vec<snippet::Model>, DbErr> {
    let rows = store.db.query_all(&update(edits, locked)).await?;
    let edited = rows.iter().map(|row| snippet::Model::from_query_result(row, ""));
    let edited: Vec<_> = edited.collect::<std::result::Result<_, _>>()?;
    for snippet in &edited {
        tell(store, Kind::SnippetUpdated, snippet);
    }
    Ok(edited)
}

/// What becomes of the edit of a snippet that somebody else is changing. (On SQLite, nobody is.)
#[derive(Clone, Copy)]
enum Locked {
    /// It is made afterwards, if it still may be.
    Wait,
    /// It is not made: a statement with several edits never waits for a snippet, so that two of them cannot
    /// wait for each other.
    Skip,
}

/// The statement that makes these edits of different snippets, where whoever makes one may, and the snippet is
/// at the version that is expected.
fn update<'a>(edits: impl IntoIterator<Item = &'a Edit>, locked: Locked) -> UpdateStatement {
    use snippet::Column::{Code, CoderId, Comments, Id, Name, NeedsReview, UpdatedAt, Version};
    const EDITS: &str = "edits";
    const ALLOWED: &str = "allowed";
    const ACTING_CODER: &str = "acting_coder";
    const ACTING_MENTOR: &str = "acting_mentor";
    const EXPECTED_VERSION: &str = "expected_version";
    let kept = |column| Expr::col((snippet::Entity, column));
    let given = |name| Expr::col((EDITS, name));

    let columns = [
        Id.as_str(),
        ACTING_CODER,
        ACTING_MENTOR,
        EXPECTED_VERSION,
        Name.as_str(),
        Code.as_str(),
        NeedsReview.as_str(),
        Comments.as_str(),
    ];
    let rows = edits.into_iter().map(|edit| {
        let (acting_coder, acting_mentor) = match edit.account {
            Account::Coder(ActingCoder { id }) => (Some(id), None),
            Account::Mentor(ActingMentor { id }) => (None, Some(id)),
        };
        let Change { name, code, needs_review, comments } = edit.change.clone();
        (edit.id, acting_coder, acting_mentor, edit.expected_version, name, code, needs_review, comments)
    });
    let edits = Query::select().column(Asterisk).from_values(rows, "rows").take();
    let edits = CommonTableExpression::new().table_name(EDITS).columns(columns).query(edits).to_owned();

    let mut allowed = Query::select()
        .column((EDITS, Asterisk))
        .from(EDITS)
        .inner_join(snippet::Entity, kept(Id).eq(given(Id.as_str())))
        .inner_join(coder::Entity, coder::Column::Id.into_expr().eq(kept(CoderId)))
        .cond_where(of_coder_or_mentor(given(ACTING_CODER), given(ACTING_MENTOR)))
        .cond_where(any![given(EXPECTED_VERSION).is_null(), given(EXPECTED_VERSION).eq(kept(Version))])
        .take();
    // Otherwise what is looked at here could be another version than the one that is changed.
    let (lock, tables) = (LockType::NoKeyUpdate, [snippet::Entity]);
    match locked {
        Locked::Wait => allowed.lock_with_tables(lock, tables),
        Locked::Skip => allowed.lock_with_tables_behavior(lock, tables, LockBehavior::SkipLocked),
    };
    let allowed = CommonTableExpression::new().table_name(ALLOWED).query(allowed).to_owned();

    let changed = |column| (column, Func::coalesce([Expr::col((ALLOWED, column)), kept(column)]).into());
    let all = snippet::Column::iter().map(|column| (snippet::Entity, column));
    Query::update()
        .with_cte(WithClause::new().cte(edits).cte(allowed).to_owned())
        .table(snippet::Entity)
        .values([Name, Code, NeedsReview, Comments].map(changed))
        .values([(UpdatedAt, now().into()), (Version, kept(Version).add(1))])
        .from(ALLOWED)
        .and_where(kept(Id).eq(Expr::col((ALLOWED, Id))))
        .returning(Query::returning().columns(all))
        .take()
}
