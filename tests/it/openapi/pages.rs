//! The pages for browsers.

use axum::http::Method;

use crate::support::{Answer, App};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn visit(app: &App, path: &str) -> Answer {
    let person = app.anonymous();
    person.send(person.request(Method::GET, path).header("accept", BROWSER), "").await
}

/// What the attributes of this name hold.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let opening = format!("{name}=\"");
    page.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

on_both_databases! {
    async fn pages_load_nothing_but_what_is_here_or_held_to_a_hash(app: App) {
        for path in ["/", "/docs", "/graphql"] {
            let answer = visit(app, path).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
            let policy = answer.header("content-security-policy");
            for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(directive), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe-eval") && !policy.contains("{{"), "{path}: {policy}");
            let scripts = policy.split(';').find(|directive| directive.trim().starts_with("script-src"));
            assert!(scripts.is_none_or(|scripts| !scripts.contains("unsafe")), "{path}: {policy}");

            let page = String::from_utf8_lossy(&answer.bytes);
            assert!(!page.contains("{{"), "something was not filled in: {page}");
            for tag in page.split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("link")) {
                let [address] = &attributes(tag, if tag.starts_with("script") { "src" } else { "href" })[..] else {
                    panic!("it stands in the page: {tag}");
                };
                let is_of_npm = address.contains("/npm/");
                assert_eq!(is_of_npm, tag.contains("integrity=\"sha384-"), "{tag}");
                if address.starts_with('/') {
                    let asset = app.anonymous().get(address).await;
                    assert_eq!(asset.status, 200, "{address}");
                    assert_eq!(asset.header("cache-control").contains("immutable"), is_of_npm, "{address}");
                } else {
                    assert!(policy.contains("https://cdn.jsdelivr.net") && is_of_npm, "{address}");
                }
            }
        }
    }

    async fn the_front_door_leads_a_browser_to_what_there_is(app: App) {
        let greeting = app.anonymous().get("/").await;
        assert_eq!(greeting.body["success"], true, "{}", greeting.body);
        assert!(greeting.header("vary").contains("accept"), "{}", greeting.header("vary"));
        let page = visit(app, "/").await;
        assert!(page.header("vary").contains("accept"), "{}", page.header("vary"));
        let links = |page: &Answer| attributes(&String::from_utf8_lossy(&page.bytes), "a href");
        let (always, at_times) = (["/docs", "/openapi.json", "/healthz", "/readyz"], ["/graphql", "/schema.graphql"]);
        let there = links(&page);
        for path in always.iter().chain(&at_times) {
            assert!(there.iter().any(|link| link == path), "{path}: {there:?}");
            assert_eq!(visit(app, path).await.status, 200, "{path}");
        }

        let plain = app.another(|config| (config.graphiql, config.introspection) = (false, false)).await;
        let there = links(&visit(&plain, "/").await);
        assert_eq!(there, always);
        visit(&plain, "/schema.graphql").await.assert_rest_error(404);
        visit(&plain, "/assets/explorer.js").await.assert_rest_error(404);
    }

    async fn the_schema_is_there_as_text(app: App) {
        let answer = app.anonymous().get("/schema.graphql").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
        assert_eq!(answer.bytes, include_str!("../../../schema.graphql"));
    }
}
