use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::refusal::refusal;
use crate::support::{Answer, App, Person};

async fn select_mentor(person: &Person<'_>, id: impl Into<Value>) -> Answer {
    let query = "mutation($id: ID!) { selectMentor(input: { mentorId: $id }) { \
                 coder { username mentor { username } } } }";
    person.graphql_with(query, json!({ "id": id.into() })).await
}

async fn add_coder(person: &Person<'_>, id: impl Into<Value>) -> Answer {
    let query = "mutation($id: ID!) { addCoder(input: { coderId: $id }) { \
                 coder { username mentor { username } } \
                 mentor { username coders { totalCount nodes { username } } } } }";
    person.graphql_with(query, json!({ "id": id.into() })).await
}

async fn mentor_of(person: &Person<'_>) -> Value {
    let answer = person.graphql("{ viewer { ... on Coder { mentor { username } } } }").await;
    answer.data()["viewer"]["mentor"]["username"].clone()
}

on_both_databases! {
    async fn a_coder_chooses_a_mentor_and_then_another(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let eve = app.mentor("eve").await;
        assert_eq!(mentor_of(&ada).await, Value::Null);
        // The mentor that one has already can be chosen too.
        for (id, username) in
            [(json!(bob.global_id()), "bob"), (json!(bob.id), "bob"), (json!(eve.id.to_string()), "eve")]
        {
            let answer = select_mentor(&ada, id).await;
            let expected = json!({ "coder": { "username": "ada", "mentor": { "username": username } } });
            assert_eq!(answer.data()["selectMentor"], expected);
            assert_eq!(mentor_of(&ada).await, username);
        }
    }

    async fn a_mentor_takes_a_coder_on_from_another_mentor_too(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let eve = app.mentor("eve").await;
        for (mentor, id) in
            [(&bob, json!(ada.global_id())), (&bob, json!(ada.id)), (&eve, json!(ada.id.to_string()))]
        {
            let answer = add_coder(mentor, id).await;
            let expected = json!({
                "coder": { "username": "ada", "mentor": { "username": mentor.username } },
                "mentor": {
                    "username": mentor.username,
                    "coders": { "totalCount": 1, "nodes": [{ "username": "ada" }] },
                },
            });
            assert_eq!(answer.data()["addCoder"], expected);
            assert_eq!(mentor_of(&ada).await, *mentor.username);
        }
        let answer = bob.graphql("{ viewer { ... on Mentor { coders { totalCount } } } }").await;
        assert_eq!(answer.data()["viewer"]["coders"]["totalCount"], 0);
    }

    async fn only_a_coder_chooses_and_only_a_mentor_takes_on(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        let stranger = app.bearer("auth0|stranger", &Permission::ALL);
        for person in [bob.with_permissions(&Permission::ALL), stranger.clone()] {
            let answer = select_mentor(&person, bob.id).await;
            assert_eq!(refusal(&answer, "selectMentor"), "FORBIDDEN");
            assert_eq!(answer.error()["extensions"].get("permission"), None);
        }
        for person in [ada.with_permissions(&Permission::ALL), stranger] {
            let answer = add_coder(&person, ada.id).await;
            assert_eq!(refusal(&answer, "addCoder"), "FORBIDDEN");
            assert_eq!(answer.error()["extensions"].get("permission"), None);
        }
        assert_eq!(mentor_of(&ada).await, Value::Null);
    }

    async fn a_mentor_or_coder_who_does_not_exist_is_not_found(app: App) {
        let ada = app.coder("ada").await;
        let bob = app.mentor("bob").await;
        select_mentor(&ada, bob.id).await.data();
        for id in [json!(99), json!("mentor_99"), json!(ada.global_id()), json!("bob"), json!(0), json!(-1)] {
            assert_eq!(refusal(&select_mentor(&ada, id.clone()).await, "selectMentor"), "NOT_FOUND", "{id}");
        }
        for id in [json!(99), json!("coder_99"), json!(bob.global_id()), json!("ada"), json!(0), json!(-1)] {
            assert_eq!(refusal(&add_coder(&bob, id.clone()).await, "addCoder"), "NOT_FOUND", "{id}");
        }
        assert_eq!(mentor_of(&ada).await, "bob");
    }
}
