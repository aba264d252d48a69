use std::{
    borrow::Cow,
    future::Future,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
};

use async_graphql::{
    ContextSelectionSet, Name, ObjectType, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection},
    registry::Registry,
    resolver_utils::resolve_list,
};

/// Rows that were read, as a list of objects.
///
/// A resolver of a column has its value at hand: it is ready as soon as it is asked. Where nothing
/// but columns is selected, the rows are therefore resolved in one go. The executor would make a
/// future of each field and of each row, and wait for them all, which costs several times as much.
pub(super) struct Rows<'a, T>(pub(super) &'a [T]);

impl<T: ObjectType> OutputType for Rows<'_, T> {
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
        if let Some(columns) = columns(ctx)
            && let Some(objects) = at_once(ctx, self.0, &columns)
        {
            return objects;
        }
        resolve_list(ctx, field, self.0, Some(self.0.len())).await
    }
}

type Column<'a> = (Name, &'a Positioned<Field>);

/// The selected fields, if each is a leaf. One of the same name twice, a fragment, or a directive
/// is the executor's.
fn columns<'a>(ctx: &ContextSelectionSet<'a>) -> Option<Vec<Column<'a>>> {
    let mut columns: Vec<Column<'a>> = Vec::with_capacity(ctx.item.node.items.len());
    for selection in &ctx.item.node.items {
        let Selection::Field(field) = &selection.node else { return None };
        let (node, key) = (&field.node, &field.node.response_key().node);
        let is_column = node.selection_set.node.items.is_empty()
            && node.directives.is_empty()
            && node.name.node != "__typename";
        if !is_column || columns.iter().any(|(other, _)| other == key) {
            return None;
        }
        // A name of this request's own: the document's is shared with requests on other threads, who
        // would all count in the same place.
        columns.push((Name::new(key), field));
    }
    Some(columns)
}

/// Resolves all columns of all rows; nothing when one of them would have to be waited for.
fn at_once<T: ObjectType>(
    ctx: &ContextSelectionSet<'_>,
    rows: &[T],
    columns: &[Column<'_>],
) -> Option<ServerResult<Value>> {
    let mut waiting = TaskContext::from_waker(Waker::noop());
    let mut objects = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let ctx = ctx.with_index(index);
        let mut object = IndexMap::with_capacity(columns.len());
        for (name, field) in columns {
            let ctx = ctx.with_field(field);
            match pin!(row.resolve_field(&ctx)).poll(&mut waiting) {
                Poll::Ready(Ok(value)) => object.insert(name.clone(), value.unwrap_or_default()),
                Poll::Ready(Err(error)) => return Some(Err(error)),
                Poll::Pending => return None,
            };
        }
        objects.push(Value::Object(object));
    }
    Some(Ok(Value::List(objects)))
}
