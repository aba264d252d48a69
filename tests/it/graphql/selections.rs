//! Ways to select the same things: aliases, fragments, directives, variables.

use funcster_api::auth::Permission;
use serde_json::json;

use super::rows;
use crate::support::App;

on_both_databases! {
    async fn a_field_can_be_asked_for_twice_under_two_names(app: App) {
        let ada = app.coder("ada").await;
        let ids = rows::snippets(app, &[ada.id; 3]).await;
        let query = format!(
            "{{ one: snippet(id: {}) {{ name }} two: snippet(id: {}) {{ name }} \
                three: snippet(id: {}) {{ title: name }} viewer {{ ... on Coder {{ \
                start: snippets(first: 1) {{ nodes {{ id }} }} \
                end: snippets(last: 1) {{ nodes {{ id }} }} }} }} }}",
            ids[0], ids[1], ids[2]
        );
        let expected = json!({
            "one": { "name": "Snippet 0" },
            "two": { "name": "Snippet 1" },
            "three": { "title": "Snippet 2" },
            "viewer": {
                "start": { "nodes": [{ "id": format!("snippet_{}", ids[0]) }] },
                "end": { "nodes": [{ "id": format!("snippet_{}", ids[2]) }] },
            },
        });
        assert_eq!(ada.graphql(&query).await.data(), &expected);
        let query = "{ viewer { ... on Coder { \
                     snippets(first: 1) { totalCount } snippets(last: 1) { totalCount } } } }";
        let answer = ada.graphql(query).await;
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(answer.body.get("data"), None);
    }

    async fn objects_of_which_directives_leave_nothing_are_empty(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        bob.take_on(&ada).await;
        rows::snippets(app, &[ada.id]).await;
        let reader = bob.with_permissions(&Permission::ALL);
        for (query, expected) in [
            ("coders { nodes { GONE } }", json!({ "coders": { "nodes": [{}] } })),
            ("coders { nodes { ... { GONE } } }", json!({ "coders": { "nodes": [{}] } })),
            ("coders { edges { GONE } }", json!({ "coders": { "edges": [{}] } })),
            ("coders { edges { node { GONE } } }", json!({ "coders": { "edges": [{ "node": {} }] } })),
            ("coders { nodes { mentor { GONE } } }", json!({ "coders": { "nodes": [{ "mentor": {} }] } })),
            ("coders { nodes { snippets { GONE } } }", json!({ "coders": { "nodes": [{ "snippets": {} }] } })),
            (
                "coders { nodes { username snippets { nodes { GONE } } } }",
                json!({ "coders": { "nodes": [{ "username": "ada", "snippets": { "nodes": [{}] } }] } }),
            ),
            (
                "mentors { nodes { coders { nodes { username } pageInfo { GONE } } } }",
                json!({ "mentors": { "nodes": [{ "coders": { "nodes": [{ "username": "ada" }], "pageInfo": {} } }] } }),
            ),
        ] {
            let query = format!("{{ {} }}", query.replace("GONE", "__typename @skip(if: true)"));
            assert_eq!(reader.graphql(&query).await.data(), &expected, "{query}");
        }
    }

    async fn code_and_comments_are_read_however_they_are_selected(app: App) {
        let ada = app.coder("ada").await;
        let store = "mutation { createSnippet(input: { name: \"a\", code: \"b\", comments: \"c\" }) { \
                     snippet { id } } }";
        ada.graphql(store).await.data();
        let texts = json!({ "code": "b", "comments": "c" });
        let nodes = json!({ "nodes": [texts] });
        for (selection, expected) in [
            ("nodes { code comments }", nodes.clone()),
            ("edges { node { code comments } }", json!({ "edges": [{ "node": texts }] })),
            (
                "nodes { name } nodes { code comments }",
                json!({ "nodes": [{ "name": "a", "code": "b", "comments": "c" }] }),
            ),
            (
                "nodes { id: code } edges { node { id: comments } }",
                json!({
                    "nodes": [{ "id": "b" }], "edges": [{ "node": { "id": "c" } }],
                }),
            ),
            ("list: nodes { code comments }", json!({ "list": [texts] })),
            (
                "nodes { name } list: nodes { code comments }",
                json!({ "nodes": [{ "name": "a" }], "list": [texts] }),
            ),
            ("edges { it: node { code comments } }", json!({ "edges": [{ "it": texts }] })),
            (
                "edges { node { name } it: node { code comments } }",
                json!({
                    "edges": [{ "node": { "name": "a" }, "it": texts }],
                }),
            ),
            ("nodes { ...T }", nodes.clone()),
            ("...C", nodes.clone()),
            ("nodes { ... { code comments } }", nodes.clone()),
            ("nodes { ... on Node { ... on Snippet { code comments } } }", nodes.clone()),
            ("nodes { code @include(if: $yes) comments @skip(if: $no) }", nodes.clone()),
            ("nodes { ...T @include(if: $yes) }", nodes.clone()),
        ] {
            let query = format!(
                "query($yes: Boolean!, $no: Boolean!) {{ viewer {{ id @include(if: $no) @skip(if: $yes) \
                    ... on Coder {{ snippets {{ {selection} }} }} ...Unused @include(if: $no) }} }} \
                 fragment T on Snippet {{ code comments }} \
                 fragment C on SnippetConnection {{ nodes {{ ...T }} }} \
                 fragment Unused on Coder {{ snippets {{ ...C @include(if: $no) }} }}"
            );
            let answer = ada.graphql_with(&query, json!({ "yes": true, "no": false })).await;
            assert_eq!(answer.data()["viewer"]["snippets"], expected, "{selection}");
        }
        // The connection itself can be selected in pieces.
        let query = "{ viewer { ... on Coder { snippets { nodes { name } } } } \
                     viewer { ... on Coder { snippets { nodes { code comments } } } } }";
        let nodes = json!([{ "name": "a", "code": "b", "comments": "c" }]);
        assert_eq!(ada.graphql(query).await.data()["viewer"]["snippets"]["nodes"], nodes);
    }

    async fn what_is_skipped_or_not_included_is_not_there(app: App) {
        let ada = app.coder("ada").await;
        let query = "query($yes: Boolean!, $no: Boolean!) { viewer { \
                     a: username @include(if: $yes) b: username @include(if: $no) \
                     c: username @skip(if: $yes) d: username @skip(if: $no) \
                     e: username @include(if: $yes) @skip(if: $yes) \
                     f: username @include(if: true) @skip(if: false) \
                     ...G @include(if: $yes) ...H @include(if: $no) \
                     ... on User @skip(if: $yes) { i: username } ... @skip(if: $no) { j: username } } \
                     missing: snippet(id: 99) @skip(if: $yes) { id } } \
                     fragment G on User { g: username } fragment H on User { h: username }";
        let answer = ada.graphql_with(query, json!({ "yes": true, "no": false })).await;
        let kept: Vec<_> = answer.data()["viewer"].as_object().expect("an object").keys().collect();
        assert_eq!(kept, ["a", "d", "f", "g", "j"]);
        assert_eq!(answer.data().get("missing"), None);
        let answer = ada.graphql("{ viewer @skip(if: true) { username } }").await;
        assert_eq!((answer.status, &answer.body), (200, &json!({ "data": {} })));
    }

    async fn a_directive_goes_by_the_default_of_its_variable(app: App) {
        let ada = app.coder("ada").await;
        let query = "query($yes: Boolean! = true, $no: Boolean = false) { viewer { \
                     a: username @include(if: $yes) b: username @skip(if: $yes) \
                     ... on User @include(if: $yes) { c: id } \
                     d: username @include(if: $no) e: username @skip(if: $no) ...F @skip(if: $yes) } } \
                     fragment F on User { f: id }";
        for (variables, expected) in [
            (json!({}), ["a", "c", "e"]),
            (json!({ "yes": true, "no": false }), ["a", "c", "e"]),
            (json!({ "yes": false, "no": true }), ["b", "d", "f"]),
        ] {
            let answer = ada.graphql_with(query, variables.clone()).await;
            let kept: Vec<_> = answer.data()["viewer"].as_object().expect("an object").keys().collect();
            assert_eq!(kept, expected, "{variables}");
        }
    }

    async fn an_interface_tells_its_type_and_takes_fragments_on_all_that_it_may_be(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let snippet = rows::snippets(app, &[ada.id]).await[0];
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Node { id } \
                     ... on User { username databaseId } ... on Coder { mentor { id } } \
                     ... on Mentor { coders { totalCount } } ... on Snippet { name coder { __typename } } } \
                     viewer { __typename ... on Node { __typename id } } }";
        let ids = [ada.global_id(), bob.global_id(), format!("snippet_{snippet}")];
        let expected = json!({
            "nodes": [
                { "__typename": "Coder", "id": ids[0], "username": "ada", "databaseId": 1, "mentor": null },
                { "__typename": "Mentor", "id": ids[1], "username": "bob", "databaseId": bob.id,
                  "coders": { "totalCount": 0 } },
                { "__typename": "Snippet", "id": ids[2], "name": "Snippet 0",
                  "coder": { "__typename": "Coder" } },
            ],
            "viewer": { "__typename": "Coder", "id": ids[0] },
        });
        assert_eq!(ada.graphql_with(query, json!({ "ids": ids })).await.data(), &expected);
    }

    async fn every_type_tells_its_name(app: App) {
        let ada = app.coder("ada").await;
        let query = "mutation { __typename createSnippet(input: { name: \"a\", code: \"b\" }) { __typename \
                     snippet { __typename coder { __typename snippets { __typename \
                     edges { __typename node { __typename } } pageInfo { __typename } } } } } }";
        let name = |name: &str| json!({ "__typename": name });
        let snippets = json!({
            "__typename": "SnippetConnection",
            "edges": [{ "__typename": "SnippetEdge", "node": name("Snippet") }],
            "pageInfo": name("PageInfo"),
        });
        let snippet =
            json!({ "__typename": "Snippet", "coder": { "__typename": "Coder", "snippets": snippets } });
        let payload = json!({ "__typename": "CreateSnippetPayload", "snippet": snippet });
        let expected = json!({ "__typename": "Mutation", "createSnippet": payload });
        assert_eq!(ada.graphql(query).await.data(), &expected);
        assert_eq!(ada.graphql("{ __typename }").await.data(), &json!({ "__typename": "Query" }));
    }

    async fn a_variable_that_is_left_out_counts_as_left_out(app: App) {
        let ada = app.coder("ada").await;
        rows::snippets(app, &[ada.id; 3]).await;
        let query = "query($first: Int, $two: Int = 2, $flag: Boolean) { viewer { ... on Coder { \
                     all: snippets(first: $first, needsReview: $flag) { nodes { id } } \
                     some: snippets(first: $two) { nodes { id } } } } }";
        for (variables, all, some) in [
            (json!({}), 3, 2),
            (json!(null), 3, 2),
            (json!({ "first": null, "flag": null }), 3, 2),
            (json!({ "first": 1, "two": 1 }), 1, 1),
            (json!({ "flag": false, "unknown": true }), 1, 2),
        ] {
            let answer = ada.graphql_with(query, variables.clone()).await;
            let length = |list: &str| answer.data()["viewer"][list]["nodes"].as_array().map(Vec::len);
            assert_eq!((length("all"), length("some")), (Some(all), Some(some)), "{variables}");
        }
        // Left out in favour of the default that the field has.
        let query = "mutation($flag: Boolean, $text: String) { createSnippet(input: { \
                     name: \"a\", code: \"b\", comments: $text, needsReview: $flag }) { \
                     snippet { needsReview comments } } }";
        for (variables, snippet) in [
            (json!({}), json!({ "needsReview": false, "comments": "" })),
            (json!({ "flag": true, "text": "c" }), json!({ "needsReview": true, "comments": "c" })),
        ] {
            let answer = ada.graphql_with(query, variables).await;
            assert_eq!(answer.data()["createSnippet"]["snippet"], snippet);
        }
    }
}

