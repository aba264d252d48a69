//! Reading snippets: one, some, pages of libraries; and who may see them.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
};

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoSimpleExpr, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select, prelude::Expr, sea_query::ExprTrait,
};

use crate::{
    Error, Result,
    auth::{Account, Permission, Viewer},
    database::{Lookup, ReadPool},
    domain::paging::{self, Child, Page, Slice},
    entity::{
        coder, is_any_of,
        snippet::{self, Columns, Library, Listed, visible_to},
    },
};

/// The snippet with this number.
///
/// # Errors
/// `Forbidden` without `edit:snippet` or when the snippet is hidden from the viewer, `NotFound`.
pub async fn by_id(db: &ReadPool, viewer: &Viewer, id: i32) -> Result<snippet::Model> {
    let mut found = by_ids(db, viewer, vec![id]).await?;
    found.remove(&id).unwrap_or_else(|| Err(not_found()))
}

/// The snippets with these numbers; for one that is hidden from the viewer, `Forbidden` in its
/// place.
///
/// # Errors
/// `Forbidden` without `edit:snippet`.
pub async fn by_ids(
    db: &ReadPool,
    viewer: &Viewer,
    ids: Vec<i32>,
) -> Result<HashMap<i32, Result<snippet::Model>>> {
    viewer.require(Permission::EditSnippet)?;
    let found = db.look_up(ById, ids).await?;
    let visible = |kept: Kept| {
        if kept.library().is_visible_to(viewer) {
            Ok(kept.snippet)
        } else {
            Err(Error::forbidden("This snippet is not yours to read."))
        }
    };
    Ok(found.into_iter().map(|(id, kept)| (id, visible(kept))).collect())
}

/// One page of each of these libraries, by its owner: nothing of those that are hidden from the viewer.
///
/// # Errors
/// Those of the database.
pub async fn in_pages(
    db: &ReadPool,
    viewer: &Viewer,
    libraries: &[Library],
    needs_review: Option<bool>,
    columns: Columns,
    page: Page,
) -> Result<HashMap<i32, Slice<Listed>>> {
    let visible = owners_of_visible(libraries, viewer);
    let mut pages = db.look_up(Pages { needs_review, columns, page }, visible).await?;
    for library in libraries {
        pages.entry(library.coder_id).or_insert_with(|| page.slice(Vec::new()));
    }
    Ok(pages)
}

/// The snippets in the libraries of these coders, as far as the viewer may read them now, in the order of coders and
/// then of snippets: as many as may well be in memory, from the first on, or from after this coder and snippet.
///
/// # Errors
/// Those of the database.
pub async fn in_order(
    db: &ReadPool,
    viewer: &Viewer,
    coder_ids: &[i32],
    needs_review: Option<bool>,
    after: Option<(i32, i32)>,
) -> Result<Slice<Listed>> {
    let (coder_id, id) = (snippet::Column::CoderId, snippet::Column::Id);
    let place = || Expr::tuple([coder_id.into_simple_expr(), id.into_simple_expr()]);
    let snippets = narrow(snippet::find(Columns::ALL), needs_review)
        .filter(visible_to(viewer))
        .filter(is_any_of(coder_id, coder_ids, db.get_database_backend()))
        .apply_if(after, |select, (coder_id, id)| {
            select.filter(place().gt(Expr::tuple([coder_id.into(), id.into()])))
        })
        .order_by_asc(coder_id)
        .order_by_asc(id)
        .limit(STRETCH_ROWS as u64);
    let statement = db.get_database_backend().build(&snippets.into_query());
    let add = |stretch: &mut Stretch, row| Ok(stretch.add(Listed::read(&row, Columns::ALL)?));
    let stretch = db.query_fold(statement, add).await?;
    let has_next = stretch.is_long() || stretch.snippets.len() == STRETCH_ROWS;
    Ok(Slice { rows: stretch.snippets, has_previous: after.is_some(), has_next })
}

/// How many snippets a [`Stretch`] may have, and after how many bytes of texts no more are read.
const STRETCH_ROWS: usize = 500;
const STRETCH_BYTES: usize = 4 * 1024 * 1024;

/// Snippets that follow one another.
#[derive(Default)]
struct Stretch {
    snippets: Vec<Listed>,
    bytes: usize,
}

impl Stretch {
    fn is_long(&self) -> bool {
        self.bytes >= STRETCH_BYTES
    }

