//! Lists as connections, by the Relay Cursor Connections Specification.

use std::{borrow::Cow, hash::Hash, sync::Arc};

use async_graphql::{
    Context, InputType, Object, OutputType, TypeName,
    connection::{CursorType, Edge, EmptyFields, PageInfo},
    dataloader::Loader,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    context::ContextExt,
    error::ApiError,
    loaders::{CoderCount, MentorNumber, Of, Reader, SnippetCount},
    rows::{Edges, Nodes, Row},
};
use crate::{
    Error, Result,
    domain::{
        paging::{Page, Slice},
        users::{self, Coders},
    },
    entity::snippet::Library,
};

/// A page of `T`s, with the number of all of them beside it.
pub(super) struct Connection<T> {
    slice: Arc<Slice<T>>,
    total: Total,
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

#[Object(name_type)]
impl<T: Row> Connection<T> {
    /// A list of edges.
    async fn edges(&self) -> Edges<'_, T> {
        Edges(self.rows())
    }

    /// A list of nodes.
    async fn nodes(&self) -> Nodes<'_, T> {
        Nodes(self.rows())
    }

    /// Information to aid in pagination.
    fn page_info(&self) -> PageInfo {
        self.into()
    }

    #[graphql(flatten)]
    #[expect(clippy::unused_async, reason = "fields are async functions")]
    async fn total(&self) -> &Total {
        &self.total
    }
}

impl<T: Row> From<&Connection<T>> for PageInfo {
    fn from(Connection { slice, .. }: &Connection<T>) -> Self {
        let cursor = |node: &T| Cursor(node.number()).encode_cursor();
        Self {
            has_previous_page: slice.has_previous,
            has_next_page: slice.has_next,
            start_cursor: slice.rows.first().map(cursor),
            end_cursor: slice.rows.last().map(cursor),
        }
    }
}

/// A `T` with its place in a list.
pub(super) type EdgeOf<T> = Edge<Cursor, T, EmptyFields>;

/// An object with its place among those of its kind.
pub(super) fn edge<T: Row>(node: &T) -> EdgeOf<&T> {
    Edge::new(Cursor(node.number()), node)
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

/// The page that the connection field which is being resolved asks for.
pub(super) fn page_asked_for(ctx: &Context<'_>) -> Result<Page> {
    let first = argument(ctx, "first")?;
    page(ctx, first, argument(ctx, "after")?, argument(ctx, "last")?, argument(ctx, "before")?)
}

/// An argument of the field that is being resolved.
pub(super) fn argument<T: InputType>(ctx: &Context<'_>, name: &'static str) -> Result<T> {
    let refused = |message| Error::bad_user_input(name, message);
    let given = ctx.field().arguments().map_err(|error| refused(error.message))?;
    let value = given.into_iter().find(|(given, _)| given == name).map(|(_, value)| value);
    T::parse(value).map_err(|error| refused(error.into_server_error(ctx.item.pos).message))
}

/// Whether rows of the connection that is being resolved are selected, and not their number alone.
pub(super) fn asks_for_rows(ctx: &Context<'_>) -> bool {
    let connection = ctx.look_ahead();
    ["edges", "nodes", "pageInfo"].into_iter().any(|name| connection.field(name).exists())
}

/// Reads a page of what belongs to each of these parents, if rows are selected.
pub(super) async fn load_pages<P, A, T>(
    ctx: &Context<'_>,
    parents: impl Iterator<Item = P> + Send,
    arguments: A,
    total: impl Fn(P) -> Total + Send,
) -> Result<Vec<Connection<T>>>
where
    T: Send + Sync + 'static,
    P: Send + Sync + Hash + Eq + Copy + 'static,
    A: Send + Sync + Hash + Eq + Copy + 'static,
    Reader: Loader<Of<P, A>, Value = Arc<Slice<T>>, Error = Error>,
{
    let keys: Vec<_> = parents.map(|parent| Of { parent, arguments }).collect();
    if !asks_for_rows(ctx) {
        let nothing = Arc::new(Slice::default());
        let connection = |key: Of<P, A>| Connection { slice: Arc::clone(&nothing), total: total(key.parent) };
        return Ok(keys.into_iter().map(connection).collect());
    }
    let slices = ctx.loader().load_many(keys.iter().copied()).await?;
    let connection =
        |key: &Of<P, A>| Some(Connection { slice: Arc::clone(slices.get(key)?), total: total(key.parent) });
    let connections: Option<_> = keys.iter().map(connection).collect();
    connections.ok_or_else(|| Error::internal("a loader left out a parent"))
}

/// The connection of the one parent that there was.
pub(super) fn only<T>(mut connections: Vec<Connection<T>>) -> Result<Connection<T>, ApiError> {
    Ok(connections.pop().ok_or_else(|| Error::internal("a parent has no connection"))?)
}

impl<T> Connection<T> {
    /// A part of a list.
    pub(super) fn of<R>(slice: Slice<R>, total: Total) -> Self
    where
        T: From<R>,
    {
        Self { slice: Arc::new(slice.map(T::from)), total }
    }

    pub(super) fn rows(&self) -> &[T] {
        &self.slice.rows
    }
}

/// Which list is counted, when somebody asks for the number.
pub(super) enum Total {
    Coders(Coders),
    Mentors,
    CodersOf(MentorNumber),
    SnippetsOf { library: Library, needs_review: Option<bool> },
}

/// Counted when asked for.
#[Object]
impl Total {
    /// How many there are in all, not on this page alone; of ten thousand people or more, a few seconds ago.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let counts = ctx.store().counts.clone();
        let count = match *self {
            Self::Coders(which) => i64::try_from(
                ctx.read(move |reader| async move {
                    users::count_coders(&reader.db, &counts, &reader.viewer, which).await
                })
                .await?,
            ),
            Self::Mentors => i64::try_from(
                ctx.read(move |reader| async move {
                    users::count_mentors(&reader.db, &counts, &reader.viewer).await
                })
                .await?,
            ),
            Self::CodersOf(mentor) => {
                let key = Of { parent: mentor, arguments: CoderCount };
                Ok(ctx.loader().load_one(key).await?.unwrap_or_default())
            }
            Self::SnippetsOf { library, needs_review } => {
                let key = Of { parent: library, arguments: SnippetCount { needs_review } };
                Ok(ctx.loader().load_one(key).await?.unwrap_or_default())
            }
        };
        let count = count.ok().and_then(|count| i32::try_from(count).ok());
        Ok(count.ok_or_else(|| Error::internal("a list is longer than ids are wide"))?)
    }
}
