//! Requests that come at the same time and share statements: each is answered as if it came alone.

use std::collections::HashSet;

use funcster_api::auth::Permission;
use futures_util::future::join_all;
use sea_orm::ConnectionTrait;

use super::rows;
use crate::support::{App, Person};

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
        let (ada, eve) = (app.coder("ada").await, app.coder("eve").await);
        let (bob, mallory) = (app.mentor("bob").await, app.mentor("mallory").await);
        let take_on = format!("mutation {{ addCoder(input: {{ coderId: {} }}) {{ coder {{ id }} }} }}", ada.id);
        bob.graphql(&take_on).await.data();
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
