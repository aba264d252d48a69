//! The schema's definition: that it is the one on file, and that it keeps the house's rules.

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
    },
};
use funcster_api::graphql;

const ON_FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql"));

fn definitions() -> Vec<TypeSystemDefinition> {
    parse_schema(graphql::sdl()).expect("the SDL parses").definitions
}

fn types() -> impl Iterator<Item = TypeDefinition> {
    definitions().into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    })
}

/// The fields of objects and interfaces, each with the type that it is of.
fn fields() -> impl Iterator<Item = (String, FieldDefinition)> {
    types().flat_map(|definition| {
        let of = definition.name.node.to_string();
        let fields = match definition.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            _ => Vec::new(),
        };
        fields.into_iter().map(move |field| (of.clone(), field.node))
    })
}

fn named<'a>(
    arguments: &'a [Positioned<InputValueDefinition>],
    name: &str,
) -> Option<&'a InputValueDefinition> {
    arguments.iter().map(|argument| &argument.node).find(|argument| argument.name.node == name)
}

#[test]
fn the_schema_is_the_one_on_file() {
    assert!(
        graphql::sdl() == ON_FILE,
        "schema.graphql is not what the server's schema is: funcster-api schema > schema.graphql"
    );
}

#[test]
fn everything_in_the_schema_is_described() {
    let mut described = Vec::new();
    let mut note = |name: String, description: &Option<Positioned<String>>| {
        let text = description.as_ref().map(|description| description.node.trim().to_owned());
        described.push((name, text.unwrap_or_default()));
    };
    for definition in definitions() {
        match definition {
            // This one only names the two roots; their descriptions are their types'.
            TypeSystemDefinition::Schema(_) => {}
            TypeSystemDefinition::Directive(directive) => {
                note(format!("@{}", directive.node.name.node), &directive.node.description);
            }
            TypeSystemDefinition::Type(definition) => {
                let definition = definition.node;
                let name = definition.name.node.to_string();
                note(name.clone(), &definition.description);
                match definition.kind {
                    TypeKind::Enum(values) => values.values.iter().for_each(|value| {
                        note(format!("{name}.{}", value.node.value.node), &value.node.description);
                    }),
                    TypeKind::InputObject(input) => input.fields.iter().for_each(|field| {
                        note(format!("{name}.{}", field.node.name.node), &field.node.description);
                    }),
                    _ => {}
                }
            }
        }
    }
    for (of, field) in fields() {
        let name = format!("{of}.{}", field.name.node);
        note(name.clone(), &field.description);
        for argument in &field.arguments {
            note(format!("{name}({}:)", argument.node.name.node), &argument.node.description);
        }
    }
    assert!(described.len() > 100, "only {} things were looked at", described.len());
    let bare: Vec<_> =
        described.into_iter().filter(|(_, text)| text.is_empty()).map(|(name, _)| name).collect();
    assert!(bare.is_empty(), "these have no description: {bare:?}");
}

#[test]
fn every_list_is_a_connection() {
    let is_list = |field: &FieldDefinition| field.ty.node.to_string().starts_with('[');
    let lists: Vec<_> = fields()
        .filter(|(of, field)| is_list(field) && !of.ends_with("Connection"))
        .map(|(of, field)| format!("{of}.{}", field.name.node))
        .collect();
    // It has an item for each id that is asked for, so there is nothing to page.
    assert_eq!(lists, ["Query.nodes"]);
}

#[test]
fn every_connection_is_paged_in_the_same_way() {
    let connections: Vec<_> = fields()
        .filter(|(_, field)| field.ty.node.to_string().trim_end_matches('!').ends_with("Connection"))
        .collect();
    assert_eq!(connections.len(), 5);
    for (of, field) in &connections {
        for (name, of_type) in [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")]
        {
            let argument = named(&field.arguments, name);
            let argument = argument.unwrap_or_else(|| panic!("{of}.{} has no {name}", field.name.node));
            assert_eq!(argument.ty.node.to_string(), of_type, "{of}.{}({name}:)", field.name.node);
        }
    }
    for item in ["Coder", "Mentor", "Snippet"] {
        let of_type = |of: &str| -> Vec<String> {
            let fields = fields().filter(|(name, _)| *name == format!("{item}{of}"));
            fields.map(|(_, field)| format!("{}: {}", field.name.node, field.ty.node)).collect()
        };
        let connection = [
            format!("edges: [{item}Edge!]!"),
            format!("nodes: [{item}!]!"),
            "pageInfo: PageInfo!".to_owned(),
            "totalCount: Int!".to_owned(),
        ];
        assert_eq!(of_type("Connection"), connection);
        assert_eq!(of_type("Edge"), ["cursor: String!".to_owned(), format!("node: {item}!")]);
    }
}

#[test]
fn every_mutation_takes_one_input_and_returns_a_payload_of_its_name() {
    let mutations: Vec<_> = fields().filter(|(of, _)| of == "Mutation").collect();
    assert_eq!(mutations.len(), 6);
    for (_, field) in mutations {
        let name = field.name.node.as_str();
        let name = name[..1].to_uppercase() + &name[1..];
        assert_eq!(field.ty.node.to_string(), format!("{name}Payload"));
        let arguments: Vec<_> = field
            .arguments
            .iter()
            .map(|argument| format!("{}: {}", argument.node.name.node, argument.node.ty.node))
            .collect();
        assert_eq!(arguments, [format!("input: {name}Input!")]);
    }
}

#[test]
fn whatever_can_be_refused_can_be_null() {
    for (of, field) in fields().filter(|(of, _)| of == "Query" || of == "Mutation") {
        assert!(field.ty.node.nullable, "{of}.{} must be nullable", field.name.node);
    }
}

#[test]
fn every_node_has_a_global_id_and_a_number() {
    let nodes: Vec<_> = types()
        .filter_map(|definition| match definition.kind {
            TypeKind::Object(object) if object.implements.iter().any(|name| name.node == "Node") => {
                Some((definition.name.node.to_string(), object))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        nodes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Coder", "Mentor", "Snippet"]
    );
    for (name, object) in nodes {
        for (field, of_type) in [("id", "ID!"), ("databaseId", "Int!")] {
            let found = object.fields.iter().find(|found| found.node.name.node == field);
            let found = found.unwrap_or_else(|| panic!("{name} has no {field}"));
            assert_eq!(found.node.ty.node.to_string(), of_type, "{name}.{field}");
        }
    }
}
