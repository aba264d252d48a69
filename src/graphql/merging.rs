//! Whether an operation selects parts of one object in several places, to be merged: section 6.3.2 of
//! the GraphQL specification (`CollectFields`).

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Whether any object of the response may have to be put together from several fields of the same
/// response name. It is found where types would tell otherwise too, as in fragments on two types that
/// no object can have at once. The document must be within the limits, and its fragments not spread
/// themselves.
pub(super) fn merges(document: &ExecutableDocument) -> bool {
    document.operations.iter().any(|(_, operation)| set_merges(document, &operation.node.selection_set.node))
}

fn set_merges(document: &ExecutableDocument, set: &SelectionSet) -> bool {
    collect(document, set, &mut HashSet::new())
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    names: &mut HashSet<&'a str>,
) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            let below = &field.node.selection_set.node;
            !below.items.is_empty()
                && (!names.insert(field.node.response_key().node.as_str()) || set_merges(document, below))
        }
        Selection::InlineFragment(fragment) => collect(document, &fragment.node.selection_set.node, names),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.is_some_and(|fragment| collect(document, &fragment.node.selection_set.node, names))
        }
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn objects_of_one_name_in_one_place_are_merged_and_no_others() {
        for (document, expected) in [
            ("{ a { b } c { b } }", false),
            ("{ a { b b } }", false),
            ("{ a { b { c } } d { b { c } } }", false),
            ("{ a { b } a { c } }", true),
            ("{ x: a { b } y: a { c } }", false),
            ("{ x: a { b } x: a { c } }", true),
            ("{ a { b { c } ...F } } fragment F on T { b { d } }", true),
            ("{ a { b { c } ...F } } fragment F on T { d { b { c } } }", false),
            ("{ a { ... { b { c } } ... on T { b { d } } } }", true),
            ("query A { a { b } } query B { a { b } }", false),
            ("query A { a { b } } query B { a { b { c } b { d } } }", true),
        ] {
            let document = parse_query(document).expect("a document");
            assert_eq!(merges(&document), expected, "{document:?}");
        }
    }
}
