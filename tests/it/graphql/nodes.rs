use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::{
    refusal::{blamed, refusal},
    rows,
};
use crate::support::{Answer, App, Person};

async fn nodes(person: &Person<'_>, ids: &[String]) -> Answer {
    person
        .graphql_with("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", json!({ "ids": ids }))
        .await
}

on_both_databases! {
    async fn a_node_is_found_by_its_global_id_whatever_its_type(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let snippet = format!("snippet_{}", rows::snippets(app, &[ada.id]).await[0]);
        for (id, typename) in
            [(ada.global_id(), "Coder"), (bob.global_id(), "Mentor"), (snippet.clone(), "Snippet")]
        {
            let answer = ada.graphql(&format!("{{ node(id: \"{id}\") {{ __typename id }} }}")).await;
            assert_eq!(answer.data(), &json!({ "node": { "__typename": typename, "id": id } }));
        }
        // A bare number names no type, and so nothing.
        let answer = ada.graphql(&format!("{{ node(id: {}) {{ id }} }}", ada.id)).await;
        assert_eq!(refusal(&answer, "node"), "NOT_FOUND");
    }

    async fn nodes_come_in_the_order_of_their_ids_and_as_often_as_asked_for(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let snippets = rows::snippets(app, &[ada.id, ada.id]).await;
        let ids = [
            format!("snippet_{}", snippets[1]),
            ada.global_id(),
            format!("snippet_{}", snippets[0]),
            bob.global_id(),
            ada.global_id(),
        ];
        let answer = nodes(&ada, &ids).await;
        let found: Vec<_> =
            answer.data()["nodes"].as_array().expect("a list").iter().map(|node| &node["id"]).collect();
        assert_eq!(found, ids.iter().collect::<Vec<_>>());
        assert_eq!(nodes(&ada, &[]).await.data(), &json!({ "nodes": [] }));
    }

    async fn each_node_that_cannot_be_had_is_null_with_an_error_of_its_own(app: App) {
        let ada = app.coder("ada").await;
        let eve = app.coder("eve").await;
        let hidden = format!("snippet_{}", rows::snippets(app, &[eve.id]).await[0]);
        let ids = ["coder_99".to_owned(), ada.global_id(), hidden, "nonsense".to_owned(), eve.global_id()];
        let answer = nodes(&ada, &ids).await;
        assert_eq!(answer.status, 200);
        let ada_node = json!({ "__typename": "Coder", "id": ada.global_id() });
        let eve_node = json!({ "__typename": "Coder", "id": eve.global_id() });
        assert_eq!(answer.body["data"]["nodes"], json!([null, ada_node, null, null, eve_node]));
        let mut errors: Vec<_> = answer.body["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| {
                (error["path"].to_string(), error["extensions"]["code"].as_str().unwrap_or_default())
            })
            .collect();
        errors.sort_unstable();
        let expected = [(0, "NOT_FOUND"), (2, "FORBIDDEN"), (3, "NOT_FOUND")];
        assert_eq!(errors, expected.map(|(index, code)| (format!("[\"nodes\",{index}]"), code)));
    }

    async fn at_most_a_hundred_nodes_are_asked_for_at_once(app: App) {
        let ada = app.coder("ada").await;
        let answer = nodes(&ada, &vec![ada.global_id(); 100]).await;
        assert_eq!(answer.data()["nodes"].as_array().map(Vec::len), Some(100));
        let answer = nodes(&ada, &vec![ada.global_id(); 101]).await;
        assert_eq!(answer.body["data"], json!({ "nodes": null }));
        assert_eq!(blamed(&answer), "ids");
    }

    async fn a_node_needs_the_permission_that_goes_with_its_type(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let snippet = format!("snippet_{}", rows::snippets(app, &[ada.id]).await[0]);
        for (id, permission) in [
            (ada.global_id(), Permission::GetUserinfo),
            (bob.global_id(), Permission::GetUserinfo),
            (snippet, Permission::EditSnippet),
        ] {
            let query = format!("{{ node(id: \"{id}\") {{ id }} }}");
            let answer = ada.without(permission).graphql(&query).await;
            assert_eq!(refusal(&answer, "node"), "FORBIDDEN");
            assert_eq!(answer.error()["extensions"]["permission"], permission.name(), "{id}");
            assert_eq!(ada.with_permissions(&[permission]).graphql(&query).await.data()["node"]["id"], id);
            assert_eq!(refusal(&app.anonymous().graphql(&query).await, "node"), "UNAUTHENTICATED");

            let ids = [id, ada.global_id()];
            let answer = nodes(&ada.without(permission), &ids).await;
            assert_eq!(answer.body["data"]["nodes"][0], Value::Null);
            assert_eq!(answer.body["data"]["nodes"][1].is_null(), permission == Permission::GetUserinfo);
            assert_eq!(answer.body["errors"][0]["extensions"]["permission"], permission.name());
        }
    }
}
