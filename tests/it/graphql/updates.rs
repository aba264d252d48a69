use funcster_api::{auth::Permission, entity::snippet};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{
    refusal::{blamed, refusal},
    rows,
};
use crate::support::{Answer, App, Person};

/// Runs `updateSnippet` with its input written out in the document.
async fn with_literal(person: &Person<'_>, id: i32, fields: &str) -> Answer {
    let query = format!(
        "mutation {{ updateSnippet(input: {{ id: {id} {fields} }}) {{ snippet {{ id version }} }} }}"
    );
    person.graphql(&query).await
}

/// Runs `updateSnippet` with a variable for each of its fields, of which only `fields` are given.
async fn with_variables(person: &Person<'_>, id: i32, fields: &Value) -> Answer {
    let query = format!(
        "mutation($name: String, $code: String, $needsReview: Boolean, $comments: String, $expected: Int) {{ \
         updateSnippet(input: {{ id: {id}, name: $name, code: $code, needsReview: $needsReview, \
         comments: $comments, expectedVersion: $expected }}) {{ snippet {{ id version }} }} }}"
    );
    person.graphql_with(&query, fields.clone()).await
}

/// Runs `updateSnippet` with its whole input in one variable.
async fn with_input(person: &Person<'_>, id: i32, fields: &Value) -> Answer {
    let mut input = fields.clone();
    input["id"] = json!(id);
    let query =
        "mutation($input: UpdateSnippetInput!) { updateSnippet(input: $input) { snippet { id version } } }";
    person.graphql_with(query, json!({ "input": input })).await
}

async fn stored(app: &App, id: i32) -> snippet::Model {
    snippet::Entity::find_by_id(id).one(&app.db).await.expect("the table").expect("the snippet")
}

/// A snippet of `coder_id` whose every field is set, so that each can be lost.
async fn full_snippet(app: &App, coder_id: i32) -> snippet::Model {
    use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
    let id = rows::snippets(app, &[coder_id]).await[0];
    let mut row = stored(app, id).await.into_active_model();
    row.comments = Set(Some("Notes".to_owned()));
    row.needs_review = Set(true);
    row.update(&app.db).await.expect("the row is there")
}

