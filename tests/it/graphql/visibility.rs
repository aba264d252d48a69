//! Whose snippets who sees, however they are reached.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::{refusal::refusal, rows};
use crate::support::{App, Person};

const PEOPLE: [Permission; 2] = [Permission::GetUserinfo, Permission::GetMentors];

/// How many of Ada's three snippets somebody sees, by each way to look at them; one of the three
/// does not ask for review.
async fn seen(person: &Person<'_>) -> usize {
    let query = "{ userinfo(username: \"ada\") { ... on Coder { \
                 all: snippets { totalCount nodes { name } edges { node { name } } \
                 pageInfo { hasNextPage startCursor } } \
                 flagged: snippets(needsReview: true) { totalCount nodes { name } } \
                 others: snippets(needsReview: false, last: 1) { totalCount nodes { name } \
                 pageInfo { hasPreviousPage } } \
                 } } }";
    let answer = person.graphql(query).await;
    let ada = &answer.data()["userinfo"];
    let length = |list: &str, items: &str| ada[list][items].as_array().expect("a list").len();
    let all = length("all", "nodes");
    assert_eq!(length("all", "edges"), all);
    assert_eq!(ada["all"]["totalCount"], all);
    assert_eq!(ada["all"]["pageInfo"]["hasNextPage"], false);
    assert_eq!(ada["all"]["pageInfo"]["startCursor"].is_null(), all == 0);
    assert_eq!(ada["flagged"]["totalCount"], length("flagged", "nodes"));
    assert_eq!(ada["others"]["totalCount"], length("others", "nodes"));
    assert_eq!(ada["others"]["pageInfo"]["hasPreviousPage"], false);
    assert_eq!(length("flagged", "nodes") + length("others", "nodes"), all);
    all
}

on_both_databases! {
    async fn a_library_is_open_to_its_owner_their_mentor_and_holders_of_get_coders(app: App) {
        let ada = app.coder("ada").await;
        let eve = app.coder("eve").await;
        let bob = app.mentor("bob").await;
        let mallory = app.mentor("mallory").await;
        bob.take_on(&ada).await;
        bob.take_on(&eve).await;
        rows::snippets(app, &[ada.id; 3]).await;
        rows::snippets(app, &[eve.id]).await;
        let reader = [Permission::GetUserinfo, Permission::GetCoders];
        for (who, person, number) in [
            ("the owner", ada.with_permissions(&PEOPLE), 3),
            ("the mentor", bob.with_permissions(&PEOPLE), 3),
            ("another coder of the mentor's", eve.with_permissions(&PEOPLE), 0),
            ("another mentor", mallory.with_permissions(&PEOPLE), 0),
            ("a token without an account", app.bearer("auth0|stranger", &PEOPLE), 0),
            ("a mentor with the permission", mallory.with_permissions(&reader), 3),
            ("a coder with the permission", eve.with_permissions(&reader), 3),
            ("a token with the permission", app.bearer("auth0|reader", &reader), 3),
        ] {
            assert_eq!(seen(&person).await, number, "{who}");
        }
    }

    async fn a_library_goes_with_the_coder_to_their_next_mentor(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await.with_permissions(&[Permission::GetUserinfo, Permission::AddCoder]);
        let eve = app.mentor("eve").await.with_permissions(&[Permission::GetUserinfo, Permission::AddCoder]);
        rows::snippets(app, &[ada.id; 3]).await;
        bob.take_on(&ada).await;
        assert_eq!((seen(&bob).await, seen(&eve).await), (3, 0));
        eve.take_on(&ada).await;
        assert_eq!((seen(&bob).await, seen(&eve).await), (0, 3));
    }

    async fn of_several_libraries_each_is_empty_or_full_for_itself(app: App) {
        let ada = app.coder("ada").await;
        let eve = app.coder("eve").await;
        let bob = app.mentor("bob").await;
        bob.take_on(&ada).await;
        rows::snippets(app, &[ada.id, eve.id, eve.id]).await;
        app.mentor("mallory").await.take_on(&eve).await;
        let query =
            "{ mentors { nodes { coders { nodes { username snippets { totalCount nodes { name } } } } } } }";
        for (person, names) in [
            (ada.with_permissions(&PEOPLE), [("ada", 1), ("eve", 0)]),
            (eve.with_permissions(&PEOPLE), [("ada", 0), ("eve", 2)]),
            (bob.with_permissions(&PEOPLE), [("ada", 1), ("eve", 0)]),
            (bob.clone(), [("ada", 1), ("eve", 2)]),
        ] {
            let answer = person.graphql(query).await;
            let mentors = answer.data()["mentors"]["nodes"].as_array().expect("a list");
            let coders =
                mentors.iter().flat_map(|mentor| mentor["coders"]["nodes"].as_array().expect("a list"));
            let seen: Vec<_> = coders
                .map(|coder| {
                    let nodes = coder["snippets"]["nodes"].as_array().expect("a list").len();
                    assert_eq!(coder["snippets"]["totalCount"], nodes);
                    (coder["username"].as_str().expect("a name"), nodes)
                })
                .collect();
            assert_eq!(seen, names);
        }
    }

    async fn a_hidden_snippet_is_forbidden_by_itself_and_no_permission_is_to_blame(app: App) {
        let ada = app.coder("ada").await;
        let eve = app.coder("eve").await;
        let bob = app.mentor("bob").await;
        let mallory = app.mentor("mallory").await;
        bob.take_on(&ada).await;
        let id = rows::snippets(app, &[ada.id]).await[0];
        let edit = [Permission::EditSnippet];
        let read = [Permission::EditSnippet, Permission::GetCoders];
        for (person, may) in [
            (ada.with_permissions(&edit), true),
            (bob.with_permissions(&edit), true),
            (eve.with_permissions(&edit), false),
            (mallory.with_permissions(&edit), false),
            (app.bearer("auth0|stranger", &edit), false),
            (eve.with_permissions(&read), true),
            (app.bearer("auth0|reader", &read), true),
        ] {
            for field in [format!("snippet(id: {id})"), format!("node(id: \"snippet_{id}\")")] {
                let answer = person.graphql(&format!("{{ field: {field} {{ id }} }}")).await;
                if may {
                    assert_eq!(answer.data(), &json!({ "field": { "id": format!("snippet_{id}") } }));
                } else {
                    assert_eq!(refusal(&answer, "field"), "FORBIDDEN");
                    assert_eq!(answer.error()["extensions"].get("permission"), None::<&Value>);
                }
            }
        }
    }
}
