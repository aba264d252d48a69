//! Old clients after the move.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::old::{Old, connect};
use crate::{
    support::{App, with_empty_database},
    trust::program::Program,
};

/// Runs a command on the database, which has to succeed.
pub(super) fn succeed(url: &str, arguments: &[&str]) -> String {
    let ended = Program::new().run(&[("DATABASE_URL", url)], arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}{}", ended.out, ended.err);
    ended.out
}

/// The REST API's view of the old tables: what `GET /coders` and `GET /mentors` answer to somebody who may see all.
pub(super) fn expected(old: &Old) -> (Value, Value) {
    let snippets = |coder_id: i32| -> Vec<Value> {
        let own = old.snippets.iter().filter(|snippet| snippet.coder_id == Some(coder_id));
        own.map(|snippet| {
            json!({
                "id": snippet.id,
                "snippet_name": snippet.snippet_name.clone().unwrap_or_default(),
                "code": snippet.code.clone().unwrap_or_default(),
                "needs_review": snippet.needs_review.unwrap_or_default(),
                "comments": snippet.comments,
                "coder_id": coder_id,
            })
        })
        .collect()
    };
    let coders: Vec<Value> = old
        .coders
        .iter()
        .map(|coder| {
            json!({
                "id": coder.id,
                "username": coder.username,
                "mentor_id": coder.mentor_id,
                "snippets": snippets(coder.id),
            })
        })
        .collect();
    let mentors: Vec<Value> = old
        .mentors
        .iter()
        .map(|mentor| {
            let own = |coder: &&Value| coder["mentor_id"] == mentor.id;
            let own: Vec<_> = coders.iter().filter(own).cloned().collect();
            json!({ "id": mentor.id, "username": mentor.username, "coders": own })
        })
        .collect();
    (json!({ "success": true, "coders": coders }), json!({ "success": true, "mentors": mentors }))
}

on_both_databases! {
    async fn the_old_rest_paths_show_just_what_was_there(app: App) {
        with_empty_database(app.kind, async |url| {
            let old = Old::plain();
            old.store(url, app.kind, 24).await;
            assert!(succeed(url, &["migrate", "up"]).contains("2 coders, 2 mentors, 3 snippets"));
            let server = App::start(app.kind, url, |_| {}).await;
            let service = server.bearer("auth0|service", &Permission::ALL);
            let (coders, mentors) = expected(&old);
            assert_eq!(service.get("/coders").await.body, coders);
            assert_eq!(service.get("/mentors").await.body, mentors);
            let available = service.get("/coders/available").await.body;
            assert_eq!(available["coders"].as_array().map(Vec::len), Some(1), "{available}");
            let hello = json!({
                "success": true, "id": 7, "snippet_name": "Hello", "code": "print(7)\n", "needs_review": true,
                "comments": null, "coder_id": 3,
            });
            assert_eq!(service.get("/snippet/7").await.body, hello);
            let bob = service.get("/userinfo/BOB").await.body;
            assert_eq!((&bob["user_id"], &bob["usertype"]), (&json!(2), &json!("Mentor")));
            let to_review = bob["coders"][0]["snippets"].as_array().map(Vec::len);
            assert_eq!((bob["coders"][0]["id"].as_i64(), to_review), (Some(3), Some(1)), "{bob}");
            server.db.close().await.expect("the pool closes");
        })
        .await;
    }

    async fn once_bound_by_an_import_people_go_on_with_the_tokens_they_have(app: App) {
        with_empty_database(app.kind, async |url| {
            Old::plain().store(url, app.kind, 200).await;
            succeed(url, &["migrate", "up"]);
            let server = App::start(app.kind, url, |_| {}).await;
            // Nothing in these tokens but the subject.
            let (ada, bob) = (server.bearer("auth0|a", &Permission::ALL), server.bearer("auth0|b", &Permission::ALL));
            let new = json!({ "name": "New", "code": "1", "coderId": 3 });
            assert_eq!(ada.post("/snippet", new.clone()).await.status, 403, "bound to nobody yet");

            let program = Program::new();
            let export = concat!(
                r#"{"user_id":"auth0|a","username":"ada","email":"ada@example.com"}"#, "\n",
                r#"{"user_id":"auth0|b","nickname":"BOB"}"#, "\n",
            );
            std::fs::write(program.directory().join("users.json"), export).expect("the export is written");
            let imported = program.run(&[("DATABASE_URL", url)], &["users", "import", "users.json"]);
            assert_eq!(imported.code, Some(0), "{}{}", imported.out, imported.err);

            let stored = ada.post("/snippet", new).await;
            assert_eq!(stored.status, 200, "{}", stored.body);
            let next = stored.body["snippet_id"].as_i64().expect("its number");
            assert!(next > 11, "numbers go on: {next}");
            let change = json!({ "name": "Hello", "code": "2", "coderId": 3, "userId": 2, "usertype": "mentor" });
            assert_eq!(bob.patch("/snippet/7", change.clone()).await.status, 200, "of his coder's");
            assert_eq!(bob.patch("/snippet/11", json!({ "name": "x", "code": "2" })).await.status, 403);
            assert_eq!(ada.patch("/coder/3/mentor", json!({ "mentorId": 5 })).await.status, 200);
            assert_eq!(bob.patch("/snippet/7", change).await.status, 403, "she has another mentor now");
            assert_eq!(bob.patch("/mentor/2/coder", json!({ "coderId": 4 })).await.status, 200);
            assert_eq!(ada.delete("/snippet/8", json!({ "coderId": 3 })).await.status, 200);
            // A name that was taken over is taken, and a new one is not.
            let taken = json!({ "username": "CARL", "usertype": "coder", "email": "c@example.com", "password": "Correct-horse-1" });
            assert_eq!(server.anonymous().post("/signup", taken).await.status, 409);
            let dora = server.coder("dora").await.id;
            assert!(dora > 4, "numbers go on: {dora}");
            server.db.close().await.expect("the pool closes");

            // All of that is there on the way back.
            assert!(succeed(url, &["migrate", "down", "--all"]).contains("3 coders, 2 mentors, 3 snippets"));
            let old = Old::read(url).await;
            assert_eq!(old.coders[0].mentor_id, Some(5));
            assert_eq!(old.coders[1].mentor_id, Some(2));
            assert_eq!((old.coders[2].id, old.coders[2].username.as_deref()), (dora, Some("dora")));
            assert_eq!(old.snippets[0].code.as_deref(), Some("2"));
            assert_eq!(i64::from(old.snippets[2].id), next);
            let db = connect(url).await;
            assert_eq!(migration::state(&db).await.expect("the state"), migration::State::Legacy);
            db.close().await.expect("the pool closes");
        })
        .await;
    }
}
