use async_graphql::TypeDirective;

/// The access token must carry this permission, or the field is null, with the error FORBIDDEN. It
/// tells; the domain enforces.
#[TypeDirective(location = "FieldDefinition", name = "requiresPermission")]
pub(super) fn requires_permission(
    #[graphql(desc = "The permission's name in the token.")] permission: String,
) {
}
