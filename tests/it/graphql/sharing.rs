//! Requests that come at the same time and share statements: each is answered as if it came alone.

use std::collections::HashSet;

use funcster_api::{auth::Permission, entity::snippet};
use futures_util::future::{join_all, try_join_all};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use super::rows;
use crate::support::{Answer, App, Person};

/// Everybody's view of one snippet and of one person.
fn queries(snippet: i32) -> [String; 3] {
    let library = "{ nodes { id code } }";
    [
        format!("{{ snippet(id: {snippet}) {{ id code coder {{ username }} }} }}"),
        format!("{{ userinfo(username: \"ADA\") {{ ... on Coder {{ username snippets {library} }} }} }}"),
        format!(
            "{{ userinfo(username: \"bob\") {{ ... on Mentor {{ coders {{ nodes {{ username \
             snippets(needsReview: true) {library} }} }} }} }} }}"
        ),
    ]
}

on_both_databases! {
    async fn each_is_answered_as_if_alone(app: App) {
        // All of them come together, whatever a busy machine makes of a line.
        let app = &app.another(|config| config.limits.concurrent_requests = 100).await;
        let (ada, eve) = (app.coder("ada").await, app.coder("eve").await);
        let (bob, mallory) = (app.mentor("bob").await, app.mentor("mallory").await);
        bob.take_on(&ada).await;
        let snippets = rows::snippets(app, &[ada.id, eve.id, ada.id]).await;
        let view = [Permission::GetUserinfo, Permission::EditSnippet];
        let people: Vec<Person<'_>> = vec![
            ada.with_permissions(&view),
            eve.with_permissions(&view),
            bob.with_permissions(&view),
            mallory.with_permissions(&view),
            mallory.with_permissions(&Permission::ALL),
            eve.with_permissions(&[]),
        ];
        let asked: Vec<_> = people
            .iter()
            .flat_map(|person| snippets.iter().map(move |snippet| (person, *snippet)))
            .flat_map(|(person, snippet)| queries(snippet).map(|query| (person, query)))
            .collect();
        let (mut alone, mut statements_alone) = (Vec::new(), 0);
        for (person, query) in &asked {
            let (statements, answer) = app.statements(answer(person, query)).await;
            alone.push(answer);
            statements_alone += statements;
        }
        let together = asked.iter().map(|(person, query)| answer(person, query));
        let (statements, together) = app.statements(join_all(together)).await;
        for (((_, query), together), alone) in asked.iter().zip(together).zip(alone) {
            assert_eq!(together, alone, "{query}");
        }
        assert!(statements * 2 < statements_alone, "{statements} of {statements_alone}");
    }

    async fn each_snippet_is_stored_for_whoever_sent_it(app: App) {
        let people = [app.coder("ada").await, app.coder("bob").await, app.coder("eve").await];
        let sent: Vec<_> = (0..24).map(|n| (&people[n % 3], format!("n = {}", n / 6), n % 2 == 0)).collect();
        for person in &people {
            person.graphql("{ viewer { id } }").await.data();
        }
        let stored = join_all(sent.iter().map(|(person, code, flag)| create(person, code, *flag)));
        let (statements, stored) = app.statements(stored).await;
        assert!(statements < sent.len(), "{statements} statements");
        let mut ids = HashSet::new();
        for ((person, code, flag), answer) in sent.iter().zip(stored) {
            let told = &answer.data()["createSnippet"]["snippet"];
            let expected = json!({ "id": told["id"], "code": code, "needsReview": flag, "version": 1,
                "coder": { "databaseId": person.id } });
            assert_eq!(*told, expected);
            let id = told["id"].as_str().expect("an id").to_owned();
            let query = format!("{{ snippet(id: \"{id}\") {{ {STORED} }} }}");
            assert_eq!(person.graphql(&query).await.data()["snippet"], expected);
            assert!(ids.insert(id));
        }
    }

    async fn a_snippet_that_cannot_be_stored_keeps_no_other_from_it(app: App) {
        let (ada, eve) = (app.coder("ada").await, app.coder("eve").await);
        for person in [&ada, &eve] {
            person.graphql("{ viewer { id } }").await.data();
        }
        let gone = format!("DELETE FROM coders WHERE id = {}", eve.id);
        app.db.execute_unprepared(&gone).await.expect("it is deleted");
        let sent = [&ada, &eve, &ada].map(|person| create(person, "pass", true));
        let [first, second, third] = join_all(sent).await.try_into().expect("three answers");
        assert_eq!(second.code(), "INTERNAL_SERVER_ERROR");
        for answer in [first, third] {
            assert_eq!(answer.data()["createSnippet"]["snippet"]["coder"]["databaseId"], ada.id);
        }
        let library = ada.graphql("{ viewer { ... on Coder { snippets { totalCount } } } }").await;
        assert_eq!(library.data()["viewer"]["snippets"]["totalCount"], 2);
    }

    async fn each_edit_is_made_or_refused_as_if_it_came_alone(app: App) {
        let (ada, eve) = (app.coder("ada").await, app.coder("eve").await);
        let (bob, mallory) = (app.mentor("bob").await, app.mentor("mallory").await);
        bob.take_on(&ada).await;
        for person in [&ada, &eve, &mallory] {
            person.graphql("{ viewer { id } }").await.data();
        }
        let edits = [
            (&ada, ada.id, "code: \"n = 1\", expectedVersion: 1"),
            (&ada, ada.id, "name: \"late\", expectedVersion: 2"),
            (&ada, ada.id, "needsReview: true, comments: \"please\""),
            (&ada, ada.id, "name: \" \""),
            (&bob, ada.id, "comments: \"well done\""),
            (&bob, eve.id, "comments: \"well done\""),
            (&mallory, ada.id, "code: \"pwned\""),
            (&eve, ada.id, "code: \"pwned\""),
            (&eve, eve.id, "comments: null"),
            (&eve, eve.id, "name: \"new\", code: \"pass\", needsReview: false, comments: \"é🦀\""),
        ];
        let owners: Vec<_> = edits.iter().map(|(_, owner, _)| *owner).collect();
        let (apart, together) = (rows::snippets(app, &owners).await, rows::snippets(app, &owners).await);
        let on = |ids: &[i32]| {
            let of_each = edits.iter().zip(ids).map(|((person, _, fields), id)| (*person, *id, *fields));
            of_each.chain([(&eve, i32::MAX, "code: \"of none\"")]).collect::<Vec<_>>()
        };

        let (mut alone, mut statements_alone) = (Vec::new(), 0);
        for (person, id, fields) in on(&apart) {
            let (statements, outcome) = app.statements(edit(person, id, fields)).await;
            alone.push(outcome);
            statements_alone += statements;
        }
        let outcomes = on(&together).into_iter().map(|(person, id, fields)| edit(person, id, fields));
        let outcomes = join_all(outcomes);
        let (statements, outcomes) = app.statements(outcomes).await;
        assert_eq!(outcomes, alone);
        assert_eq!(alone.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        assert!(statements < statements_alone, "{statements} of {statements_alone}");

        let stored = async |ids: &[i32]| {
            let find = |id: &i32| snippet::Entity::find_by_id(*id).one(&app.db);
            let rows = try_join_all(ids.iter().map(find)).await.expect("the table");
            let content = |row: snippet::Model| {
                (row.name, row.code, row.needs_review, row.comments, row.version)
            };
            rows.into_iter().map(|row| row.map(content)).collect::<Vec<_>>()
        };
        assert_eq!(stored(&together).await, stored(&apart).await);
    }

    async fn what_fails_is_told_to_each_of_them(app: App) {
        let ada = app.coder("ada").await;
        let snippets = rows::snippets(app, &[ada.id; 5]).await;
        ada.graphql("{ viewer { id } }").await.data();
        app.db.execute_unprepared("ALTER TABLE snippets RENAME TO elsewhere").await.expect("it is renamed");
        let ada = &ada;
        let asked = snippets.iter().map(|id| async move {
            ada.graphql(&format!("{{ snippet(id: {id}) {{ name }} }}")).await
        });
        let mut requests = HashSet::new();
        for answer in join_all(asked).await {
            assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR");
            requests.insert(answer.error()["extensions"]["requestId"].to_string());
        }
        assert_eq!(requests.len(), snippets.len());
    }
}

/// What somebody is told, but for the request's own id.
async fn answer(person: &Person<'_>, query: &str) -> (u16, String) {
    let answer = person.graphql(query).await;
    (answer.status, answer.body.to_string())
}

/// What a snippet has become by an edit, or why it has not.
async fn edit(person: &Person<'_>, id: i32, fields: &str) -> Result<Value, Value> {
    let query = format!(
        "mutation {{ updateSnippet(input: {{ id: {id}, {fields} }}) {{ snippet {{ name code needsReview comments \
         version coder {{ databaseId }} }} }} }}"
    );
    let answer = person.graphql(&query).await;
    match answer.body["data"]["updateSnippet"].get("snippet") {
        Some(snippet) => Ok(snippet.clone()),
        None => Err(json!([answer.code(), answer.error()["message"]])),
    }
}

/// What is looked at of a snippet that was stored.
const STORED: &str = "id code needsReview version coder { databaseId }";

async fn create(person: &Person<'_>, code: &str, needs_review: bool) -> Answer {
    let query = format!(
        "mutation {{ createSnippet(input: {{ name: \"new\", code: \"{code}\", needsReview: {needs_review} }}) \
         {{ snippet {{ {STORED} }} }} }}"
    );
    person.graphql(&query).await
}
