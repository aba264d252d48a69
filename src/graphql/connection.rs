//! Lists as connections, by the Relay Cursor Connections Specification.

use std::{borrow::Cow, hash::Hash, sync::Arc};

use async_graphql::{
    Context, Object, ObjectType, OutputType, TypeName,
    connection::{CursorType, Edge, EmptyFields, PageInfo},
    dataloader::Loader,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    context::ContextExt,
    error::ApiError,
    loaders::{CoderCount, Of, Reader, SnippetCount},
    rows::Rows,
};
use crate::{
    Error, Result,
    domain::{
        paging::{Page, Slice},
        users::{self, Coders},
    },
};

/// A page of `T`s, with the number of all of them beside it.
pub(super) struct Connection<T> {
    nodes: Vec<T>,
    has_previous: bool,
    has_next: bool,
    total: Total,
}

/// What is in a connection: an object with a place in the list.
pub(super) trait Numbered: ObjectType {
    /// Its number among those of its kind.
    fn number(&self) -> i32;

    fn cursor(&self) -> Cursor {
        Cursor(self.number())
    }
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

#[Object(name_type)]
impl<T: Numbered> Connection<T> {
    /// A list of edges.
    async fn edges(&self) -> Vec<EdgeOf<&T>> {
        self.nodes.iter().map(edge).collect()
    }

    /// A list of nodes.
    async fn nodes(&self) -> Rows<'_, T> {
        Rows(&self.nodes)
    }

    /// Information to aid in pagination.
    async fn page_info(&self) -> PageInfo {
        let cursor = |node: &T| node.cursor().encode_cursor();
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.nodes.first().map(cursor),
            end_cursor: self.nodes.last().map(cursor),
        }
    }

    #[graphql(flatten)]
    #[expect(clippy::unused_async, reason = "fields are async functions")]
    async fn total(&self) -> &Total {
        &self.total
    }
}

/// A `T` with its place in a list.
pub(super) type EdgeOf<T> = Edge<Cursor, T, EmptyFields>;

/// An object with its place among those of its kind.
pub(super) fn edge<T: Numbered>(node: &T) -> EdgeOf<&T> {
    Edge::new(node.cursor(), node)
}

/// A place in a list: after or before the row with this id. To clients it is opaque.
pub(super) struct Cursor(i32);

impl CursorType for Cursor {
    type Error = Error;

    fn decode_cursor(cursor: &str) -> Result<Self> {
        let id = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let id = id.and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("id:")?.parse().ok());
        id.map(Self).ok_or_else(|| Error::bad_request("This is not a cursor."))
    }

    fn encode_cursor(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("id:{}", self.0))
    }
}

/// Reads the four arguments of a connection field.
pub(super) fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<Page> {
    let place = |field, cursor: Option<String>| {
        cursor
            .map(|cursor| Cursor::decode_cursor(&cursor))
            .transpose()
            .map_err(|_| Error::bad_user_input(field, format!("{field} must be a cursor of this list.")))
            .map(|cursor| cursor.map(|Cursor(id)| id))
    };
    Page::new(first, place("after", after)?, last, place("before", before)?, ctx.page_size())
}

/// Whether rows of the connection that is being resolved are selected, and not their number alone.
pub(super) fn asks_for_rows(ctx: &Context<'_>) -> bool {
    let connection = ctx.look_ahead();
    ["edges", "nodes", "pageInfo"].into_iter().any(|name| connection.field(name).exists())
}

/// Reads a page of what belongs to a parent, if rows are selected.
pub(super) async fn load_page<A, R>(ctx: &Context<'_>, key: Of<A>) -> Result<Slice<R>>
where
    R: Clone,
    A: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<Of<A>, Value = Arc<Slice<R>>, Error = Error>,
{
    if !asks_for_rows(ctx) {
        return Ok(Slice::default());
    }
    let slice = ctx.loader().load_one(key).await?;
    slice.map(Arc::unwrap_or_clone).ok_or_else(|| Error::internal("a loader left out a parent"))
}

impl<T> Connection<T> {
    /// A part of a list.
    pub(super) fn of<R>(slice: Slice<R>, total: Total) -> Self
    where
        T: From<R>,
    {
        Self {
            nodes: slice.rows.into_iter().map(T::from).collect(),
            has_previous: slice.has_previous,
            has_next: slice.has_next,
            total,
        }
    }
}

/// Which list is counted, when somebody asks for the number.
pub(super) enum Total {
    Coders(Coders),
    Mentors,
    CodersOf { mentor_id: i32 },
    SnippetsOf { coder_id: i32, needs_review: Option<bool> },
}

/// Counted when asked for.
#[Object]
impl Total {
    /// How many there are in all, on this page and on the others.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let count = match *self {
            Self::Coders(which) => i64::try_from(
                ctx.read(move |reader| async move {
                    users::count_coders(&reader.db, &reader.viewer, which).await
                })
                .await?,
            ),
            Self::Mentors => i64::try_from(
                ctx.read(|reader| async move { users::count_mentors(&reader.db, &reader.viewer).await })
                    .await?,
            ),
            Self::CodersOf { mentor_id } => {
                let key = Of { parent: mentor_id, arguments: CoderCount };
                Ok(ctx.loader().load_one(key).await?.unwrap_or_default())
            }
            Self::SnippetsOf { coder_id, needs_review } => {
                let key = Of { parent: coder_id, arguments: SnippetCount { needs_review } };
                Ok(ctx.loader().load_one(key).await?.unwrap_or_default())
            }
        };
        let count = count.ok().and_then(|count| i32::try_from(count).ok());
        Ok(count.ok_or_else(|| Error::internal("a list is longer than ids are wide"))?)
    }
}
