//! Subscriptions: over WebSocket, and as server-sent events.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use funcster_api::{
    auth::Permission,
    domain::events::{Event, Events, Kind as EventKind, Topic},
};
use sea_orm::{ConnectionTrait, TransactionTrait, sqlx::postgres::PgListener};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpSocket, sync::broadcast::error::RecvError};
use tokio_util::task::TaskTracker;

use crate::support::{App, Kind, Listening, Person, Socket};

const QUEUE: &str =
    "subscription { reviewQueueChanged { kind coder { username } snippetId snippet { name needsReview } } }";
const MINE: &str = "subscription { mySnippetChanged { kind snippetId snippet { comments version } } }";

async fn store(coder: &Person<'_>, name: &str) -> i64 {
    let body = json!({ "name": name, "code": "pass", "needsReview": true });
    coder.post("/snippet", body).await.body["snippet_id"].as_i64().expect("it is stored")
}

/// The result in a stream of events that has one and is complete.
fn only_result(text: &str) -> Value {
    let events: Vec<_> = text.split("\n\n").filter(|event| !event.is_empty()).collect();
    let [next, complete] = events[..] else { panic!("{text}") };
    assert!(complete.starts_with("event: complete"), "{text}");
    let data = next.strip_prefix("event: next\ndata: ").unwrap_or_else(|| panic!("{text}"));
    serde_json::from_str(data).expect("JSON")
}

