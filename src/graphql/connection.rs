//! Lists as connections, by the Relay Cursor Connections Specification.

use std::{hash::Hash, sync::Arc};

use async_graphql::{
    Context, Object, OutputType,
    connection::{Connection, CursorType, Edge, EmptyFields},
    dataloader::Loader,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    context::ContextExt,
    error::ApiError,
    loaders::{CoderCount, Of, Reader, SnippetCount},
};
use crate::{
    Error, Result,
    domain::{
        paging::{Page, Slice},
        users::{self, Coders},
    },
};

/// A page of `T`s, with their number beside it.
pub(super) type ConnectionOf<T> = Connection<Cursor, T, Total>;

/// A `T` with its place in a list.
pub(super) type EdgeOf<T> = Edge<Cursor, T, EmptyFields>;

/// A row with its place among those of its kind.
pub(super) fn edge<T: OutputType>(id: i32, node: T) -> EdgeOf<T> {
    Edge::new(Cursor(id), node)
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
pub(super) async fn load_page<A, R>(ctx: &Context<'_>, key: Of<A>) -> Result<Arc<Slice<R>>>
where
    A: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<Of<A>, Value = Arc<Slice<R>>, Error = Error>,
{
    if !asks_for_rows(ctx) {
        return Ok(Arc::default());
    }
    let slice = ctx.loader().load_one(key).await?;
    slice.ok_or_else(|| Error::internal("a loader left out a parent"))
}

/// Makes a connection of a part of a list.
pub(super) fn connection<R: Clone, T: OutputType>(
    slice: &Slice<R>,
    total: Total,
    id: impl Fn(&R) -> i32,
    node: impl Fn(R) -> T,
) -> ConnectionOf<T> {
    let mut connection = Connection::with_additional_fields(slice.has_previous, slice.has_next, total);
    connection.edges = slice.rows.iter().map(|row| edge(id(row), node(row.clone()))).collect();
    connection
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
