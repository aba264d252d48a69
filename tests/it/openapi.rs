//! The REST paths as `/openapi.json` describes them, against what they do; and the pages for browsers.

mod answers;
mod pages;

use std::{collections::BTreeSet, fmt::Write};

use axum::{body::Body, http::Method};
use funcster_api::{auth::Permission, graphql};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Answer, App, Person};

/// The table of routes, as text: a router does not tell what it knows.
const ROUTES: &str = include_str!("../../src/app/mod.rs");
/// Paths that are not of the REST API.
const NOT_REST: [&str; 4] = ["/graphql", "/schema.graphql", "/openapi.json", "/docs"];
/// Those that GraphQL has nothing instead of.
const CURRENT: [&str; 4] = ["/", "/favicon.ico", "/healthz", "/readyz"];

async fn document(app: &App) -> Value {
    let answer = app.anonymous().get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.body
}

/// The methods that are described at each path.
fn described(document: &Value) -> Vec<(String, BTreeSet<String>)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods =
        |item: &Value| item.as_object().expect("operations").keys().map(|key| key.to_uppercase()).collect();
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// A path with this in the place of its variable.
fn filled_in(path: &str, value: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { value } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// What checks a value against a schema of the document.
fn validator(document: &Value, mut schema: Value) -> Validator {
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).expect("the schema is one")
}

/// Checks an answer against what is said of the operation.
#[track_caller]
fn assert_described(document: &Value, operation: (&Method, &str), answer: &Answer) {
    let (method, path) = operation;
    let what = format!("{method} {path}: {} {}", answer.status, answer.body);
    let response =
        &document["paths"][path][method.as_str().to_lowercase()]["responses"][answer.status.to_string()];
    assert!(response.is_object(), "the status is not described: {what}");
    let content = &response["content"][answer.header("content-type")];
    let schema = content["schema"].clone();
    assert!(schema.is_object(), "the media type is not described: {what}");
    let validator = validator(document, schema);
    let faults = validator.iter_errors(&answer.body).fold(String::new(), |mut faults, fault| {
        let _ = writeln!(faults, "{}: {fault}", fault.instance_path());
        faults
    });
    assert!(faults.is_empty(), "{what}\n{faults}");
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        assert!(answer.headers.contains_key(name), "{name} is missing: {what}");
    }
}

/// Sends a request, to a path with this in the place of its variable, and checks the answer.
async fn check(
    document: &Value,
    person: &Person<'_>,
    (method, path): (Method, &str),
    (variable, body): (&str, Value),
    status: u16,
) {
    let request = person.request(method.clone(), &filled_in(path, variable));
    let request = request.header("content-type", "application/json");
    let answer = person.send(request, Body::from(body.to_string())).await;
    assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
    assert_described(document, (&method, path), &answer);
}

on_both_databases! {
    async fn every_path_is_described_with_its_methods(app: App) {
        let document = document(app).await;
        assert_eq!(document["openapi"], "3.1.0");
        let described = described(&document);
        let paths: BTreeSet<_> = described.iter().map(|(path, _)| path.as_str()).collect();
        let routes = ROUTES.split(".route(").skip(1).filter_map(|rest| rest.split('"').nth(1));
        let routes: BTreeSet<_> = routes.filter(|path| !NOT_REST.contains(path)).collect();
        assert_eq!(paths, routes, "described, and in the table of routes");
        for (path, methods) in &described {
            let person = app.anonymous();
            let answer = person.send(person.request(Method::PUT, &filled_in(path, "1")), "").await;
            answer.assert_rest_error(405);
            let allowed = answer.header("allow").split(',').filter(|method| *method != "HEAD");
            assert_eq!(&allowed.map(str::to_owned).collect::<BTreeSet<_>>(), methods, "{path}");
        }
    }

    async fn what_graphql_supersedes_is_deprecated(app: App) {
        let document = document(app).await;
        let sdl = graphql::sdl();
        for (path, item) in document["paths"].as_object().expect("paths") {
            let is_current = CURRENT.contains(&path.as_str());
            for (method, operation) in item.as_object().expect("operations") {
                assert_eq!(operation["deprecated"] == true, !is_current, "{method} {path}");
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
                let person = app.anonymous();
                for (method, variable) in [(method.clone(), "1"), (method, "%ff"), (Method::PUT, "1")] {
                    let answer = person.send(person.request(method, &filled_in(path, variable)), "").await;
                    let told = (answer.header("deprecation"), answer.header("link"));
                    let expected =
                        if is_current { ("", "") } else { ("@1795305600", r#"</graphql>; rel="successor-version""#) };
                    assert_eq!(told, expected, "{path}: {}", answer.status);
                }
                if let Some(field) = operation["x-graphql-field"].as_str() {
                    let (parent, field) = field.split_once('.').expect("a field of a type");
                    let (_, fields) = sdl.split_once(&format!("type {parent} {{")).expect("the type");
                    let fields = fields.split("\n}").next().unwrap_or_default();
                    let is_there = |end| fields.contains(&format!("  {field}{end}"));
                    assert!(is_there("(") || is_there(":"), "{parent}.{field}");
                }
            }
        }
        for path in NOT_REST {
            assert_eq!(app.anonymous().get(path).await.header("deprecation"), "", "{path}");
        }
        let exposed = app.anonymous().get("/coders").await.header("access-control-expose-headers").to_owned();
        assert!(exposed.contains("deprecation") && exposed.contains("link"), "{exposed}");
    }

    async fn every_path_asks_for_the_permission_that_it_is_said_to(app: App) {
        let document = document(app).await;
        let ada = app.coder("ada").await;
        let mut named = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let Some(name) = operation["x-permission"].as_str() else {
                    assert_eq!(operation.get("security"), None, "{method} {path}");
                    continue;
                };
                named.insert(name);
                assert_eq!(operation["security"], json!([{ "bearer": [] }]), "{method} {path}");
                let permission = Permission::ALL.into_iter().find(|permission| permission.name() == name);
                let refused = ada.without(permission.expect("a permission"));
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
                check(&document, &app.anonymous(), (method.clone(), path), ("1", json!({})), 401).await;
                let answer = refused.send(refused.request(method.clone(), &filled_in(path, "1")), "").await;
                assert_described(&document, (&method, path), &answer);
                assert_eq!(answer.status, 403, "{method} {path}");
                assert!(answer.body["message"].as_str().is_some_and(|message| message.contains(name)), "{}", answer.body);
            }
        }
        assert_eq!(named.len(), Permission::ALL.len(), "{named:?}");
    }
}
