//! GraphiQL for a browser that comes to `/graphql`.
//!
//! The files of GraphiQL itself are not part of this repository. Where npm has brought them, the
//! build embeds them and no request leaves the server; otherwise the page has the browser fetch the
//! very same files from a public network. Either way the page holds them to the same hashes.

use std::sync::Arc;

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::app::AppState;

const PAGE: &str = include_str!("explorer/page.html");
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// A file that the page loads from here: its path, media type and content.
type Asset = (&'static str, &'static str, &'static str);

const OWN_ASSETS: [Asset; 2] = [
    ("/explorer.js", JAVASCRIPT, include_str!("explorer/explorer.js")),
    ("/explorer.css", CSS, include_str!("explorer/explorer.css")),
];

/// Where the page finds GraphiQL's files, and what it says when they cannot be had.
#[cfg(graphiql_embedded)]
const FILES: &str = "/graphiql/npm/";
#[cfg(not(graphiql_embedded))]
const FILES: &str = "https://cdn.jsdelivr.net/npm/";

#[cfg(graphiql_embedded)]
const GRAPHIQL_ASSETS: [Asset; 4] = {
    macro_rules! module {
        ($file:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/explorer/node_modules/", $file))
        };
    }
    [
        ("/npm/graphiql@4.1.2/graphiql.min.css", CSS, module!("graphiql/graphiql.min.css")),
        ("/npm/graphiql@4.1.2/graphiql.min.js", JAVASCRIPT, module!("graphiql/graphiql.min.js")),
        (
            "/npm/react@18.3.1/umd/react.production.min.js",
            JAVASCRIPT,
            module!("react/umd/react.production.min.js"),
        ),
        (
            "/npm/react-dom@18.3.1/umd/react-dom.production.min.js",
            JAVASCRIPT,
            module!("react-dom/umd/react-dom.production.min.js"),
        ),
    ]
};
#[cfg(not(graphiql_embedded))]
const GRAPHIQL_ASSETS: [Asset; 0] = [];

/// Requests go nowhere but here. GraphiQL puts styles into the page, and brings its fonts as data.
#[cfg(graphiql_embedded)]
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    font-src 'self' data:; img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
#[cfg(not(graphiql_embedded))]
const POLICY: &str = "default-src 'none'; script-src 'self' https://cdn.jsdelivr.net; \
    style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; \
    font-src 'self' data:; img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
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
            .replace("{{files}}", FILES)
            .replace("{{people}}", &attribute(&names))
            .replace("{{token_address}}", &attribute(token_address));
        let policy = [(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
        (policy, Html(page)).into_response()
    }
}

/// The files that the page loads from here.
pub fn assets() -> Router<AppState> {
    // The paths of GraphiQL's files name their versions, so a browser may keep them for good.
    let graphiql = GRAPHIQL_ASSETS.iter().map(|asset| (asset, "public, max-age=31536000, immutable"));
    let own = OWN_ASSETS.iter().map(|asset| (asset, "no-cache"));
    graphiql.chain(own).fold(Router::new(), |router, (&(path, media_type, content), cache_control)| {
        let headers: [(HeaderName, _); 2] = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, cache_control)];
        router.route(path, get(async move || (headers, content)))
    })
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
