//! The paths as an `OpenAPI` document, made from the code: what each is said to be stands at its
//! handler, what goes over the wire at the structs for it, and what they have in common here.

mod common;
pub(super) mod schemas;

use std::sync::LazyLock;

use axum::http::{
    HeaderName,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use utoipa::OpenApi;

use self::common::Common;

use super::{failure::FailureBody, health, home, mentorships, snippets, users};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Funcster: the REST paths",
        description = "Kept for clients that exist already: new ones use GraphQL, at `/graphql`.\n\n\
            A path that GraphQL supersedes is deprecated, and says so in all its answers: \
            `Deprecation` (RFC 9745), and `Link: </graphql>; rel=\"successor-version\"`. Bodies are JSON. A \
            failure is `{\"success\": false, \"error\": 404, \"message\": \"...\"}`, whatever the status; of a path \
            that there is not, too (404), and of a method that a path does not know (405, with `Allow`)."
    ),
    paths(
        users::sign_up,
        users::userinfo,
        users::coders,
        users::available_coders,
        users::mentors,
        mentorships::select_mentor,
        mentorships::add_coder,
        snippets::read,
        snippets::create,
        snippets::replace,
        snippets::delete,
        home::index,
        home::favicon,
        health::healthz,
        health::readyz,
    ),
    components(schemas(FailureBody)),
    tags(
        (name = "people", description = "Who is there"),
        (name = "mentorships", description = "Who looks after whom"),
        (name = "snippets", description = "What coders keep"),
        (name = "service", description = "The server itself"),
    ),
    modifiers(&Common),
)]
struct Document;

/// `GET /openapi.json`.
pub(crate) async fn document() -> ([(HeaderName, &'static str); 2], &'static str) {
    static JSON: LazyLock<String> = LazyLock::new(|| {
        // By way of a value, whose keys are sorted: the order of extensions would be random.
        serde_json::to_value(Document::openapi()).expect("the document is JSON").to_string()
    });
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], JSON.as_str())
}
