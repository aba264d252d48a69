//! What a new version of the schema breaks for the clients of an old one.
//!
//! Breaking is whatever can make an operation that was valid invalid, or give a client what it was
//! promised not to get: a thing removed, an output that may be null now, an input that has to be
//! given now. So is a default that changed, and a field that requires another permission, though
//! operations stay valid: they do something else.

mod comparison;

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::{
    Error, parse_schema,
    types::{DirectiveDefinition, TypeDefinition, TypeSystemDefinition},
};

use self::comparison::Changes;

/// The changes between two definitions of the schema that break clients, each as one sentence.
///
/// # Errors
/// When one of the definitions does not parse.
pub fn changes(old: &str, new: &str) -> Result<BTreeSet<String>, Error> {
    let (old, new) = (Definitions::parse(old)?, Definitions::parse(new)?);
    let mut changes = Changes::default();
    for (name, old) in &old.types {
        match new.types.get(name) {
            Some(new) => changes.in_type(name, old, new),
            None => changes.add(format!("The type {name} was removed.")),
        }
    }
    for (name, old) in &old.directives {
        match new.directives.get(name) {
            Some(new) => changes.in_directive(name, old, new),
            None => changes.add(format!("The directive @{name} was removed.")),
        }
    }
    Ok(changes.0)
}

/// What is amiss with a schema whose breaking `changes` have to be declared: those that are not,
/// and declarations that are without reason or of nothing that changed.
///
/// A declaration is the change's sentence on a line of its own, and below it, indented, why it has
/// to be. Lines that begin with `#` are comments.
#[must_use]
pub fn problems(changes: &BTreeSet<String>, declarations: &str) -> Vec<String> {
    let mut reasons = BTreeMap::new();
    let mut last = None;
    for line in declarations.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if line.starts_with(char::is_whitespace) {
            if let Some(sentence) = last {
                reasons.insert(sentence, true);
            }
        } else {
            last = Some(line.trim_end());
            reasons.insert(line.trim_end(), false);
        }
    }
    let undeclared = changes.iter().filter(|change| !reasons.contains_key(change.as_str()));
    let undeclared = undeclared.map(|change| format!("Breaking, and not declared: {change}"));
    let idle = reasons.iter().filter_map(|(sentence, has_reason)| {
        if !changes.contains(*sentence) {
            Some(format!("Declared, but not so: {sentence}"))
        } else if !has_reason {
            Some(format!("Declared without a reason: {sentence}"))
        } else {
            None
        }
    });
    undeclared.chain(idle).collect()
}

/// A schema's definitions by their names.
struct Definitions {
    types: BTreeMap<String, TypeDefinition>,
    directives: BTreeMap<String, DirectiveDefinition>,
}

impl Definitions {
    fn parse(sdl: &str) -> Result<Self, Error> {
        let mut definitions = Self { types: BTreeMap::new(), directives: BTreeMap::new() };
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Type(of) => {
                    definitions.types.insert(of.node.name.node.to_string(), of.node);
                }
                TypeSystemDefinition::Directive(of) => {
                    definitions.directives.insert(of.node.name.node.to_string(), of.node);
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        Ok(definitions)
    }
}
