//! Lists of rows, resolved in one go.
//!
//! The executor makes a future of each field of each row and a map of each object, and serializes all
//! of it at the end. Most of a large response is rows and what belongs to them, which needs none of
//! this: a column is at hand as soon as its row is, and a connection can be read for all rows of a
//! level at once. Such lists are read level by level, and then written as JSON. What is not so plain
//! (directives, abstract types, objects that are merged, counts) is the executor's, as ever.

use std::{borrow::Cow, collections::HashMap, future, slice};

use async_graphql::{
    Context, ContextBase, ContextSelectionSet, Name, OutputType, Pos, Positioned, ServerError, ServerResult,
    Value,
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::{ContainerType, resolve_list},
};
use futures_util::future::{BoxFuture, try_join_all};

use super::{
    connection::{Connection, EdgeOf, Numbered, edge},
    context::{may_write, take},
    error::ApiError,
    id::{Global, Kind},
    json,
};

const TYPENAME: &str = "__typename";

/// An object that is made of a row. Its fields without a selection are columns.
pub(super) trait Row: Numbered + 'static {
    /// What its id is that of.
    const KIND: Kind;

    /// The field that is a connection of other rows, if there is one.
    const CONNECTION: Option<&'static str>;

    /// What that leads to.
    type Below: Row;

    /// What a field has that is of this type alone and without a selection, if it is as plain as that.
    fn column(&self, field: &str) -> Option<Leaf<'_>>;

    /// Reads the connection that `field` asks for, of all these `rows`, in their order.
    fn connections<'a>(field: &'a Context<'a>, rows: &'a [&'a Self]) -> Reading<'a, Self::Below> {
        let _ = (field, rows);
        Box::pin(future::ready(Ok(Vec::new())))
    }
}

/// What a column is in the response. The executor would have a value made of it, and the value written.
pub(super) enum Leaf<'a> {
    Id(Global),
    Number(i32),
    Text(&'a str),
    Flag(bool),
}

/// Connections on their way from the database.
pub(super) type Reading<'a, T> = BoxFuture<'a, Result<Vec<Connection<T>>, ApiError>>;

/// Rows as the `nodes` of a connection.
pub(super) struct Nodes<'a, T>(pub(super) &'a [T]);

/// Rows as the `edges` of a connection.
pub(super) struct Edges<'a, T>(pub(super) &'a [T]);

impl<T: Row> OutputType for Nodes<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<&T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<&T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<&T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if may_write(ctx)
            && let Some(members) = of_object::<T>(&ctx.query_env.fragments, &ctx.item.node)
        {
            let rows: Vec<_> = self.0.iter().collect();
            let below = read(ctx, Place::OfList, &members, &rows).await?;
            return written(ctx, &members, &below, self.0.iter()).await;
        }
        resolve_list(ctx, field, self.0, Some(self.0.len())).await
    }
}

impl<T: Row> OutputType for Edges<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<EdgeOf<&T>>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<EdgeOf<&T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<EdgeOf<&T>>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if may_write(ctx)
            && let Some(members) = of_edge::<T>(&ctx.query_env.fragments, &ctx.item.node)
        {
            let rows: Vec<_> = self.0.iter().collect();
            let below = read_edges(ctx, &members, &rows).await?;
            return written(ctx, &members, &below, self.0.iter().map(edge)).await;
        }
        resolve_list(ctx, field, self.0.iter().map(edge), Some(self.0.len())).await
    }
}

/// A field that is selected, and what is selected of its object, if it has one.
struct Member<'a> {
    field: &'a Positioned<Field>,
    members: Vec<Self>,
}

impl Member<'_> {
    fn name(&self) -> &str {
        self.field.node.name.node.as_str()
    }

    fn key(&self) -> &str {
        self.field.node.response_key().node.as_str()
    }

    fn is_leaf(&self) -> bool {
        is_leaf(&self.field.node)
    }
}

