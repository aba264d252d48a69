//! Lists of rows, resolved in one go.
//!
//! The executor makes a future of each field of each row and a map of each object, and serializes all
//! of it at the end. Most of a large response is rows and what belongs to them, which needs none of
//! this: a column is at hand as soon as its row is, and a connection can be read for all rows of a
//! level at once. Such lists are read level by level, and then written as JSON. What is not so plain
//! (objects of which directives leave nothing, abstract types, objects that are merged, counts) is the
//! executor's, as ever.

use std::{borrow::Cow, collections::HashMap, convert::Infallible, future, slice};

use async_graphql::{
    Context, ContextBase, ContextSelectionSet, Name, ObjectType, OutputType, Pos, Positioned, ServerError,
    ServerResult, Value,
    connection::{CursorType, PageInfo},
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::resolve_list,
};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, try_join_all};

use super::{
    connection::{Connection, EdgeOf, edge},
    context::{may_write, take},
    error::ApiError,
    id::{Global, Kind},
    json,
    type_system::TYPE_SYSTEM,
};
use crate::Error;

const TYPENAME: &str = "__typename";

/// An object that is made of a row. Its fields without a selection are columns.
pub(super) trait Row: ObjectType + 'static {
    /// What its id is that of.
    const KIND: Kind;

    /// The field that is a connection of other rows, if there is one.
    const CONNECTION: Option<&'static str>;

    /// What that leads to.
    type Below: Row;

    /// Its number among those of its kind.
    fn number(&self) -> i32;

    /// What a field has that is of this type alone and without a selection, if it was read.
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
    Time(DateTime<Utc>),
    Cursor(Option<String>),
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
            let members = read(ctx, Place::OfList, &members, &rows).await?;
            return Json::of(ctx, field.pos, self.0.iter(), &members);
        }
        take_members(ctx, field.pos, self.0.len())?;
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
            let members = read_edges(ctx, &members, &rows).await?;
            return Json::of(ctx, field.pos, self.0.iter().map(edge), &members);
        }
        take_members(ctx, field.pos, self.0.len())?;
        resolve_list(ctx, field, self.0.iter().map(edge), Some(self.0.len())).await
    }
}

/// Has what the executor makes of so many rows take room in the response, but for texts and lists, which take
/// theirs themselves.
fn take_members(ctx: &ContextSelectionSet<'_>, pos: Pos, rows: usize) -> ServerResult<()> {
    let mut names = Names::default();
    names.add(&ctx.query_env.fragments, &ctx.item.node);
    take(ctx, rows * names.length()).map_err(|error| failed(ctx, pos, ApiError(error)))
}

/// The names in an object, and in those below it: each stands there once, however often it is selected.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, Self>);

impl<'a> Names<'a> {
    /// As long as a time, the longest value but for texts, with what stands around it and its name.
    const VALUE: usize = 40;

