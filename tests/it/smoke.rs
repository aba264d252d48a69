use crate::support::App;
use serde_json::json;

on_both_databases! {
    async fn a_coder_stores_a_snippet_and_reads_it_back(app: App) {
        let ada = app.coder("Ada").await;
        let bob = app.mentor("Bob").await;
        let answer = ada.graphql_with(
            "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { id code coder { username } } } }",
            json!({ "input": { "name": "Hello", "code": "print(1)\r\n" } }),
        ).await;
        assert_eq!(answer.data()["createSnippet"]["snippet"]["code"], "print(1)\r\n");
        let answer = ada.patch(&format!("/coder/{}/mentor", ada.id), json!({"mentorId": bob.id})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer = bob.get("/userinfo/ada").await;
        assert_eq!(answer.body["mentor"], "Bob");
        let (statements, answer) = app.statements(bob.graphql("{ mentors { nodes { coders { nodes { snippets { nodes { id } } } } } } }")).await;
        assert_eq!(answer.data()["mentors"]["nodes"][0]["coders"]["nodes"][0]["snippets"]["nodes"][0]["id"], "snippet_1");
        assert_eq!(statements, 3);
        bob.get("/snippet/x").await.assert_rest_error(404);
    }
}
