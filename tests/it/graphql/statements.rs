//! How many SQL statements a query takes: as many as its shape has levels, however many rows.

use funcster_api::auth::Permission;
use serde_json::json;

use super::{recorder::Recorder, rows};
use crate::support::{App, Person};

/// Queries, each with the number of statements that it takes.
const SHAPES: [(&str, usize); 14] = [
    ("{ __typename }", 0),
    ("{ mentors { nodes { id } } }", 1),
    ("{ mentors(first: 100) { nodes { coders(first: 100) { nodes { snippets { nodes { name } } } } } } }", 3),
    // A count more for each level that asks for one.
    (
        "{ mentors(first: 100) { totalCount nodes { coders(first: 100) { nodes { \
         snippets { nodes { name } } } } } } }",
        4,
    ),
    (
        "{ mentors(first: 100) { totalCount nodes { coders(first: 100) { totalCount nodes { \
         snippets { nodes { name } } } } } } }",
        5,
    ),
    (
        "{ mentors(first: 100) { totalCount nodes { coders(first: 100) { totalCount nodes { \
         snippets { totalCount nodes { name } } } } } } }",
        6,
    ),
    // The same page by its edges, and with its cursors.
    (
        "{ mentors(first: 100) { edges { cursor node { \
         coders { pageInfo { hasNextPage endCursor } edges { cursor node { \
         snippets(last: 2) { pageInfo { hasPreviousPage } edges { cursor node { code comments } } } \
         } } } } } } }",
        3,
    ),
    // Up again by the references that rows have to one another.
    ("{ coders(first: 100) { nodes { mentor { username } } } }", 2),
    ("{ coders(first: 100) { nodes { snippets { nodes { coder { mentor { username } } } } } } }", 4),
    ("{ coders(first: 100) { nodes { mentor { coders { nodes { mentor { username } } } } } } }", 3),
    // The same list twice is one statement, two lists are two.
    ("{ a: coders(first: 100) { nodes { snippets { nodes { id } } b: snippets { nodes { name } } } } }", 2),
    (
        "{ coders(first: 100) { nodes { a: snippets(needsReview: true) { nodes { id } } \
         b: snippets(needsReview: false) { nodes { id } } } } }",
        3,
    ),
    ("{ availableCoders(first: 100) { totalCount nodes { snippets { totalCount nodes { id } } } } }", 4),
    ("{ coders { totalCount nodes { id } } mentors { totalCount nodes { id } } }", 4),
];

/// A server that does not mind how many objects a query could come to.
async fn unlimited(app: &App) -> App {
    app.another(|config| config.limits.graphql.nodes = u32::MAX).await
}

async fn assert_counts(app: &App, reader: &Person<'_>, when: &str) {
    for (query, expected) in SHAPES {
        let (statements, answer) = app.statements(reader.graphql(query)).await;
        answer.data();
        assert_eq!(statements, expected, "{when}: {query}");
    }
}

/// Each mentor with three coders, each coder with three snippets, and as many coders without mentors.
async fn fill(app: &App, mentors: usize) -> [Vec<i32>; 3] {
    let mentors = rows::mentors(app, mentors).await;
    let coders =
        rows::coders_of(app, &mentors.iter().flat_map(|id| [Some(*id); 3]).collect::<Vec<_>>()).await;
    let snippets = rows::snippets(app, &coders.iter().flat_map(|id| [*id; 3]).collect::<Vec<_>>()).await;
    let available = rows::coders(app, mentors.len(), None).await;
    rows::snippets(app, &available).await;
    [mentors, coders, snippets]
}

