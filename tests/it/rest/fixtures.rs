//! What the tests of the old paths have in common.

use std::{collections::BTreeSet, fmt::Display};

use axum::{
    body::Body,
    http::{Method, header::CONTENT_TYPE},
};
use chrono::Utc;
use funcster_api::entity::snippet;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait,
};
use serde_json::{Value, json};

use crate::support::{Answer, App, Person};

/// What can stand in a path where an id should, and names nothing.
pub(super) const NO_ID: [&str; 12] = [
    "0",
    "-1",
    "9999",
    "2147483647",
    "2147483648",
    "-2147483649",
    "99999999999999999999",
    "x",
    "1x",
    "1.0",
    "0x1",
    "%20",
];

/// Integers, and strings of digits, that are nobody's id.
pub(super) fn nobodys_ids() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(9999),
        json!(2_147_483_647),
        json!(2_147_483_648_i64),
        json!(-2_147_483_649_i64),
        json!(i64::MIN),
        json!(u64::MAX),
        json!("0"),
        json!("9999"),
        json!("2147483648"),
        json!("99999999999999999999"),
    ]
}

/// What is neither an integer nor a string of digits.
pub(super) fn no_integers() -> Vec<Value> {
    vec![
        json!("x"),
        json!(""),
        json!("1x"),
        json!(" 1"),
        json!("1.0"),
        json!(1.5),
        json!(true),
        json!([1]),
        json!({}),
    ]
}

/// The least that a snippet needs.
pub(super) fn hello() -> Value {
    json!({ "name": "Hello", "code": "print('hello')" })
}

/// `object` with `value` at `key`.
pub(super) fn with(object: &Value, key: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[key] = value.into();
    object
}

/// `object` without `key`.
pub(super) fn without(object: &Value, key: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("it is an object").remove(key).expect("it has the key");
    object
}

/// Stores a snippet in the coder's library, and returns its id.
pub(super) async fn store(coder: &Person<'_>, body: Value) -> i64 {
    let answer = coder.post("/snippet", body).await;
    assert_eq!(answer.status, 200, "{} stores a snippet: {}", coder.username, answer.body);
    answer.body["snippet_id"].as_i64().expect("snippet_id")
}

/// A snippet of the time when comments could be null, which the API does not make any more.
pub(super) async fn store_old(app: &App, coder: &Person<'_>) -> i64 {
    let now = Utc::now();
    let old = snippet::ActiveModel {
        id: NotSet,
        coder_id: Set(coder.id),
        name: Set("Old".to_owned()),
        code: Set("print 1".to_owned()),
        comments: Set(None),
        needs_review: Set(true),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    snippet::Entity::insert(old).exec(&app.db).await.expect("the row fits").last_insert_id.into()
}

/// The same snippet as all paths show it.
pub(super) fn shown_old(id: i64, owner: &Person<'_>) -> Value {
    shown(id, owner, &json!({ "name": "Old", "code": "print 1", "needsReview": true, "comments": null }))
}

/// The snippet's row.
pub(super) async fn row(app: &App, id: i64) -> Option<snippet::Model> {
    let id = i32::try_from(id).expect("ids are of 32 bits");
    snippet::Entity::find_by_id(id).one(&app.db).await.expect("the database answers")
}

/// Makes the mentor the coder's.
pub(super) async fn take_on(mentor: &Person<'_>, coder: &Person<'_>) {
    let answer = mentor.patch(&format!("/mentor/{}/coder", mentor.id), json!({ "coderId": coder.id })).await;
    assert_eq!(answer.status, 200, "{} takes {} on: {}", mentor.username, coder.username, answer.body);
}

/// A snippet as all paths show it that was stored by `body`.
pub(super) fn shown(id: i64, owner: &Person<'_>, body: &Value) -> Value {
    json!({
        "id": id,
        "snippet_name": body["name"],
        "code": body["code"],
        "needs_review": body.get("needsReview").unwrap_or(&json!(false)),
        "comments": body.get("comments").unwrap_or(&json!("")),
        "coder_id": owner.id,
    })
}

/// Sends a body as it is.
pub(super) async fn send(
    person: &Person<'_>,
    method: &Method,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<Body>,
) -> Answer {
    let request = person.request(method.clone(), path);
    let request = match content_type {
        Some(content_type) => request.header(CONTENT_TYPE, content_type),
        None => request,
    };
    person.send(request, body).await
}

/// Sends JSON, or no body.
pub(super) async fn call(person: &Person<'_>, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    match body {
        Some(body) => send(person, method, path, Some("application/json"), body.to_string()).await,
        None => send(person, method, path, None, Body::empty()).await,
    }
}

/// Checks that it succeeded, with a message and just these other keys.
#[track_caller]
pub(super) fn assert_says(answer: &Answer, others: &[&str], case: impl Display) {
    assert_eq!(answer.status, 200, "{case}: {}", answer.body);
    assert_eq!(answer.body["success"], true, "{case}: {}", answer.body);
    assert!(answer.body["message"].is_string(), "{case}: {}", answer.body);
    let expected = ["message", "success"].iter().chain(others).copied().collect();
    assert_eq!(keys(&answer.body), expected, "{case}");
    assert_eq!(answer.header("content-type"), "application/json", "{case}");
}

/// Checks that it was refused, in the form that all refusals have.
#[track_caller]
pub(super) fn assert_refused(answer: &Answer, status: u16, case: impl Display) {
    assert_eq!(answer.status, status, "{case}: {}", String::from_utf8_lossy(&answer.bytes));
    answer.assert_rest_error(status);
}

pub(super) fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}
