//! What an operation may cost, decided before it is validated or executed. Validation itself walks
//! fragments once for every spread, so a small document can keep it busy for hours.

use std::{collections::HashMap, ptr};

use async_graphql::{
    Positioned, Value, Variables,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection,
        SelectionSet,
    },
};

use super::{
    tokens::tokens,
    type_system::{Output, TYPE_SYSTEM, root_of},
};
use crate::{Error, Result, config::GraphqlLimits, domain::paging::DEFAULT_SIZE, error::Code};

/// The most fields that an operation may have, each counted as often as fragments repeat it.
const MAX_FIELDS: u64 = 10_000;
/// How often one response name may stand in one selection set.
const MAX_REPETITIONS: u32 = 30;
/// How deep brackets may be nested, of all kinds together.
const MAX_NESTING: u32 = 64;
/// How many things a list has that is no connection: those of introspection.
const LIST_SIZE: u64 = 10;

/// Checks the number of tokens, and how deep brackets are nested, before parsing: the parser goes as
/// deep as they do, and has only so much stack.
///
/// # Errors
/// `ParseFailed`.
pub(super) fn check_tokens(query: &str, limits: &GraphqlLimits) -> Result<()> {
    let (mut count, mut nesting) = (0_u32, 0_u32);
    for token in tokens(query) {
        count += 1;
        match token {
            "{" | "[" | "(" => nesting += 1,
            "}" | "]" | ")" => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        for (what, number, most) in
            [("tokens", count, limits.tokens), ("levels of brackets", nesting, MAX_NESTING)]
        {
            if number > most {
                let message = format!("The document has more than {most} {what}.");
                return Err(Error::new(Code::ParseFailed, message));
            }
        }
    }
    Ok(())
}

/// Checks every operation of the document, since validation will walk them all. Tells how many objects the `selected`
/// one asks for.
///
/// # Errors
/// `ValidationFailed`.
pub(super) fn check(
    document: &ExecutableDocument,
    selected: Option<&OperationDefinition>,
    variables: &Variables,
    limits: &GraphqlLimits,
) -> Result<u32> {
    let mut objects = 0;
    let mut meter = Meter { document, variables, limits, fragments: HashMap::new() };
    for (_, operation) in document.operations.iter() {
        let cost = meter.selection_set(
            &operation.node.selection_set.node,
            Scope { type_name: root_of(operation.node.ty), size: 1 },
        )?;
        for (what, cost, most) in [
            ("levels of fields", cost.depth, u64::from(limits.depth)),
            ("objects", cost.nodes, u64::from(limits.nodes)),
            ("aliases", cost.aliases, u64::from(limits.aliases)),
            ("fields", cost.fields, MAX_FIELDS),
        ] {
            if cost > most {
                return Err(refused(format!("This operation asks for more than {most} {what}.")));
            }
        }
        if selected.is_some_and(|selected| ptr::eq(selected, &raw const operation.node)) {
            objects = cost.nodes;
        }
    }
    Ok(u32::try_from(objects).unwrap_or(u32::MAX))
}

/// What a selection set costs; sums saturate.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Levels of fields. Those of introspection do not count: a type reference is as deep as it is.
    depth: u64,
    /// Objects asked for: the product of the page sizes along each path, summed.
    nodes: u64,
    aliases: u64,
    fields: u64,
}

impl Cost {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            nodes: self.nodes.saturating_add(other.nodes),
            aliases: self.aliases.saturating_add(other.aliases),
            fields: self.fields.saturating_add(other.fields),
        }
    }
}

/// Where a selection set stands: on which type, and, in a connection, with which page size.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Scope<'a> {
    type_name: &'a str,
    size: u64,
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    limits: &'a GraphqlLimits,
    /// The cost of each fragment that was measured; none while it is being measured.
    fragments: HashMap<(&'a str, u64), Option<Cost>>,
}

