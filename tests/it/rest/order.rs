//! Which of several things that are wrong a client is told of: clients rely on it.

use axum::http::Method;
use serde_json::{Value, json};

use super::fixtures::{assert_refused, call, hello, store, take_on, with};
use crate::support::App;

on_both_databases! {
    async fn a_bad_body_comes_before_a_path_that_names_nothing(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let nothing = json!({});
        let nameless = with(&hello(), "name", " ");
        let no_kind = with(&hello(), "usertype", "admin");
        let nobodys = with(&nameless, "coderId", 9999);
        let requests = [
            (&ada, Method::POST, "/snippet", &nobodys),
            (&ada, Method::PATCH, "/snippet/x", &nothing),
            (&ada, Method::PATCH, "/snippet/9999", &nameless),
            (&ada, Method::PATCH, "/snippet/9999", &no_kind),
            (&bob, Method::PATCH, "/snippet/0", &no_kind),
            (&ada, Method::DELETE, "/snippet/9999", &nothing),
            (&ada, Method::DELETE, "/snippet/x", &nothing),
            (&ada, Method::PATCH, "/coder/9999/mentor", &nothing),
            (&ada, Method::PATCH, "/coder/x/mentor", &nothing),
            (&bob, Method::PATCH, "/mentor/9999/coder", &nothing),
            (&bob, Method::PATCH, "/mentor/x/coder", &nothing),
        ];
        for (person, method, path, body) in requests {
            let answer = call(person, &method, path, Some(body)).await;
            assert_refused(&answer, 400, format_args!("{method} {path} with {body}"));
        }
    }

    async fn a_bad_body_comes_before_whose_it_is(app: App) {
        let (ada, bob, cyd) = (app.coder("ada").await, app.mentor("bob").await, app.coder("cyd").await);
        let cyds = format!("/snippet/{}", store(&cyd, hello()).await);
        let nothing = json!({});
        let requests = [
            (&ada, Method::POST, "/snippet".to_owned(), json!({ "coderId": cyd.id })),
            (&ada, Method::PATCH, cyds.clone(), nothing.clone()),
            (&bob, Method::PATCH, cyds.clone(), with(&hello(), "code", "")),
            (&ada, Method::PATCH, cyds.clone(), with(&hello(), "usertype", "admin")),
            (&ada, Method::DELETE, cyds, nothing.clone()),
            (&ada, Method::PATCH, format!("/coder/{}/mentor", cyd.id), nothing),
        ];
        for (person, method, path, body) in requests {
            let answer = call(person, &method, &path, Some(&body)).await;
            assert_refused(&answer, 400, format_args!("{method} {path} with {body}"));
        }
    }

    async fn what_does_not_exist_comes_before_whose_it_is(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let (bob, dan) = (app.mentor("bob").await, app.mentor("dan").await);
        take_on(&bob, &ada).await;
        let disagreeing =
            json!({ "name": "n", "code": "c", "coderId": cyd.id, "userId": 0, "usertype": "mentor" });
        let requests: [(_, _, _, Value); 6] = [
            (&ada, Method::PATCH, "/snippet/9999".to_owned(), disagreeing.clone()),
            (&bob, Method::PATCH, "/snippet/9999".to_owned(), with(&disagreeing, "usertype", "coder")),
            (&ada, Method::DELETE, "/snippet/9999".to_owned(), json!({ "coderId": cyd.id })),
            (&ada, Method::DELETE, "/snippet/x".to_owned(), json!({ "coderId": 0 })),
            (&ada, Method::PATCH, format!("/coder/{}/mentor", cyd.id), json!({ "mentorId": 9999 })),
            (&bob, Method::PATCH, format!("/mentor/{}/coder", dan.id), json!({ "coderId": 9999 })),
        ];
        for (person, method, path, body) in requests {
            let answer = call(person, &method, &path, Some(&body)).await;
            assert_refused(&answer, 404, format_args!("{method} {path} with {body}"));
        }
    }
}
