use std::collections::HashMap;

use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, FromQueryResult, IntoSimpleExpr, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, prelude::Expr, sea_query::ExprTrait,
};

use crate::{
    Error, Result,
    auth::{Permission, Viewer},
    database::ReadPool,
    domain::paging::{self, Child, Page, Slice},
    entity::{
        is_any_of,
        snippet::{self, Columns, Listed, visible_to},
    },
};

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
    db: &ReadPool,
    viewer: &Viewer,
    coder_ids: &[i32],
    needs_review: Option<bool>,
    columns: Columns,
    page: Page,
) -> Result<HashMap<i32, Slice<Listed>>> {
    let select = narrow(snippet::find(columns), viewer, needs_review);
    paging::pages(db, select, snippet::Column::CoderId, coder_ids, page, |row| {
        let value = Listed::read(row, columns)?;
        Ok(Child { id: value.id, parent: value.coder_id, value })
    })
    .await
}

/// The first `limit` snippets in the libraries of these coders, as far as the viewer may read them, in
/// the order of coders and then of snippets; those after this coder and snippet, where given.
///
/// # Errors
/// Those of the database.
pub async fn in_libraries(
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

fn narrow(
    select: Select<snippet::Entity>,
    viewer: &Viewer,
    needs_review: Option<bool>,
) -> Select<snippet::Entity> {
    select
        .filter(visible_to(viewer))
        // Not compared with a value that is bound: that there is an index for it would not be seen.
        .apply_if(needs_review, |select, flag| {
            let needs_review = snippet::Column::NeedsReview.into_simple_expr();
            select.filter(if flag { needs_review } else { needs_review.not() })
        })
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

pub(super) async fn by_id_within(
    db: &impl ConnectionTrait,
    id: i32,
    condition: Condition,
) -> Result<snippet::Model> {
    let found = find_marked(db, &[id], condition).await?.remove(&id).ok_or_else(not_found)?;
    found.ok_or("This snippet is not yours to change.")
}

fn not_found() -> Error {
    Error::not_found("snippet")
}
