//! Two people at once: always one of the outcomes that they could have had one after the other.

use std::{collections::HashSet, pin::pin, time::Duration};

use funcster_api::database::begin_write;
use futures_util::future::{Either, join_all, select};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

use crate::support::{Answer, App, Kind, Person};

const UPDATE: &str = "mutation($input: UpdateSnippetInput!) {
    updateSnippet(input: $input) { snippet { version code } }
}";

async fn stored_by(coder: &Person<'_>) -> i64 {
    let answer = coder.post("/snippet", json!({ "name": "Counter", "code": "n = 0" })).await;
    answer.body["snippet_id"].as_i64().expect("it is stored")
}

on_both_databases! {
    async fn of_many_edits_that_expect_one_version_exactly_one_wins(app: App) {
        let ada = app.coder("ada").await;
        let id = stored_by(&ada).await;
        for version in 1..=4 {
            let edits = (0..50).map(|edit| {
                let input = json!({ "id": id, "code": format!("n = {edit}"), "expectedVersion": version });
                ada.graphql_with(UPDATE, json!({ "input": input }))
            });
            let edits = join_all(edits.collect::<Vec<_>>()).await;
            let (won, lost): (Vec<_>, Vec<_>) =
                edits.iter().partition(|answer| answer.body.get("errors").is_none());
            assert_eq!(won.len(), 1, "of version {version}");
            for answer in lost {
                assert_eq!(answer.code(), "CONFLICT", "{}", answer.body);
                assert_eq!(answer.error()["extensions"]["id"], format!("snippet_{id}"));
                assert_eq!(answer.error()["extensions"]["version"], version + 1);
            }
            let now = ada.graphql(&format!("{{ snippet(id: {id}) {{ version code }} }}")).await;
            assert_eq!(now.data()["snippet"], won[0].data()["updateSnippet"]["snippet"]);
        }
    }

    async fn edits_without_an_expected_version_are_all_counted(app: App) {
        let ada = app.coder("ada").await;
        let id = stored_by(&ada).await;
        let edits = (0..32).map(|edit| {
            let input = json!({ "id": id, "code": format!("n = {edit}") });
            ada.graphql_with(UPDATE, json!({ "input": input }))
        });
        let versions: HashSet<i64> = join_all(edits.collect::<Vec<_>>())
            .await
            .iter()
            .map(|answer| answer.data()["updateSnippet"]["snippet"]["version"].as_i64().expect("a version"))
            .collect();
        assert_eq!(versions, (2..=33).collect());
    }

    async fn a_coder_whom_two_mentors_add_at_once_has_one_of_them(app: App) {
        let (ada, bob, cleo) = (app.coder("ada").await, app.mentor("bob").await, app.mentor("cleo").await);
        let path = format!("/coder/{}/mentor", ada.id);
        for _ in 0..10 {
            let (by_bob, by_cleo, by_ada) = tokio::join!(
                bob.patch_coder(&ada),
                cleo.patch_coder(&ada),
                ada.patch(&path, json!({ "mentorId": bob.id })),
            );
            assert_eq!([by_bob.status, by_cleo.status, by_ada.status], [200; 3]);
            let mentor = ada.get("/userinfo/ada").await.body["mentor"].clone();
            assert!(mentor == "bob" || mentor == "cleo", "{mentor}");
            let coders = bob.graphql("{ mentors { nodes { coders { totalCount } } } }").await;
            let counts: Vec<_> = coders.data()["mentors"]["nodes"]
                .as_array()
                .expect("mentors")
                .iter()
                .map(|mentor| mentor["coders"]["totalCount"].as_i64().unwrap_or_default())
                .collect();
            assert_eq!(counts.iter().sum::<i64>(), 1, "{counts:?}");
        }
    }

    async fn what_is_deleted_while_it_is_edited_is_gone(app: App) {
        let ada = app.coder("ada").await;
        for _ in 0..10 {
            let id = stored_by(&ada).await;
            let path = format!("/snippet/{id}");
            let input = json!({ "id": id, "code": "n = 1" });
            let (edited, deleted) = tokio::join!(
                ada.graphql_with(UPDATE, json!({ "input": input })),
                ada.delete(&path, json!({ "coderId": ada.id })),
            );
            assert_eq!(deleted.status, 200, "{}", deleted.body);
            assert!(edited.body.get("errors").is_none() || edited.code() == "NOT_FOUND", "{}", edited.body);
            ada.get(&path).await.assert_rest_error(404);
        }
    }

    async fn many_writers_at_once_lose_nothing(app: App) {
        let ada = app.coder("ada").await;
        let writes = (0..200).map(|n| ada.post("/snippet", json!({ "name": format!("n{n}"), "code": "pass" })));
        let answers: Vec<Answer> = join_all(writes.collect::<Vec<_>>()).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 200);
        let total = ada.graphql("{ viewer { ... on Coder { snippets { totalCount } } } }").await;
        assert_eq!(total.data()["viewer"]["snippets"]["totalCount"], 200);
    }

    async fn an_entity_tag_guards_an_edit(app: App) {
        let ada = app.coder("ada").await;
        let path = format!("/snippet/{}", stored_by(&ada).await);
        let seen = ada.get(&path).await;
        assert_eq!(seen.header("etag"), "\"1\"");

        let edit = json!({ "name": "Counter", "code": "n = 1" });
        let edited = ada.send_if_match("PATCH", &path, seen.header("etag"), &edit).await;
        assert_eq!((edited.status, edited.header("etag")), (200, "\"2\""), "{}", edited.body);
        for stale in ["\"1\"", "W/\"2\"", "\"x\"", "\"1\", \"3\"", "2"] {
            ada.send_if_match("PATCH", &path, stale, &edit).await.assert_rest_error(412);
            ada.send_if_match("DELETE", &path, stale, &json!({ "coderId": ada.id })).await.assert_rest_error(412);
        }
        assert_eq!(ada.get(&path).await.header("etag"), "\"2\"");
        assert_eq!(ada.send_if_match("PATCH", &path, "*", &edit).await.header("etag"), "\"3\"");
        let deleted = ada.send_if_match("DELETE", &path, "\"1\", \"3\"", &json!({ "coderId": ada.id })).await;
        assert_eq!(deleted.status, 200, "{}", deleted.body);
    }
}

