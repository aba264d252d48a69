//! What the GraphQL specification says of a response, where the library has got it wrong before:
//! nulls, and the order of fields.

use funcster_api::auth::Permission;
use serde_json::json;

use super::rows;
use crate::support::{Answer, App};

/// The data as it was written: the order of its keys is lost in a JSON value.
#[track_caller]
fn written(answer: &Answer) -> String {
    answer.data();
    String::from_utf8(answer.bytes.to_vec()).expect("the answer is UTF-8")
}

on_both_databases! {
    async fn a_field_that_fails_is_null_by_itself(app: App) {
        let ada = app.coder("ada").await;
        let query = "{ before: viewer { username } missing: snippet(id: 99) { name } \
                     hidden: coders { totalCount } after: viewer { username } }";
        let answer = ada.graphql(query).await;
        assert_eq!(answer.status, 200);
        let viewer = json!({ "username": "ada" });
        let expected = json!({ "before": viewer, "missing": null, "hidden": null, "after": viewer });
        assert_eq!(answer.body["data"], expected);
        let errors = answer.body["errors"].as_array().expect("errors");
        let mut paths: Vec<_> = errors.iter().map(|error| error["path"].to_string()).collect();
        paths.sort();
        assert_eq!(paths, [r#"["hidden"]"#, r#"["missing"]"#]);
        for error in errors {
            let field = error["path"][0].as_str().expect("a name");
            let column = query.find(field).expect("it is in the query") + 1;
            assert_eq!(error["locations"], json!([{ "line": 1, "column": column }]));
        }
    }

    async fn a_field_that_cannot_be_null_takes_its_parent_with_it_and_no_more(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let query = format!(
            "{{ nodes(ids: [\"{}\", \"{}\"]) {{ ... on Coder {{ id snippets(first: 101) {{ totalCount }} }} \
                ... on Mentor {{ id }} }} \
                userinfo(username: \"ada\") {{ ... on Coder {{ snippets(last: 101) {{ totalCount }} }} }} \
                mentors {{ nodes {{ id }} }} }}",
            ada.global_id(),
            bob.global_id()
        );
        let answer = reader.graphql(&query).await;
        let bob = json!({ "id": bob.global_id() });
        let expected = json!({ "nodes": [null, bob], "userinfo": null, "mentors": { "nodes": [bob] } });
        assert_eq!(answer.body["data"], expected);
        let errors = answer.body["errors"].as_array().expect("errors");
        let mut paths: Vec<_> = errors.iter().map(|error| error["path"].to_string()).collect();
        paths.sort();
        assert_eq!(paths, [r#"["nodes",0,"snippets"]"#, r#"["userinfo","snippets"]"#]);
    }

    async fn a_list_without_nulls_is_null_as_a_whole_when_one_of_its_rows_fails(app: App) {
        rows::mentors(app, 2).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let query = "{ mentors { nodes { coders(first: -1) { totalCount } } } coders { totalCount } }";
        let answer = reader.graphql(query).await;
        assert_eq!(answer.body["data"], json!({ "mentors": null, "coders": { "totalCount": 0 } }));
        for error in answer.body["errors"].as_array().expect("errors") {
            assert_eq!(error["extensions"], json!({ "code": "BAD_USER_INPUT", "field": "first" }));
        }
    }

    async fn fields_come_in_the_order_that_they_are_selected_in(app: App) {
        let ada = app.coder("ada").await;
        for (query, expected) in [
            (
                "{ b: __typename viewer { username id databaseId } a: __typename }",
                r#"{"b":"Query","viewer":{"username":"ada","id":"coder_1","databaseId":1},"a":"Query"}"#,
            ),
            // A fragment's fields stand where it is spread; what was there before stays there.
            (
                "query { viewer { username ...C id ... on User { databaseId username } __typename } } \
                 fragment C on Coder { mentor { id } username }",
                concat!(
                    r#"{"viewer":{"username":"ada","mentor":null,"id":"coder_1","databaseId":1,"#,
                    r#""__typename":"Coder"}}"#
                ),
            ),
            // A slow field does not fall behind a quick one.
            (
                "{ viewer { ... on Coder { snippets { totalCount nodes { id } } username } } a: __typename }",
                r#"{"viewer":{"snippets":{"totalCount":0,"nodes":[]},"username":"ada"},"a":"Query"}"#,
            ),
        ] {
            let answer = ada.graphql(query).await;
            assert_eq!(written(&answer), format!(r#"{{"data":{expected}}}"#), "{query}");
        }
    }

    async fn fields_of_the_same_name_are_merged_at_every_depth(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        ada.graphql(&format!(
            "mutation {{ selectMentor(input: {{ mentorId: {} }}) {{ coder {{ id }} }} }}",
            bob.id
        ))
        .await
        .data();
        rows::snippets(app, &[ada.id; 2]).await;
        let query = "query { viewer { ... on Coder { mentor { username } snippets { nodes { name } } } } \
                     ...Q viewer { username } } \
                     fragment Q on Query { viewer { ... on Coder { mentor { id } \
                     snippets { totalCount nodes { version } } } } }";
        let expected = concat!(
            r#"{"data":{"viewer":{"mentor":{"username":"bob","id":"mentor_1"},"#,
            r#""snippets":{"nodes":[{"name":"Snippet 0","version":1},{"name":"Snippet 1","version":1}],"#,
            r#""totalCount":2},"username":"ada"}}}"#
        );
        assert_eq!(written(&ada.graphql(query).await), expected);
    }

    async fn nulls_of_several_fields_keep_their_places(app: App) {
        let ada = app.coder("ada").await;
        let answer =
            ada.graphql("{ b: snippet(id: 9) { id } viewer { username } a: snippet(id: 9) { id } }").await;
        let text = String::from_utf8(answer.bytes.to_vec()).expect("the answer is UTF-8");
        assert!(text.contains(r#""data":{"b":null,"viewer":{"username":"ada"},"a":null}"#), "{text}");
    }
}
