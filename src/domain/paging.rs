//! Pages of lists that are ordered by id: of one list, or of the lists of many parents at once.

use std::collections::{HashMap, hash_map::Entry};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoSimpleExpr,
    Iterable, JoinType, Order, PrimaryKeyToColumn, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait, Select,
    sea_query::{Asterisk, ExprTrait, Query, SelectStatement},
};

use crate::{
    Error, Result,
    database::ReadPool,
    entity::{is_any_of, rows_of},
};

/// How many rows a page has when the client does not say, unless so many are not allowed.
pub const DEFAULT_SIZE: u32 = 20;

/// How many rows make a long page.
const LONG: u32 = 100;

/// Which part of a list is wanted: a number of rows from the start or the end of a range of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    after: Option<i32>,
    before: Option<i32>,
    /// None: all of them.
    limit: Option<u32>,
    from_end: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    /// In the order of their ids.
    pub rows: Vec<T>,
    /// Whether there are rows before these. A forward page says so when it has a place to start
    /// after, as the Relay specification allows.
    pub has_previous: bool,
    /// Whether there are rows after these; the mirror image of `has_previous`.
    pub has_next: bool,
}

impl<T> Slice<T> {
    /// Makes something else of each row.
    #[must_use]
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Slice<U> {
        Slice {
            rows: self.rows.into_iter().map(make).collect(),
            has_previous: self.has_previous,
            has_next: self.has_next,
        }
    }
}

impl<T> Default for Slice<T> {
    /// Nothing, of a list that has nothing before or after it.
    fn default() -> Self {
        Self { rows: Vec::new(), has_previous: false, has_next: false }
    }
}

impl Page {
    /// The whole list, for the old clients that know no pages.
    pub const EVERYTHING: Self = Self { after: None, before: None, limit: None, from_end: false };

    /// The first `first`, or the last `last`, of the rows whose ids lie between `after` and `before`.
    ///
    /// # Errors
    /// `BadUserInput` for `first` together with `last`, and for a size that is not from 0 to
    /// `max_size`.
    pub fn new(
        first: Option<i32>,
        after: Option<i32>,
        last: Option<i32>,
        before: Option<i32>,
        max_size: u32,
    ) -> Result<Self> {
        let (field, size) = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(Error::bad_user_input("last", "Give first or last, not both."));
            }
            (None, Some(last)) => ("last", last),
            (Some(first), None) => ("first", first),
            (None, None) => ("first", Ord::min(DEFAULT_SIZE, max_size).cast_signed()),
        };
        let limit = u32::try_from(size)
            .ok()
            .filter(|size| *size <= max_size)
            .ok_or_else(|| Error::bad_user_input(field, format!("{field} must be from 0 to {max_size}.")))?;
        Ok(Self { after, before, limit: Some(limit), from_end: last.is_some() })
    }

    /// The first `size` rows after `after`, or of all.
    #[must_use]
    pub const fn following(after: Option<i32>, size: u32) -> Self {
        Self { after, before: None, limit: Some(size), from_end: false }
    }

    /// Whether it can have so many rows that others had better not wait for them.
    pub(super) fn may_be_long(self) -> bool {
        self.limit.is_none_or(|limit| limit > LONG)
    }

    fn order(self) -> Order {
        if self.from_end { Order::Desc } else { Order::Asc }
    }

    /// One row more than the page has tells whether there are more.
    fn rows_to_read(self) -> Option<u64> {
        self.limit.map(|limit| u64::from(limit) + 1)
    }

    fn range<E: EntityTrait>(self, select: Select<E>, id: E::Column) -> Select<E> {
        select
            .apply_if(self.after, |select, after| select.filter(id.gt(after)))
            .apply_if(self.before, |select, before| select.filter(id.lt(before)))
    }

    pub(super) fn slice<T>(self, mut rows: Vec<T>) -> Slice<T> {
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        // Pages are many, and kept until the response is written.
        rows.shrink_to_fit();
        if self.from_end {
            rows.reverse();
            Slice { rows, has_previous: has_more, has_next: self.before.is_some() }
        } else {
            Slice { rows, has_previous: self.after.is_some(), has_next: has_more }
        }
    }
}

/// Reads one page of `select`.
///
/// # Errors
/// Those of the database.
pub async fn page<E, M>(db: &impl ConnectionTrait, select: Select<E>, page: Page) -> Result<Slice<M>>
where
    E: EntityTrait,
    M: FromQueryResult + Send + Sync,
{
    let id = id_of::<E>();
    let select = page.range(select, id).order_by(id, page.order()).limit(page.rows_to_read());
    Ok(page.slice(select.into_model::<M>().all(db).await?))
}

/// Reads the same page of the list of each of `parents`, in one statement: `select` narrowed to the
/// rows whose `parent` is one of them. `read` makes something of a row.
///
/// # Errors
/// Those of the database, and of the portion that texts take.
pub async fn pages<E, M>(
    db: &ReadPool,
    select: Select<E>,
    parent: E::Column,
    parents: &[i32],
    page: Page,
    read: impl Fn(&QueryResult) -> Result<M, DbErr> + Send + Sync,
) -> Result<HashMap<i32, Slice<M>>>
where
    E: EntityTrait,
    M: Child,
{
    let select = page.range(select, id_of::<E>());
    let backend = db.get_database_backend();
    let statement = match page.rows_to_read() {
        None => {
            let of_any = select.filter(is_any_of(parent.into_simple_expr(), parents, backend));
            backend.build(&of_any.into_query())
        }
        Some(rows) if backend == DbBackend::Postgres => {
            backend.build(&first_of_each_laterally(select, parent, parents, page, rows))
        }
        Some(rows) => backend.build(&first_of_each(select, parent, parents, page, rows)),
    };
    let add = |families: &mut Families<M>, row| {
        let child = read(&row)?;
        let bytes = child.text_bytes();
        families.add(child);
        Ok(bytes)
    };
    let mut children_of = db.query_texts(statement, add).await?.by_parent();
    let slices = parents.iter().map(|parent| {
        let mut children = children_of.remove(parent).unwrap_or_default();
        children.sort_unstable_by_key(M::id);
        if page.from_end {
            children.reverse();
        }
        (*parent, page.slice(children))
    });
    Ok(slices.collect())
}