mod an_edit_waits_for_who_is_at_the_snippet_and_no_other_waits_with_it {
    use super::*;

    async fn test(app: &App) {
        // Whoever waits after all is sent away before the database gives up.
        let app =
            app.another(|config| config.limits.request_timeout = config.limits.statement_timeout / 2).await;
        let ada = &app.coder("ada").await;
        let busy = stored_by(ada).await;
        let edit = |id: i64| async move {
            let input = json!({ "id": id, "code": "n = 1", "expectedVersion": 1 });
            ada.graphql_with(UPDATE, json!({ "input": input })).await
        };
        let mut others = Vec::new();
        for _ in 0..5 {
            others.push(stored_by(ada).await);
        }
        let somebody = app.db.begin().await.expect("a transaction");
        let lock = format!("UPDATE snippets SET name = name WHERE id = {busy}");
        somebody.execute_unprepared(&lock).await.expect("it is locked");
        let mut waits = pin!(edit(busy));
        // First, so that it is there when the others come.
        let others = join_all(others.into_iter().map(edit));
        let others = match select(&mut waits, pin!(others)).await {
            Either::Left((answer, _)) => panic!("it is locked: {}", answer.body),
            Either::Right((others, _)) => others,
        };
        for answer in others {
            assert_eq!(answer.data()["updateSnippet"]["snippet"]["version"], 2);
        }
        somebody.commit().await.expect("nothing has changed");
        assert_eq!(waits.await.data()["updateSnippet"]["snippet"]["version"], 2);
    }

    /// SQLite has one writer at a time.
    #[tokio::test]
    async fn postgres() {
        App::run(Kind::Postgres, test).await;
    }
}

impl Person<'_> {
    async fn patch_coder(&self, coder: &Person<'_>) -> Answer {
        self.patch(&format!("/mentor/{}/coder", self.id), json!({ "coderId": coder.id })).await
    }

    async fn send_if_match(&self, method: &str, path: &str, tags: &str, body: &Value) -> Answer {
        let request = self
            .request(method.parse().expect("a method"), path)
            .header("content-type", "application/json")
            .header("if-match", tags);
        self.send(request, body.to_string()).await
    }
}

#[tokio::test]
async fn on_sqlite_those_who_wait_to_write_are_next_together() {
    App::run(Kind::Sqlite, async |app| {
        let ada = app.coder("ada").await;
        ada.graphql("{ viewer { id } }").await.data();
        let other = begin_write(&app.db).await.expect("nobody else writes");
        let one_after_another = join_all((0..8).map(async |n| {
            tokio::time::sleep(n * Duration::from_millis(20)).await;
            stored_by(&ada).await
        }));
        let end = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            other.commit().await.expect("it has written nothing");
        };
        let (statements, (stored, ())) = app.statements(async { tokio::join!(one_after_another, end) }).await;
        assert_eq!(stored.into_iter().collect::<HashSet<_>>().len(), 8);
        assert_eq!(statements, 2, "the first, and all others");
    })
    .await;
}
