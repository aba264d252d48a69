use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};

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
    domain::snippets::{self, Change, NewSnippet},
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
    Ok(snippets::by_id(ctx.db(), ctx.viewer(), number_of(id)?).await?.into())
}

/// A new snippet.
#[derive(InputObject)]
pub(super) struct CreateSnippetInput {
    /// A title, 1 to 200 characters, not blank.
    name: String,
    /// Python, 1 byte to 100 KiB, stored byte for byte.
    code: String,
    /// Whether you ask for review.
    #[graphql(default = false)]
    needs_review: bool,
    /// Notes, up to 20,000 characters.
    comments: Option<String>,
}

/// What was stored.
#[derive(SimpleObject)]
pub(super) struct CreateSnippetPayload {
    /// The new snippet.
    snippet: Snippet,
}

/// An edit of a snippet. What is left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateSnippetInput {
    /// A global id, or the bare number.
    id: ID,
    /// A new title, 1 to 200 characters, not blank; not null.
    name: MaybeUndefined<String>,
    /// New Python, 1 byte to 100 KiB; not null.
    code: MaybeUndefined<String>,
    /// Whether review is asked for from now on; not null.
    needs_review: MaybeUndefined<bool>,
    /// New notes, up to 20,000 characters; null clears them.
    comments: MaybeUndefined<String>,
    /// Edit only if the snippet is at this version; otherwise the error is CONFLICT, with the
    /// version that it is at.
    expected_version: Option<i32>,
}

/// What was edited.
#[derive(SimpleObject)]
pub(super) struct UpdateSnippetPayload {
    /// The snippet as it is now.
    snippet: Snippet,
}

/// A snippet to delete.
#[derive(InputObject)]
pub(super) struct DeleteSnippetInput {
    /// A global id, or the bare number.
    id: ID,
    /// Delete only if the snippet is at this version; otherwise the error is CONFLICT, with the
    /// version that it is at.
    expected_version: Option<i32>,
}

/// What was deleted.
#[derive(SimpleObject)]
pub(super) struct DeleteSnippetPayload {
    /// The id that names nothing any more.
    deleted_snippet_id: ID,
    /// Whose snippet it was.
    coder: Coder,
}

#[derive(Default)]
pub(super) struct SnippetMutations;

#[Object]
impl SnippetMutations {
    /// Store a new snippet in your library. For coders.
    #[graphql(directive = requires_permission::apply(Permission::PostSnippet.name().into()))]
    async fn create_snippet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The snippet.")] input: CreateSnippetInput,
    ) -> Fallible<CreateSnippetPayload> {
        let new = NewSnippet {
            name: input.name,
            code: input.code,
            needs_review: input.needs_review,
            comments: input.comments.unwrap_or_default(),
        };
        let created = snippets::create(ctx.db(), ctx.viewer(), new).await;
        Some(created.map(|row| CreateSnippetPayload { snippet: row.into() }).map_err(ApiError))
    }

    /// Change a snippet: your own, or, for mentors, one of your coders'.
    #[graphql(directive = requires_permission::apply(Permission::EditSnippet.name().into()))]
    async fn update_snippet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The edit.")] input: UpdateSnippetInput,
    ) -> Fallible<UpdateSnippetPayload> {
        Some(update(ctx, input).await.map_err(ApiError))
    }

    /// Delete a snippet of your own. For coders.
    #[graphql(directive = requires_permission::apply(Permission::DeleteSnippet.name().into()))]
    async fn delete_snippet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The snippet.")] input: DeleteSnippetInput,
    ) -> Fallible<DeleteSnippetPayload> {
        Some(delete(ctx, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateSnippetInput) -> Result<UpdateSnippetPayload> {
    ctx.viewer().account_with(Permission::EditSnippet)?;
    let change = Change {
        name: given("name", input.name)?,
        code: given("code", input.code)?,
        needs_review: given("needsReview", input.needs_review)?,
        comments: match input.comments {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(String::new()),
            MaybeUndefined::Value(comments) => Some(comments),
        },
    };
    let id = number_of(&input.id)?;
    let snippet = snippets::update(ctx.db(), ctx.viewer(), id, change, input.expected_version).await?;
    Ok(UpdateSnippetPayload { snippet: snippet.into() })
}

async fn delete(ctx: &Context<'_>, input: DeleteSnippetInput) -> Result<DeleteSnippetPayload, ApiError> {
    ctx.viewer().coder_with(Permission::DeleteSnippet)?;
    let id = number_of(&input.id)?;
    let deleted = snippets::delete(ctx.db(), ctx.viewer(), id, input.expected_version).await?;
    Ok(DeleteSnippetPayload {
        deleted_snippet_id: id::global(Kind::Snippet, deleted.id),
        coder: Coder::load(ctx, deleted.coder_id).await?,
    })
}

/// The value of an input field that may be left out, but not be null.
fn given<T>(field: &'static str, value: MaybeUndefined<T>) -> Result<Option<T>> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Err(Error::bad_user_input(field, format!("{field} cannot be null."))),
        MaybeUndefined::Value(value) => Ok(Some(value)),
    }
}

fn number_of(id: &ID) -> Result<i32> {
    id::number_of(Kind::Snippet, id).ok_or_else(|| Error::not_found("snippet"))
}