    /// What a selection set and its fragments select, but for what is in lists.
    fn add(&mut self, fragments: &'a Fragments, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let below = self.0.entry(&field.response_key().node).or_default();
                    if !matches!(field.name.node.as_str(), "nodes" | "edges") {
                        below.add(fragments, &field.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) => self.add(fragments, &fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        self.add(fragments, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// About how many bytes all of that is.
    fn length(&self) -> usize {
        self.0.iter().map(|(name, below)| name.len() + Self::VALUE + below.length()).sum()
    }
}

/// A field that is selected.
struct Member<'a> {
    field: &'a Positioned<Field>,
    kind: MemberKind<'a>,
}

/// What a field is, and what is selected below it.
enum MemberKind<'a> {
    /// Without a selection: the object has it.
    Leaf,
    /// Of an object that is made of a row.
    Connection(Vec<Member<'a>>),
    /// Of a connection.
    Nodes(Vec<Member<'a>>),
    Edges(Vec<Member<'a>>),
    PageInfo(Vec<Member<'a>>),
    /// Of an edge.
    Node(Vec<Member<'a>>),
}

impl Member<'_> {
    fn name(&self) -> &str {
        self.field.node.name.node.as_str()
    }

    fn key(&self) -> &str {
        self.field.node.response_key().node.as_str()
    }

    const fn is_leaf(&self) -> bool {
        matches!(self.kind, MemberKind::Leaf)
    }
}

/// Whether nothing is below this field. A selection cannot tell: directives may have left nothing of it.
fn is_leaf(of: &str, field: &Field) -> bool {
    !TYPE_SYSTEM.leads_on(of, &field.name.node)
}

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// What is selected of an object that is made of a row; `None` if it cannot be resolved in one go.
fn of_object<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    let type_name = T::type_name();
    selected(fragments, set, &type_name, &|field| {
        if is_leaf(&type_name, field) {
            return Some(MemberKind::Leaf);
        }
        T::CONNECTION.filter(|name| *name == field.name.node)?;
        of_connection::<T::Below>(fragments, &field.selection_set.node).map(MemberKind::Connection)
    })
}

fn of_connection<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    selected(fragments, set, &Connection::<T>::type_name(), &|field| {
        let set = &field.selection_set.node;
        match field.name.node.as_str() {
            "nodes" => of_object::<T>(fragments, set).map(MemberKind::Nodes),
            "edges" => of_edge::<T>(fragments, set).map(MemberKind::Edges),
            "pageInfo" => selected(fragments, set, &PageInfo::type_name(), &|_| Some(MemberKind::Leaf))
                .map(MemberKind::PageInfo),
            TYPENAME => Some(MemberKind::Leaf),
            // A count takes a statement of its own.
            _ => None,
        }
    })
}

fn of_edge<'a, T: Row>(fragments: &'a Fragments, set: &'a SelectionSet) -> Option<Vec<Member<'a>>> {
    let type_name = EdgeOf::<T>::type_name();
    selected(fragments, set, &type_name, &|field| {
        if is_leaf(&type_name, field) {
            return Some(MemberKind::Leaf);
        }
        of_object::<T>(fragments, &field.selection_set.node).map(MemberKind::Node)
    })
}

/// The fields that a selection set and its fragments select of this type, if there are any.
fn selected<'a>(
    fragments: &'a Fragments,
    set: &'a SelectionSet,
    type_name: &str,
    kind_of: &dyn Fn(&'a Field) -> Option<MemberKind<'a>>,
) -> Option<Vec<Member<'a>>> {
    let mut selected: Vec<Member<'a>> = Vec::with_capacity(set.items.len());
    let mut sets: Vec<slice::Iter<'a, Positioned<Selection>>> = vec![set.items.iter()];
    while let Some(set) = sets.last_mut() {
        let Some(selection) = set.next() else {
            sets.pop();
            continue;
        };
        let (condition, set) = match &selection.node {
            Selection::Field(field) => {
                let new = Member { field, kind: kind_of(&field.node)? };
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
    (!selected.is_empty()).then_some(selected)
}

/// The members of objects, and what was read below each; nothing where it is the object's own.
type Members<'a, T> = Vec<(&'a Member<'a>, Option<T>)>;

/// A member of objects that are made of rows: a connection of each.
struct Connections<'a, T> {
    of_each: Vec<Connection<T>>,
    /// How many rows there are in those before each.
    rows_before: Vec<usize>,
    members: Members<'a, OfConnections<'a>>,
}

/// A member of connections: the rows of all of them, one after another, by what is below; or where each stands.
enum OfConnections<'a> {
    Nodes(Members<'a, OfRows<'a>>),
    Edges(Members<'a, Members<'a, OfRows<'a>>>),
    PageInfo(Members<'a, Infallible>),
}

/// [`Connections`] of any rows.
type OfRows<'a> = Box<dyn OfEach + 'a>;

trait OfEach: Send + Sync {
    /// Writes that of the object with this index.
    fn write(&self, json: &mut Json<'_>, index: usize) -> ServerResult<()>;
}

impl<T: Row> OfEach for Connections<'_, T> {
    fn write(&self, json: &mut Json<'_>, index: usize) -> ServerResult<()> {
        json.object(&&self.of_each[index], self.rows_before[index], &self.members)
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
async fn read<'a, T: Row>(
    ctx: &ContextSelectionSet<'_>,
    place: Place,
    members: &'a [Member<'a>],
    rows: &[&T],
) -> ServerResult<Members<'a, OfRows<'a>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    try_join_all(members.iter().map(async |member| {
        let below = match &member.kind {
            MemberKind::Connection(members) => {
                Some(read_connections(ctx, place, member.field, members, rows).await?)
            }
            _ => None,
        };
        Ok((member, below))
    }))
    .await
}

/// Reads the connection that a field is, of each row, and what is below the rows of all of them.
fn read_connections<'a, 'r, T: Row>(
    ctx: &'r ContextSelectionSet<'_>,
    place: Place,
    field: &'a Positioned<Field>,
    members: &'a [Member<'a>],
    rows: &'r [&'r T],
) -> BoxFuture<'r, ServerResult<OfRows<'a>>>
where
    'a: 'r,
{
    // That of the object with this index.
    let item = move |index| match place {
        Place::OfList => ctx.with_index(index),
        Place::OfOne => ctx.clone(),
    };
    Box::pin(async move {
        // What fails for one row fails for all; it is told of the first that it can be told of.
        let of_each = {
            let ctx = item(0);
            let ctx = ctx.with_field(field);
            T::connections(&ctx, rows).await.map_err(|error| failed(&ctx, field.pos, error))?
        };
        let first = of_each.iter().position(|connection| !connection.rows().is_empty());
        let ctx = item(first.unwrap_or_default());
        let ctx = ctx.with_field(field);
        let rows: Vec<&T::Below> = of_each.iter().flat_map(Connection::rows).collect();
        let members = try_join_all(members.iter().map(async |member| {
            let ctx = ctx.with_field(member.field);
            let ctx = ctx.with_selection_set(&member.field.node.selection_set);
            let below = match &member.kind {
                MemberKind::Nodes(members) => {
                    Some(OfConnections::Nodes(read(&ctx, Place::OfList, members, &rows).await?))
                }
                MemberKind::Edges(members) => {
                    Some(OfConnections::Edges(read_edges(&ctx, members, &rows).await?))
                }
                MemberKind::PageInfo(members) => {
                    Some(OfConnections::PageInfo(members.iter().map(|leaf| (leaf, None)).collect()))
                }
                _ => None,
            };
            ServerResult::Ok((member, below))
        }))
        .await?;
        let rows_before = of_each.iter().scan(0, |sum, connection| {
            let before = *sum;
            *sum += connection.rows().len();
            Some(before)
        });
        let connections = Connections { rows_before: rows_before.collect(), of_each, members };
        Ok(Box::new(connections) as OfRows<'a>)
    })
}

/// Reads what is below the edges of these rows.
async fn read_edges<'a, T: Row>(
    ctx: &ContextSelectionSet<'_>,
    members: &'a [Member<'a>],
    rows: &[&T],
) -> ServerResult<Members<'a, Members<'a, OfRows<'a>>>> {
    try_join_all(members.iter().map(async |member| {
        let MemberKind::Node(members) = &member.kind else { return Ok((member, None)) };
        let ctx = ctx.with_index(0);
        let ctx = ctx.with_field(member.field);
        let ctx = ctx.with_selection_set(&member.field.node.selection_set);
        let below = read(&ctx, Place::OfOne, members, rows).await?;
        Ok((member, Some(below)))
    }))
    .await
}

/// As the executor tells of it.
fn failed<T>(ctx: &ContextBase<'_, T>, pos: Pos, error: ApiError) -> ServerError {
    ctx.set_error_path(async_graphql::Error::from(error).into_server_error(pos))
}

/// An object that is written.
trait Written: ObjectType {
    /// What is read below a member.
    type Below<'a>;

