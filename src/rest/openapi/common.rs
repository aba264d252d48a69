use serde_json::Value;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        Components, ContentBuilder, Deprecated, Header, Object, OpenApi, Ref, RefOr, Response, Type,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::rest::failure::FailureBody;

const SCHEME: &str = "bearer";

/// A status, and when it is answered.
type Failure = (&'static str, &'static str);

const OF_TOKENS: [Failure; 3] = [
    ("401", "There is no access token, or it is not valid."),
    ("403", "The permission is missing, or this is not the caller's to do."),
    ("429", "This address has sent too many tokens that are not valid."),
];
const OF_BODIES: [Failure; 3] = [
    ("400", "The body is missing, is no JSON object, or has a value that is not allowed."),
    ("413", "The body is too large."),
    ("415", "The body is not said to be JSON."),
];
const OF_DATABASE: [Failure; 2] = [
    ("500", "A fault of ours; the message has the request's id."),
    ("503", "Something that this needs is not there at the moment."),
];
const OF_NO_OPERATION: [(&str, Failure); 2] = [
    ("UnknownPath", ("404", "There is nothing at this path.")),
    ("UnknownMethod", ("405", "This path does not know this method.")),
];

/// Completes each operation with what follows from its extensions: `x-permission`, what the token must
/// allow, and `x-graphql-field`, what to use instead. A failure that an operation names gets its body
/// and headers, and those that it shares with others are added.
pub(super) struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token from Auth0, whose `permissions` say what it allows."));
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
        // No operation has these, so no operation can name them.
        for (name, (status, description)) in OF_NO_OPERATION {
            let mut response = Response::new(description);
            complete_failure(status, &mut response);
            components.responses.insert(name.to_owned(), response.into());
        }
        document.paths.paths.values_mut().flat_map(operations).for_each(complete);
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete].into_iter().flatten()
}

fn complete(operation: &mut Operation) {
    let extension =
        |name| operation.extensions.as_ref()?.get(name).and_then(Value::as_str).map(str::to_owned);
    let (permission, field) = (extension("x-permission"), extension("x-graphql-field"));
    if let Some(permission) = permission {
        say(operation, &format!("Needs the permission `{permission}`."));
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, [""; 0])]);
        add(operation, OF_TOKENS);
    }
    if operation.request_body.is_some() {
        add(operation, OF_BODIES);
    }
    if let Some(field) = field {
        say(operation, &format!("Deprecated: use `{field}` of GraphQL."));
        operation.deprecated = Some(Deprecated::True);
        add(operation, OF_DATABASE);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.content.is_empty()
        {
            complete_failure(status, response);
        }
    }
}

/// Adds a paragraph to the description.
fn say(operation: &mut Operation, sentence: &str) {
    let description = operation.description.take().into_iter().filter(|text| !text.is_empty());
    operation.description = Some(description.chain([sentence.to_owned()]).collect::<Vec<_>>().join("\n\n"));
}

/// Adds failures, where the operation has not described them itself.
fn add(operation: &mut Operation, failures: impl IntoIterator<Item = Failure>) {
    for (status, description) in failures {
        let response = operation.responses.responses.entry(status.to_owned());
        response.or_insert_with(|| Response::new(description).into());
    }
}

fn complete_failure(status: &str, response: &mut Response) {
    let body = Ref::from_schema_name(FailureBody::name());
    response.content.insert("application/json".to_owned(), ContentBuilder::new().schema(Some(body)).build());
    let header = match status {
        "401" => {
            Some(("WWW-Authenticate", Type::String, "`Bearer`; with the reason, where there was a token."))
        }
        "429" | "503" => {
            Some(("Retry-After", Type::Integer, "After how many seconds another try makes sense."))
        }
        _ => None,
    };
    response.headers.extend(header.map(|(name, schema, description)| {
        let mut header = Header::new(Object::with_type(schema));
        header.description = Some(description.to_owned());
        (name.to_owned(), header)
    }));
}
