mod mutations;

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

pub(super) use self::mutations::SnippetMutations;
use super::{
    context::ContextExt,
    error::{ApiError, Fallible},
    id::{self, Kind},
    permission::requires_permission,
    users::Coder,
};
use crate::{
    Error, Result,
    auth::Permission,
    domain::snippets,
    entity::snippet::{self, Listed, Texts},
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

/// Which of a snippet's long texts are selected below a connection of snippets.
pub(super) fn texts_asked_for(ctx: &Context<'_>) -> Texts {
    let connection = ctx.look_ahead();
    let nodes = [connection.field("nodes"), connection.field("edges").field("node")];
    let asks_for = |name| nodes.iter().any(|node| node.field(name).exists());
    Texts { code: asks_for("code"), comments: asks_for("comments") }
}

/// A piece of Python in a coder's library.
#[Object]
impl Snippet {
    /// Unique over all types.
    pub(super) async fn id(&self) -> ID {
        id::global(Kind::Snippet, self.0.id)
    }

    /// The number among snippets.
    async fn database_id(&self) -> i32 {
        self.0.id
    }

    /// A title.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The Python, byte for byte as it was stored.
    #[expect(clippy::unused_async, reason = "fields are async functions")]
    async fn code(&self) -> Result<&str, ApiError> {
        Ok(self.0.code.as_deref().ok_or_else(|| Error::internal("code was selected but not read"))?)
    }

    /// Whether the owner asks for review.
    async fn needs_review(&self) -> bool {
        self.0.needs_review
    }

    /// Notes of the mentor's or the owner's; empty when there are none.
    async fn comments(&self) -> &str {
        self.0.comments.as_deref().unwrap_or_default()
    }

    /// The owner.
    async fn coder(&self, ctx: &Context<'_>) -> Result<Coder, ApiError> {
        Coder::load(ctx, self.0.coder_id).await
    }

    /// Counts the edits, from 1: give it as expectedVersion to edit only what you have seen.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was stored.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last edited.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
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
