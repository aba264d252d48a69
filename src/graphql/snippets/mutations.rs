//! The mutations `createSnippet`, `updateSnippet` and `deleteSnippet`.

use async_graphql::{ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};

use super::{Snippet, number_of};
use crate::{
    Error, Result,
    auth::Permission,
    domain::snippets::{self, Change, NewSnippet},
    graphql::{
        connection::{EdgeOf, edge},
        context::ContextExt,
        error::{ApiError, Fallible},
        id::{self, Kind},
        permission::requires_permission,
        users::Coder,
    },
};

/// A new snippet.
#[derive(InputObject)]
pub(in crate::graphql) struct CreateSnippetInput {
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
#[graphql(complex)]
pub(in crate::graphql) struct CreateSnippetPayload {
    /// The new snippet.
    snippet: Snippet,
}

#[ComplexObject]
impl CreateSnippetPayload {
    /// The new snippet as it stands in its coder's list, to be appended there.
    async fn snippet_edge(&self) -> EdgeOf<&Snippet> {
        edge(&self.snippet)
    }
}

/// An edit of a snippet. What is left out stays as it is.
#[derive(InputObject)]
pub(in crate::graphql) struct UpdateSnippetInput {
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
pub(in crate::graphql) struct UpdateSnippetPayload {
    /// The snippet as it is now.
    snippet: Snippet,
}

/// A snippet to delete.
#[derive(InputObject)]
pub(in crate::graphql) struct DeleteSnippetInput {
    /// A global id, or the bare number.
    id: ID,
    /// Delete only if the snippet is at this version; otherwise the error is CONFLICT, with the
    /// version that it is at.
    expected_version: Option<i32>,
}

/// What was deleted.
#[derive(SimpleObject)]
pub(in crate::graphql) struct DeleteSnippetPayload {
    /// The id that names nothing any more.
    deleted_snippet_id: ID,
    /// Whose snippet it was.
    coder: Coder,
}

#[derive(Default)]
pub(in crate::graphql) struct SnippetMutations;

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
        let created = snippets::create(ctx.store(), ctx.viewer(), new).await;
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
    change.validate()?;
    let id = number_of(&input.id)?;
    let snippet = snippets::update(ctx.store(), ctx.viewer(), id, change, input.expected_version).await?;
    Ok(UpdateSnippetPayload { snippet: snippet.into() })
}

async fn delete(ctx: &Context<'_>, input: DeleteSnippetInput) -> Result<DeleteSnippetPayload, ApiError> {
    ctx.viewer().coder_with(Permission::DeleteSnippet)?;
    let id = number_of(&input.id)?;
    let deleted = snippets::delete(ctx.store(), ctx.viewer(), id, input.expected_version).await?;
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
