//! GraphiQL for a browser that comes to `/graphql`, and the schema for whoever may read it.

use std::sync::{Arc, LazyLock};

use axum::{
    http::{HeaderName, header::CONTENT_TYPE},
    response::Response,
};

use crate::pages::{Page, attribute};

/// Requests go nowhere but here. GraphiQL puts styles into the page, and brings its fonts as data.
pub(crate) const PAGE: Page = Page {
    html: include_str!("explorer/page.html"),
    policy: "script-src 'self'{{npm}}; style-src 'self' 'unsafe-inline'{{npm}}; font-src 'self' data:; \
             img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:",
    assets: &[
        ("explorer.js", include_str!("explorer/explorer.js")),
        ("explorer.css", include_str!("explorer/explorer.css")),
    ],
};

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
        PAGE.render(&[("people", &attribute(&names)), ("token_address", &attribute(token_address))])
    }
}

/// `GET /schema.graphql`: the schema's definition as text, which a browser shows.
pub(crate) async fn schema_text() -> ([(HeaderName, &'static str); 1], &'static str) {
    static SDL: LazyLock<String> = LazyLock::new(super::sdl);
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], SDL.as_str())
}
