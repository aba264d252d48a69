//! Operations that change several things: one after the other, each on its own.

use serde_json::{Value, json};

use super::rows;
use crate::support::App;

on_both_databases! {
    async fn a_mutation_that_is_refused_leaves_the_others_alone(app: App) {
        let ada = app.coder("ada").await;
        let answer = ada
            .graphql(
                "mutation { \
                 first: createSnippet(input: { name: \"First\", code: \"1\" }) { snippet { name } } \
                 second: deleteSnippet(input: { id: 99 }) { deletedSnippetId } \
                 third: addCoder(input: { coderId: 1 }) { coder { id } } \
                 fourth: createSnippet(input: { name: \"Fourth\", code: \"4\" }) { snippet { name } } }",
            )
            .await;
        let expected = json!({
            "first": { "snippet": { "name": "First" } },
            "second": null,
            "third": null,
            "fourth": { "snippet": { "name": "Fourth" } },
        });
        assert_eq!(answer.body["data"], expected);
        let errors: Vec<_> = answer.body["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| (&error["path"][0], &error["extensions"]["code"]))
            .collect();
        assert_eq!(errors, [(&json!("second"), &json!("NOT_FOUND")), (&json!("third"), &json!("FORBIDDEN"))]);
    }

    async fn mutations_run_in_the_order_that_they_are_written_in(app: App) {
        let ada = app.coder("ada").await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let query = format!(
            "mutation {{ \
             one: updateSnippet(input: {{ id: {id}, name: \"One\", expectedVersion: 1 }}) {{ ...V }} \
             two: updateSnippet(input: {{ id: {id}, name: \"Two\", expectedVersion: 2 }}) {{ ...V }} \
             gone: deleteSnippet(input: {{ id: {id}, expectedVersion: 3 }}) {{ deletedSnippetId }} \
             late: updateSnippet(input: {{ id: {id}, name: \"Late\" }}) {{ ...V }} }} \
             fragment V on UpdateSnippetPayload {{ snippet {{ version }} }}"
        );
        let answer = ada.graphql(&query).await;
        assert_eq!(answer.body["data"]["two"]["snippet"]["version"], 3, "{}", answer.body);
        assert_eq!(answer.body["data"]["gone"]["deletedSnippetId"], format!("snippet_{id}"));
        assert_eq!((answer.code(), &answer.error()["path"]), ("NOT_FOUND", &json!(["late"])));
    }

    async fn a_mutation_shows_what_the_ones_before_it_did(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let eve = app.mentor("eve").await;
        let select = |mentor_id| {
            format!(
                "selectMentor(input: {{ mentorId: {mentor_id} }}) {{ coder {{ mentor {{ username }} }} }}"
            )
        };
        let store = "createSnippet(input: { name: \"Hello\", code: \"1\" }) { \
                     snippet { coder { mentor { username } snippets { totalCount nodes { name } } } } }";
        let query =
            format!("mutation {{ a: {} b: {store} c: {} d: {store} }}", select(bob.id), select(eve.id));
        let answer = ada.graphql(&query).await;
        let chosen = |username: &str| json!({ "coder": { "mentor": { "username": username } } });
        let stored = |mentor: &str, names: &[&str]| {
            let nodes: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
            json!({ "snippet": { "coder": {
                "mentor": { "username": mentor },
                "snippets": { "totalCount": names.len(), "nodes": nodes },
            } } })
        };
        assert_eq!(answer.data()["a"], chosen("bob"));
        assert_eq!(answer.data()["b"], stored("bob", &["Hello"]));
        assert_eq!(answer.data()["c"], chosen("eve"));
        assert_eq!(answer.data()["d"], stored("eve", &["Hello", "Hello"]));
    }
}
