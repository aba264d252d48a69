//! What an operation may ask for, by the operator's limits.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::{refusal::blamed, rows};
use crate::support::{Answer, App};

#[track_caller]
fn assert_refused(answer: &Answer, code: &str, of: &str) {
    assert_eq!((answer.status, answer.body.get("data")), (200, None), "{of}: {}", answer.body);
    assert_eq!(answer.code(), code, "{of}");
}

on_both_databases! {
    async fn an_operation_may_come_to_its_limits_and_no_further(app: App) {
        let app = app
            .another(|config| {
                let limits = &mut config.limits.graphql;
                (limits.depth, limits.nodes, limits.aliases, limits.tokens, limits.directives) =
                    (4, 60, 2, 40, 2);
            })
            .await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let fields = |count| ["id", "username"].into_iter().cycle().take(count).collect::<Vec<_>>().join(" ");
        for (of, most, too_much, code) in [
            (
                "levels",
                "{ mentors(first: 1) { nodes { coders { totalCount } } } }".to_owned(),
                "{ mentors(first: 1) { nodes { coders(first: 1) { nodes { id } } } } }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "levels in fragments",
                "{ ...F } fragment F on Query { ...G } \
                 fragment G on Query { coders { nodes { mentor { id } } } }"
                    .to_owned(),
                "{ mentors(first: 1) { nodes { ...F } } } \
                 fragment F on Mentor { coders(first: 1) { nodes { id } } }"
                    .to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "objects",
                "{ mentors(first: 60) { nodes { id } } }".to_owned(),
                "{ mentors(first: 60) { nodes { id } } viewer { id } }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "objects of objects",
                "{ coders(last: 30) { nodes { mentor { id } } } }".to_owned(),
                "{ coders(last: 31) { edges { node { mentor { id } } } } }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "aliases",
                "{ a: viewer { b: id } }".to_owned(),
                "{ a: viewer { ...F ...F } } fragment F on User { b: id }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "directives",
                "{ viewer { id @skip(if: false) @include(if: true) } }".to_owned(),
                "{ viewer { id @skip(if: false) @include(if: true) @specifiedBy(url: \"\") } }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "tokens",
                format!("{{ viewer {{ {} }} }} # comments and commas,, do not count", fields(35)),
                format!("{{ viewer {{ {} }} }}", fields(36)),
                "GRAPHQL_PARSE_FAILED",
            ),
        ] {
            let answer = reader.graphql(&most).await;
            assert_eq!(answer.body.get("errors"), None, "{of}: {}", answer.body);
            assert_refused(&reader.graphql(&too_much).await, code, of);
        }
    }

    async fn a_page_size_counts_however_it_is_given(app: App) {
        // Each asks for 20 mentors with 100 coders each, who have 100 snippets each.
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let lists =
            "mentors { nodes { coders(first: $n) { nodes { snippets(last: $n) { nodes { name } } } } } }";
        for (query, variables) in [
            (format!("{{ {} }}", lists.replace("$n", "100")), Value::Null),
            (format!("query($n: Int) {{ {lists} }}"), json!({ "n": 100 })),
            (format!("query($n: Int = 100) {{ {lists} }}"), Value::Null),
            (format!("query($n: Int! = 1) {{ {lists} }}"), json!({ "n": 100 })),
        ] {
            assert_refused(
                &reader.graphql_with(&query, variables).await,
                "GRAPHQL_VALIDATION_FAILED",
                &query,
            );
        }
        for (query, variables) in [
            (format!("query($n: Int) {{ {lists} }}"), json!({})),
            (format!("query($n: Int = 100) {{ {lists} }}"), json!({ "n": 2 })),
        ] {
            reader.graphql_with(&query, variables).await.data();
        }
    }

    async fn every_id_that_is_asked_for_counts(app: App) {
        let mentors = rows::mentors(app, 1).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Mentor { \
                     coders(first: 30) { nodes { snippets(first: 100) { nodes { name } } } } } } }";
        let ids = |count: usize| json!({ "ids": vec![format!("mentor_{}", mentors[0]); count] });
        reader.graphql_with(query, ids(10)).await.data();
        let answer = reader.graphql_with(query, ids(100)).await;
        assert!(answer.body.get("data").is_none(), "a hundred mentors were read");
        assert_refused(&answer, "GRAPHQL_VALIDATION_FAILED", "a hundred");
    }

    async fn the_operator_says_how_long_a_page_may_be(app: App) {
        let app = app.another(|config| config.limits.graphql.page_size = 3).await;
        rows::mentors(&app, 5).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        for (arguments, length) in [("", 3), ("(first: 3)", 3), ("(last: 2)", 2)] {
            let answer =
                reader.graphql(&format!("{{ mentors{arguments} {{ totalCount nodes {{ id }} }} }}")).await;
            let mentors = &answer.data()["mentors"];
            assert_eq!(
                (mentors["nodes"].as_array().map(Vec::len), &mentors["totalCount"]),
                (Some(length), &json!(5))
            );
        }
        for (arguments, field) in [("first: 4", "first"), ("last: 4", "last")] {
            let answer = reader.graphql(&format!("{{ mentors({arguments}) {{ totalCount }} }}")).await;
            assert_eq!(blamed(&answer), field);
        }
    }
}
