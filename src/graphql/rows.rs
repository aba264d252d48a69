//! Lists of rows, resolved in one go.
//!
//! The executor makes a future of each field of each row and a map of each object, and serializes all
//! of it at the end. Most of a large response is rows and what belongs to them, which needs none of
//! this: a column is at hand as soon as its row is, and a connection can be read for all rows of a
//! level at once. Such lists are resolved level by level, and written as JSON. What is not so plain
//! (directives, abstract types, objects that are merged, counts) is the executor's, as ever.

use std::{borrow::Cow, collections::HashMap, future, ops::Range, slice};

use async_graphql::{
    Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::{ContainerType, resolve_list},
};
use futures_util::future::{BoxFuture, try_join_all};

use super::{
    connection::{Connection, EdgeOf, Numbered, edge},
    context::may_write,
    error::ApiError,
    id::{Global, Kind},
    json,
};

const TYPENAME: &str = "__typename";

/// An object that is made of a row. Its fields without a selection are columns.
pub(super) trait Row: Numbered {
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
            return Ok(objects(ctx, Place::OfList, &members, &rows).await?.into_list());
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
            return Ok(edges(ctx, &members, &rows).await?.into_list());
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

/// What the text of an object has beside what is below it, in bytes, or somewhat more.
const OVERHEAD_BYTES: usize = 64;

/// JSON texts: of objects with commas between them, or of lists of them, without their brackets.
#[derive(Default)]
struct Texts {
    json: Vec<u8>,
    places: Vec<Range<usize>>,
    are_lists: bool,
}

impl Texts {
    /// None yet, with room for these.
    fn over<'a>(below: impl Iterator<Item = &'a Self>) -> Self {
        let lengths = below.map(|texts| texts.json.len() + OVERHEAD_BYTES * texts.places.len());
        Self { json: Vec::with_capacity(lengths.sum()), ..Self::default() }
    }

    /// Appends what `json` was given since it was so long.
    fn push(&mut self, begin: usize) {
        self.places.push(begin..self.json.len());
        self.json.push(b',');
    }

    fn write(&self, index: usize, json: &mut Vec<u8>) {
        let text = &self.json[self.places[index].clone()];
        if self.are_lists {
            json.push(b'[');
            json.extend_from_slice(text);
            json.push(b']');
        } else {
            json.extend_from_slice(text);
        }
    }

    /// Lists of so many of these objects, one after another.
    fn into_lists(self, lengths: impl Iterator<Item = usize>) -> Self {
        let mut objects = self.places.iter();
        let places = lengths.map(|length| {
            let mut list = objects.by_ref().take(length);
            let first = list.next().cloned().unwrap_or_default();
            first.start..list.last().map_or(first.end, |last| last.end)
        });
        Self { places: places.collect(), json: self.json, are_lists: true }
    }

    /// One list of all of them.
    fn into_list(mut self) -> Value {
        self.json.pop();
        self.json.insert(0, b'[');
        self.json.push(b']');
        json::written(self.json)
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

impl Place {
    /// That of the object with this index.
    fn item<'a>(self, ctx: &'a ContextSelectionSet<'_>, index: usize) -> ContextSelectionSet<'a> {
        match self {
            Self::OfList => ctx.with_index(index),
            Self::OfOne => ctx.clone(),
        }
    }
}

/// One object for each row.
async fn objects<T: Row>(
    ctx: &ContextSelectionSet<'_>,
    place: Place,
    members: &[Member<'_>],
    rows: &[&T],
) -> ServerResult<Texts> {
    if rows.is_empty() {
        return Ok(Texts::default());
    }
    let below = each(members, async |member| {
        if member.is_leaf() {
            return Ok(None);
        }
        connections_of(ctx, place, member, rows).await.map(Some)
    })
    .await?;
    write(ctx, place, members, &below, rows.iter().copied()).await
}

/// The connection that a member is, of each row.
fn connections_of<'a, T: Row>(
    ctx: &'a ContextSelectionSet<'_>,
    place: Place,
    member: &'a Member<'_>,
    rows: &'a [&'a T],
) -> BoxFuture<'a, ServerResult<Texts>> {
    Box::pin(async move {
        // What fails for one row fails for all; it is told of the first that it can be told of.
        let connections = {
            let ctx = place.item(ctx, 0);
            let ctx = ctx.with_field(member.field);
            T::connections(&ctx, rows).await.map_err(|error| {
                let error = async_graphql::Error::from(error);
                ctx.set_error_path(error.into_server_error(member.field.pos))
            })?
        };
        let first = connections.iter().position(|connection| !connection.rows().is_empty());
        let ctx = place.item(ctx, first.unwrap_or_default());
        let ctx = ctx.with_field(member.field);
        let ctx = ctx.with_selection_set(&member.field.node.selection_set);
        self::connections(&ctx, &member.members, &connections).await
    })
}

