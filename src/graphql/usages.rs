//! What stands in the place of a value, against the type that is expected there: variables by section
//! 5.8.5 of the GraphQL specification ("all variable usages are allowed"), literals by section 5.6.1;
//! and introspection where it is off. The library that executes operations lets some of it pass.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{
        BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
        VariableDefinition,
    },
};
use async_graphql_value::{ConstValue, Value};

use super::{
    type_system::{Input, InputField, TYPE_SYSTEM, root_of},
    variables::fits_scalar,
};
use crate::{Error, Result, error::Code};

/// Checks the values in an operation and in the fragments that it spreads.
///
/// # Errors
/// `ValidationFailed`.
pub(super) fn check(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    introspection: bool,
) -> Result<()> {
    let variables = operation.variable_definitions.iter().map(|definition| &definition.node);
    let mut walk = Walk {
        document,
        introspection,
        variables: variables.map(|definition| (definition.name.node.as_str(), definition)).collect(),
        spread: HashSet::new(),
        boolean: Type::new("Boolean!").ok_or_else(|| Error::internal("Boolean! is a type"))?,
    };
    walk.selection_set(&operation.selection_set.node, root_of(operation.ty))
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    introspection: bool,
    variables: HashMap<&'a str, &'a VariableDefinition>,
    /// Fragments that were looked into.
    spread: HashSet<&'a str>,
    boolean: Type,
}

impl<'a> Walk<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet, type_name: &str) -> Result<()> {
        for selection in &set.items {
            self.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    if !self.introspection && ["__schema", "__type"].contains(&field.name.node.as_str()) {
                        return Err(refused("This server does not show its schema.".to_owned()));
                    }
                    // What the schema does not have is for validation to report.
                    let Some(output) = TYPE_SYSTEM.output(type_name, &field.name.node) else { continue };
                    for (name, value) in &field.arguments {
                        self.input(&name.node, &value.node, &output.arguments)?;
                    }
                    self.selection_set(&field.selection_set.node, &output.type_name)?;
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let type_name = condition.map_or(type_name, |on| on.node.on.node.as_str());
                    self.selection_set(&fragment.node.selection_set.node, type_name)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((name, fragment)) = fragment
                        && self.spread.insert(name)
                    {
                        let type_name = fragment.node.type_condition.node.on.node.as_str();
                        self.selection_set(&fragment.node.selection_set.node, type_name)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<()> {
        for directive in directives {
            if let ("skip" | "include", Some(condition)) =
                (directive.node.name.node.as_str(), directive.node.get_argument("if"))
            {
                self.value("if", &condition.node, &self.boolean, false)?;
            }
        }
        Ok(())
    }

    fn input(&self, name: &Name, value: &Value, fields: &[InputField]) -> Result<()> {
        match fields.iter().find(|field| field.name == name.as_str()) {
            Some(field) => self.value(name, value, &field.of, field.has_default),
            None => Ok(()),
        }
    }

    fn value(&self, name: &str, value: &Value, of: &Type, has_default: bool) -> Result<()> {
        match (value, &of.base) {
            (Value::Variable(variable), _) => {
                let Some(definition) = self.variables.get(variable.as_str()) else { return Ok(()) };
                if is_allowed(definition, of, has_default) {
                    Ok(())
                } else {
                    let found = &definition.var_type.node;
                    Err(refused(format!(
                        "The variable ${variable} of type {found} stands where {name} expects {of}."
                    )))
                }
            }
            (Value::List(items), BaseType::List(of)) => {
                items.iter().try_for_each(|item| self.value(name, item, of, false))
            }
            (item, BaseType::List(of)) => self.value(name, item, of, false),
            (value, BaseType::Named(type_name)) => match (value, TYPE_SYSTEM.input(type_name)) {
                (Value::Object(object), Some(Input::Object(fields))) => {
                    object.iter().try_for_each(|(name, value)| self.input(name, value, fields))
                }
                (Value::String(_), Some(Input::Enum(_))) => {
                    Err(refused(format!("{name} expects a value of {type_name}, without quotes.")))
                }
                (literal, None) => match literal.clone().into_const() {
                    Some(literal) if literal != ConstValue::Null && !fits_scalar(&literal, type_name) => {
                        Err(refused(format!("{name} must be of the type {type_name}.")))
                    }
                    _ => Ok(()),
                },
                _ => Ok(()),
            },
        }
    }
}

/// `IsVariableUsageAllowed`.
fn is_allowed(definition: &VariableDefinition, of: &Type, has_default: bool) -> bool {
    let found = &definition.var_type.node;
    let variable_has_default =
        definition.default_value.as_ref().is_some_and(|default| default.node != ConstValue::Null);
    let is_made_up_for = found.nullable && !of.nullable && (has_default || variable_has_default);
    let of = if is_made_up_for { &Type { nullable: true, base: of.base.clone() } } else { of };
    are_compatible(found, of)
}

/// `AreTypesCompatible`.
fn are_compatible(found: &Type, of: &Type) -> bool {
    let bases_are = match (&found.base, &of.base) {
        (BaseType::Named(found), BaseType::Named(of)) => found == of,
        (BaseType::List(found), BaseType::List(of)) => are_compatible(found, of),
        _ => false,
    };
    bases_are && (of.nullable || !found.nullable)
}

fn refused(message: String) -> Error {
    Error::new(Code::ValidationFailed, message)
}