on_both_databases! {
    async fn a_query_takes_as_many_statements_for_two_hundred_parents_as_for_two(app: App) {
        let app = &unlimited(app).await;
        let reader = app.coder("eve").await.with_permissions(&Permission::ALL);
        // With the first request the server learns whose token it is.
        reader.graphql("{ viewer { id } }").await.data();
        fill(app, 2).await;
        assert_counts(app, &reader, "two").await;
        let [mentors, coders, snippets] = fill(app, 198).await;
        assert_counts(app, &reader, "two hundred").await;

        let query =
            "query($ids: [ID!]!) { nodes(ids: $ids) { ... on User { username } ... on Snippet { name } } }";
        for (each, expected) in [(1, 3), (30, 3)] {
            let ids: Vec<_> = [("mentor", &mentors), ("coder", &coders), ("snippet", &snippets)]
                .iter()
                .flat_map(|(kind, numbers)| {
                    numbers[..each].iter().map(move |number| format!("{kind}_{number}"))
                })
                .collect();
            let (statements, answer) =
                app.statements(reader.graphql_with(query, json!({ "ids": ids }))).await;
            assert_eq!(answer.data()["nodes"].as_array().map(Vec::len), Some(3 * each));
            assert_eq!(statements, expected, "{each} of each");
        }
    }

    /// Whichever of the two the database answers first.
    async fn what_hangs_below_two_fields_is_read_together(app: App) {
        let [_, coders, snippets] = fill(app, 20).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let two_lists = "{ a: coders(first: 50) { nodes { snippets { nodes { id } } } } \
                         b: coders(last: 1) { nodes { snippets { nodes { id } } } } }";
        let two_snippets = format!(
            "{{ a: snippet(id: {}) {{ coder {{ username }} }} \
                b: snippet(id: {}) {{ coder {{ username }} }} }}",
            snippets[0],
            snippets[snippets.len() - 1]
        );
        let list_and_node = format!(
            "{{ coders(first: 50) {{ nodes {{ snippets {{ nodes {{ id }} }} }} }} \
                node(id: \"coder_{}\") {{ ... on Coder {{ snippets {{ nodes {{ id }} }} }} }} }}",
            coders[0]
        );
        // A token without an account is looked up each time.
        for (query, expected) in [(two_lists, 3), (&two_snippets, 2), (&list_and_node, 3)] {
            let mut counts = Vec::new();
            for _ in 0..20 {
                let (statements, answer) = app.statements(reader.graphql(query)).await;
                answer.data();
                counts.push(statements - 1);
            }
            assert_eq!(counts, [expected; 20], "{query}");
        }
    }

    async fn the_answer_to_a_hundred_parents_has_all_their_children(app: App) {
        let app = &unlimited(app).await;
        fill(app, 101).await;
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let (query, _) = SHAPES[2];
        let answer = reader.graphql(query).await;
        let mentors = answer.data()["mentors"]["nodes"].as_array().expect("a list");
        let coders: Vec<_> =
            mentors.iter().flat_map(|mentor| mentor["coders"]["nodes"].as_array().expect("a list")).collect();
        let snippets = coders.iter().flat_map(|coder| coder["snippets"]["nodes"].as_array().expect("a list"));
        assert_eq!((mentors.len(), coders.len(), snippets.count()), (100, 300, 900));
    }

    async fn one_snippet_is_one_statement_once_the_account_is_known(app: App) {
        let ada = app.coder("ada").await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let query = format!("{{ snippet(id: {id}) {{ name code }} }}");
        let (first, _) = app.statements(ada.graphql(&query)).await;
        let (second, answer) = app.statements(ada.graphql(&query)).await;
        assert_eq!(answer.data()["snippet"]["code"], "print()");
        assert_eq!((first, second), (2, 1));
    }

    async fn whoever_is_reached_by_two_paths_is_read_once(app: App) {
        let ada = app.coder("ada").await;
        let ids = rows::snippets(app, &[ada.id; 2]).await;
        ada.graphql("{ viewer { id } }").await.data();
        for (query, expected) in [
            ("{ a: viewer { username } b: viewer { id username } }".to_owned(), 1),
            (
                format!(
                    "{{ viewer {{ username }} node(id: \"coder_{}\") {{ ... on User {{ username }} }} }}",
                    ada.id
                ),
                1,
            ),
            // Both snippets, and their owner.
            (
                format!(
                    "{{ viewer {{ username }} a: snippet(id: {}) {{ coder {{ username }} }} \
                        b: snippet(id: {}) {{ coder {{ username }} }} }}",
                    ids[0], ids[1]
                ),
                2,
            ),
        ] {
            let (statements, answer) = app.statements(ada.graphql(&query)).await;
            assert!(!answer.data().to_string().contains("null"), "{}", answer.body);
            assert_eq!(statements, expected, "{query}");
        }
    }

    async fn the_long_texts_are_read_only_where_they_are_selected(app: App) {
        let ada = app.coder("ada").await;
        rows::snippets(app, &[ada.id; 2]).await;
        let recorder = Recorder::start(app).await;
        for (selection, code, comments) in [
            ("totalCount", false, false),
            ("nodes { name version }", false, false),
            ("pageInfo { endCursor }", false, false),
            ("nodes { code }", true, false),
            ("edges { node { comments } }", false, true),
            ("nodes { name } edges { node { code text: comments } }", true, true),
        ] {
            let query = format!("{{ viewer {{ ... on Coder {{ snippets {{ {selection} }} }} }} }}");
            let (answer, read) = recorder.graphql(&ada, &query).await;
            answer.data();
            let read: Vec<_> = read.into_iter().map(|statement| statement.sql).collect();
            let snippets: Vec<_> = read.iter().filter(|sql| sql.contains("\"snippets\"")).collect();
            assert!(!snippets.is_empty(), "{selection}: {read:?}");
            for (column, expected) in [("\"code\"", code), ("\"comments\"", comments)] {
                assert_eq!(
                    snippets.iter().any(|sql| sql.contains(column)),
                    expected,
                    "{selection}: {snippets:?}"
                );
            }
        }
        recorder.db.close().await.expect("the pool closes");
    }
}
