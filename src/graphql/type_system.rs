//! The schema's types by name, for what is decided before execution.

use std::{collections::HashMap, sync::LazyLock};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{
            BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};

/// The types of the schema that this binary serves.
pub(super) static TYPE_SYSTEM: LazyLock<TypeSystem> = LazyLock::new(TypeSystem::load);

/// The name of an operation's root type.
pub(super) const fn root_of(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// What operations can be checked against.
pub(super) struct TypeSystem {
    outputs: HashMap<String, HashMap<String, Output>>,
    inputs: HashMap<String, Input>,
}

/// What a field returns.
pub(super) struct Output {
    pub(super) type_name: String,
    pub(super) is_list: bool,
    pub(super) arguments: Vec<InputField>,
}

/// An input type that the schema defines; scalars are not among them.
pub(super) enum Input {
    Enum(Vec<String>),
    Object(Vec<InputField>),
}

/// A field of an input object, or an argument of a field.
pub(super) struct InputField {
    pub(super) name: String,
    pub(super) of: Type,
    pub(super) has_default: bool,
}

impl TypeSystem {
    /// What a field of an object or interface returns.
    pub(super) fn output(&self, type_name: &str, field: &str) -> Option<&Output> {
        self.outputs.get(type_name)?.get(field)
    }

    /// Whether a field returns what has fields of its own.
    pub(super) fn leads_on(&self, type_name: &str, field: &str) -> bool {
        self.output(type_name, field).is_some_and(|output| self.outputs.contains_key(&output.type_name))
    }

    pub(super) fn input(&self, type_name: &str) -> Option<&Input> {
        self.inputs.get(type_name)
    }

    fn load() -> Self {
        let mut types = Self { outputs: introspection(), inputs: HashMap::new() };
        let document = parse_schema(super::sdl()).expect("the schema's own definition parses");
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    types.outputs.entry(name).or_default().extend(outputs(&object.fields));
                }
                TypeKind::Interface(interface) => {
                    types.outputs.entry(name).or_default().extend(outputs(&interface.fields));
                }
                TypeKind::Enum(kind) => {
                    let values = kind.values.into_iter().map(|value| value.node.value.node.to_string());
                    types.inputs.insert(name, Input::Enum(values.collect()));
                }
                TypeKind::InputObject(kind) => {
                    let fields = kind.fields.iter().map(|field| input_field(&field.node));
                    types.inputs.insert(name, Input::Object(fields.collect()));
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        types
    }
}

fn outputs(fields: &[Positioned<FieldDefinition>]) -> impl Iterator<Item = (String, Output)> {
    fields.iter().map(|field| {
        let field = &field.node;
        let output = Output {
            type_name: named(&field.ty.node),
            is_list: matches!(field.ty.node.base, BaseType::List(_)),
            arguments: field.arguments.iter().map(|argument| input_field(&argument.node)).collect(),
        };
        (field.name.node.to_string(), output)
    })
}

fn input_field(definition: &InputValueDefinition) -> InputField {
    InputField {
        name: definition.name.node.to_string(),
        of: definition.ty.node.clone(),
        has_default: definition.default_value.is_some(),
    }
}

fn named(of: &Type) -> String {
    match &of.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(of) => named(of),
    }
}

/// The fields of introspection that lead on (section 4.2 of the GraphQL specification): a schema's
/// definition leaves them out.
fn introspection() -> HashMap<String, HashMap<String, Output>> {
    let fields = [
        ("Query", "__schema", "__Schema", false),
        ("Query", "__type", "__Type", false),
        ("__Schema", "types", "__Type", true),
        ("__Schema", "queryType", "__Type", false),
        ("__Schema", "mutationType", "__Type", false),
        ("__Schema", "subscriptionType", "__Type", false),
        ("__Schema", "directives", "__Directive", true),
        ("__Type", "fields", "__Field", true),
        ("__Type", "interfaces", "__Type", true),
        ("__Type", "possibleTypes", "__Type", true),
        ("__Type", "enumValues", "__EnumValue", true),
        ("__Type", "inputFields", "__InputValue", true),
        ("__Type", "ofType", "__Type", false),
        ("__Field", "args", "__InputValue", true),
        ("__Field", "type", "__Type", false),
        ("__InputValue", "type", "__Type", false),
        ("__Directive", "args", "__InputValue", true),
    ];
    let mut outputs: HashMap<String, HashMap<String, Output>> = HashMap::new();
    for (on, field, type_name, is_list) in fields {
        let output = Output { type_name: type_name.to_owned(), is_list, arguments: Vec::new() };
        outputs.entry(on.to_owned()).or_default().insert(field.to_owned(), output);
    }
    outputs
}
