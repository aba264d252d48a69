//! Variables against their types, before anything is executed: `CoerceVariableValues`, section
//! 6.1.2 of the GraphQL specification. What is wrong is told by the field that it is wrong in.

use std::{collections::HashMap, sync::LazyLock};

use async_graphql::{
    Value, Variables,
    parser::{
        parse_schema,
        types::{BaseType, OperationDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

use crate::{Error, Result};

/// The input types that the schema defines; scalars aside.
static INPUT_TYPES: LazyLock<HashMap<String, InputType>> = LazyLock::new(input_types);

enum InputType {
    Enum(Vec<String>),
    /// The fields, each with its type and whether it has a default.
    Object(Vec<(String, Type, bool)>),
}

/// Checks the values that were given for an operation's variables.
///
/// # Errors
/// `BadUserInput` for the first value that its variable's type does not allow.
pub(super) fn check(operation: &OperationDefinition, variables: &Variables) -> Result<()> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = definition.name.node.as_str();
        match variables.get(&definition.name.node) {
            Some(value) => check_value(name, value, &definition.var_type.node)?,
            None if definition.var_type.node.nullable || definition.default_value.is_some() => {}
            None => return Err(wrong(name, format!("The variable ${name} is missing."))),
        }
    }
    Ok(())
}

fn check_value(name: &str, value: &Value, of: &Type) -> Result<()> {
    match (value, &of.base) {
        (Value::Null, _) if of.nullable => Ok(()),
        (Value::Null, _) => Err(wrong(name, format!("{name} cannot be null."))),
        (Value::List(items), BaseType::List(of)) => {
            items.iter().try_for_each(|item| check_value(name, item, of))
        }
        // A single value stands for a list of one.
        (item, BaseType::List(of)) => check_value(name, item, of),
        (value, BaseType::Named(type_name)) => check_named(name, value, type_name),
    }
}

fn check_named(name: &str, value: &Value, type_name: &str) -> Result<()> {
    let fits = match (INPUT_TYPES.get(type_name), value) {
        (Some(InputType::Object(fields)), Value::Object(object)) => {
            for (field, of, has_default) in fields {
                match object.get(field.as_str()) {
                    Some(value) => check_value(field, value, of)?,
                    None if of.nullable || *has_default => {}
                    None => return Err(wrong(field, format!("{field} is missing."))),
                }
            }
            if let Some(unknown) =
                object.keys().find(|key| fields.iter().all(|(field, ..)| field != key.as_str()))
            {
                return Err(wrong(unknown, format!("{type_name} has no field {unknown}.")));
            }
            true
        }
        (Some(InputType::Enum(values)), Value::String(value)) => values.contains(value),
        (Some(InputType::Enum(values)), Value::Enum(value)) => {
            values.iter().any(|known| known == value.as_str())
        }
        (Some(_), _) => false,
        (None, value) => match (type_name, value) {
            ("Int", Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            ("Float", Value::Number(_))
            | ("String" | "ID", Value::String(_))
            | ("Boolean", Value::Boolean(_)) => true,
            ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
            ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
            // A type that the schema does not have is for validation to report.
            _ => true,
        },
    };
    if fits { Ok(()) } else { Err(wrong(name, format!("{name} must be of the type {type_name}."))) }
}

fn wrong(field: &str, message: String) -> Error {
    Error::bad_user_input(field.to_owned(), message)
}

fn input_types() -> HashMap<String, InputType> {
    let document = parse_schema(super::sdl()).expect("the schema's own definition parses");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types
        .filter_map(|definition| {
            let input_type = match definition.kind {
                TypeKind::Enum(kind) => InputType::Enum(
                    kind.values.into_iter().map(|value| value.node.value.node.to_string()).collect(),
                ),
                TypeKind::InputObject(kind) => InputType::Object(
                    kind.fields
                        .into_iter()
                        .map(|field| {
                            let field = field.node;
                            (field.name.node.to_string(), field.ty.node, field.default_value.is_some())
                        })
                        .collect(),
                ),
                _ => return None,
            };
            Some((definition.name.node.to_string(), input_type))
        })
        .collect()
}
