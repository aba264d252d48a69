//! The type `Snippet`, and the query for one.

mod mutations;

use async_graphql::{Context, ID, Object, SelectionField};
use chrono::{DateTime, Utc};

pub(super) use self::mutations::SnippetMutations;
use super::{
    context::{ContextExt, take},
    error::{ApiError, Fallible},
    id::{self, Kind},
    json,
    permission::requires_permission,
    rows::{Leaf, Row},
    users::Coder,
};
use crate::{
    Error, Result,
    auth::Permission,
    domain::snippets,
    entity::snippet::{self, Column, Columns, Listed},
};

/// A piece of Python in a coder's library.
pub(super) struct Snippet(Listed);

impl From<Listed> for Snippet {
    fn from(row: Listed) -> Self {
        Self(row)
    }
}

impl From<snippet::Model> for Snippet {
    fn from(row: snippet::Model) -> Self {
        Self(row.into())
    }
}

/// Which columns are selected below a connection of snippets.
pub(super) fn columns_asked_for(ctx: &Context<'_>) -> Columns {
    let connection = ctx.field();
    let mut columns = Vec::new();
    let mut add = |node: SelectionField<'_>| {
        columns.extend(node.selection_set().filter_map(|field| column_of(field.name())));
    };
    for field in connection.selection_set() {
        match field.name() {
            "nodes" => add(field),
            "edges" => field.selection_set().filter(|field| field.name() == "node").for_each(&mut add),
            _ => {}
        }
    }
    columns.into_iter().collect()
}

/// The column that a field of [`Snippet`] is read from, if it needs one beside those of every row.
fn column_of(field: &str) -> Option<Column> {
    match field {
        "name" => Some(Column::Name),
        "code" => Some(Column::Code),
        "needsReview" => Some(Column::NeedsReview),
        "comments" => Some(Column::Comments),
        "version" => Some(Column::Version),
        "createdAt" => Some(Column::CreatedAt),
        "updatedAt" => Some(Column::UpdatedAt),
        _ => None,
    }
}

fn unread() -> ApiError {
    Error::internal("a column was selected but not read").into()
}

/// A text that goes into the response.
fn text<'a>(ctx: &Context<'_>, text: &'a str) -> Result<&'a str, ApiError> {
    take(ctx, json::length(text))?;
    Ok(text)
}

/// A piece of Python in a coder's library.
#[Object]
impl Snippet {
    /// Unique over all types.
    pub(super) async fn id(&self) -> ID {
        id::global(Kind::Snippet, self.0.id)
    }

    /// The number among snippets.
    fn database_id(&self) -> i32 {
        self.0.id
    }

    /// A title.
    fn name(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        text(ctx, self.0.name.as_deref().ok_or_else(unread)?)
    }

    /// The Python, byte for byte as it was stored.
    fn code(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        text(ctx, self.0.code.as_deref().ok_or_else(unread)?)
    }

    /// Whether the owner asks for review.
    fn needs_review(&self) -> Result<bool, ApiError> {
        self.0.needs_review.ok_or_else(unread)
    }

    /// Notes of the mentor's or the owner's; empty when there are none.
    fn comments(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        text(ctx, self.0.comments.as_deref().unwrap_or_default())
    }

    /// The owner.
    async fn coder(&self, ctx: &Context<'_>) -> Result<Coder, ApiError> {
        Coder::load(ctx, self.0.coder_id).await
    }

    /// Counts the edits, from 1: give it as expectedVersion to edit only what you have seen.
    fn version(&self) -> Result<i32, ApiError> {
        self.0.version.ok_or_else(unread)
    }

    /// When it was stored.
    fn created_at(&self) -> Result<DateTime<Utc>, ApiError> {
        self.0.created_at.ok_or_else(unread)
    }

    /// When it was last edited.
    fn updated_at(&self) -> Result<DateTime<Utc>, ApiError> {
        self.0.updated_at.ok_or_else(unread)
    }
}

impl Row for Snippet {
    const KIND: Kind = Kind::Snippet;

    const CONNECTION: Option<&'static str> = None;

    type Below = Self;

    fn number(&self) -> i32 {
        self.0.id
    }

    fn column(&self, field: &str) -> Option<Leaf<'_>> {
        let row = &self.0;
        Some(match column_of(field)? {
            Column::Name => Leaf::Text(row.name.as_deref()?),
            Column::Code => Leaf::Text(row.code.as_deref()?),
            Column::NeedsReview => Leaf::Flag(row.needs_review?),
            Column::Comments => Leaf::Text(row.comments.as_deref().unwrap_or_default()),
            Column::Version => Leaf::Number(row.version?),
            Column::CreatedAt => Leaf::Time(row.created_at?),
            Column::UpdatedAt => Leaf::Time(row.updated_at?),
            Column::Id | Column::CoderId => return None,
        })
    }
}

#[derive(Default)]
pub(super) struct SnippetQueries;

#[Object]
impl SnippetQueries {
    /// One snippet: your own, one of your coders', or anybody's with the permission get:coders.
    #[graphql(directive = requires_permission::apply(Permission::EditSnippet.name().into()))]
    async fn snippet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global id, or the bare number.")] id: ID,
    ) -> Fallible<Snippet> {
        Some(find(ctx, &id).await.map_err(ApiError))
    }
}

async fn find(ctx: &Context<'_>, id: &ID) -> Result<Snippet> {
    ctx.viewer().require(Permission::EditSnippet)?;
    let id = number_of(id)?;
    let snippet =
        ctx.read(move |reader| async move { snippets::by_id(&reader.db, &reader.viewer, id).await });
    Ok(snippet.await?.into())
}

fn number_of(id: &ID) -> Result<i32> {
    id::number_of(Kind::Snippet, id).ok_or_else(|| Error::not_found("snippet"))
}
