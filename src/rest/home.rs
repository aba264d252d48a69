//! The front door.

use std::fmt::Write;

use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderName,
        header::{ACCEPT, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};

use super::wire::{Message, Success, success};
use crate::{app::App, media_type, pages::Page};

/// The page for browsers.
pub(crate) const PAGE: Page = Page {
    html: include_str!("home/page.html"),
    policy: "style-src 'self'; img-src 'self'",
    assets: &[("home.css", include_str!("home/home.css"))],
};

static FAVICON: &[u8] = include_bytes!("home/favicon.ico");

/// A greeting; for a browser, a page that says what is where.
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    responses((
        status = 200,
        description = "Welcome.",
        content((Success<Message> = "application/json"), (String = "text/html")),
        headers(("Vary" = String, description = "`Accept`."))
    ))
)]
pub(crate) async fn index(State(app): State<App>, headers: HeaderMap) -> Response {
    let vary = [(VARY, ACCEPT.as_str())];
    if media_type::wants_html(&headers) {
        return (vary, PAGE.render(&[("links", &links(&app))])).into_response();
    }
    (vary, success(Message { message: "Welcome to Funcster. The API is at /graphql." })).into_response()
}

/// An icon, so that browsers stay quiet.
#[utoipa::path(
    get,
    path = "/favicon.ico",
    tag = "service",
    responses((status = 200, description = "The icon.", content(("image/x-icon"))))
)]
pub(crate) async fn favicon() -> ([(HeaderName, &'static str); 1], &'static [u8]) {
    ([(CONTENT_TYPE, "image/x-icon")], FAVICON)
}

/// What there is on this server, as HTML.
fn links(app: &App) -> String {
    let links = [
        (app.explorer.is_some(), "/graphql", "GraphiQL", "explore the API"),
        (app.introspection, "/schema.graphql", "Schema", "GraphQL's types, as text"),
        (true, "/docs", "REST paths", "the old ones, kept for clients that exist already"),
        (true, "/openapi.json", "OpenAPI", "the same, for tools"),
        (true, "/healthz", "Health", "whether the process answers"),
        (true, "/readyz", "Readiness", "whether requests can be served"),
    ];
    let mut html = String::new();
    for (_, path, name, what) in links.into_iter().filter(|(is_there, ..)| *is_there) {
        let _ = writeln!(html, r#"<dt><a href="{path}">{name}</a></dt><dd>{what}</dd>"#);
    }
    html
}