fn is_leaf(field: &Field) -> bool {
    field.selection_set.node.items.is_empty()
}

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// What is selected of an object that is made of a row; `None` if it cannot be resolved in one go.
fn of_object<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    selected(fragments, set, &T::type_name(), &|field| {
        if is_leaf(field) {
            return Some(Vec::new());
        }
        T::CONNECTION.filter(|name| *name == field.name.node)?;
        of_connection::<T::Below>(fragments, &field.selection_set.node)
    })
}

fn of_connection<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    selected(fragments, set, &Connection::<T>::type_name(), &|field| match field.name.node.as_str() {
        "nodes" => of_object::<T>(fragments, &field.selection_set.node),
        "edges" => of_edge::<T>(fragments, &field.selection_set.node),
        "pageInfo" | TYPENAME => Some(Vec::new()),
        // A count takes a statement of its own.
        _ => None,
    })
}

fn of_edge<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    selected(fragments, set, &EdgeOf::<T>::type_name(), &|field| {
        if is_leaf(field) { Some(Vec::new()) } else { of_object::<T>(fragments, &field.selection_set.node) }
    })
}

/// The fields that a selection set and its fragments select of this type, with their members.
fn selected<'a>(
    fragments: &'a Fragments,
    set: &'a SelectionSet,
    type_name: &str,
    members_of: &dyn Fn(&'a Field) -> Option<Vec<Member<'a>>>,
) -> Option<Vec<Member<'a>>> {
    let mut selected: Vec<Member<'a>> = Vec::with_capacity(set.items.len());
    let mut sets: Vec<slice::Iter<'a, Positioned<Selection>>> = vec![set.items.iter()];
    while let Some(set) = sets.last_mut() {
        let Some(selection) = set.next() else {
            sets.pop();
            continue;
        };
        if !selection.node.directives().is_empty() {
            return None;
        }
        let (condition, set) = match &selection.node {
            Selection::Field(field) => {
                let new = Member { field, members: members_of(&field.node)? };
                match selected.iter().find(|member| member.key() == new.key()) {
                    Some(member) if member.is_leaf() && member.name() == new.name() => {}
                    Some(_) => return None,
                    None => selected.push(new),
                }
                continue;
            }
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &fragments.get(&spread.node.fragment_name.node)?.node;
                (Some(&fragment.type_condition), &fragment.selection_set)
            }
        };
        if condition.is_some_and(|condition| condition.node.on.node != type_name) {
            return None;
        }
        sets.push(set.node.items.iter());
    }
    Some(selected)
}

/// What was read below the members of objects, in the order of the members; nothing where a member is the
/// object's own.
type ByMember<T> = Vec<Option<T>>;

/// A member of objects that are made of rows: a connection of each.
struct Connections<T> {
    of_each: Vec<Connection<T>>,
    /// How many rows there are in those before each.
    rows_before: Vec<usize>,
    below: ByMember<Rows>,
}

/// A member of connections: the rows of all of them, one after another, by what is below.
enum Rows {
    Nodes(ByMember<Box<dyn OfEach>>),
    Edges(ByMember<ByMember<Box<dyn OfEach>>>),
}

/// [`Connections`] of any rows.
trait OfEach: Send + Sync {
    /// Writes that of the object with this index.
    fn write<'a>(&'a self, to: Target<'a>, index: usize) -> BoxFuture<'a, ServerResult<()>>;
}

impl<T: Row> OfEach for Connections<T> {
    fn write<'a>(&'a self, to: Target<'a>, index: usize) -> BoxFuture<'a, ServerResult<()>> {
        let Self { of_each, rows_before, below } = self;
        Box::pin(write(to, below, &of_each[index], rows_before[index]))
    }
}

/// What a context is the place of.
#[derive(Clone, Copy)]
enum Place {
    /// Of a list: its items are below.
    OfList,
    /// Of one object, where errors of all the others are told, too.
    OfOne,
}

/// Reads what is below objects that are made of these rows.
async fn read<T: Row>(
    ctx: &ContextSelectionSet<'_>,
    place: Place,
    members: &[Member<'_>],
    rows: &[&T],
) -> ServerResult<ByMember<Box<dyn OfEach>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    each(members, async |member| {
        if member.is_leaf() {
            return Ok(None);
        }
        read_connections(ctx, place, member, rows).await.map(Some)
    })
    .await
}