    /// What a member is below which nothing is read.
    fn leaf(&self, field: &str) -> Option<Leaf<'_>>;

    /// Writes what was read below a member of objects of which this has that index; a connection has that of its
    /// first row.
    fn write_below(&self, json: &mut Json<'_>, index: usize, below: &Self::Below<'_>) -> ServerResult<()>;
}

impl<T: Row> Written for &T {
    type Below<'a> = OfRows<'a>;

    fn leaf(&self, field: &str) -> Option<Leaf<'_>> {
        match field {
            "id" => Some(Leaf::Id(Global(T::KIND, self.number()))),
            "databaseId" => Some(Leaf::Number(self.number())),
            field => self.column(field),
        }
    }

    fn write_below(&self, json: &mut Json<'_>, index: usize, below: &OfRows<'_>) -> ServerResult<()> {
        below.write(json, index)
    }
}

impl<T: Row> Written for &Connection<T> {
    type Below<'a> = OfConnections<'a>;

    fn leaf(&self, _field: &str) -> Option<Leaf<'_>> {
        None
    }

    fn write_below(&self, json: &mut Json<'_>, first: usize, below: &OfConnections<'_>) -> ServerResult<()> {
        match below {
            OfConnections::Nodes(members) => json.list(self.rows().iter(), first, members),
            OfConnections::Edges(members) => json.list(self.rows().iter().map(edge), first, members),
            OfConnections::PageInfo(members) => json.object(&PageInfo::from(*self), first, members),
        }
    }
}