/// An object that is selected twice has to be merged, and then the executor makes all lists.
const MERGED: &str = "viewer { id } viewer { username }";

on_both_databases! {
    async fn lists_that_are_written_at_once_are_what_the_executor_makes_of_them(app: App) {
        let bob = app.mentor("bob").await;
        app.mentor("idle").await;
        let zoe = app.mentor("zoe").await;
        let [ada, eve, joe] = [app.coder("ada").await, app.coder("eve").await, app.coder("joe").await];
        for (coder, mentor) in [(&ada, &bob), (&eve, &bob), (&joe, &zoe)] {
            mentor.take_on(coder).await;
        }
        for (name, code, needs_review) in
            [("a \"quoted\" \\ name", "tab\t\r\n\u{7f}\u{2028}", true), ("ü 🦀", "print('\u{1}')", false)]
        {
            let input = json!({ "name": name, "code": code, "needsReview": needs_review, "comments": "</script>" });
            let store = "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { id } } }";
            for coder in [&ada, &joe] {
                coder.graphql_with(store, json!({ "input": input })).await.data();
            }
        }
        for selection in [
            "mentors { nodes { id databaseId username coders { nodes { id username snippets { nodes { \
             id databaseId name code needsReview comments version createdAt updatedAt } } } } } }",
            "mentors { edges { cursor node { __typename coders(first: 1) { __typename pageInfo { hasNextPage \
             hasPreviousPage startCursor endCursor } edges { __typename cursor node { name: username \
             snippets(last: 1) { pageInfo { hasPreviousPage } edges { node { code } } } } } } } } }",
            "mentors { nodes { coders { nodes { username } edges { one: node { snippets { nodes { id name } } } \
             cursor other: node { last: snippets(last: 1) { edges { node { id } } } } } } } }",
            "coders { nodes { ...Named snippets(first: 0) { nodes { id } } } }",
            "coders { nodes { flagged: snippets(needsReview: true) { nodes { id ...Text } } \
             rest: snippets(needsReview: false) { nodes { ... on Snippet { ...Text } } edges { node { id } } } } }",
            "coders { totalCount nodes { snippets { totalCount nodes { id } } } }",
            "coders { nodes { id id ...Named mentor { username coders { nodes { username } } } } }",
            "coders { nodes { id @include(if: true) ... on Node { id } } }",
            "availableCoders { nodes { id } pageInfo { endCursor } }",
            "availableCoders { nodes { snippets(first: 101) { nodes { id } } } }",
        ] {
            let fragments = format!(
                "{} {}",
                if selection.contains("...Named") { "fragment Named on Coder { id username __typename }" } else { "" },
                if selection.contains("...Text") { "fragment Text on Snippet { name code }" } else { "" },
            );
            let written = bob.graphql(&format!("{{ {selection} }} {fragments}")).await;
            let mut made = bob.graphql(&format!("{{ {selection} {MERGED} }} {fragments}")).await.data().clone();
            let members = made.as_object_mut().expect("an object");
            assert_eq!(members.remove("viewer").expect("the viewer")["username"], "bob");
            assert_eq!(written.data(), &made, "{selection}");
        }
    }

    async fn what_is_wrong_with_a_page_below_a_list_is_told_with_its_place(app: App) {
        app.mentor("alone").await;
        let bob = app.mentor("bob").await;
        let ada = app.coder("ada").await;
        bob.take_on(&ada).await;
        let deep = "{ mentors { nodes { coders { nodes { snippets(last: -1) { nodes { id } } } } } } }";
        let path = &bob.graphql(deep).await.body["errors"][0]["path"];
        assert_eq!(path, &json!(["mentors", "nodes", 1, "coders", "nodes", 0, "snippets"]));
        let query = "{ mentors { nodes { username } } coders { nodes { snippets(first: 101) { nodes { id } } } } }";
        let answer = bob.graphql(query).await;
        assert_eq!(answer.body["data"]["coders"], json!(null));
        assert_eq!(answer.body["data"]["mentors"]["nodes"][1]["username"], "bob");
        let error = &answer.body["errors"][0];
        assert_eq!(error["path"], json!(["coders", "nodes", 0, "snippets"]));
        assert_eq!(error["extensions"], json!({ "code": "BAD_USER_INPUT", "field": "first" }));
        let query = "{ coders { edges { node { snippets(first: 101) { nodes { id } } } } } }";
        let path = &bob.graphql(query).await.body["errors"][0]["path"];
        assert_eq!(path, &json!(["coders", "edges", 0, "node", "snippets"]));
    }
}