/// Reads the connection that a member is, of each row, and what is below the rows of all of them.
fn read_connections<'a, T: Row>(
    ctx: &'a ContextSelectionSet<'_>,
    place: Place,
    member: &'a Member<'_>,
    rows: &'a [&'a T],
) -> BoxFuture<'a, ServerResult<Box<dyn OfEach>>> {
    // That of the object with this index.
    let item = move |index| match place {
        Place::OfList => ctx.with_index(index),
        Place::OfOne => ctx.clone(),
    };
    Box::pin(async move {
        // What fails for one row fails for all; it is told of the first that it can be told of.
        let of_each = {
            let ctx = item(0);
            let ctx = ctx.with_field(member.field);
            T::connections(&ctx, rows).await.map_err(|error| failed(&ctx, member.field.pos, error))?
        };
        let first = of_each.iter().position(|connection| !connection.rows().is_empty());
        let ctx = item(first.unwrap_or_default());
        let ctx = ctx.with_field(member.field);
        let rows: Vec<&T::Below> = of_each.iter().flat_map(Connection::rows).collect();
        let below = each(&member.members, async |member| {
            let ctx = ctx.with_field(member.field);
            let ctx = ctx.with_selection_set(&member.field.node.selection_set);
            Ok(match member.name() {
                "nodes" => Some(Rows::Nodes(read(&ctx, Place::OfList, &member.members, &rows).await?)),
                "edges" => Some(Rows::Edges(read_edges(&ctx, &member.members, &rows).await?)),
                _ => None,
            })
        })
        .await?;
        let rows_before = of_each.iter().scan(0, |sum, connection| {
            let before = *sum;
            *sum += connection.rows().len();
            Some(before)
        });
        let connections = Connections { rows_before: rows_before.collect(), of_each, below };
        Ok(Box::new(connections) as Box<dyn OfEach>)
    })
}

/// Reads what is below the edges of these rows.
async fn read_edges<T: Row>(
    ctx: &ContextSelectionSet<'_>,
    members: &[Member<'_>],
    rows: &[&T],
) -> ServerResult<ByMember<ByMember<Box<dyn OfEach>>>> {
    each(members, async |member| {
        if member.name() != "node" {
            return Ok(None);
        }
        let ctx = ctx.with_index(0);
        let ctx = ctx.with_field(member.field);
        let ctx = ctx.with_selection_set(&member.field.node.selection_set);
        read(&ctx, Place::OfOne, &member.members, rows).await.map(Some)
    })
    .await
}

/// What is below each member, all of it read together.
async fn each<'a, T, F: Future<Output = ServerResult<Option<T>>>>(
    members: &'a [Member<'a>],
    below: impl FnMut(&'a Member<'a>) -> F,
) -> ServerResult<ByMember<T>> {
    try_join_all(members.iter().map(below)).await
}

/// As the executor tells of it.
fn failed<T>(ctx: &ContextBase<'_, T>, pos: Pos, error: ApiError) -> ServerError {
    ctx.set_error_path(async_graphql::Error::from(error).into_server_error(pos))
}

/// What is written.
#[derive(Default)]
struct Json {
    text: Vec<u8>,
    /// How much of it takes room in the response.
    taken: usize,
}

impl Json {
    /// How much may be written until it takes room.
    const BLOCK: usize = 4 * 1024;

    /// Whether so much was written since that it is to take room.
    const fn has_grown(&self) -> bool {
        self.text.len() - self.taken >= Self::BLOCK
    }

    /// Has all of it take room.
    fn take_room(&mut self, ctx: &ContextSelectionSet<'_>) -> ServerResult<()> {
        let more = self.text.len() - self.taken;
        self.taken += more;
        take(ctx, more).map_err(|error| failed(ctx, ctx.item.pos, ApiError(error)))
    }
}

/// Where something is written: after this `json`, at the place and with the members that were selected.
struct Target<'a> {
    json: &'a mut Json,
    ctx: &'a ContextSelectionSet<'a>,
    members: &'a [Member<'a>],
}

