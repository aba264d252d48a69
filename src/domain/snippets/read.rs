use std::collections::{HashMap, HashSet};

use sea_orm::{
    ConnectionTrait, EntityTrait, FromQueryResult, IntoSimpleExpr, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, prelude::Expr, sea_query::ExprTrait,
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
    let visible = |Kept { snippet, library }| {
        if library.is_visible_to(viewer) {
            Ok(snippet)
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

/// The first `limit` snippets in the libraries of these coders, as far as the viewer may read them now, in
/// the order of coders and then of snippets; those after this coder and snippet, where given.
///
/// # Errors
/// Those of the database.
pub async fn in_order(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    coder_ids: &[i32],
    after: Option<(i32, i32)>,
    limit: u32,
) -> Result<Vec<Listed>> {
    let (coder_id, id) = (snippet::Column::CoderId, snippet::Column::Id);
    let place = || Expr::tuple([coder_id.into_simple_expr(), id.into_simple_expr()]);
    let snippets = snippet::find(Columns::ALL)
        .filter(visible_to(viewer))
        .filter(is_any_of(coder_id, coder_ids, db.get_database_backend()))
        .apply_if(after, |select, (coder_id, id)| {
            select.filter(place().gt(Expr::tuple([coder_id.into(), id.into()])))
        })
        .order_by_asc(coder_id)
        .order_by_asc(id)
        .limit(u64::from(limit));
    let rows = db.query_all(&snippets.into_query()).await?;
    Ok(rows.iter().map(|row| Listed::read(row, Columns::ALL)).collect::<Result<_, _>>()?)
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
}

/// A snippet and where it is kept, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ById;

impl Lookup for ById {
    type Key = i32;
    type Value = Kept;

    async fn read(self, db: &ReadPool, ids: &[i32]) -> Result<HashMap<i32, Kept>> {
        find_kept(db, ids).await
    }
}

/// A snippet, and the library that it is in.
#[derive(Clone)]
struct Kept {
    snippet: snippet::Model,
    library: Library,
}

/// The snippet, and whose coder its owner is.
#[derive(FromQueryResult)]
struct WithMentor {
    #[sea_orm(nested)]
    snippet: snippet::Model,
    mentor_id: Option<i32>,
}

async fn find_kept(db: &impl ConnectionTrait, ids: &[i32]) -> Result<HashMap<i32, Kept>> {
    let found: Vec<WithMentor> = snippet::Entity::find()
        .column(coder::Column::MentorId)
        .inner_join(coder::Entity)
        .filter(is_any_of(snippet::Column::Id, ids, db.get_database_backend()))
        .into_model()
        .all(db)
        .await?;
    let kept = |WithMentor { snippet, mentor_id }| {
        let library = Library { coder_id: snippet.coder_id, mentor_id };
        (snippet.id, Kept { snippet, library })
    };
    Ok(found.into_iter().map(kept).collect())
}

/// The snippet with this number, if it is in a library that belongs to `account`.
pub(super) async fn by_id_belonging_to(
    db: &impl ConnectionTrait,
    id: i32,
    account: &Account,
) -> Result<snippet::Model> {
    let Kept { snippet, library } = find_kept(db, &[id]).await?.remove(&id).ok_or_else(not_found)?;
    if library.belongs_to(account) {
        Ok(snippet)
    } else {
        Err(Error::forbidden("This snippet is not yours to change."))
    }
}

fn not_found() -> Error {
    Error::not_found("snippet")
}
