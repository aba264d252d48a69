use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::{refusal::refusal, rows};
use crate::support::App;

on_both_databases! {
    async fn the_viewer_is_whom_the_token_is_for(app: App) {
        let ada = app.coder("Ada").await;
        let bob = app.mentor("Bob").await;
        let cases = [
            (app.anonymous(), Value::Null),
            (app.bearer("auth0|stranger", &Permission::ALL), Value::Null),
            (
                ada.with_permissions(&[]),
                json!({ "__typename": "Coder", "id": "coder_1", "databaseId": 1, "username": "Ada" }),
            ),
            (
                bob.with_permissions(&[]),
                json!({ "__typename": "Mentor", "id": "mentor_1", "databaseId": 1, "username": "Bob" }),
            ),
        ];
        for (person, viewer) in cases {
            let answer = person.graphql("{ viewer { __typename id databaseId username } }").await;
            assert_eq!((answer.status, answer.data()), (200, &json!({ "viewer": viewer })));
        }
    }

    async fn a_person_is_found_by_name_in_any_case_of_letters(app: App) {
        let ada = app.coder("Ada").await;
        app.mentor("Bob").await;
        for (name, typename, username) in
            [("Ada", "Coder", "Ada"), ("aDA", "Coder", "Ada"), ("BOB", "Mentor", "Bob")]
        {
            let query = format!("{{ userinfo(username: \"{name}\") {{ __typename username }} }}");
            let expected = json!({ "userinfo": { "__typename": typename, "username": username } });
            assert_eq!(ada.graphql(&query).await.data(), &expected, "{name}");
        }
    }

    async fn the_lists_have_everybody_in_the_order_of_their_numbers(app: App) {
        let mentors = rows::mentors(app, 2).await;
        let taken = rows::coders(app, 2, Some(mentors[0])).await;
        let free = rows::coders(app, 2, None).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let answer = reader
            .graphql(
                "{ coders { nodes { databaseId } } availableCoders { nodes { databaseId mentor { id } } } \
                   mentors { nodes { databaseId coders { nodes { databaseId } } } } }",
            )
            .await;
        let ids = |ids: &[i32]| ids.iter().map(|id| json!({ "databaseId": id })).collect::<Vec<_>>();
        assert_eq!(answer.data()["coders"]["nodes"], json!([ids(&taken), ids(&free)].concat()));
        assert_eq!(
            answer.data()["availableCoders"]["nodes"],
            json!([{ "databaseId": free[0], "mentor": null }, { "databaseId": free[1], "mentor": null }])
        );
        assert_eq!(
            answer.data()["mentors"]["nodes"],
            json!([
                { "databaseId": mentors[0], "coders": { "nodes": ids(&taken) } },
                { "databaseId": mentors[1], "coders": { "nodes": [] } },
            ])
        );
    }

    async fn a_snippet_has_all_its_fields_and_its_owner_with_their_mentor(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        ada.graphql(&format!(
            "mutation {{ selectMentor(input: {{ mentorId: {} }}) {{ coder {{ id }} }} }}",
            bob.id
        ))
        .await
        .data();
        let id = rows::snippets(app, &[ada.id]).await[0];
        let query = format!(
            "{{ snippet(id: {id}) {{ id databaseId name code needsReview comments version \
                createdAt updatedAt coder {{ username mentor {{ username }} }} }} }}"
        );
        let mut answer = ada.graphql(&query).await.data()["snippet"].clone();
        for stamp in ["createdAt", "updatedAt"] {
            let time = answer[stamp].take();
            let time = chrono::DateTime::parse_from_rfc3339(time.as_str().expect("a string"));
            let age = chrono::Utc::now().signed_duration_since(time.expect("a time by RFC 3339"));
            assert!((0..60).contains(&age.num_seconds()), "{stamp} is {age} ago");
        }
        let expected = json!({
            "id": format!("snippet_{id}"), "databaseId": id, "name": "Snippet 0", "code": "print()",
            // The row has none: old ones hold a null.
            "comments": "",
            "needsReview": true, "version": 1, "createdAt": null, "updatedAt": null,
            "coder": { "username": "ada", "mentor": { "username": "bob" } },
        });
        assert_eq!(answer, expected);
    }

    async fn an_argument_of_a_known_type_takes_the_global_id_and_the_bare_number(app: App) {
        let ada = app.coder("ada").await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let expected = json!({ "snippet": { "databaseId": id } });
        for literal in [format!("\"snippet_{id}\""), format!("\"{id}\""), id.to_string()] {
            let answer = ada.graphql(&format!("{{ snippet(id: {literal}) {{ databaseId }} }}")).await;
            assert_eq!(answer.data(), &expected, "{literal}");
        }
        for value in [json!(format!("snippet_{id}")), json!(id.to_string()), json!(id)] {
            let query = "query($id: ID!) { snippet(id: $id) { databaseId } }";
            assert_eq!(ada.graphql_with(query, json!({ "id": value })).await.data(), &expected, "{value}");
        }
    }

    async fn what_does_not_exist_is_null_with_not_found(app: App) {
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        for field in [
            r#"userinfo(username: "nobody") { id }"#,
            "snippet(id: 99) { id }",
            r#"snippet(id: "snippet_99") { id }"#,
            r#"node(id: "coder_99") { id }"#,
            r#"node(id: "mentor_99") { id }"#,
            r#"node(id: "snippet_99") { id }"#,
            r#"node(id: "user_1") { id }"#,
        ] {
            let answer = reader.graphql(&format!("{{ missing: {field} viewer {{ id }} }}")).await;
            assert_eq!(refusal(&answer, "missing"), "NOT_FOUND", "{field}");
        }
    }
}
