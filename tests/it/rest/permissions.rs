//! Each path asks for its permission, and what changes something asks for an account too.

use axum::http::Method;
use funcster_api::auth::Permission;

use super::{
    fixtures::{assert_refused, call, hello, row, send, store},
    guarded::{Guarded, guarded},
};
use crate::support::{App, Person};

/// The refusal has to come although the body is broken and the path names nothing.
async fn assert_refused_anyway(person: &Person<'_>, row: &Guarded<'_>, case: &str) {
    let case = format!("{case}: {} {}", row.method, row.path);
    assert_refused(&call(person, &row.method, &row.path, row.body.as_ref()).await, 403, &case);
    for (content_type, body) in [("application/json", "{"), ("application/json", ""), ("text/plain", "hello")]
    {
        let answer = send(person, &row.method, row.nowhere, Some(content_type), body).await;
        assert_refused(&answer, 403, format_args!("{case}, with the body {body:?}"));
    }
}

on_both_databases! {
    async fn each_path_asks_for_its_permission_and_for_no_other(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for row in guarded(&ada, &bob, snippet) {
            let case = format!("{} {}", row.method, row.path);
            assert_refused_anyway(&row.user.without(row.permission), &row, "without the permission").await;
            let allowed = row.user.with_permissions(&[row.permission]);
            let answer = call(&allowed, &row.method, &row.path, row.body.as_ref()).await;
            assert_eq!(answer.status, 200, "{case}: {}", answer.body);
            assert_eq!(answer.body["success"], true, "{case}: {}", answer.body);
        }
        assert_eq!(row(app, snippet).await, None, "the last of them deletes the snippet");
    }

    async fn the_roles_hold_what_they_need(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        for row in guarded(&ada, &bob, snippet) {
            let answer = call(&row.user, &row.method, &row.path, row.body.as_ref()).await;
            assert_eq!(answer.status, 200, "{} {}: {}", row.method, row.path, answer.body);
        }
        for path in ["/coders", "/coders/available"] {
            assert_refused(&ada.get(path).await, 403, format_args!("a coder at {path}"));
        }
    }

    async fn a_service_without_an_account_reads_what_its_permissions_allow(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        let service = app.bearer("auth0|service", &Permission::ALL);
        for row in guarded(&ada, &bob, snippet).iter().filter(|row| row.method == Method::GET) {
            let answer = service.get(&row.path).await;
            assert_eq!(answer.status, 200, "{}: {}", row.path, answer.body);
        }
    }

    async fn what_changes_something_needs_an_account_before_all_else(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        let service = app.bearer("auth0|service", &Permission::ALL);
        for row in guarded(&ada, &bob, snippet).iter().filter(|row| row.method != Method::GET) {
            assert_refused_anyway(&service, row, "a token without an account").await;
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
    }

    async fn permissions_do_not_turn_a_coder_into_a_mentor_or_back(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = store(&ada, hello()).await;
        let (almighty_ada, almighty_bob) =
            (ada.with_permissions(&Permission::ALL), bob.with_permissions(&Permission::ALL));
        for row in guarded(&ada, &bob, snippet) {
            match row.permission {
                Permission::AddCoder => assert_refused_anyway(&almighty_ada, &row, "a coder").await,
                Permission::AddMentor | Permission::PostSnippet | Permission::DeleteSnippet => {
                    assert_refused_anyway(&almighty_bob, &row, "a mentor").await;
                }
                _ => {}
            }
        }
        assert_eq!(row(app, snippet).await.map(|row| row.version), Some(1));
    }
}
