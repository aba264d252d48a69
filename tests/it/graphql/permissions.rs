//! Every field that says in the SDL which permission it needs, held to it.

use async_graphql::{
    Value as ConstValue,
    parser::{
        parse_schema,
        types::{FieldDefinition, TypeKind, TypeSystemDefinition},
    },
};
use funcster_api::{auth::Permission, graphql};
use serde_json::{Value, json};

use super::{refusal::refusal, rows};
use crate::support::App;

/// A field, the type that it is of, and the permission that its directive names.
struct Field {
    of: String,
    name: String,
    permission: Option<Permission>,
}

fn fields() -> Vec<Field> {
    let document = parse_schema(graphql::sdl()).expect("the SDL parses");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types
        .flat_map(|definition| {
            let of = definition.name.node.to_string();
            let fields = match definition.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => Vec::new(),
            };
            fields.into_iter().map(move |field| Field {
                of: of.clone(),
                name: field.node.name.node.to_string(),
                permission: permission_of(&field.node),
            })
        })
        .collect()
}

fn permission_of(field: &FieldDefinition) -> Option<Permission> {
    let directive =
        field.directives.iter().find(|directive| directive.node.name.node == "requiresPermission")?;
    let argument = directive.node.get_argument("permission").expect("the directive's argument");
    let ConstValue::String(name) = &argument.node else {
        panic!("{} needs something that is no string", field.name.node);
    };
    let known = Permission::ALL.into_iter().find(|permission| permission.name() == *name);
    Some(known.unwrap_or_else(|| panic!("{} needs {name}, which is no permission", field.name.node)))
}

#[test]
fn everything_that_changes_something_says_which_permission_it_needs() {
    let unguarded: Vec<_> = fields()
        .into_iter()
        .filter(|field| field.of == "Mutation" && field.permission.is_none())
        .map(|field| field.name)
        .collect();
    assert_eq!(unguarded, ["signup"]);
}

#[test]
fn only_what_an_operation_begins_with_needs_a_permission() {
    let deeper = fields().into_iter().filter(|field| field.permission.is_some());
    let deeper: Vec<_> =
        deeper.filter(|field| !["Query", "Mutation", "Subscription"].contains(&field.of.as_str())).collect();
    assert!(deeper.is_empty(), "{}.{} is not tested below", deeper[0].of, deeper[0].name);
}

on_both_databases! {
    async fn a_field_is_refused_without_its_permission_and_given_with_it(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let snippets = rows::snippets(app, &[ada.id; 2]).await;
        let (kept, doomed) = (snippets[0], snippets[1]);

        // Subscriptions come by another way, and are tested where they do.
        let guarded = fields().into_iter().filter(|field| field.of != "Subscription");
        let guarded = guarded.filter_map(|field| Some((field.of, field.name, field.permission?)));
        let mut count = 0;
        for (of, field, permission) in guarded {
            count += 1;
            let (person, arguments) = match field.as_str() {
                "userinfo" => (&ada, "(username: \"bob\") { id }".to_owned()),
                "snippet" => (&ada, format!("(id: {kept}) {{ id }}")),
                "mentors" => (&ada, "{ nodes { id } }".to_owned()),
                "coders" | "availableCoders" => (&bob, "{ nodes { id } }".to_owned()),
                "selectMentor" => (&ada, format!("(input: {{ mentorId: {} }}) {{ coder {{ id }} }}", bob.id)),
                "addCoder" => (&bob, format!("(input: {{ coderId: {} }}) {{ coder {{ id }} }}", ada.id)),
                "createSnippet" => {
                    (&ada, "(input: { name: \"a\", code: \"b\" }) { snippet { id } }".to_owned())
                }
                "updateSnippet" => {
                    (&ada, format!("(input: {{ id: {kept}, name: \"c\" }}) {{ snippet {{ id }} }}"))
                }
                "deleteSnippet" => (&ada, format!("(input: {{ id: {doomed} }}) {{ deletedSnippetId }}")),
                _ => panic!("{of}.{field} needs {permission}: add a call of it here"),
            };
            // Something in the same operation that the others of Ada's permissions allow.
            let neighbour = match (of.as_str(), permission) {
                ("Query", _) => "viewer { id }".to_owned(),
                (_, Permission::EditSnippet) => {
                    "createSnippet(input: { name: \"a\", code: \"b\" }) { snippet { id } }".to_owned()
                }
                _ => format!("updateSnippet(input: {{ id: {kept} }}) {{ snippet {{ id }} }}"),
            };
            let operation = of.to_lowercase();
            let both = format!("{operation} {{ neighbour: {neighbour} field: {field} {arguments} }}");
            let alone = format!("{operation} {{ field: {field} {arguments} }}");

            let answer = ada.without(permission).graphql(&both).await;
            assert_eq!(refusal(&answer, "field"), "FORBIDDEN", "{field}");
            assert_eq!(answer.error()["extensions"]["permission"], permission.name(), "{field}");
            assert!(answer.body["data"]["neighbour"].is_object(), "{field}: {}", answer.body);

            assert_eq!(
                refusal(&app.anonymous().graphql(&alone).await, "field"),
                "UNAUTHENTICATED",
                "{field}"
            );

            let answer = person.with_permissions(&[permission]).graphql(&alone).await;
            assert_ne!(answer.data()["field"], Value::Null, "{field}");
        }
        assert_eq!(count, 10);
    }

    async fn what_is_asked_for_makes_no_difference_to_whoever_may_not_ask(app: App) {
        // Whether a thing exists, and whether a value is allowed, is nobody else's business.
        let ada = app.coder("ada").await.with_permissions(&[]);
        for (operation, field) in [
            ("query", "userinfo(username: \"nobody\") { id }"),
            ("query", "snippet(id: \"nonsense\") { id }"),
            ("query", "coders(first: 101) { totalCount }"),
            ("query", "mentors(after: \"nonsense\") { totalCount }"),
            ("mutation", "selectMentor(input: { mentorId: 99 }) { coder { id } }"),
            ("mutation", "addCoder(input: { coderId: \"nonsense\" }) { coder { id } }"),
            ("mutation", "createSnippet(input: { name: \"\", code: \"\" }) { snippet { id } }"),
            ("mutation", "updateSnippet(input: { id: 99, name: null }) { snippet { id } }"),
            ("mutation", "deleteSnippet(input: { id: \"nonsense\" }) { deletedSnippetId }"),
        ] {
            let query = format!("{operation} {{ field: {field} }}");
            let answer = ada.graphql(&query).await;
            assert_eq!(refusal(&answer, "field"), "FORBIDDEN", "{field}");
            assert_ne!(answer.error()["extensions"]["permission"], json!(null), "{field}");
            assert_eq!(
                refusal(&app.anonymous().graphql(&query).await, "field"),
                "UNAUTHENTICATED",
                "{field}"
            );
        }
    }
}
