//! What every path has in common: JSON for errors too, methods, CORS; and the two paths for browsers.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{
        Method,
        header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    },
};
use serde_json::json;

use super::{
    fixtures::{assert_refused, assert_says, call, hello, send, store},
    guarded::guarded,
};
use crate::support::App;

/// The paths, each with the methods that it knows.
const KNOWN: [(&str, &[&str]); 11] = [
    ("/", &["GET", "HEAD"]),
    ("/signup", &["POST"]),
    ("/userinfo/ada", &["GET", "HEAD"]),
    ("/coders", &["GET", "HEAD"]),
    ("/coders/available", &["GET", "HEAD"]),
    ("/coder/1/mentor", &["PATCH"]),
    ("/mentors", &["GET", "HEAD"]),
    ("/mentor/1/coder", &["PATCH"]),
    ("/snippet", &["POST"]),
    ("/snippet/1", &["GET", "HEAD", "PATCH", "DELETE"]),
    ("/favicon.ico", &["GET", "HEAD"]),
];

on_both_databases! {
    async fn the_front_door_greets_whoever_comes(app: App) {
        assert_says(&app.anonymous().get("/").await, &[], "nobody");
        let stranger = app.anonymous();
        let request = stranger.request(Method::GET, "/").header("authorization", "Bearer nonsense");
        assert_says(&stranger.send(request, Body::empty()).await, &[], "a bad token");
    }

    async fn the_icon_is_one(app: App) {
        let answer = app.anonymous().get("/favicon.ico").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("image/"), "{}", answer.header("content-type"));
        assert!(answer.bytes.starts_with(&[0, 0, 1, 0]), "this is how an icon begins");
    }

    async fn an_unknown_path_is_an_error_in_json(app: App) {
        let paths = [
            "/nothing",
            "/coders/",
            "/coders/1",
            "/coder",
            "/coder/1",
            "/mentor/1",
            "/snippets",
            "/snippet/",
            "/snippet/1/2",
            "/userinfo",
            "/userinfo/",
            "/signup/1",
            "/favicon.png",
            "/mentors/available",
        ];
        for path in paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let answer = send(&app.anonymous(), &method, path, None, Body::empty()).await;
                assert_refused(&answer, 404, format_args!("{method} {path}"));
            }
        }
    }

    async fn a_path_that_is_no_text_names_nothing(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let requests = [
            (&ada, Method::GET, "/userinfo/%FF", None),
            (&ada, Method::GET, "/snippet/%FF", None),
            (&ada, Method::PATCH, "/snippet/%FF", Some(hello())),
            (&ada, Method::DELETE, "/snippet/%FF", Some(json!({ "coderId": ada.id }))),
            (&ada, Method::PATCH, "/coder/%FF/mentor", Some(json!({ "mentorId": bob.id }))),
            (&bob, Method::PATCH, "/mentor/%FF/coder", Some(json!({ "coderId": ada.id }))),
        ];
        for (person, method, path, body) in requests {
            let case = format!("{method} {path}");
            assert_refused(&call(person, &method, path, body.as_ref()).await, 404, &case);
            assert_refused(&call(&app.anonymous(), &method, path, body.as_ref()).await, 401, &case);
        }
    }

    async fn preflights_are_answered_for_every_path(app: App) {
        let paths = [
            "/",
            "/signup",
            "/userinfo/ada",
            "/coders",
            "/coders/available",
            "/coder/1/mentor",
            "/mentors",
            "/mentor/1/coder",
            "/snippet",
            "/snippet/1",
            "/favicon.ico",
            "/nothing",
        ];
        for path in paths {
            for asked in ["GET", "POST", "PATCH", "DELETE"] {
                let nobody = app.anonymous();
                let request = nobody
                    .request(Method::OPTIONS, path)
                    .header(ORIGIN, "https://funcster.example")
                    .header(ACCESS_CONTROL_REQUEST_METHOD, asked)
                    .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
                let answer = nobody.send(request, Body::empty()).await;
                assert!([200, 204].contains(&answer.status), "{asked} {path}: {}", answer.status);
                assert_eq!(answer.header("access-control-allow-origin"), "*", "{asked} {path}");
                let methods = answer.header("access-control-allow-methods");
                assert!(methods.split(',').any(|method| method.trim() == asked), "{asked} {path}: {methods}");
                // A `*` would not do: it never stands for Authorization.
                let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
                for header in ["authorization", "content-type"] {
                    assert!(
                        headers.split(',').any(|name| name.trim() == header),
                        "{asked} {path}: {headers}"
                    );
                }
            }
        }
    }

    async fn a_page_of_any_origin_may_read_the_answer(app: App) {
        let nobody = app.anonymous();
        let requests = [
            (Method::GET, "/", 200),
            (Method::POST, "/signup", 400),
            (Method::GET, "/coders", 401),
            (Method::GET, "/nothing", 404),
            (Method::PUT, "/coders", 405),
        ];
        for (method, path, status) in requests {
            let request = nobody.request(method, path).header(ORIGIN, "https://funcster.example");
            let answer = nobody.send(request, Body::empty()).await;
            assert_eq!((path, answer.status), (path, status));
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        }
    }

    async fn head_answers_as_get_does_without_the_body(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        let guarded = guarded(&ada, &bob, snippet);
        let guarded =
            guarded.iter().filter(|row| row.method == Method::GET).map(|row| (&row.user, row.path.as_str()));
        let nobody = app.anonymous();
        let open = [(&nobody, "/"), (&nobody, "/favicon.ico"), (&nobody, "/mentors"), (&ada, "/snippet/x")];
        for (person, path) in guarded.chain(open) {
            let get = person.get(path).await;
            let head = send(person, &Method::HEAD, path, None, Body::empty()).await;
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
            assert!(head.bytes.is_empty(), "{path}: {}", String::from_utf8_lossy(&head.bytes));
        }
    }

    async fn an_unknown_method_is_an_error_in_json_that_names_the_known_ones(app: App) {
        for (path, known) in KNOWN {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
                if known.contains(&method) {
                    continue;
                }
                let method: Method = method.parse().expect("a method");
                let answer = send(&app.anonymous(), &method, path, None, Body::empty()).await;
                assert_refused(&answer, 405, format_args!("{method} {path}"));
                let allowed: BTreeSet<_> = answer.header("allow").split(',').map(str::trim).collect();
                assert_eq!(allowed, known.iter().copied().collect(), "{method} {path}");
            }
        }
    }

    async fn a_method_without_a_body_of_its_own_is_refused_too(app: App) {
        for path in ["/signup", "/snippet", "/coder/1/mentor", "/mentor/1/coder"] {
            let answer = send(&app.anonymous(), &Method::HEAD, path, None, Body::empty()).await;
            assert_eq!(answer.status, 405, "{path}");
            assert!(!answer.header("allow").is_empty(), "{path}");
        }
    }
}

on_both_databases! {
    async fn an_operator_says_whose_pages_may_call(app: App) {
        let origins = vec!["https://app.example.com".parse().expect("a header")];
        let strict = app.another(|config| config.cors_origins = Some(origins)).await;
        for (server, origin, allowed) in [
            (app, "https://anywhere.example", "*"),
            (&strict, "https://app.example.com", "https://app.example.com"),
            (&strict, "https://anywhere.example", ""),
        ] {
            let nobody = server.anonymous();
            let request = nobody.request("GET".parse().expect("a method"), "/").header("origin", origin);
            let answer = nobody.send(request, "").await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
        }
    }
}
