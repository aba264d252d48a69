//! Swagger UI for a browser that comes to `/docs`.

use axum::response::Response;

use crate::pages::Page;

/// Requests go nowhere but here. Swagger UI brings its icons as data.
pub(crate) const PAGE: Page = Page {
    html: include_str!("docs/page.html"),
    policy: "script-src 'self'{{npm}}; style-src 'self'{{npm}}; img-src 'self' data:; connect-src 'self'",
    assets: &[("docs.js", include_str!("docs/docs.js")), ("docs.css", include_str!("docs/docs.css"))],
};

/// `GET /docs`.
pub(crate) async fn docs() -> Response {
    PAGE.render(&[])
}