on_both_databases! {
    async fn what_is_left_out_stays_as_it_is(app: App) {
        let ada = app.coder("ada").await;
        for (literal, given) in [
            ("name: \"New\"", json!({ "name": "New" })),
            ("code: \"pass\"", json!({ "code": "pass" })),
            ("needsReview: false", json!({ "needsReview": false })),
            ("comments: \"Done\"", json!({ "comments": "Done" })),
            ("comments: null", json!({ "comments": null })),
            ("name: \"New\", comments: \"\"", json!({ "name": "New", "comments": "" })),
        ] {
            for way in ["literal", "variables", "input"] {
                let before = full_snippet(app, ada.id).await;
                let answer = match way {
                    "literal" => with_literal(&ada, before.id, literal).await,
                    "variables" => with_variables(&ada, before.id, &given).await,
                    _ => with_input(&ada, before.id, &given).await,
                };
                assert_eq!(answer.data()["updateSnippet"]["snippet"]["version"], 2, "{way} {given}");
                let after = stored(app, before.id).await;
                assert!(after.updated_at >= before.updated_at, "{way} {given}");
                let text = |field: &str, old: &str| given[field].as_str().unwrap_or(old).to_owned();
                let comments = match given.get("comments") {
                    None => "Notes",
                    Some(comments) => comments.as_str().unwrap_or_default(),
                };
                let expected = snippet::Model {
                    name: text("name", &before.name),
                    code: text("code", &before.code),
                    needs_review: given["needsReview"].as_bool().unwrap_or(true),
                    comments: Some(comments.to_owned()),
                    version: 2,
                    updated_at: after.updated_at,
                    ..before
                };
                assert_eq!(after, expected, "{way} {given}");
            }
        }
    }

    async fn a_field_that_holds_something_cannot_be_null(app: App) {
        let ada = app.coder("ada").await;
        let before = full_snippet(app, ada.id).await;
        for field in ["name", "code", "needsReview"] {
            let given = json!({ "comments": "Lost", field: null });
            for answer in [
                with_literal(&ada, before.id, &format!("comments: \"Lost\", {field}: null")).await,
                with_variables(&ada, before.id, &given).await,
                with_input(&ada, before.id, &given).await,
            ] {
                assert_eq!(refusal(&answer, "updateSnippet"), "BAD_USER_INPUT");
                assert_eq!(blamed(&answer), field);
            }
        }
        assert_eq!(stored(app, before.id).await, before);
    }

    async fn an_edit_that_gives_nothing_changes_nothing(app: App) {
        let ada = app.coder("ada").await;
        let before = full_snippet(app, ada.id).await;
        for answer in [
            with_literal(&ada, before.id, "").await,
            with_literal(&ada, before.id, "expectedVersion: 1").await,
            with_variables(&ada, before.id, &json!({})).await,
            with_input(&ada, before.id, &json!({})).await,
            with_input(&ada, before.id, &json!({ "expectedVersion": null })).await,
        ] {
            assert_eq!(answer.data()["updateSnippet"]["snippet"]["version"], 1);
        }
        assert_eq!(stored(app, before.id).await, before);
    }

    async fn an_edit_of_what_has_changed_meanwhile_is_a_conflict(app: App) {
        let ada = app.coder("ada").await;
        let before = full_snippet(app, ada.id).await;
        let first = json!({ "name": "First", "expectedVersion": 1 });
        let answer = with_input(&ada, before.id, &first).await;
        assert_eq!(answer.data()["updateSnippet"]["snippet"]["version"], 2);
        let after = stored(app, before.id).await;
        // The last one would change nothing, but its author has seen something else too.
        for stale in
            [first, json!({ "name": "Second", "expectedVersion": 3 }), json!({ "expectedVersion": 1 })]
        {
            let answer = with_input(&ada, before.id, &stale).await;
            assert_eq!(refusal(&answer, "updateSnippet"), "CONFLICT");
            assert_eq!(answer.error()["extensions"]["id"], format!("snippet_{}", before.id));
            assert_eq!(answer.error()["extensions"]["version"], 2);
        }
        assert_eq!(stored(app, before.id).await, after);
        with_variables(&ada, before.id, &json!({ "name": "Third", "expected": 2 })).await.data();
        assert_eq!(stored(app, before.id).await.name, "Third");
    }

    async fn a_snippet_is_edited_by_its_owner_and_their_mentor_alone(app: App) {
        let ada = app.coder("ada").await;
        let eve = app.coder("eve").await;
        let bob = app.mentor("bob").await;
        let mallory = app.mentor("mallory").await;
        bob.take_on(&ada).await;
        let before = full_snippet(app, ada.id).await;
        let everything = &Permission::ALL;
        for person in [
            eve.with_permissions(everything),
            mallory.with_permissions(everything),
            app.bearer("auth0|stranger", everything),
        ] {
            for fields in ["name: \"Mine\"", "name: \"Mine\", expectedVersion: 9", ""] {
                let answer = with_literal(&person, before.id, fields).await;
                assert_eq!(refusal(&answer, "updateSnippet"), "FORBIDDEN", "{fields}");
                assert_eq!(answer.error()["extensions"].get("permission"), None);
            }
        }
        assert_eq!(stored(app, before.id).await, before);
        for (person, version) in [(&ada, 2), (&bob, 3)] {
            let answer = with_literal(person, before.id, "comments: \"Mine\"").await;
            assert_eq!(answer.data()["updateSnippet"]["snippet"]["version"], version);
        }
        for fields in ["name: \"Mine\"", "expectedVersion: 1", ""] {
            assert_eq!(refusal(&with_literal(&ada, 99, fields).await, "updateSnippet"), "NOT_FOUND");
        }
    }
}
