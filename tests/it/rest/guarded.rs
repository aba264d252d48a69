//! The paths that need a permission.

use axum::http::Method;
use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::fixtures::hello;
use crate::support::Person;

/// A path that needs a permission, with a request that succeeds.
pub(super) struct Guarded<'a> {
    pub(super) permission: Permission,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) user: Person<'a>,
    /// The same path with an id or a name that nobody bears, where it has one.
    pub(super) nowhere: &'static str,
}

/// Every path that needs a permission; the one that deletes the snippet comes last.
pub(super) fn guarded<'a>(coder: &Person<'a>, mentor: &Person<'a>, snippet: i64) -> [Guarded<'a>; 10] {
    use Permission as P;
    let row = |permission, user: &Person<'a>, method, path: String, body, nowhere| Guarded {
        permission,
        method,
        path,
        body,
        user: user.clone(),
        nowhere,
    };
    let userinfo = format!("/userinfo/{}", coder.username);
    let choose = format!("/coder/{}/mentor", coder.id);
    let take_on = format!("/mentor/{}/coder", mentor.id);
    let one = format!("/snippet/{snippet}");
    let coder_id = Some(json!({ "coderId": coder.id }));
    let mentor_id = Some(json!({ "mentorId": mentor.id }));
    [
        row(P::GetUserinfo, coder, Method::GET, userinfo, None, "/userinfo/nobody"),
        row(P::GetCoders, mentor, Method::GET, "/coders".to_owned(), None, "/coders"),
        row(P::GetCoders, mentor, Method::GET, "/coders/available".to_owned(), None, "/coders/available"),
        row(P::GetMentors, coder, Method::GET, "/mentors".to_owned(), None, "/mentors"),
        row(P::AddMentor, coder, Method::PATCH, choose, mentor_id, "/coder/x/mentor"),
        row(P::AddCoder, mentor, Method::PATCH, take_on, coder_id.clone(), "/mentor/x/coder"),
        row(P::EditSnippet, coder, Method::GET, one.clone(), None, "/snippet/x"),
        row(P::PostSnippet, coder, Method::POST, "/snippet".to_owned(), Some(hello()), "/snippet"),
        row(P::EditSnippet, coder, Method::PATCH, one.clone(), Some(hello()), "/snippet/x"),
        row(P::DeleteSnippet, coder, Method::DELETE, one, coder_id, "/snippet/x"),
    ]
}
