//! Variables against their types, before anything is executed: `CoerceVariableValues`, section
//! 6.1.2 of the GraphQL specification. What is wrong is told by the field that it is wrong in.

use async_graphql::{
    Value, Variables,
    parser::types::{BaseType, OperationDefinition, Type},
};

use super::type_system::{Input, TYPE_SYSTEM};
use crate::{Error, Result};

/// Drops the variables that the operation does not declare: a subscription would hold them for long.
pub(super) fn keep_declared(operation: &OperationDefinition, variables: &mut Variables) {
    let declared = operation.variable_definitions.iter().map(|definition| &definition.node.name.node);
    let kept = declared.filter_map(|name| Some((name.clone(), variables.remove(name)?))).collect();
    *variables = Variables::from_value(Value::Object(kept));
}

/// Fills in the defaults of the variables that were not given.
pub(super) fn fill_in_defaults(operation: &OperationDefinition, variables: &mut Variables) {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if let Some(default) = &definition.default_value
            && variables.get(&definition.name.node).is_none()
        {
            variables.insert(definition.name.node.clone(), default.node.clone());
        }
    }
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
    let fits = match (TYPE_SYSTEM.input(type_name), value) {
        (Some(Input::Object(fields)), Value::Object(object)) => {
            for field in fields {
                match object.get(field.name.as_str()) {
                    Some(value) => check_value(&field.name, value, &field.of)?,
                    None if field.of.nullable || field.has_default => {}
                    None => return Err(wrong(&field.name, format!("{} is missing.", field.name))),
                }
            }
            let unknown = object.keys().find(|key| fields.iter().all(|field| field.name != key.as_str()));
            if let Some(unknown) = unknown {
                return Err(wrong(unknown, format!("{type_name} has no field {unknown}.")));
            }
            true
        }
        (Some(Input::Enum(values)), Value::String(value)) => values.contains(value),
        (Some(Input::Enum(values)), Value::Enum(value)) => values.iter().any(|known| known == value.as_str()),
        (Some(_), _) => false,
        (None, value) => fits_scalar(value, type_name),
    };
    if fits { Ok(()) } else { Err(wrong(name, format!("{name} must be of the type {type_name}."))) }
}

/// Section 3.5 of the specification: input coercion of the scalars.
pub(super) fn fits_scalar(value: &Value, type_name: &str) -> bool {
    match (type_name, value) {
        ("Int", Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        ("Float", Value::Number(_))
        | ("String" | "ID", Value::String(_))
        | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        // A type that the schema does not have is for validation to report.
        _ => true,
    }
}

fn wrong(field: &str, message: String) -> Error {
    Error::bad_user_input(field.to_owned(), message)
}
