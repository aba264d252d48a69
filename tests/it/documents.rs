//! Documents that are named by their hash: persisted by clients, or trusted by the operator.

use aws_lc_rs::digest;
use serde_json::{Value, json};

use crate::support::{App, Kind, Person};

const QUERY: &str = "query Who { viewer { username } }";

fn sha256(document: &str) -> String {
    format!("{:?}", digest::digest(&digest::SHA256, document.as_bytes())).replace("SHA256:", "")
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn code_of(person: &Person<'_>, body: Value) -> Value {
    let answer = person.post("/graphql", body).await;
    answer.body["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn a_document_is_sent_once_and_named_from_then_on() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let hash = sha256(QUERY);
        let unknown = ada.post("/graphql", json!({ "extensions": persisted(&hash) })).await;
        assert_eq!((unknown.status, unknown.code()), (200, "PERSISTED_QUERY_NOT_FOUND"));
        assert_eq!(unknown.error()["message"], "PersistedQueryNotFound");
        let forged = json!({ "query": "{ __typename }", "extensions": persisted(&hash) });
        assert_eq!(code_of(&ada, forged).await, "BAD_REQUEST");
        assert_eq!(
            code_of(&ada, json!({ "extensions": persisted(&hash) })).await,
            "PERSISTED_QUERY_NOT_FOUND"
        );

        let sent = ada.post("/graphql", json!({ "query": QUERY, "extensions": persisted(&hash) })).await;
        assert_eq!(sent.data()["viewer"]["username"], "ada");
        for body in [
            json!({ "extensions": persisted(&hash) }),
            json!({ "documentId": format!("sha256:{hash}") }),
            json!({ "documentId": hash }),
        ] {
            let named = ada.post("/graphql", body.clone()).await;
            assert_eq!(named.data()["viewer"]["username"], "ada", "{body}");
        }
        let extensions =
            url::form_urlencoded::byte_serialize(persisted(&hash).to_string().as_bytes()).collect::<String>();
        let by_get = ada.get(&format!("/graphql?extensions={extensions}")).await;
        assert_eq!(by_get.data()["viewer"]["username"], "ada");
        for nonsense in [json!(7), json!({}), json!([])] {
            assert_eq!(code_of(&ada, json!({ "documentId": nonsense })).await, "BAD_REQUEST", "{nonsense}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_with_a_list_of_documents_executes_those_and_no_others() {
    App::run(Kind::Sqlite, async |app: &App| {
        let list = app.auth0_directory().join("documents.json");
        let documents = json!({ sha256(QUERY): QUERY, "relay-7": "{ __typename }" });
        std::fs::write(&list, documents.to_string()).expect("the list is written");
        let closed = app.another(|config| config.trusted_documents = Some(list)).await;
        let bob = closed.mentor("bob").await;
        for body in [
            json!({ "query": QUERY }),
            json!({ "documentId": sha256(QUERY) }),
            json!({ "extensions": persisted(&sha256(QUERY)) }),
            json!({ "documentId": "relay-7" }),
            json!({ "query": "{ __typename }" }),
            // What is trusted is what is named, whatever is sent beside it.
            json!({ "query": "{ mentors { totalCount } }", "documentId": "relay-7" }),
        ] {
            let answer = bob.post("/graphql", body.clone()).await;
            assert_eq!(answer.data().get("mentors"), None, "{body}");
        }
        let other = "{ mentors { totalCount } }";
        for body in [
            json!({ "query": other }),
            json!({ "query": other, "extensions": persisted(&sha256(other)) }),
            json!({ "documentId": sha256(other) }),
            json!({ "query": format!("{QUERY} ") }),
        ] {
            assert_eq!(code_of(&bob, body.clone()).await, "FORBIDDEN", "{body}");
        }
        assert_eq!(code_of(&bob, json!({})).await, "BAD_REQUEST");
    })
    .await;
}