/// An object that is written.
trait Written: ContainerType {
    /// What is read below a member.
    type Below: Sync;

    /// That of its [`Row`], if it is one.
    fn leaf(&self, _field: &str) -> Option<Leaf<'_>> {
        None
    }

    /// Writes what was read below a member of objects of which this has that index; a connection has that of its
    /// first row.
    fn write_below(
        &self,
        to: Target<'_>,
        below: &Self::Below,
        index: usize,
    ) -> impl Future<Output = ServerResult<()>> + Send;
}

impl<T: Row> Written for &T {
    type Below = Box<dyn OfEach>;

    fn leaf(&self, field: &str) -> Option<Leaf<'_>> {
        match field {
            "id" => Some(Leaf::Id(Global(T::KIND, self.number()))),
            "databaseId" => Some(Leaf::Number(self.number())),
            field => self.column(field),
        }
    }

    async fn write_below(&self, to: Target<'_>, below: &Self::Below, index: usize) -> ServerResult<()> {
        below.write(to, index).await
    }
}

impl<T: Row> Written for &Connection<T> {
    type Below = Rows;

    async fn write_below(&self, to: Target<'_>, below: &Rows, first: usize) -> ServerResult<()> {
        let rows = self.rows().iter();
        match below {
            Rows::Nodes(below) => write_list(to, below, rows, first).await,
            Rows::Edges(below) => write_list(to, below, rows.map(edge), first).await,
        }
    }
}

impl<T: Row> Written for EdgeOf<&T> {
    type Below = ByMember<Box<dyn OfEach>>;

    async fn write_below(&self, to: Target<'_>, below: &Self::Below, index: usize) -> ServerResult<()> {
        write(to, below, self.node, index).await
    }
}

/// A list of all objects, written.
async fn written<T: Written>(
    ctx: &ContextSelectionSet<'_>,
    members: &[Member<'_>],
    below: &[Option<T::Below>],
    objects: impl Iterator<Item = T> + Send,
) -> ServerResult<Value> {
    let mut json = Json::default();
    write_list(Target { json: &mut json, ctx, members }, below, objects, 0).await?;
    json.take_room(ctx)?;
    Ok(json::written(json.text))
}

/// Writes a list of objects, of which the first has this index.
async fn write_list<T: Written>(
    Target { json, ctx, members }: Target<'_>,
    below: &[Option<T::Below>],
    objects: impl Iterator<Item = T> + Send,
    first: usize,
) -> ServerResult<()> {
    json.text.push(b'[');
    for (index, object) in objects.enumerate() {
        if index > 0 {
            json.text.push(b',');
        }
        let ctx = ctx.with_index(index);
        write(Target { json, ctx: &ctx, members }, below, object, first + index).await?;
        if json.has_grown() {
            json.take_room(&ctx)?;
        }
    }
    json.text.push(b']');
    Ok(())
}

/// Writes an object. Members below which nothing was read are asked of it.
async fn write<T: Written>(
    Target { json, ctx, members }: Target<'_>,
    below: &[Option<T::Below>],
    object: T,
    index: usize,
) -> ServerResult<()> {
    let mut before = b'{';
    for (member, below) in members.iter().zip(below) {
        json.text.push(before);
        before = b',';
        json::key(&mut json.text, member.key());
        if let Some(below) = below {
            let ctx = ctx.with_field(member.field);
            let ctx = ctx.with_selection_set(&member.field.node.selection_set);
            let to = Target { json, ctx: &ctx, members: &member.members };
            object.write_below(to, below, index).await?;
        } else if member.name() == TYPENAME {
            json::scalar(&mut json.text, &T::type_name());
        } else if let Some(leaf) = object.leaf(member.name()) {
            json::leaf(&mut json.text, leaf);
        } else {
            let value = object.resolve_field(&ctx.with_field(member.field)).await?;
            json::value(&mut json.text, &value.unwrap_or_default());
        }
    }
    json.text.push(b'}');
    Ok(())
}