/// One object for each connection. The rows of all of them are resolved together.
async fn connections<T: Row>(
    ctx: &ContextSelectionSet<'_>,
    members: &[Member<'_>],
    connections: &[Connection<T>],
) -> ServerResult<Texts> {
    let rows: Vec<&T> = connections.iter().flat_map(Connection::rows).collect();
    let lengths = || connections.iter().map(|connection| connection.rows().len());
    let below = each(members, async |member| {
        let ctx = ctx.with_field(member.field);
        let ctx = ctx.with_selection_set(&member.field.node.selection_set);
        let texts = match member.name() {
            "nodes" => objects(&ctx, Place::OfList, &member.members, &rows).await?,
            "edges" => edges(&ctx, &member.members, &rows).await?,
            _ => return Ok(None),
        };
        Ok(Some(texts.into_lists(lengths())))
    })
    .await?;
    write(ctx, Place::OfOne, members, &below, connections.iter()).await
}

/// One edge for each row.
async fn edges<T: Row>(
    ctx: &ContextSelectionSet<'_>,
    members: &[Member<'_>],
    rows: &[&T],
) -> ServerResult<Texts> {
    let below = each(members, async |member| {
        if member.name() != "node" {
            return Ok(None);
        }
        let ctx = ctx.with_index(0);
        let ctx = ctx.with_field(member.field);
        let ctx = ctx.with_selection_set(&member.field.node.selection_set);
        objects(&ctx, Place::OfOne, &member.members, rows).await.map(Some)
    })
    .await?;
    write(ctx, Place::OfList, members, &below, rows.iter().map(|row| edge(*row))).await
}

/// What is below each member, all of it read together.
async fn each<'a, F: Future<Output = ServerResult<Option<Texts>>>>(
    members: &'a [Member<'a>],
    below: impl FnMut(&'a Member<'a>) -> F,
) -> ServerResult<Vec<Option<Texts>>> {
    try_join_all(members.iter().map(below)).await
}

/// An object that is written.
trait Written: ContainerType {
    /// That of its [`Row`], if it is one.
    fn leaf(&self, _field: &str) -> Option<Leaf<'_>> {
        None
    }
}

impl<T: Row> Written for &T {
    fn leaf(&self, field: &str) -> Option<Leaf<'_>> {
        match field {
            "id" => Some(Leaf::Id(Global(T::KIND, self.number()))),
            "databaseId" => Some(Leaf::Number(self.number())),
            field => self.column(field),
        }
    }
}

impl<T: Row> Written for &Connection<T> {}

impl<T: Row> Written for EdgeOf<&T> {}

/// Writes objects. What is `below` a member has been written for all of them; the other members are
/// asked of each.
async fn write<T: Written>(
    ctx: &ContextSelectionSet<'_>,
    place: Place,
    members: &[Member<'_>],
    below: &[Option<Texts>],
    objects: impl Iterator<Item = T>,
) -> ServerResult<Texts> {
    let mut texts = Texts::over(below.iter().flatten());
    for (index, object) in objects.enumerate() {
        let json = &mut texts.json;
        let begin = json.len();
        let mut before = b'{';
        for (member, below) in members.iter().zip(below) {
            json.push(before);
            before = b',';
            json::key(json, member.key());
            if let Some(below) = below {
                below.write(index, json);
            } else if member.name() == TYPENAME {
                json::scalar(json, &T::type_name());
            } else if let Some(leaf) = object.leaf(member.name()) {
                json::leaf(json, leaf);
            } else {
                let ctx = place.item(ctx, index);
                let value = object.resolve_field(&ctx.with_field(member.field)).await?;
                json::value(json, &value.unwrap_or_default());
            }
        }
        json.push(b'}');
        texts.push(begin);
    }
    Ok(texts)
}
