//! What a client may subscribe to.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Subscription};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

use super::{
    context::ContextExt,
    error::{ApiError, Fallible},
    id,
    loaders::SnippetNumber,
    permission::requires_permission,
    snippets::Snippet,
    stage::Stage,
    users::Coder,
};
use crate::{
    Error,
    auth::Permission,
    domain::events::{Event, Kind, Topic},
};

/// What can happen to a snippet, or to a mentor's list of coders.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum ChangeKind {
    /// A snippet was stored.
    SnippetCreated,
    /// A snippet was edited, or flagged for review.
    SnippetUpdated,
    /// A snippet was deleted.
    SnippetDeleted,
    /// The mentor has a coder more.
    CoderAdded,
    /// The mentor has a coder less.
    CoderLeft,
}

impl From<Kind> for ChangeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::SnippetCreated => Self::SnippetCreated,
            Kind::SnippetUpdated => Self::SnippetUpdated,
            Kind::SnippetDeleted => Self::SnippetDeleted,
            Kind::CoderAdded => Self::CoderAdded,
            Kind::CoderLeft => Self::CoderLeft,
        }
    }
}

/// Something that happened to a snippet or a mentorship.
pub(super) struct Change(Event);

/// Something that happened to a snippet or a mentorship.
#[Object]
impl Change {
    /// What.
    async fn kind(&self) -> ChangeKind {
        self.0.kind.into()
    }

    /// Whose snippet or mentorship it is.
    async fn coder(&self, ctx: &Context<'_>) -> Result<Coder, ApiError> {
        Coder::load(ctx, self.0.coder_id).await
    }

    /// The snippet's id, if it is about one.
    async fn snippet_id(&self) -> Option<ID> {
        Some(id::global(id::Kind::Snippet, self.0.snippet_id?))
    }

    /// The snippet as it is now: null when it is deleted, or none of your business any more.
    async fn snippet(&self, ctx: &Context<'_>) -> Fallible<Arc<Snippet>> {
        match ctx.loader().load_one(SnippetNumber(self.0.snippet_id?)).await {
            Ok(found) => found?.ok().map(Ok),
            Err(error) => Some(Err(error.into())),
        }
    }
}

/// Everything that can be watched.
#[derive(Default)]
pub struct Subscription;

/// Everything that can be watched. A watcher that is too slow is told so by an error, and its
/// subscription ends; so does every subscription when the access token expires.
#[Subscription]
#[expect(clippy::unused_async, reason = "fields are async functions")]
impl Subscription {
    /// For coders: pushes when one of your snippets is stored, edited, flagged for review or deleted,
    /// by you or by your mentor.
    #[graphql(directive = requires_permission::apply(Permission::EditSnippet.name().into()))]
    async fn my_snippet_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Change, ApiError>> + use<>, ApiError> {
        let coder = ctx.viewer().coder_with(Permission::EditSnippet)?;
        Ok(changes(ctx, Topic::Library(coder.id)))
    }

    /// For mentors: pushes when a snippet of one of your coders is stored, edited, flagged for review
    /// or deleted, and when you have a coder more or less.
    #[graphql(directive = requires_permission::apply(Permission::EditSnippet.name().into()))]
    async fn review_queue_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Change, ApiError>> + use<>, ApiError> {
        let mentor = ctx.viewer().mentor_with(Permission::EditSnippet)?;
        Ok(changes(ctx, Topic::ReviewQueue(mentor.id)))
    }
}

fn changes(ctx: &Context<'_>, topic: Topic) -> impl Stream<Item = Result<Change, ApiError>> + use<> {
    let events = ctx.store().events.watch(topic);
    let stage = ctx.data_unchecked::<Stage>().clone();
    stream::unfold(Some((events, stage)), |state| async {
        let (mut events, stage) = state?;
        stage.waits();
        let received = events.recv().await;
        stage.executes();
        match received {
            Ok(event) => Some((Ok(Change(event)), Some((events, stage)))),
            Err(RecvError::Lagged(_) | RecvError::Closed) => {
                let message = "You may have missed something: look again, and subscribe anew.";
                Some((Err(Error::unavailable(message).into()), None))
            }
        }
    })
    .boxed()
}