/// A row of the list of a parent.
pub trait Child: Send {
    /// Its number.
    fn id(&self) -> i32;

    /// That of its parent.
    fn parent(&self) -> i32;

    /// How long its texts are, in bytes, if they may be long.
    fn text_bytes(&self) -> usize {
        0
    }
}

/// Children on their way from the database. Mostly those of one parent come one after another: they gather until
/// one of another comes, and then take no more room than they need.
struct Families<M> {
    complete: HashMap<i32, Vec<M>>,
    coming: Vec<M>,
}

impl<M> Default for Families<M> {
    fn default() -> Self {
        Self { complete: HashMap::new(), coming: Vec::new() }
    }
}

impl<M: Child> Families<M> {
    fn add(&mut self, child: M) {
        if self.coming.last().is_some_and(|last| last.parent() != child.parent()) {
            self.settle();
        }
        self.coming.push(child);
    }

    fn settle(&mut self) {
        let Some(first) = self.coming.first() else { return };
        match self.complete.entry(first.parent()) {
            // With no room to spare, where a list that grows has some.
            Entry::Vacant(place) => drop(place.insert(self.coming.drain(..).collect())),
            Entry::Occupied(mut before) => before.get_mut().append(&mut self.coming),
        }
    }

    fn by_parent(mut self) -> HashMap<i32, Vec<M>> {
        self.settle();
        self.complete
    }
}

/// What the parents are called in a statement.
const PARENTS: &str = "parents";

/// As [`first_of_each_laterally`], for SQLite, which has no `LATERAL`: the ids of the rows that are wanted are
/// looked up for each parent.
fn first_of_each<E: EntityTrait>(
    select: Select<E>,
    parent: E::Column,
    parents: &[i32],
    page: Page,
    rows: u64,
) -> SelectStatement {
    let id = id_of::<E>();
    let (parents, number) = rows_of(parents, PARENTS, DbBackend::Sqlite);
    let first = select
        .clone()
        .select_only()
        .column(id)
        .filter(parent.into_expr().eq(number))
        .order_by(id, page.order())
        .limit(rows)
        .into_query();
    select.filter(id.in_subquery(first)).into_query().from(parents).take()
}

/// Looks up the first rows of each parent by the index, however long its list is.
fn first_of_each_laterally<E: EntityTrait>(
    select: Select<E>,
    parent: E::Column,
    parents: &[i32],
    page: Page,
    rows: u64,
) -> SelectStatement {
    let (parents, number) = rows_of(parents, PARENTS, DbBackend::Postgres);
    let first = select
        .filter(parent.into_expr().eq(number))
        .order_by(id_of::<E>(), page.order())
        .limit(rows)
        .into_query();
    Query::select()
        .column(("first", Asterisk))
        .from(parents)
        .join_lateral(JoinType::InnerJoin, first, "first", Condition::all())
        .take()
}

/// Counts the rows of `select` for each of `parents`, in one statement, if there are any.
///
/// # Errors
/// Those of the database.
pub async fn counts<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    parent: E::Column,
    parents: &[i32],
) -> Result<HashMap<i32, i64>> {
    if parents.is_empty() {
        return Ok(HashMap::new());
    }
    let counted: Vec<(i32, i64)> = select
        .select_only()
        .column_as(parent, "parent")
        .column_as(id_of::<E>().count(), "count")
        .filter(is_any_of(parent.into_simple_expr(), parents, db.get_database_backend()))
        .group_by(parent)
        .into_tuple()
        .all(db)
        .await?;
    let mut counts: HashMap<_, _> = parents.iter().map(|parent| (*parent, 0)).collect();
    counts.extend(counted);
    Ok(counts)
}

fn id_of<E: EntityTrait>() -> E::Column {
    E::PrimaryKey::iter().next().expect("every entity has a primary key").into_column()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Child for (i32, i32) {
        fn id(&self) -> i32 {
            self.1
        }

        fn parent(&self) -> i32 {
            self.0
        }
    }

    #[test]
    fn children_are_their_parents_in_whatever_order_they_come() {
        let mut families = Families::default();
        for child in [(1, 10), (1, 11), (2, 12), (1, 13), (3, 14), (2, 15)] {
            families.add(child);
        }
        let expected =
            [(1, vec![(1, 10), (1, 11), (1, 13)]), (2, vec![(2, 12), (2, 15)]), (3, vec![(3, 14)])];
        assert_eq!(families.by_parent(), HashMap::from(expected));
    }

    #[test]
    fn children_who_come_together_take_no_more_room_than_they_need() {
        let mut families = Families::default();
        for parent in 0_i32..3 {
            (0..=parent).for_each(|id| families.add((parent, id)));
        }
        let complete = families.by_parent();
        assert!((0..3).all(|parent| i32::try_from(complete[&parent].capacity()) == Ok(parent + 1)));
    }
}
