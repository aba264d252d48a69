//! What can be found by its global id: `node`, `nodes`.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object};
use futures_util::future::join_all;

use super::{
    context::ContextExt,
    error::{ApiError, Fallible},
    id::{self, Kind},
    loaders::{CoderNumber, MentorNumber, SnippetNumber},
    snippets::Snippet,
    users::{Coder, Mentor},
};
use crate::{Error, auth::Permission, domain::users};

/// The most ids that `nodes` takes at once.
const MAX_NODES: usize = 100;

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Unique over all types."))]
pub(super) enum Node {
    Coder(Coder),
    Mentor(Mentor),
    Snippet(Arc<Snippet>),
}

/// Somebody who has an account.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Unique over all types."),
    field(name = "database_id", ty = "i32", desc = "The number among those of the same type."),
    field(name = "username", ty = "&str", desc = "Unique whatever the case of its letters.")
)]
pub(super) enum User {
    Coder(Coder),
    Mentor(Mentor),
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        match user {
            users::User::Coder(coder) => Self::Coder(coder.into()),
            users::User::Mentor(mentor) => Self::Mentor(mentor.into()),
        }
    }
}

#[derive(Default)]
pub(super) struct NodeQueries;

#[Object]
impl NodeQueries {
    /// The object with this id. A coder or mentor needs the permission get:userinfo, a snippet
    /// edit:snippet.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global id, such as snippet_12.")] id: ID,
    ) -> Fallible<Node> {
        Some(find(ctx, &id).await)
    }

    /// The objects with these ids, in the same order; null, with an error, for each that cannot be
    /// had. Permissions as for node.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 100.")] ids: Vec<ID>,
    ) -> Fallible<Vec<Fallible<Node>>> {
        if ids.len() > MAX_NODES {
            let message = format!("ids must be at most {MAX_NODES}.");
            return Some(Err(Error::bad_user_input("ids", message).into()));
        }
        Some(Ok(join_all(ids.iter().map(async |id| Some(find(ctx, id).await))).await))
    }
}

async fn find(ctx: &Context<'_>, id: &ID) -> Result<Node, ApiError> {
    let missing = || Error::not_found("node");
    let (kind, number) = id::parse(id).ok_or_else(missing)?;
    let node = match kind {
        Kind::Coder => {
            ctx.viewer().require(Permission::GetUserinfo)?;
            ctx.loader().load_one(CoderNumber(number)).await?.map(|coder| Node::Coder(coder.into()))
        }
        Kind::Mentor => {
            ctx.viewer().require(Permission::GetUserinfo)?;
            ctx.loader().load_one(MentorNumber(number)).await?.map(|mentor| Node::Mentor(mentor.into()))
        }
        Kind::Snippet => {
            let snippet = ctx.loader().load_one(SnippetNumber(number)).await?.transpose()?;
            snippet.map(Node::Snippet)
        }
    };
    Ok(node.ok_or_else(missing)?)
}
