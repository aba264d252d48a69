//! The protocol graphql-transport-ws, to the letter.

use std::time::Duration;

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use crate::support::{App, Kind, Listening, SUBPROTOCOL, Socket};

const MINE: &str = "subscription { mySnippetChanged { kind } }";
/// For each event, more objects than many operations may ask for at the same time.
const LARGE: &str = "subscription { mySnippetChanged { coder { mentor { coders(first: 100) { nodes { \
    snippets(first: 100) { nodes { id } } } } } } } }";
const QUEUE: &str = "subscription { reviewQueueChanged { kind } }";

fn subscribe(payload: &Value) -> Value {
    json!({ "type": "subscribe", "id": "1", "payload": payload })
}

#[tokio::test]
async fn whoever_does_not_keep_to_the_protocol_is_told_by_the_code() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut wrong = Socket::connect(&server, None).await;
        assert_eq!(wrong.closed().await, (4406, "Subprotocol not acceptable".to_owned()));

        let early = subscribe(&json!({ "query": "{ __typename }" }));
        let forged = json!({ "type": "connection_init", "payload": { "Authorization": "Bearer x.y.z" } });
        let no_token = json!({ "type": "connection_init", "payload": { "Authorization": 7 } });
        for (said, code) in
            [(early, 4401), (forged, 4403), (no_token, 4403), (json!({ "type": "start" }), 4400)]
        {
            let mut socket = Socket::connect(&server, SUBPROTOCOL).await;
            socket.send(said.clone()).await;
            assert_eq!(socket.closed().await.0, code, "{said}");
        }

        let init = json!({ "type": "connection_init" });
        let invalid_payload = json!({ "type": "ping", "payload": "x" });
        for (said, code, reason) in [
            (init, 4429, "Too many initialisation requests"),
            (json!({ "type": "start", "id": "1", "payload": { "query": MINE } }), 4400, "type"),
            (json!({ "type": "connection_terminate" }), 4400, "type"),
            (json!({ "type": "next", "id": "1", "payload": {} }), 4400, "type"),
            (json!({ "id": "1" }), 4400, "type"),
            (json!([]), 4400, "object"),
            (json!({ "type": "subscribe", "payload": { "query": MINE } }), 4400, "id"),
            (json!({ "type": "subscribe", "id": "", "payload": { "query": MINE } }), 4400, "id"),
            (json!({ "type": "subscribe", "id": 1, "payload": { "query": MINE } }), 4400, "id"),
            (json!({ "type": "complete" }), 4400, "id"),
            (json!({ "type": "subscribe", "id": "1" }), 4400, "query"),
            (invalid_payload, 4400, "payload"),
            (subscribe(&json!({})), 4400, "query"),
            (subscribe(&json!({ "query": 7 })), 4400, "query"),
            (subscribe(&json!({ "query": MINE, "variables": [] })), 4400, "variables"),
            (subscribe(&json!({ "query": MINE, "operationName": 7 })), 4400, "operationName"),
            (subscribe(&json!({ "query": MINE, "extensions": "x" })), 4400, "extensions"),
        ] {
            let mut socket = Socket::open(&server, ada.token.as_deref()).await;
            socket.send(said.clone()).await;
            let (closed, why) = socket.closed().await;
            assert!(closed == code && why.contains(reason), "{said}: {closed} {why}");
        }
        let mut noise = Socket::open(&server, None).await;
        noise.send_text("{").await;
        assert_eq!(noise.closed().await.0, 4400);

        for id in ["1".to_owned(), "long ".repeat(100)] {
            let mut twice = Socket::open(&server, ada.token.as_deref()).await;
            twice.subscribe(&id, MINE).await;
            twice.subscribe(&id, "{ __typename }").await;
            let (closed, why) = twice.closed().await;
            let expected = format!("Subscriber for {id} already exists");
            assert!(closed == 4409 && expected.starts_with(&why) && why.len() > 20, "{closed} {why}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_says_who_it_is_is_sent_away() {
    App::run(Kind::Sqlite, async |app: &App| {
        let server = Listening::start(app).await;
        let mut silent = Socket::connect(&server, SUBPROTOCOL).await;
        assert_eq!(silent.closed().await, (4408, "Connection initialisation timeout".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_read() {
    App::run(Kind::Sqlite, async |app: &App| {
        let app = app.another(|config| config.limits.body_bytes = 10_000).await;
        let server = Listening::start(&app).await;
        let mut socket = Socket::open(&server, None).await;
        socket.subscribe("fits", &format!("{{ __typename }} #{}", "x".repeat(9_000))).await;
        assert_eq!(socket.next("fits").await, json!({ "__typename": "Query" }));
        assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "fits" }));
        socket.subscribe("1", &"x".repeat(10_000)).await;
        assert_eq!(socket.closed().await, (1009, "A message has at most 10000 bytes".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut claims = app.claims(&ada.subject(), &Permission::ALL);
        claims["exp"] = (chrono::Utc::now().timestamp() + 2).into();
        let mut socket = Socket::open(&server, Some(&App::sign(&claims))).await;
        socket.subscribe("m", MINE).await;
        assert_eq!(socket.closed().await, (4403, "The access token has expired".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn queries_are_answered_and_pings_too() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut socket = Socket::connect(&server, SUBPROTOCOL).await;
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.receive().await, json!({ "type": "pong" }), "even before it is let in");
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;
        socket.send(json!({ "type": "ping", "payload": { "a": 1 } })).await;
        assert_eq!(socket.receive().await, json!({ "type": "pong", "payload": { "a": 1 } }));
        socket.send(json!({ "type": "pong" })).await;
        socket.send(json!({ "type": "complete", "id": "never there" })).await;
        let query = "query Q($n: String!) { viewer { username } userinfo(username: $n) { username } }";
        let variables = json!({ "n": "ada" });
        socket
            .send(subscribe(
                &json!({ "query": query, "variables": variables, "operationName": "Q", "extensions": null }),
            ))
            .await;
        let data = json!({ "viewer": { "username": "ada" }, "userinfo": { "username": "ada" } });
        assert_eq!(socket.next("1").await, data);
        assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
        socket
            .subscribe(
                "1",
                "mutation { createSnippet(input: { name: \"n\", code: \"c\" }) { snippet { name } } }",
            )
            .await;
        assert_eq!(socket.next("1").await["createSnippet"]["snippet"]["name"], "n");
        assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
        socket.subscribe("1", "{ snippet(id: 77) { name } }").await;
        let failed = socket.receive().await;
        assert_eq!(
            (&failed["type"], &failed["payload"]["data"]),
            (&json!("next"), &json!({ "snippet": null }))
        );
        assert_eq!(failed["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_does_not_begin_ends_with_its_errors() {
    App::run(Kind::Sqlite, async |app: &App| {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let server = Listening::start(app).await;
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;
        let invalid = "GRAPHQL_VALIDATION_FAILED";
        for (query, code) in [
            ("", "BAD_REQUEST"),
            ("{ nothing }", invalid),
            ("{ ", "GRAPHQL_PARSE_FAILED"),
            (QUEUE, "FORBIDDEN"),
            ("subscription { mySnippetChanged { nothing } }", invalid),
            ("subscription { a: mySnippetChanged { kind } b: mySnippetChanged { kind } }", invalid),
            ("subscription { mySnippetChanged { kind } reviewQueueChanged { kind } }", invalid),
            ("subscription { mySnippetChanged @include(if: false) { kind } }", invalid),
            ("subscription { ...f @include(if: true) } fragment f on Subscription { mySnippetChanged { kind } }", invalid),
            ("subscription { ...f } fragment f on Subscription { mySnippetChanged { kind } reviewQueueChanged { kind } }", invalid),
            ("subscription { ...f mySnippetChanged { kind } } fragment f on Subscription { a: mySnippetChanged { kind } }", invalid),
            ("subscription { ...f } fragment f on Query { __typename }", invalid),
            ("subscription { ... on Query { __typename } }", invalid),
            ("subscription { ...f }", invalid),
            (LARGE, invalid),
            ("subscription { ...f } fragment f on Subscription { ...f }", invalid),
            ("subscription { mySnippetChanged { kind } } fragment f on Subscription { mySnippetChanged { kind } }", invalid),
        ] {
            socket.subscribe("1", query).await;
            assert_eq!(socket.refused("1").await["extensions"]["code"], code, "{query}");
        }
        assert!(socket.is_quiet().await, "an error is the last that is heard of an operation");

        let mut nobody = Socket::open(&server, None).await;
        nobody.subscribe("1", MINE).await;
        assert_eq!(nobody.refused("1").await["extensions"]["code"], "UNAUTHENTICATED");
        let lacking = bob.without(Permission::EditSnippet);
        let mut lacking = Socket::open(&server, lacking.token.as_deref()).await;
        lacking.subscribe("1", QUEUE).await;
        assert_eq!(lacking.refused("1").await["extensions"]["permission"], "edit:snippet");
    })
    .await;
}

#[tokio::test]
async fn the_root_field_may_stand_in_fragments() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;
        let queries = [
            "subscription { ...F } fragment F on Subscription { mySnippetChanged { kind snippetId } }",
            "subscription { ... on Subscription { mySnippetChanged { kind snippetId } } }",
            "subscription { ... { mySnippetChanged { kind snippetId } } }",
            "subscription { ...F ...F mySnippetChanged { kind } } fragment F on Subscription { ...G }
             fragment G on Subscription { mySnippetChanged { ...C } } fragment C on Change { snippetId }",
        ];
        for (id, query) in queries.iter().enumerate() {
            socket.subscribe(&id.to_string(), query).await;
        }
        settled().await;
        let stored = ada.post("/snippet", json!({ "name": "n", "code": "c", "needsReview": true })).await;
        let snippet = format!("snippet_{}", stored.body["snippet_id"]);
        for _ in queries {
            let message = socket.receive().await;
            let change = json!({ "kind": "SNIPPET_CREATED", "snippetId": snippet });
            assert_eq!(message["payload"]["data"]["mySnippetChanged"], change, "{message}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_was_completed_is_not_heard_of_again_and_its_id_is_free() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let store = async || ada.post("/snippet", json!({ "name": "n", "code": "c" })).await;
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;
        socket.subscribe("1", MINE).await;
        settled().await;
        store().await;
        assert_eq!(socket.next("1").await["mySnippetChanged"]["kind"], "SNIPPET_CREATED");
        socket.send(json!({ "type": "complete", "id": "1" })).await;
        settled().await;
        store().await;
        assert!(socket.is_quiet().await);
        socket.subscribe("1", "{ __typename }").await;
        assert_eq!(socket.next("1").await, json!({ "__typename": "Query" }));
        assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
        assert!(socket.is_quiet().await);
    })
    .await;
}

#[tokio::test]
async fn one_connection_has_so_many_operations_and_no_more() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;
        for id in 0..120 {
            socket.subscribe(&id.to_string(), MINE).await;
        }
        let refused = socket.refused("100").await;
        assert_eq!(refused["extensions"]["code"], "RATE_LIMITED", "{refused}");
        for id in 0..120 {
            socket.send(json!({ "type": "complete", "id": id.to_string() })).await;
        }
        socket.subscribe("again", "{ __typename }").await;
        loop {
            let message = socket.receive().await;
            if message["id"] == "again" {
                assert_eq!(message["payload"]["data"]["__typename"], "Query", "{message}");
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_has_so_many_streams_and_no_more() {
    App::run(Kind::Sqlite, async |app: &App| {
        let app = app.another(|config| config.limits.streams_per_address = 2).await;
        let ada = app.coder("ada").await;
        let server = Listening::start(&app).await;
        let first = Socket::open(&server, None).await;
        let events = || {
            let request = reqwest::Client::new()
                .post(server.url("/graphql"))
                .bearer_auth(ada.token.as_deref().unwrap_or_default());
            request.header("accept", "text/event-stream").json(&json!({ "query": MINE })).send()
        };
        let second = events().await.expect("an answer");
        assert_eq!(second.status(), 200);
        let third = events().await.expect("an answer");
        assert_eq!((third.status().as_u16(), third.headers().contains_key("retry-after")), (429, true));
        let body: Value = third.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(Socket::rejected(&server).await, 429);
        drop((first, second));
        settled().await;
        Socket::open(&server, None).await;
        assert_eq!(events().await.expect("an answer").status(), 200);
    })
    .await;
}

/// Gives what was just sent the time to arrive.
async fn settled() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}