on_both_databases! {
    async fn a_mentor_and_a_coder_see_what_the_other_does(app: App) {
        let (ada, bob, eve) = (app.coder("ada").await, app.mentor("bob").await, app.mentor("eve").await);
        let server = Listening::start(app).await;
        let mut queue = Socket::open(&server, bob.token.as_deref()).await;
        queue.subscribe("q", QUEUE).await;
        let mut others = Socket::open(&server, eve.token.as_deref()).await;
        others.subscribe("q", QUEUE).await;
        let mut mine = Socket::open(&server, ada.token.as_deref()).await;
        mine.subscribe("m", MINE).await;
        settled().await;

        ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": bob.id })).await;
        let added = &queue.next("q").await["reviewQueueChanged"];
        assert_eq!(added, &json!({ "kind": "CODER_ADDED", "coder": { "username": "ada" }, "snippetId": null, "snippet": null }));

        let id = store(&ada, "Loop").await;
        let created = &queue.next("q").await["reviewQueueChanged"];
        assert_eq!(created["kind"], "SNIPPET_CREATED");
        assert_eq!(created["snippet"], json!({ "name": "Loop", "needsReview": true }));
        assert_eq!(mine.next("m").await["mySnippetChanged"]["kind"], "SNIPPET_CREATED");

        let review = format!("mutation {{ updateSnippet(input: {{ id: {id}, comments: \"Neat.\" }}) {{ snippet {{ id }} }} }}");
        bob.graphql(&review).await.data();
        assert_eq!(queue.next("q").await["reviewQueueChanged"]["kind"], "SNIPPET_UPDATED");
        let seen = &mine.next("m").await["mySnippetChanged"];
        assert_eq!(seen["snippet"], json!({ "comments": "Neat.", "version": 2 }));

        ada.delete(&format!("/snippet/{id}"), json!({ "coderId": ada.id })).await;
        let deleted = &queue.next("q").await["reviewQueueChanged"];
        assert_eq!(deleted["kind"], "SNIPPET_DELETED");
        assert_eq!(deleted["snippetId"], format!("snippet_{id}"));
        assert_eq!(deleted["snippet"], Value::Null);
        assert_eq!(mine.next("m").await["mySnippetChanged"]["kind"], "SNIPPET_DELETED");
        assert!(others.is_quiet().await, "another mentor's queue is none of eve's business");

        eve.patch(&format!("/mentor/{}/coder", eve.id), json!({ "coderId": ada.id })).await;
        assert_eq!(others.next("q").await["reviewQueueChanged"]["kind"], "CODER_ADDED");
        assert_eq!(queue.next("q").await["reviewQueueChanged"]["kind"], "CODER_LEFT");
        store(&ada, "For eve").await;
        assert_eq!(others.next("q").await["reviewQueueChanged"]["snippet"]["name"], "For eve");
        assert!(queue.is_quiet().await, "ada is none of bob's business any more");
    }

    async fn each_event_may_be_as_long_as_a_response_and_no_longer(app: App) {
        let app = app.another(|config| config.limits.graphql.response_bytes = 150 * 1024).await;
        let ada = app.coder("ada").await;
        let long = json!({ "name": "Long", "code": "x".repeat(100 * 1024) });
        let id = ada.post("/snippet", long).await.body["snippet_id"].clone();
        let server = Listening::start(&app).await;
        let mut once = Socket::open(&server, ada.token.as_deref()).await;
        once.subscribe("s", "subscription { mySnippetChanged { snippet { version code } } }").await;
        let mut twice = Socket::open(&server, ada.token.as_deref()).await;
        twice.subscribe("s", "subscription { mySnippetChanged { snippet { code again: code } } }").await;
        settled().await;
        for version in 2..4 {
            let edit = format!(
                "mutation {{ updateSnippet(input: {{ id: {id}, comments: \"{version}\" }}) {{ snippet {{ id }} }} }}"
            );
            ada.graphql(&edit).await.data();
            let snippet = &once.next("s").await["mySnippetChanged"]["snippet"];
            assert_eq!((&snippet["version"], snippet["code"].as_str().map(str::len)), (&json!(version), Some(102_400)));
            let error = &twice.receive().await["payload"]["errors"][0];
            assert_eq!(error["extensions"]["code"], "RESPONSE_TOO_LARGE");
        }
    }

    async fn what_is_changed_is_told_even_if_whoever_changed_it_has_left(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let server = Listening::start(app).await;
        let mut queue = Socket::open(&server, bob.token.as_deref()).await;
        queue.subscribe("q", QUEUE).await;
        settled().await;
        let take_on = format!("mutation {{ addCoder(input: {{ coderId: {} }}) {{ coder {{ id }} }} }}", ada.id);
        leave_during(app, &bob, &take_on, &format!("UPDATE coders SET user_id = user_id WHERE id = {}", ada.id)).await;
        assert_eq!(queue.next("q").await["reviewQueueChanged"]["kind"], "CODER_ADDED");

        let id = store(&ada, "Loop").await;
        queue.next("q").await;
        let lock = format!("UPDATE snippets SET name = name WHERE id = {id}");
        for (change, kind) in [
            ("updateSnippet(input: { id: ID, name: \"Loops\" }) { snippet { id } }", "SNIPPET_UPDATED"),
            ("deleteSnippet(input: { id: ID }) { deletedSnippetId }", "SNIPPET_DELETED"),
        ] {
            let change = format!("mutation {{ {} }}", change.replace("ID", &id.to_string()));
            leave_during(app, &ada, &change, &lock).await;
            assert_eq!(queue.next("q").await["reviewQueueChanged"]["kind"], kind);
        }
    }

    async fn what_is_refused_is_told_to_nobody(app: App) {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut mine = Socket::open(&server, ada.token.as_deref()).await;
        mine.subscribe("m", MINE).await;
        settled().await;
        assert_eq!(ada.post("/snippet", json!({ "name": " ", "code": "pass" })).await.status, 400);
        ada.graphql("mutation { updateSnippet(input: { id: 7, name: \"x\" }) { snippet { id } } }").await;
        assert!(mine.is_quiet().await);
    }

    async fn a_stream_of_what_is_refused_tells_errors_and_no_data(app: App) {
        let server = Listening::start(app).await;
        let request = reqwest::Client::new()
            .post(server.url("/graphql"))
            .header("accept", "text/event-stream")
            .json(&json!({ "query": "{ nothing }" }));
        let text = request.send().await.expect("an answer").text().await.expect("a text");
        let result = only_result(&text);
        assert_eq!(result["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{result}");
        assert_eq!(result.get("data"), None, "{result}");
    }

    async fn a_stream_of_events_ends_with_the_token(app: App) {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut claims = app.claims(&ada.subject(), &Permission::ALL);
        claims["exp"] = (chrono::Utc::now().timestamp() + 2).into();
        let request = reqwest::Client::new()
            .post(server.url("/graphql"))
            .bearer_auth(App::sign(&claims))
            .header("accept", "text/event-stream")
            .json(&json!({ "query": MINE }));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        settled().await;
        let id = store(&ada, "Loop").await;
        let text = tokio::time::timeout(Duration::from_secs(10), response.text()).await;
        let result = only_result(&text.expect("it ends").expect("a text"));
        assert_eq!(result["data"]["mySnippetChanged"]["snippetId"], format!("snippet_{id}"));
    }
}

#[tokio::test]
async fn events_reach_the_subscribers_of_every_server_on_one_database() {
    App::run(Kind::Postgres, async |app: &App| {
        let other = app.another(|config| config.signups_per_minute = 0).await;
        let ada = app.coder("ada").await;
        let bob = other.mentor("bob").await;
        let (here, there) = (Listening::start(app).await, Listening::start(&other).await);
        let mut mine = Socket::open(&here, ada.token.as_deref()).await;
        mine.subscribe("m", MINE).await;
        let mut queue = Socket::open(&there, bob.token.as_deref()).await;
        queue.subscribe("q", QUEUE).await;
        settled().await;
        ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": bob.id })).await;
        assert_eq!(queue.next("q").await["reviewQueueChanged"]["kind"], "CODER_ADDED");
        let id = store(&ada, "Loop").await;
        assert_eq!(queue.next("q").await["reviewQueueChanged"]["snippetId"], format!("snippet_{id}"));
        assert_eq!(mine.next("m").await["mySnippetChanged"]["kind"], "SNIPPET_CREATED");
        let review = format!(
            "mutation {{ updateSnippet(input: {{ id: {id}, comments: \"Hm.\" }}) {{ snippet {{ id }} }} }}"
        );
        bob.graphql(&review).await.data();
        assert_eq!(mine.next("m").await["mySnippetChanged"]["snippet"]["comments"], "Hm.");
    })
    .await;
}

#[tokio::test]
async fn other_processes_are_told_nothing_while_nobody_there_watches() {
    App::run(Kind::Postgres, async |app: &App| {
        let mut channel = PgListener::connect(&app.config.database_url).await.expect("a connection");
        channel.listen("funcster_events").await.expect("it listens");
        let ada = app.coder("ada").await;
        store(&ada, "Unheard").await;
        // Whoever watches here is told without a detour.
        let here = Listening::start(app).await;
        let mut mine = Socket::open(&here, ada.token.as_deref()).await;
        mine.subscribe("m", MINE).await;
        settled().await;
        store(&ada, "Heard here").await;
        assert_eq!(mine.next("m").await["mySnippetChanged"]["kind"], "SNIPPET_CREATED");
        app.db.execute_unprepared("NOTIFY funcster_events, 'so far'").await.expect("a message");
        loop {
            let told = channel.recv().await.expect("a message").payload().to_owned();
            assert!(!told.contains("Happened"), "{told}");
            if told == "so far" {
                break;
            }
        }
        let other = app.another(|_| {}).await;
        let there = Listening::start(&other).await;
        let bob = other.mentor("bob").await;
        let mut queue = Socket::open(&there, bob.token.as_deref()).await;
        queue.subscribe("q", QUEUE).await;
        ada.patch(&format!("/coder/{}/mentor", ada.id), json!({ "mentorId": bob.id })).await;
        // It may be told of what happened just before it began to watch, too.
        while queue.next("q").await["reviewQueueChanged"]["kind"] != "CODER_ADDED" {}
    })
    .await;
}

#[tokio::test]
async fn what_happens_last_is_told_to_processes_that_could_not_say_yet_that_they_watch() {
    App::run(Kind::Postgres, async |app: &App| {
        let mut channel = PgListener::connect(&app.config.database_url).await.expect("a connection");
        channel.listen("funcster_events").await.expect("it listens");
        let going_on = TaskTracker::new();
        let events = Events::start(&app.db, &going_on);
        events.publish(Event {
            kind: EventKind::SnippetDeleted,
            coder_id: 7,
            snippet_id: Some(1),
            mentor_id: None,
        });
        drop(events);
        going_on.close();
        going_on.wait().await;
        app.db.execute_unprepared("NOTIFY funcster_events, 'so far'").await.expect("a message");
        let mut told = String::new();
        while !told.ends_with("so far") {
            told += channel.recv().await.expect("a message").payload();
        }
        assert!(told.contains("Happened") && told.contains("\"coder_id\":7"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_dropped_and_holds_nobody_up() {
    App::run(Kind::Sqlite, async |app: &App| {
        let events = Events::start(&app.db, &TaskTracker::new());
        let mut slow = events.watch(Topic::Library(1));
        for snippet_id in 0..1_000 {
            let event = Event {
                kind: EventKind::SnippetUpdated,
                coder_id: 1,
                snippet_id: Some(snippet_id),
                mentor_id: None,
            };
            events.publish(event);
        }
        settled().await;
        assert!(matches!(slow.recv().await, Err(RecvError::Lagged(_))));
    })
    .await;
}

#[tokio::test]
async fn whoever_begins_to_watch_misses_nothing_of_what_happens_in_another_process() {
    const CODERS: i32 = 500;
    App::run(Kind::Postgres, async |app: &App| {
        let (here, there) =
            (Events::start(&app.db, &TaskTracker::new()), Events::start(&app.db, &TaskTracker::new()));
        settled().await;
        let happened = |coder_id| Event {
            kind: EventKind::SnippetUpdated,
            coder_id,
            snippet_id: Some(1),
            mentor_id: None,
        };
        // Nobody watches yet: it is kept for a moment, for whoever is just about to.
        (1..=CODERS).for_each(|coder| here.publish(happened(coder)));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let watchers: Vec<_> = (1..=CODERS).map(|coder| there.watch(Topic::Library(coder))).collect();
        for _ in 0..200 {
            here.publish(happened(0));
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        for (index, mut watcher) in watchers.into_iter().enumerate() {
            let event = tokio::time::timeout(Duration::from_secs(5), watcher.recv()).await;
            assert!(matches!(event, Ok(Ok(_))), "coder {}: {event:?}", index + 1);
        }
    })
    .await;
}

#[tokio::test]
async fn many_subscriptions_of_one_person_share_what_they_read() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let server = Listening::start(app).await;
        let mut sockets = Vec::new();
        for _ in 0..5 {
            let mut socket = Socket::open(&server, ada.token.as_deref()).await;
            for id in 0..80 {
                socket.subscribe(&id.to_string(), MINE).await;
            }
            // Operations are begun in their order.
            socket.subscribe("last", "{ __typename }").await;
            socket.next("last").await;
            assert_eq!(socket.receive().await["type"], "complete");
            sockets.push(socket);
        }
        let (statements, _) = app
            .statements(async {
                let create =
                    "mutation { createSnippet(input: { name: \"n\", code: \"c\" }) { snippet { id } } }";
                let stored = ada.graphql(create).await;
                for socket in &mut sockets {
                    let mut heard = HashSet::new();
                    while heard.len() < 80 {
                        let message = socket.receive().await;
                        assert_eq!(message["payload"]["data"]["mySnippetChanged"]["snippet"]["version"], 1);
                        assert!(heard.insert(message["id"].to_string()), "it is told once: {message}");
                    }
                }
                stored
            })
            .await;
        assert!(statements < 100, "400 subscriptions took {statements} statements");
    })
    .await;
}

#[tokio::test]
async fn an_event_that_takes_too_long_ends_its_subscription() {
    App::run(Kind::Postgres, async |app: &App| {
        let app = app.another(|config| config.limits.request_timeout = Duration::from_secs(1)).await;
        let ada = app.coder("ada").await;
        let server = Listening::start(&app).await;
        let mut mine = Socket::open(&server, ada.token.as_deref()).await;
        mine.subscribe("m", MINE).await;
        // Waiting for an event may take as long as it takes.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let lock = app.db.begin().await.expect("a transaction");
        lock.execute_unprepared("LOCK TABLE snippets IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
        let events = Events::start(&app.db, &TaskTracker::new());
        events.publish(Event {
            kind: EventKind::SnippetUpdated,
            coder_id: ada.id,
            snippet_id: Some(1),
            mentor_id: None,
        });
        assert_eq!(mine.refused("m").await["message"], "This takes too long.");
        lock.rollback().await.expect("it ends");
        mine.subscribe("m", "{ __typename }").await;
        assert_eq!(mine.next("m").await, json!({ "__typename": "Query" }));
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_what_it_is_sent_is_left() {
    App::run(Kind::Sqlite, async |app: &App| {
        let app = app
            .another(|config| {
                config.limits.stalled_client = Duration::from_secs(1);
                config.limits.streams_per_address = 1;
            })
            .await;
        let ada = app.coder("ada").await;
        let token = ada.token.as_deref().expect("a token");
        let server = Listening::start(&app).await;
        let id = store(&ada, "Long").await;
        let query = "subscription { mySnippetChanged { snippet { code } } }";

        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("it is set");
        let mut deaf = socket.connect(server.address).await.expect("a connection");
        let body = json!({ "query": query }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        deaf.write_all(request.as_bytes()).await.expect("it is sent");
        settled().await;
        assert_eq!(Socket::rejected(&server).await, 429, "its place is taken");

        let began = Instant::now();
        while Socket::try_connect(&server).await.is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "it holds its place for ever");
            for _ in 0..10 {
                let code = "x".repeat(100_000);
                let edit = json!({ "name": "Long", "code": code, "needsReview": false, "comments": "" });
                ada.patch(&format!("/snippet/{id}"), edit).await;
            }
        }
    })
    .await;
}

/// Somebody sends a change that has to wait for another one, and leaves before it is made.
async fn leave_during(app: &App, somebody: &Person<'_>, change: &str, lock: &str) {
    let other = app.db.begin().await.expect("a transaction");
    other.execute_unprepared(lock).await.expect("it is locked");
    let waiting = tokio::time::timeout(Duration::from_millis(200), somebody.graphql(change)).await;
    waiting.expect_err("it is locked");
    other.rollback().await.expect("the lock is given back");
}

/// Gives what was just sent the time to arrive.
async fn settled() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}
