use funcster_api::{auth::Permission, entity::snippet};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::{
    refusal::{blamed, refusal},
    rows,
};
use crate::support::{Answer, App, Person};

async fn create(person: &Person<'_>, input: Value) -> Answer {
    let query = "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { \
                 name code needsReview comments version coder { username snippets { totalCount } } } } }";
    person.graphql_with(query, json!({ "input": input })).await
}

async fn delete(person: &Person<'_>, input: Value) -> Answer {
    let query = "mutation($input: DeleteSnippetInput!) { deleteSnippet(input: $input) { \
                 deletedSnippetId coder { username snippets { totalCount } } } }";
    person.graphql_with(query, json!({ "input": input })).await
}

async fn count(app: &App) -> u64 {
    snippet::Entity::find().count(&app.db).await.expect("the table is there")
}

on_both_databases! {
    async fn a_coder_stores_a_snippet_in_their_own_library(app: App) {
        let ada = app.coder("ada").await;
        let mut expected = json!({
            "name": "Hello", "code": "print(1)", "needsReview": false, "comments": "", "version": 1,
            "coder": { "username": "ada", "snippets": { "totalCount": 1 } },
        });
        let answer = create(&ada, json!({ "name": "Hello", "code": "print(1)" })).await;
        assert_eq!(answer.data()["createSnippet"]["snippet"], expected);

        let given = json!({ "name": "Hello", "code": "print(1)", "needsReview": true, "comments": "Look!" });
        let answer = create(&ada, given).await;
        expected["needsReview"] = json!(true);
        expected["comments"] = json!("Look!");
        expected["coder"]["snippets"]["totalCount"] = json!(2);
        assert_eq!(answer.data()["createSnippet"]["snippet"], expected);

        let answer = create(&ada, json!({ "name": "Hello", "code": "print(1)", "comments": null })).await;
        assert_eq!(answer.data()["createSnippet"]["snippet"]["comments"], "");
    }

    async fn only_a_coder_stores_snippets(app: App) {
        let bob = app.mentor("bob").await;
        for person in [bob.with_permissions(&Permission::ALL), app.bearer("auth0|stranger", &Permission::ALL)]
        {
            let answer = create(&person, json!({ "name": "Hello", "code": "print(1)" })).await;
            assert_eq!(refusal(&answer, "createSnippet"), "FORBIDDEN");
            assert_eq!(answer.error()["extensions"].get("permission"), None);
        }
        assert_eq!(count(app).await, 0);
    }

    async fn a_text_may_be_as_long_as_its_limit_and_no_longer(app: App) {
        let ada = app.coder("ada").await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let update = async |change: &Value| {
            let query =
                "mutation($input: UpdateSnippetInput!) { updateSnippet(input: $input) { snippet { id } } }";
            let mut input = change.clone();
            input["id"] = json!(id);
            ada.graphql_with(query, json!({ "input": input })).await
        };
        // Characters are counted for people, bytes for code.
        for (field, text) in [
            ("name", "é".repeat(200)),
            ("code", "é".repeat(51_200)),
            ("code", " ".to_owned()),
            ("comments", "é".repeat(20_000)),
            ("comments", String::new()),
        ] {
            let mut input = json!({ "name": "Hello", "code": "print(1)" });
            input[field] = json!(text);
            assert_eq!(create(&ada, input).await.data()["createSnippet"]["snippet"][field], text);
            update(&json!({ field: text })).await.data();
        }
        let stored = count(app).await;
        for (field, text) in [
            ("name", "é".repeat(201)),
            ("name", String::new()),
            ("name", " \t\n".to_owned()),
            ("code", "a".repeat(102_401)),
            ("code", String::new()),
            ("comments", "a".repeat(20_001)),
            ("name", "a\0b".to_owned()),
            ("code", "a\0b".to_owned()),
            ("comments", "a\0b".to_owned()),
        ] {
            let mut input = json!({ "name": "Hello", "code": "print(1)" });
            input[field] = json!(text);
            let answer = create(&ada, input).await;
            assert_eq!(refusal(&answer, "createSnippet"), "BAD_USER_INPUT");
            assert_eq!(blamed(&answer), field);
            let answer = update(&json!({ field: text })).await;
            assert_eq!(refusal(&answer, "updateSnippet"), "BAD_USER_INPUT");
            assert_eq!(blamed(&answer), field);
        }
        assert_eq!(count(app).await, stored);
    }

    async fn a_coder_deletes_their_own_snippets_once(app: App) {
        let ada = app.coder("ada").await;
        let ids = rows::snippets(app, &[ada.id; 3]).await;
        for (left, (id, given)) in ids
            .iter()
            .zip([json!(format!("snippet_{}", ids[0])), json!(ids[1].to_string()), json!(ids[2])])
            .enumerate()
            .map(|(index, case)| (2 - index, case))
        {
            let answer = delete(&ada, json!({ "id": given })).await;
            let coder = json!({ "username": "ada", "snippets": { "totalCount": left } });
            let expected = json!({ "deletedSnippetId": format!("snippet_{id}"), "coder": coder });
            assert_eq!(answer.data()["deleteSnippet"], expected);
            assert_eq!(refusal(&delete(&ada, json!({ "id": given })).await, "deleteSnippet"), "NOT_FOUND");
        }
    }

    async fn a_snippet_is_deleted_at_the_expected_version_only(app: App) {
        let ada = app.coder("ada").await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let answer = delete(&ada, json!({ "id": id, "expectedVersion": 2 })).await;
        assert_eq!(refusal(&answer, "deleteSnippet"), "CONFLICT");
        assert_eq!(answer.error()["extensions"]["id"], format!("snippet_{id}"));
        assert_eq!(answer.error()["extensions"]["version"], 1);
        assert_eq!(count(app).await, 1);
        delete(&ada, json!({ "id": id, "expectedVersion": 1 })).await.data();
        assert_eq!(count(app).await, 0);
    }

    async fn nobody_but_its_owner_deletes_a_snippet(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let eve = app.coder("eve").await;
        bob.take_on(&ada).await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let everything = &Permission::ALL;
        for person in [
            bob.with_permissions(everything),
            eve.with_permissions(everything),
            app.bearer("auth0|stranger", everything),
        ] {
            for input in [json!({ "id": id }), json!({ "id": id, "expectedVersion": 9 })] {
                let answer = delete(&person, input).await;
                assert_eq!(refusal(&answer, "deleteSnippet"), "FORBIDDEN");
                assert_eq!(answer.error()["extensions"].get("permission"), None);
            }
        }
        assert_eq!(count(app).await, 1);
    }
}
