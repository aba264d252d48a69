//! GraphiQL for a browser that comes to `/graphql`.

use std::sync::Arc;

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::app::AppState;

static PAGE: &str = include_str!("explorer/page.html");
static SCRIPT: &str = include_str!("explorer/explorer.js");
static STYLE: &str = include_str!("explorer/explorer.css");

/// Scripts come from here and from the network that the pinned files are fetched from, which the
/// page holds to their hashes; requests go nowhere but here. GraphiQL puts styles into the page.
const POLICY: &str = "default-src 'none'; \
    script-src 'self' https://cdn.jsdelivr.net; \
    style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; \
    font-src 'self' data: https://cdn.jsdelivr.net; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and what is particular about this server's.
#[derive(Clone, Debug, Default)]
pub struct Explorer {
    people: Option<People>,
}

/// The people that the page offers to act as.
#[derive(Clone, Debug)]
struct People {
    /// Their names.
    names: Arc<[String]>,
    /// Where a token of theirs is had: the name follows.
    token_address: Arc<str>,
}

impl Explorer {
    /// A page that offers to act as one of `names`, with the tokens that `token_address` followed by
    /// the name answers.
    #[must_use]
    pub fn acting_as(names: impl IntoIterator<Item = String>, token_address: &str) -> Self {
        Self {
            people: Some(People { names: names.into_iter().collect(), token_address: token_address.into() }),
        }
    }

    /// The page.
    #[must_use]
    pub fn page(&self) -> Response {
        let (names, token_address) = match &self.people {
            Some(people) => (people.names.join(" "), people.token_address.as_ref()),
            None => (String::new(), ""),
        };
        let page = PAGE
            .replace("{{people}}", &attribute(&names))
            .replace("{{token_address}}", &attribute(token_address));
        let policy = [(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
        (policy, Html(page)).into_response()
    }
}

/// The page's own files, beside those that it fetches.
pub fn assets() -> Router<AppState> {
    let asset = |content_type: &'static str, content: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, content_type)] as [(HeaderName, _); 1], content) })
    };
    Router::new()
        .route("/explorer.js", asset("text/javascript; charset=utf-8", SCRIPT))
        .route("/explorer.css", asset("text/css; charset=utf-8", STYLE))
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
