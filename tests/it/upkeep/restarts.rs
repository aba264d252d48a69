//! Servers that are asked to stop, and what their clients notice: nothing.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::{Client, Response, header::CONNECTION};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    support::{App, Kind, Listening, Person, Socket},
    trust::{
        cli_servers::{Server, free_port},
        program::Program,
    },
};

const CLIENTS: usize = 8;

/// Starts the program on the database of an application, at this port.
async fn start(app: &App, program: &Program, port: &str, delay: &str) -> Server {
    Server::of(app, program, port, &[("SHUTDOWN_DELAY_SECONDS", delay)]).await
}

async fn status(http: &Client, address: &str) -> Option<u16> {
    Some(http.get(address).send().await.ok()?.status().as_u16())
}

/// Waits until this status is answered at `address`; none if nobody is there.
async fn until(http: &Client, address: &str, wanted: Option<u16>) {
    while status(http, address).await != wanted {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stores a snippet of this name at `address`, and returns the status.
async fn store(http: &Client, address: &str, token: &str, name: &str) -> reqwest::Result<u16> {
    let snippet = json!({ "name": name, "code": "pass" });
    let answer = http.post(address).bearer_auth(token).json(&snippet).send().await?;
    Ok(answer.status().as_u16())
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(db: &DatabaseConnection) {
    let waiting =
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let waiting = Statement::from_string(DbBackend::Postgres, waiting);
    while db.query_one_raw(waiting.clone()).await.expect("an answer").is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a program in front of the servers knows: which of them are ready.
struct Balancer {
    addresses: [String; 2],
    ready: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Balancer {
    /// Asks each server every tenth of a second.
    async fn watch(&self) {
        let http = Client::new();
        while !self.is_over.load(Ordering::Relaxed) {
            let mut ready = Vec::new();
            for address in &self.addresses {
                if status(&http, &format!("{address}/readyz")).await == Some(200) {
                    ready.push(address.clone());
                }
            }
            *self.ready.lock().expect("nobody panics") = ready;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn choose(&self, nth: usize) -> Option<String> {
        let ready = self.ready.lock().expect("nobody panics");
        Some(ready.get(nth.checked_rem(ready.len())?)?.clone())
    }

    /// Sends requests of each kind, one after another over connections that are kept, and returns how many,
    /// and what went wrong.
    async fn send(&self, person: &Person<'_>) -> (usize, Vec<String>) {
        let (http, token) = (Client::new(), person.token.as_deref().expect("a token"));
        let (mut sent, mut failures) = (0, Vec::new());
        while !self.is_over.load(Ordering::Relaxed) {
            let Some(server) = self.choose(sent) else {
                failures.push("no server is ready".to_owned());
                break;
            };
            let graphql =
                |query: &str| http.post(format!("{server}/graphql")).json(&json!({ "query": query }));
            let request = match sent % 3 {
                0 => graphql("{ viewer { username } }"),
                1 => graphql(
                    r#"mutation { createSnippet(input: { name: "a", code: "b" }) { snippet { id } } }"#,
                ),
                _ => http.get(format!("{server}/userinfo/{}", person.username)),
            };
            let answer = request.bearer_auth(token).send().await.and_then(Response::error_for_status);
            let body = match answer {
                Ok(answer) => answer.json::<Value>().await,
                Err(error) => Err(error),
            };
            match body {
                Ok(body) if body.get("errors").is_none() => {}
                Ok(body) => failures.push(body.to_string()),
                Err(error) => failures.push(format!("{error:?}")),
            }
            sent += 1;
        }
        (sent, failures)
    }
}

#[tokio::test]
async fn one_server_after_the_other_is_restarted_and_no_request_fails() {
    App::run(Kind::Postgres, async |app: &App| {
        let ada = app.coder("ada").await;
        let (programs, ports) = ([Program::new(), Program::new()], [free_port(), free_port()]);
        let mut servers = Vec::new();
        for (program, port) in programs.iter().zip(&ports) {
            servers.push(start(app, program, port, "1").await);
        }
        let addresses = [servers[0].at(""), servers[1].at("")];
        let ready = Mutex::new(addresses.to_vec());
        let balancer = Balancer { addresses, ready, is_over: AtomicBool::new(false) };
        let restart = async {
            for (program, port) in programs.iter().zip(&ports) {
                tokio::time::sleep(Duration::from_millis(300)).await;
                assert_eq!(servers.remove(0).stop("TERM").await, Some(0));
                servers.push(start(app, program, port, "1").await);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            balancer.is_over.store(true, Ordering::Relaxed);
        };
        let clients = join_all((0..CLIENTS).map(|_| balancer.send(&ada)));
        let ((), (), clients) = tokio::join!(balancer.watch(), restart, clients);
        let (sent, failures): (Vec<_>, Vec<_>) = clients.into_iter().unzip();
        assert_eq!(failures.concat(), Vec::<String>::new());
        assert!(sent.iter().sum::<usize>() > 200, "{sent:?}");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_to_stop_says_so_and_serves_on_for_a_while() {
    App::run(Kind::Sqlite, async |app: &App| {
        let (program, port, http) = (Program::new(), free_port(), Client::new());
        let server = start(app, &program, &port, "2").await;
        let (home, readyz) = (server.at("/"), server.at("/readyz"));
        let kept = http.get(&home).send().await.expect("an answer");
        assert!(!kept.headers().contains_key(CONNECTION));

        let stopping = tokio::spawn(server.stop("TERM"));
        until(&http, &readyz, Some(503)).await;
        let readiness: Value =
            Client::new().get(&readyz).send().await.expect("an answer").json().await.expect("JSON");
        let expected = json!({ "status": "stopping", "database": "ok", "migrations": "ok", "keys": "ok" });
        assert_eq!(readiness, expected);
        let last = http.get(&home).send().await.expect("an answer");
        assert_eq!(
            (last.status().as_u16(), &last.headers()[CONNECTION]),
            (200, &"close".parse().expect("a value"))
        );
        assert_eq!(stopping.await.expect("it stops"), Some(0));
        assert_eq!(status(&http, &home).await, None);
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_by_ctrl_c_or_twice_does_not_wait() {
    App::run(Kind::Sqlite, async |app: &App| {
        let (program, port) = (Program::new(), free_port());
        let began = Instant::now();
        let server = start(app, &program, &port, "60").await;
        assert_eq!(server.stop("INT").await, Some(0));
        let server = start(app, &program, &port, "60").await;
        let readyz = server.at("/readyz");
        server.signal("TERM");
        until(&Client::new(), &readyz, Some(503)).await;
        assert_eq!(server.stop("TERM").await, Some(0));
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());

        // Somebody sends half a request, and the server would wait for the rest.
        let server = start(app, &program, &port, "0").await;
        let mut client = TcpStream::connect(("127.0.0.1", port.parse().expect("a port"))).await.expect("it listens");
        let half = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        client.write_all(half).await.expect("it is taken");
        let healthz = server.at("/healthz");
        assert_eq!(status(&Client::new(), &healthz).await, Some(200));
        server.signal("INT");
        until(&Client::new(), &healthz, None).await;
        let asked = Instant::now();
        assert_eq!(server.stop("INT").await, Some(0));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    })
    .await;
}

/// The one has nothing to do any more, but connections to the database that it opened are the others' too.
#[tokio::test]
async fn a_worker_thread_that_ends_first_leaves_the_others_their_connections() {
    App::run(Kind::Postgres, async |app: &App| {
        let ada = app.coder("ada").await;
        let token = ada.token.as_deref().expect("a token");
        // Which of two workers opened a connection is chance; here the other one uses it, there the same.
        for user in 0..2 {
            let (program, port) = (Program::new(), free_port());
            let settings =
                [("SHUTDOWN_DELAY_SECONDS", "0"), ("WORKER_THREADS", "2"), ("DATABASE_MAX_CONNECTIONS", "6")];
            let server = Server::of(app, &program, &port, &settings).await;
            // Of either worker by turns.
            let clients: Vec<_> = (0..4).map(|_| Client::new()).collect();
            for client in &clients {
                client.get(server.at("/healthz")).send().await.expect("a connection");
            }
            let address = server.at("/snippet");
            for stops in [false, true] {
                let lock = app.db.begin().await.expect("a transaction");
                lock.execute_unprepared("LOCK TABLE snippets").await.expect("the table is to be had");
                let unlock = async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    if stops {
                        server.signal("TERM");
                        tokio::time::sleep(Duration::from_millis(300)).await;
                    }
                    lock.rollback().await.expect("the table is free");
                };
                // First both workers, each with a connection; then one of them with both.
                let second = if stops { user + 2 } else { 1 - user };
                let stored =
                    join_all([user, second].map(|client| store(&clients[client], &address, token, "Kept")));
                let (stored, ()) = tokio::join!(stored, unlock);
                assert!(stored.iter().all(|stored| matches!(stored, Ok(200))), "{stored:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_changed_last_is_told_to_clients_of_other_servers() {
    App::run(Kind::Postgres, async |app: &App| {
        let ada = app.coder("ada").await;
        let token = ada.token.as_deref().expect("a token");
        let there = Listening::start(app).await;
        let mut socket = Socket::open(&there, Some(token)).await;
        socket.subscribe("s", "subscription { mySnippetChanged { snippet { name } } }").await;
        let (program, port) = (Program::new(), free_port());
        let server = start(app, &program, &port, "0").await;
        let (address, healthz) = (server.at("/snippet"), server.at("/healthz"));
        let store = async |name| store(&Client::new(), &address, token, name).await.expect("an answer");
        let told = |name: &str| json!({ "mySnippetChanged": { "snippet": { "name": name } } });
        assert_eq!(store("First").await, 200);
        assert_eq!(socket.next("s").await, told("First"));

        let lock = app.db.begin().await.expect("a transaction");
        lock.execute_unprepared("LOCK TABLE snippets").await.expect("the table is to be had");
        let stop = async {
            somebody_waits(&app.db).await;
            let stopping = tokio::spawn(server.stop("TERM"));
            until(&Client::new(), &healthz, None).await;
            lock.rollback().await.expect("the table is free");
            stopping.await.expect("it stops")
        };
        assert_eq!(tokio::join!(store("Last"), stop), (200, Some(0)));
        assert_eq!(socket.next("s").await, told("Last"));
        let log = std::fs::read_to_string(program.directory().join("log")).expect("a log");
        assert!(!log.contains("WARN"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn every_socket_is_told_that_the_server_stops() {
    App::run(Kind::Sqlite, async |app: &App| {
        let (program, port) = (Program::new(), free_port());
        let settings =
            [("SHUTDOWN_DELAY_SECONDS", "0"), ("WORKER_THREADS", "2"), ("STREAMS_PER_ADDRESS", "0")];
        let server = Server::of(app, &program, &port, &settings).await;
        let mut sockets = Vec::new();
        for _ in 0..600 {
            sockets.push(Socket::open_at(&server.at("/graphql"), None).await);
        }
        let stopped = tokio::spawn(server.stop("TERM"));
        for mut socket in sockets {
            assert_eq!(socket.closed().await.0, 1012);
        }
        assert_eq!(stopped.await.expect("it stops"), Some(0));
    })
    .await;
}
