//! What the server does when what it needs is gone, and when clients misbehave.

use std::{
    net::ToSocketAddrs,
    time::{Duration, Instant},
};

use funcster_api::{auth::Permission, config::Limits, database};
use futures_util::{FutureExt, future::join_all};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{App, Cable, Kind, Listening, Socket};

const SNIPPETS: &str = "{ viewer { ... on Coder { snippets { totalCount } } } }";

#[tokio::test]
async fn a_crowd_is_refused_and_who_was_let_in_is_answered() {
    App::run(Kind::Postgres, async |direct: &App| {
        let app = direct.another(|config| config.limits.concurrent_requests = 2).await;
        let ada = app.coder("ada").await;
        let stored = ada.post("/snippet", json!({ "name": "Kept", "code": "pass" })).await;
        let snippet = format!("/snippet/{}", stored.body["snippet_id"]);

        let lock = app.db.begin().await.expect("a transaction");
        lock.execute_unprepared("LOCK TABLE snippets").await.expect("the table is to be had");
        let crowd = async {
            join_all((0..15).flat_map(|_| [ada.get(&snippet).boxed(), ada.graphql(SNIPPETS).boxed()])).await
        };
        let unlock = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(app.anonymous().get("/healthz").await.status, 200);
            lock.rollback().await.expect("the table is free");
        };
        let (answers, ()) = tokio::join!(crowd, unlock);
        let (refused, answered): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 503);
        assert_eq!(answered.len(), 18, "eight times as many wait as are let in");
        assert!(answered.iter().all(|answer| answer.status == 200));
        assert!(refused.iter().all(|answer| answer.header("retry-after") == "1"));
        assert!(refused.iter().any(|answer| answer.body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"));
        assert_eq!(ada.get(&snippet).await.status, 200, "there is room again");
    })
    .await;
}

