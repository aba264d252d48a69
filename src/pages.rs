//! The pages for browsers: what they load, and what they are allowed.
//!
//! Files of third parties are not part of this repository. Where npm has brought them, the build
//! embeds them and no request leaves the server; otherwise a page has the browser fetch the very same
//! files from a public network. Either way the page holds them to the same hashes.

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
    routing::get,
};

/// The path that [`assets`] are nested at.
pub(crate) const ASSETS_PATH: &str = "/assets";

/// What stands for the address of the files from npm in a page, and for their source in a policy.
const NPM: &str = "{{npm}}";
#[cfg(npm_embedded)]
const NPM_ADDRESS: &str = "/assets/npm/";
#[cfg(npm_embedded)]
const NPM_SOURCE: &str = "";
#[cfg(not(npm_embedded))]
const NPM_ADDRESS: &str = "https://cdn.jsdelivr.net/npm/";
#[cfg(not(npm_embedded))]
const NPM_SOURCE: &str = " https://cdn.jsdelivr.net";

/// The files that the build has found, each with its content.
#[cfg(npm_embedded)]
const NPM_FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/npm_files.rs"));
#[cfg(not(npm_embedded))]
const NPM_FILES: &[(&str, &str)] = &[];

/// What no page needs.
const COMMON_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page.
pub(crate) struct Page {
    /// Its HTML, with `{{npm}}` before the name of each file from npm, and other names in such braces
    /// for what [`render`](Self::render) is given. A page that loads files from npm is named in
    /// `build.rs` too.
    pub(crate) html: &'static str,
    /// What its Content-Security-Policy allows, with `{{npm}}` after the sources of those directives
    /// that are about files from npm.
    pub(crate) policy: &'static str,
    /// Our own files that it loads, each with its content.
    pub(crate) assets: &'static [(&'static str, &'static str)],
}

impl Page {
    /// The page with these names filled in; the values are HTML.
    pub(crate) fn render(&self, values: &[(&str, &str)]) -> Response {
        let html = values.iter().fold(self.html.replace(NPM, NPM_ADDRESS), |html, (name, value)| {
            html.replace(&format!("{{{{{name}}}}}"), value)
        });
        let policy = format!("{COMMON_POLICY}; {}", self.policy.replace(NPM, NPM_SOURCE));
        let policy = HeaderValue::try_from(policy).expect("a policy is plain text");
        ([(CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
    }
}

/// The files that these pages load from here.
pub(crate) fn assets<S>(pages: &[&Page]) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let own = pages.iter().flat_map(|page| page.assets);
    let npm = NPM_FILES.iter().filter(|(name, _)| pages.iter().any(|page| page.html.contains(name)));
    let own = own.map(|asset| ("/", asset, "no-cache"));
    // The names of files from npm have a version in them, so a browser may keep them for good.
    let npm = npm.map(|asset| ("/npm/", asset, "public, max-age=31536000, immutable"));
    own.chain(npm).fold(Router::new(), |router, (directory, &(name, content), cache_control)| {
        let headers: [(HeaderName, _); 2] =
            [(CONTENT_TYPE, media_type(name)), (CACHE_CONTROL, cache_control)];
        router.route(&format!("{directory}{name}"), get(async move || (headers, content)))
    })
}

/// A text as the value of an attribute.
pub(crate) fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    }
}
