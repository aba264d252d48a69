//! The one root field of a subscription, brought to where the library that executes it looks for it:
//! into the operation itself.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection,
        SelectionSet,
    },
};

use super::type_system::root_of;
use crate::{Error, Result, error::Code};

/// Takes the root fields of subscriptions out of fragments.
///
/// # Errors
/// `ValidationFailed` for a subscription that has more than one, or one with a condition (section
/// 5.2.4.1 of the GraphQL specification).
pub(super) fn flattened(mut document: ExecutableDocument) -> Result<ExecutableDocument> {
    let mut spread = HashSet::new();
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations.into_iter().filter(|of| of.node.ty == OperationType::Subscription) {
        let set = &mut operation.node.selection_set.node;
        let mut roots = Roots { fragments: &document.fragments, visited: HashSet::new() };
        let mut selections = Vec::new();
        roots.collect(set, &mut selections)?;
        set.items = selections;
        spread.extend(roots.visited);
    }
    // Nobody spreads them any more, which validation would mind.
    document.fragments.retain(|name, _| !spread.contains(name));
    Ok(document)
}

struct Roots<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    visited: HashSet<Name>,
}

impl Roots<'_> {
    /// Collects fields. A fragment that cannot be here stays, for validation to report.
    fn collect(&mut self, set: &SelectionSet, into: &mut Vec<Positioned<Selection>>) -> Result<()> {
        let root = root_of(OperationType::Subscription);
        for selection in &set.items {
            if !selection.node.directives().is_empty() {
                return Err(refused());
            }
            match &selection.node {
                Selection::Field(field) => match into.as_mut_slice() {
                    [] => into.push(selection.clone()),
                    [Positioned { node: Selection::Field(first), .. }] => {
                        merge(&mut first.node, &field.node)?;
                    }
                    _ => return Err(refused()),
                },
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| condition.node.on.node == root) {
                        self.collect(&fragment.node.selection_set.node, into)?;
                    } else {
                        into.push(selection.clone());
                    }
                }
                Selection::FragmentSpread(spread) => {
                    match self.fragments.get_key_value(&spread.node.fragment_name.node) {
                        Some((name, fragment)) if fragment.node.type_condition.node.on.node == root => {
                            if self.visited.insert(name.clone()) {
                                self.collect(&fragment.node.selection_set.node, into)?;
                            }
                        }
                        _ => into.push(selection.clone()),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Makes one field of two that are the same.
fn merge(first: &mut Field, second: &Field) -> Result<()> {
    let is_same = first.response_key().node == second.response_key().node
        && first.name.node == second.name.node
        && first.arguments == second.arguments;
    if !is_same {
        return Err(refused());
    }
    first.selection_set.node.items.extend(second.selection_set.node.items.iter().cloned());
    Ok(())
}

fn refused() -> Error {
    Error::new(Code::ValidationFailed, "A subscription selects one field, and without directives.")
}