impl<'a> Meter<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet, scope: Scope<'a>) -> Result<Cost> {
        check_repetitions(set)?;
        let mut total = Cost::default();
        for selection in &set.items {
            self.check_directives(selection.node.directives())?;
            let cost = match &selection.node {
                Selection::Field(field) => self.field(&field.node, scope)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let type_name = condition.map_or(scope.type_name, |on| on.node.on.node.as_str());
                    self.selection_set(&fragment.node.selection_set.node, Scope { type_name, ..scope })?
                }
                Selection::FragmentSpread(spread) => {
                    match self.document.fragments.get_key_value(&spread.node.fragment_name.node) {
                        Some((name, fragment)) => self.fragment(name, &fragment.node, scope.size)?,
                        // For validation to report.
                        None => Cost::default(),
                    }
                }
            };
            total = total.beside(cost);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'a str, fragment: &'a FragmentDefinition, size: u64) -> Result<Cost> {
        match self.fragments.get(&(name, size)) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(refused(format!("The fragment {name} spreads itself."))),
            None => {}
        }
        self.fragments.insert((name, size), None);
        let scope = Scope { type_name: fragment.type_condition.node.on.node.as_str(), size };
        let cost = self.selection_set(&fragment.selection_set.node, scope)?;
        self.fragments.insert((name, size), Some(cost));
        Ok(cost)
    }

    fn field(&mut self, field: &'a Field, scope: Scope<'a>) -> Result<Cost> {
        let name = field.name.node.as_str();
        let is_introspection = scope.type_name.starts_with("__") || name.starts_with("__");
        let own = Cost {
            depth: u64::from(!is_introspection),
            nodes: 0,
            aliases: field.alias.is_some().into(),
            fields: 1,
        };
        if field.selection_set.node.items.is_empty() {
            return Ok(own);
        }
        let output = TYPE_SYSTEM.output(scope.type_name, name);
        let (type_name, size, times) = match output {
            Some(Output { type_name, .. }) if type_name.ends_with("Connection") => {
                (type_name.as_str(), self.page_size(field), 1)
            }
            // `edges` and `nodes` of a connection.
            Some(Output { type_name, is_list: true, .. }) if scope.type_name.ends_with("Connection") => {
                (type_name.as_str(), 1, scope.size)
            }
            Some(Output { type_name, is_list, .. }) => {
                (type_name.as_str(), 1, if *is_list { self.list_size(field) } else { 1 })
            }
            None => ("", 1, 1),
        };
        let below = self.selection_set(&field.selection_set.node, Scope { type_name, size })?;
        let is_object = !type_name.ends_with("Connection") && !type_name.ends_with("Edge");
        Ok(Cost {
            depth: own.depth.saturating_add(below.depth),
            nodes: times.saturating_mul(below.nodes.saturating_add(is_object.into())),
            aliases: own.aliases.saturating_add(below.aliases),
            fields: own.fields.saturating_add(below.fields),
        })
    }

    fn page_size(&self, field: &Field) -> u64 {
        let sizes = ["first", "last"].into_iter().filter_map(|name| match self.argument(field, name)? {
            Value::Number(number) => number.as_u64(),
            _ => None,
        });
        // A page that is too large is refused when it is resolved, with the name of the argument.
        sizes.max().unwrap_or(DEFAULT_SIZE.into()).min(self.limits.page_size.into())
    }

    /// The size of a list that is no connection: as many as ids are given, or a guess.
    fn list_size(&self, field: &Field) -> u64 {
        match self.argument(field, "ids") {
            Some(Value::List(ids)) => ids.len() as u64,
            Some(_) => 1,
            None => LIST_SIZE,
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value = field.get_argument(name)?.node.clone();
        value.into_const_with(|variable| self.variables.get(&variable).cloned().ok_or(())).ok()
    }

    fn check_directives(&self, directives: &[Positioned<Directive>]) -> Result<()> {
        let most = self.limits.directives;
        if directives.len() > most as usize {
            return Err(refused(format!("There are more than {most} directives in one place.")));
        }
        Ok(())
    }
}

fn check_repetitions(set: &SelectionSet) -> Result<()> {
    let mut repetitions: HashMap<&str, u32> = HashMap::new();
    for selection in &set.items {
        let Selection::Field(field) = &selection.node else { continue };
        let name = field.node.response_key().node.as_str();
        let count = repetitions.entry(name).or_default();
        *count += 1;
        if *count > MAX_REPETITIONS {
            return Err(refused(format!(
                "{name} is selected more than {MAX_REPETITIONS} times in one place."
            )));
        }
    }
    Ok(())
}

fn refused(message: String) -> Error {
    Error::new(Code::ValidationFailed, message)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::config::Limits;

    #[test]
    fn as_many_objects_are_asked_for_as_pages_can_hold() {
        for (snippet, objects) in [
            ("id name", 10 * (1 + 5)),
            ("id code", 10 * (1 + 5)),
            ("...Texts", 10 * (1 + 5)),
            ("coder { id code: username }", 10 * (1 + 5 * 2)),
        ] {
            let query = format!(
                "{{ coders(first: 10) {{ nodes {{ snippets(first: 5) {{ nodes {{ {snippet} }} }} }} }} }} \
                 fragment Texts on Snippet {{ code comments }}"
            );
            let document = parse_query(query).expect("a document");
            let selected = document.operations.iter().next().map(|(_, operation)| &operation.node);
            let found = check(&document, selected, &Variables::default(), &Limits::default().graphql);
            assert_eq!(found.expect("it is within the limits"), objects, "{snippet}");
        }
    }

    #[test]
    fn what_other_operations_of_the_document_ask_for_is_not_counted() {
        let document =
            "query A { mentors(first: 100) { nodes { id } } } query B { mentors(first: 2) { nodes { id } } }";
        let document = parse_query(document).expect("a document");
        for (name, operation) in document.operations.iter() {
            let found =
                check(&document, Some(&operation.node), &Variables::default(), &Limits::default().graphql);
            let objects = if name.is_some_and(|name| name == "A") { 100 } else { 2 };
            assert_eq!(found.expect("it is within the limits"), objects, "{name:?}");
        }
    }
}