#[tokio::test]
async fn a_crowd_that_shares_a_socket_is_a_crowd() {
    App::run(Kind::Postgres, async |direct: &App| {
        let app = direct.another(|config| config.limits.concurrent_requests = 2).await;
        let ada = app.coder("ada").await;
        let server = Listening::start(&app).await;
        let mut socket = Socket::open(&server, ada.token.as_deref()).await;

        let lock = app.db.begin().await.expect("a transaction");
        lock.execute_unprepared("LOCK TABLE snippets").await.expect("the table is to be had");
        for number in 0..30 {
            socket.subscribe(&number.to_string(), SNIPPETS).await;
        }
        let mut refused = Vec::new();
        for _ in 0..12 {
            let message = socket.receive().await;
            assert_eq!(message["payload"][0]["extensions"]["code"], "UNAVAILABLE", "{message}");
            refused.push(message["id"].clone());
        }
        lock.rollback().await.expect("the table is free");
        let completed = socket.completed(18).await;
        assert!(completed.iter().all(|id| !refused.contains(id)), "{refused:?} {completed:?}");
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_takes_nothing_keeps_nobody_out() {
    App::run(Kind::Sqlite, async |direct: &App| {
        // So that the sixteen below find no room at the same time.
        const MOST_OBJECTS: u32 = 10_200;
        let app = direct
            .another(|config| {
                config.limits.concurrent_requests = 4;
                config.limits.graphql.nodes = MOST_OBJECTS;
            })
            .await;
        let ada = app.coder("ada").await.with_permissions(&Permission::ALL);
        for _ in 0..10 {
            let long = json!({ "name": "Long", "code": "x".repeat(100_000) });
            assert_eq!(ada.post("/snippet", long).await.status, 200);
        }
        let server = Listening::start(&app).await;
        let mut deaf = Socket::open(&server, ada.token.as_deref()).await;
        let many = "mentors(first: 100) { nodes { coders(first: 100) { nodes { id } } } }";
        let long = format!("{{ viewer {{ ... on Coder {{ snippets {{ nodes {{ code }} }} }} }} {many} }}");
        for number in 0..16 {
            deaf.subscribe(&number.to_string(), &long).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        ada.graphql(&format!("{{ {many} }}")).await.data();
        // Nothing is lost.
        deaf.completed(16).await;
    })
    .await;
}

/// A cable to the database of an application, and the URL of the database at its other end.
async fn cable_to_database(app: &App) -> (Cable, String) {
    let mut url: Url = app.config.database_url.parse().expect("a URL");
    let target = (url.host_str().unwrap_or("localhost"), url.port().unwrap_or(5432));
    let target = target.to_socket_addrs().expect("the server's address").next().expect("there is one");
    let cable = Cable::to(target).await;
    url.set_host(Some("127.0.0.1")).expect("it has a host");
    url.set_port(Some(cable.address.port())).expect("it has a port");
    (cable, url.into())
}

#[tokio::test]
async fn connections_that_nobody_answers_any_more_are_given_up_and_made_anew() {
    App::run(Kind::Postgres, async |app: &App| {
        let (cable, url) = cable_to_database(app).await;
        let limits = Limits {
            database_connections: 5,
            statement_timeout: Duration::from_secs(1),
            ..app.config.limits.clone()
        };
        let db = database::connect(&url, Some(&limits)).await.expect("the database answers");
        let given_up = join_all((0..5).map(|_| {
            tokio::time::timeout(Duration::from_millis(500), async {
                let transaction = db.begin().await.expect("a transaction");
                transaction.execute_unprepared("SELECT pg_sleep(60)").await
            })
        }));
        let strand = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            cable.strand().await;
        };
        let (given_up, ()) = tokio::join!(given_up, strand);
        assert!(given_up.iter().all(Result::is_err), "nothing was under way");

        let began = Instant::now();
        while let Err(error) = db.execute_unprepared("SELECT 1").await {
            assert!(began.elapsed() < Duration::from_secs(20), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_and_comes_back() {
    App::run(Kind::Postgres, async |direct: &App| {
        let (cable, url) = cable_to_database(direct).await;
        let app = direct
            .another(|config| {
                config.database_url = url;
                config.limits.request_timeout = Duration::from_secs(8);
            })
            .await;
        let ada = app.coder("ada").await;
        let stored = ada.post("/snippet", json!({ "name": "Kept", "code": "pass" })).await;
        assert_eq!(stored.status, 200);

        cable.cut().await;
        let answers = join_all((0..8).map(|_| ada.graphql(SNIPPETS))).await;
        for answer in answers {
            assert_eq!(answer.code(), "UNAVAILABLE", "{}", answer.body);
        }
        let written = ada.post("/snippet", json!({ "name": "Lost", "code": "pass" })).await;
        written.assert_rest_error(503);
        assert!(!written.header("retry-after").is_empty());
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        let ready = app.anonymous().get("/readyz").await;
        assert_eq!((ready.status, &ready.body["database"]), (503, &json!("unavailable")));

        cable.mend().await;
        let answer = ada.graphql(SNIPPETS).await;
        assert_eq!(answer.data()["viewer"]["snippets"]["totalCount"], 1);

        cable.hold_up().await;
        let began = Instant::now();
        let held_up = ada.get("/userinfo/ada").await;
        held_up.assert_rest_error(503);
        assert!(began.elapsed() < Duration::from_secs(20), "it hung");
        cable.mend().await;
        assert_eq!(ada.get("/userinfo/ada").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn clients_that_are_silent_or_leave_do_not_stop_the_others() {
    App::run(Kind::Sqlite, async |app: &App| {
        let app = app.another(|config| config.limits.concurrent_requests = 10).await;
        let server = Listening::start(&app).await;
        let (mut silent, mut leaving) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            let mut stream = TcpStream::connect(server.address).await.expect("a connection");
            stream.write_all(b"POST /graphql HTTP/1.1\r\nContent-Le").await.expect("it is written");
            silent.push(stream);
        }
        for _ in 0..50 {
            let mut stream = TcpStream::connect(server.address).await.expect("a connection");
            let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
            stream.write_all(head.as_bytes()).await.expect("it is written");
            leaving.push(stream);
        }
        let requests = (0..10).map(|_| {
            let query = json!({ "query": "{ __typename }" });
            reqwest::Client::new().post(server.url("/graphql")).json(&query).send()
        });
        for answer in join_all(requests).await {
            assert_eq!(answer.expect("it answers").status(), 200);
        }
        let answer = reqwest::get(server.url("/healthz")).await.expect("it answers");
        assert_eq!(answer.status(), 200);
        drop((silent, leaving));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended_as_each_edge_does() {
    App::run(Kind::Sqlite, async |app: &App| {
        let hurried = app.another(|config| config.limits.request_timeout = Duration::from_millis(200)).await;
        let server = Listening::start(&hurried).await;
        for (path, marker) in [("/graphql", "\"errors\""), ("/signup", "\"success\":false")] {
            let mut stream = TcpStream::connect(server.address).await.expect("a connection");
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
            );
            stream.write_all(head.as_bytes()).await.expect("it is written");
            let mut answer = vec![0; 4_096];
            let length = stream.read(&mut answer).await.expect("it is answered");
            let answer = String::from_utf8_lossy(&answer[..length]);
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            assert!(answer.contains(marker), "{answer}");
            assert!(answer.to_lowercase().contains("retry-after:"), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_stop_lets_a_request_in_flight_end_and_takes_no_new_one() {
    App::run(Kind::Sqlite, async |app: &App| {
        let provider = MockServer::start().await;
        let slow = ResponseTemplate::new(200)
            .set_body_json(json!({ "_id": "abc" }))
            .set_delay(Duration::from_millis(800));
        Mock::given(path("/dbconnections/signup")).respond_with(slow).mount(&provider).await;
        let issuer: Url = provider.uri().parse().expect("a URL");
        let app = app.another(|config| config.auth0.issuer = issuer).await;
        let server = Listening::start(&app).await;
        let (url, address) = (server.url("/signup"), server.address);
        let body =
            json!({ "username": "ada", "usertype": "coder", "email": "a@example.com", "password": "x" });
        let in_flight =
            tokio::spawn(async move { reqwest::Client::new().post(url).json(&body).send().await });
        let is_signup = |request: &wiremock::Request| request.url.path() == "/dbconnections/signup";
        while !provider.received_requests().await.unwrap_or_default().iter().any(is_signup) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        let ended = server.stop();
        let answer = in_flight.await.expect("the request ran").expect("it was answered");
        assert_eq!(answer.status(), 200);
        tokio::time::timeout(Duration::from_secs(5), ended).await.expect("it ends").expect("in peace");
        assert!(TcpStream::connect(address).await.is_err(), "it still listens");
    })
    .await;
}
