use std::collections::BTreeSet;

use async_graphql::{
    Positioned,
    parser::types::{
        BaseType, DirectiveDefinition, EnumType, FieldDefinition, InputValueDefinition, Type, TypeDefinition,
        TypeKind,
    },
};

/// The sentences about what was found.
#[derive(Default)]
pub(super) struct Changes(pub(super) BTreeSet<String>);

impl Changes {
    pub(super) fn add(&mut self, sentence: String) {
        self.0.insert(sentence);
    }

    pub(super) fn in_type(&mut self, name: &str, old: &TypeDefinition, new: &TypeDefinition) {
        match (&old.kind, &new.kind) {
            (TypeKind::Scalar, TypeKind::Scalar) => {}
            (TypeKind::Object(old), TypeKind::Object(new)) => {
                self.in_names(&old.implements, &new.implements, |gone| {
                    format!("{name} does not implement {gone} any more.")
                });
                self.in_fields(name, &old.fields, &new.fields);
            }
            (TypeKind::Interface(old), TypeKind::Interface(new)) => {
                self.in_names(&old.implements, &new.implements, |gone| {
                    format!("{name} does not implement {gone} any more.")
                });
                self.in_fields(name, &old.fields, &new.fields);
            }
            (TypeKind::Union(old), TypeKind::Union(new)) => {
                self.in_names(&old.members, &new.members, |gone| {
                    format!("{gone} is not in {name} any more.")
                });
            }
            (TypeKind::Enum(old), TypeKind::Enum(new)) => {
                let names = |of: &EnumType| {
                    of.values.iter().map(|value| value.node.value.clone()).collect::<Vec<_>>()
                };
                self.in_names(&names(old), &names(new), |gone| format!("{name}.{gone} was removed."));
            }
            (TypeKind::InputObject(old), TypeKind::InputObject(new)) => {
                self.in_inputs(&old.fields, &new.fields, |field| format!("{name}.{field}"));
            }
            (old, new) => {
                self.add(format!("{name} was {}, and is {} now.", kind(old), kind(new)));
            }
        }
    }

    fn in_fields(
        &mut self,
        on: &str,
        old: &[Positioned<FieldDefinition>],
        new: &[Positioned<FieldDefinition>],
    ) {
        for old in old.iter().map(|field| &field.node) {
            let place = format!("{on}.{}", old.name.node);
            let Some(new) = new.iter().map(|field| &field.node).find(|new| new.name.node == old.name.node)
            else {
                self.add(format!("{place} was removed."));
                continue;
            };
            let (old_type, new_type) = (&old.ty.node, &new.ty.node);
            if !is_kept(old_type, new_type, |was, is| was || !is) {
                self.add(format!("{place} was of the type {old_type}, and is {new_type} now."));
            }
            if let Some(permission) = permission(new).filter(|new| Some(new) != permission(old).as_ref()) {
                self.add(format!("{place} requires {permission} now."));
            }
            self.in_inputs(&old.arguments, &new.arguments, |argument| format!("{place}({argument}:)"));
        }
    }

    /// Whether a directive may be repeated is not compared: the parser takes all of them for repeatable.
    pub(super) fn in_directive(&mut self, name: &str, old: &DirectiveDefinition, new: &DirectiveDefinition) {
        self.in_inputs(&old.arguments, &new.arguments, |argument| format!("@{name}({argument}:)"));
        for location in old.locations.iter().map(|location| location.node) {
            if new.locations.iter().all(|new| new.node != location) {
                self.add(format!("@{name} cannot stand on {location:?} any more."));
            }
        }
    }

    /// Arguments, and fields of input objects.
    fn in_inputs(
        &mut self,
        old: &[Positioned<InputValueDefinition>],
        new: &[Positioned<InputValueDefinition>],
        place: impl Fn(&str) -> String,
    ) {
        let find = |among: &'_ [Positioned<InputValueDefinition>], name: &str| {
            among.iter().map(|input| &input.node).find(|input| input.name.node == name).cloned()
        };
        for old in old.iter().map(|input| &input.node) {
            let place = place(&old.name.node);
            let Some(new) = find(new, &old.name.node) else {
                self.add(format!("{place} was removed."));
                continue;
            };
            let (old_type, new_type) = (&old.ty.node, &new.ty.node);
            if !is_kept(old_type, new_type, |was, is| is || !was) {
                self.add(format!("{place} was of the type {old_type}, and is {new_type} now."));
            }
            let default =
                |of: &InputValueDefinition| of.default_value.as_ref().map(|value| value.node.to_string());
            if let Some(was) = default(old).filter(|was| Some(was) != default(&new).as_ref()) {
                let is = default(&new).map_or_else(|| "has none".to_owned(), |is| format!("is {is}"));
                self.add(format!("{place} had the default {was}, and {is} now."));
            }
        }
        for new in new.iter().map(|input| &input.node) {
            let is_required = !new.ty.node.nullable && new.default_value.is_none();
            if is_required && find(old, &new.name.node).is_none() {
                self.add(format!("{} was added, and is required.", place(&new.name.node)));
            }
        }
    }

    fn in_names<N: PartialEq + AsRef<str>>(
        &mut self,
        old: &[Positioned<N>],
        new: &[Positioned<N>],
        sentence: impl Fn(&str) -> String,
    ) {
        for gone in old.iter().filter(|old| new.iter().all(|new| new.node != old.node)) {
            self.add(sentence(gone.node.as_ref()));
        }
    }
}

/// Whether a type is the same, but for what `may_be_null` allows: it is told whether null was and
/// is allowed in one place.
fn is_kept(old: &Type, new: &Type, may_be_null: fn(was: bool, is: bool) -> bool) -> bool {
    may_be_null(old.nullable, new.nullable)
        && match (&old.base, &new.base) {
            (BaseType::Named(old), BaseType::Named(new)) => old == new,
            (BaseType::List(old), BaseType::List(new)) => is_kept(old, new, may_be_null),
            _ => false,
        }
}

fn permission(field: &FieldDefinition) -> Option<String> {
    let directive =
        field.directives.iter().find(|directive| directive.node.name.node == "requiresPermission")?;
    Some(directive.node.get_argument("permission")?.node.to_string())
}

const fn kind(of: &TypeKind) -> &'static str {
    match of {
        TypeKind::Scalar => "a scalar",
        TypeKind::Object(_) => "an object type",
        TypeKind::Interface(_) => "an interface",
        TypeKind::Union(_) => "a union",
        TypeKind::Enum(_) => "an enum",
        TypeKind::InputObject(_) => "an input object",
    }
}