    fn add(&mut self, snippet: Listed) -> ControlFlow<()> {
        self.bytes += snippet.text_bytes();
        self.snippets.push(snippet);
        if self.is_long() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// How many snippets there are in each of these libraries, by its owner; none in one that is hidden from
/// the viewer.
///
/// # Errors
/// Those of the database.
pub async fn counts(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    libraries: &[Library],
    needs_review: Option<bool>,
) -> Result<HashMap<i32, i64>> {
    let visible = owners_of_visible(libraries, viewer);
    let select = narrow(snippet::Entity::find(), needs_review);
    let mut counts = paging::counts(db, select, snippet::Column::CoderId, &visible).await?;
    for library in libraries {
        counts.entry(library.coder_id).or_default();
    }
    Ok(counts)
}

fn owners_of_visible(libraries: &[Library], viewer: &Viewer) -> Vec<i32> {
    let visible = libraries.iter().filter(|library| library.is_visible_to(viewer));
    // One whose mentor has changed in the meantime may be there twice.
    let owners: HashSet<_> = visible.map(|library| library.coder_id).collect();
    owners.into_iter().collect()
}

fn narrow(select: Select<snippet::Entity>, needs_review: Option<bool>) -> Select<snippet::Entity> {
    // Not compared with a value that is bound: that there is an index for it would not be seen.
    select.apply_if(needs_review, |select, flag| {
        let needs_review = snippet::Column::NeedsReview.into_simple_expr();
        select.filter(if flag { needs_review } else { needs_review.not() })
    })
}

/// A page of a library, by its owner.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pages {
    needs_review: Option<bool>,
    columns: Columns,
    page: Page,
}

impl Lookup for Pages {
    type Key = i32;
    type Value = Slice<Listed>;

    fn may_be_long(&self) -> bool {
        self.page.may_be_long()
    }

    fn text_bytes(found: &Slice<Listed>) -> usize {
        found.rows.iter().map(Child::text_bytes).sum()
    }

    async fn read(self, db: &ReadPool, coder_ids: &[i32]) -> Result<HashMap<i32, Slice<Listed>>> {
        let select = narrow(snippet::find(self.columns), self.needs_review);
        paging::pages(db, select, snippet::Column::CoderId, coder_ids, self.page, |row| {
            Listed::read(row, self.columns)
        })
        .await
    }
}

impl Child for Listed {
    fn id(&self) -> i32 {
        self.id
    }

    fn parent(&self) -> i32 {
        self.coder_id
    }

    fn text_bytes(&self) -> usize {
        [&self.name, &self.code, &self.comments].into_iter().flatten().map(String::len).sum()
    }
}

/// A snippet and where it is kept, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ById;

impl Lookup for ById {
    type Key = i32;
    type Value = Kept;

    fn text_bytes(found: &Kept) -> usize {
        found.snippet.text_bytes()
    }

    async fn read(self, db: &ReadPool, ids: &[i32]) -> Result<HashMap<i32, Kept>> {
        let backend = db.get_database_backend();
        let of_any = find_kept().filter(is_any_of(snippet::Column::Id, ids, backend));
        let add = |found: &mut HashMap<i32, Kept>, row: QueryResult| {
            let kept = Kept::from_query_result(&row, "")?;
            let bytes = kept.snippet.text_bytes();
            found.insert(kept.snippet.id, kept);
            Ok(bytes)
        };
        db.query_texts(backend.build(&of_any.into_query()), add).await
    }
}

/// A snippet, and whose coder its owner is.
#[derive(Clone, FromQueryResult)]
struct Kept {
    #[sea_orm(nested)]
    snippet: snippet::Model,
    mentor_id: Option<i32>,
}

impl Kept {
    /// The library that it is in.
    const fn library(&self) -> Library {
        Library { coder_id: self.snippet.coder_id, mentor_id: self.mentor_id }
    }
}

/// Snippets, to be narrowed and then read as [`Kept`].
fn find_kept() -> Select<snippet::Entity> {
    snippet::Entity::find().column(coder::Column::MentorId).inner_join(coder::Entity)
}

/// The snippet with this number, if it is in a library that belongs to `account`.
pub(super) async fn by_id_belonging_to(
    db: &impl ConnectionTrait,
    id: i32,
    account: &Account,
) -> Result<snippet::Model> {
    let found = find_kept().filter(snippet::Column::Id.eq(id)).into_model::<Kept>().one(db).await?;
    let kept = found.ok_or_else(not_found)?;
    if kept.library().belongs_to(account) {
        Ok(kept.snippet)
    } else {
        Err(Error::forbidden("This snippet is not yours to change."))
    }
}

fn not_found() -> Error {
    Error::not_found("snippet")
}