impl<T: Row> Written for EdgeOf<&T> {
    type Below<'a> = Members<'a, OfRows<'a>>;

    fn leaf(&self, field: &str) -> Option<Leaf<'_>> {
        (field == "cursor").then(|| Leaf::Cursor(Some(self.cursor.encode_cursor())))
    }

    fn write_below(&self, json: &mut Json<'_>, index: usize, below: &Self::Below<'_>) -> ServerResult<()> {
        json.object(&self.node, index, below)
    }
}

impl Written for PageInfo {
    type Below<'a> = Infallible;

    fn leaf(&self, field: &str) -> Option<Leaf<'_>> {
        Some(match field {
            "hasPreviousPage" => Leaf::Flag(self.has_previous_page),
            "hasNextPage" => Leaf::Flag(self.has_next_page),
            "startCursor" => Leaf::Cursor(self.start_cursor.clone()),
            "endCursor" => Leaf::Cursor(self.end_cursor.clone()),
            _ => return None,
        })
    }

    fn write_below(&self, _json: &mut Json<'_>, _index: usize, below: &Infallible) -> ServerResult<()> {
        match *below {}
    }
}

/// A list in a response, while it is written.
struct Json<'a> {
    text: Vec<u8>,
    /// How much of it takes room in the response.
    taken: usize,
    /// Where errors are told.
    ctx: &'a ContextSelectionSet<'a>,
    pos: Pos,
}

impl<'a> Json<'a> {
    /// How much may be written until it takes room.
    const BLOCK: usize = 4 * 1024;

    /// All of the list of the field at this place.
    fn of<T: Written>(
        ctx: &'a ContextSelectionSet<'a>,
        pos: Pos,
        objects: impl Iterator<Item = T>,
        members: &Members<'_, T::Below<'_>>,
    ) -> ServerResult<Value> {
        let mut json = Self { text: Vec::new(), taken: 0, ctx, pos };
        json.list(objects, 0, members)?;
        json.take_room()?;
        Ok(json::written(json.text))
    }

    /// Writes a list of objects, of which the first has this index.
    fn list<T: Written>(
        &mut self,
        objects: impl Iterator<Item = T>,
        first: usize,
        members: &Members<'_, T::Below<'_>>,
    ) -> ServerResult<()> {
        self.text.push(b'[');
        for (index, object) in objects.enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.object(&object, first + index, members)?;
            if self.text.len() - self.taken >= Self::BLOCK {
                self.take_room()?;
            }
        }
        self.text.push(b']');
        Ok(())
    }

    /// Writes the object with this index.
    fn object<T: Written>(
        &mut self,
        object: &T,
        index: usize,
        members: &Members<'_, T::Below<'_>>,
    ) -> ServerResult<()> {
        let mut before = b'{';
        for (member, below) in members {
            self.text.push(before);
            before = b',';
            json::key(&mut self.text, member.key());
            if let Some(below) = below {
                object.write_below(self, index, below)?;
            } else if member.name() == TYPENAME {
                json::scalar(&mut self.text, &T::type_name());
            } else if let Some(leaf) = object.leaf(member.name()) {
                json::leaf(&mut self.text, leaf);
            } else {
                return Err(self.failed(Error::internal("a field was selected but not read")));
            }
        }
        self.text.push(b'}');
        Ok(())
    }

    /// Has all that was written take room.
    fn take_room(&mut self) -> ServerResult<()> {
        let more = self.text.len() - self.taken;
        self.taken += more;
        take(self.ctx, more).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: Error) -> ServerError {
        failed(self.ctx, self.pos, ApiError(error))
    }
}
