//! The program as it runs: `dev` and `serve` over real connections, from start to stop.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::mpsc,
    time::{Duration, Instant},
};

use reqwest::header::{ACCEPT, RETRY_AFTER};
use serde_json::{Value, json};

use crate::{support::App, trust::program::Program};

const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. It is ended when the test is done with it, or fails.
pub(crate) struct Server {
    pub(crate) child: Child,
    address: String,
    http: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port().to_string()
}

impl Server {
    /// Starts the program, and returns the server with what it printed before it answered.
    pub(crate) async fn start(
        program: &Program,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> (Self, String) {
        let port = settings.iter().find(|(name, _)| *name == "PORT").expect("the port is set").1;
        let log = File::create(program.directory().join("log")).expect("a file for the log");
        let mut child = program.command(settings, arguments).stderr(log).spawn().expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });

        let mut server =
            Self { child, address: format!("http://localhost:{port}"), http: reqwest::Client::new() };
        let began = Instant::now();
        while server.http.get(server.at("/healthz")).send().await.is_err() {
            let ended = server.child.try_wait().expect("the program is waited for");
            let log = || std::fs::read_to_string(program.directory().join("log"));
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{arguments:?}: {ended:?} {:?}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (server, lines.try_iter().map(|line| line + "\n").collect())
    }

    /// Starts the program on the database of an application and with its Auth0, and waits until it is ready.
    pub(crate) async fn of(app: &App, program: &Program, port: &str, settings: &[(&str, &str)]) -> Self {
        let (config, auth0) = (&app.config, &app.config.auth0);
        let mut all = vec![
            ("DATABASE_URL", config.database_url.as_str()),
            ("AUTH0_DOMAIN", auth0.issuer.as_str()),
            ("AUTH0_CLIENT_ID", auth0.client_id.as_str()),
            ("API_IDENTIFIER", auth0.audience.as_str()),
            ("HOST", "127.0.0.1"),
            ("PORT", port),
        ];
        all.extend(settings);
        let (server, _) = Self::start(program, &all, &["serve"]).await;
        let is_ready = async || {
            server.http.get(server.at("/readyz")).send().await.is_ok_and(|answer| answer.status() == 200)
        };
        while !is_ready().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    async fn text(&self, path: &str) -> String {
        let response = self.http.get(self.at(path)).send().await.expect("an answer");
        response.text().await.expect("a text")
    }

    async fn graphql(&self, token: &str, query: &str) -> Value {
        let request = self.http.post(self.at("/graphql")).bearer_auth(token).json(&json!({ "query": query }));
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let kill =
            ["-c", r#"kill -s "$0" "$1""#, signal, &self.child.id().to_string()].map(ToOwned::to_owned);
        assert!(Command::new("sh").args(kill).status().expect("a shell").success());
    }

    /// Asks it to stop, and returns with which code it did.
    #[cfg(unix)]
    pub(crate) async fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the program is waited for") {
                return status.code();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "it does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn dev_runs_out_of_the_box_and_remembers_everything_over_a_restart() {
    let program = Program::new();
    let port = free_port();
    let settings = [("PORT", port.as_str()), ("HOST", "localhost")];
    let (server, out) = Server::start(&program, &settings, &["dev"]).await;
    for sentence in [server.at("/graphql"), server.at("/auth0/token/mentor1"), "coder1".to_owned()] {
        assert!(out.contains(&sentence), "{sentence}: {out}");
    }
    assert!(program.directory().join(".funcster").is_dir());
    let page =
        server.http.get(server.at("/graphql")).header(ACCEPT, "text/html").send().await.expect("a page");
    assert!(page.headers()["content-type"].to_str().expect("a text").starts_with("text/html"));
    assert!(page.text().await.expect("a page").to_lowercase().contains("graphiql"));

    let mentor1 = server.text("/auth0/token/mentor1").await;
    let query = "{ viewer { username } coders { totalCount } }";
    let before = server.graphql(&mentor1, query).await;
    assert_eq!(before["data"]["viewer"]["username"], "mentor1", "{before}");
    let ada = json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": "Correct-horse-1" });
    let signed_up = server.http.post(server.at("/signup")).json(&ada).send().await.expect("an answer");
    assert_eq!(signed_up.status(), 200);
    let adas = server.text("/auth0/token/ada").await;
    assert_eq!(server.graphql(&adas, "{ viewer { username } }").await["data"]["viewer"]["username"], "ada");
    let keys = server.text("/auth0/.well-known/jwks.json").await;
    assert_eq!(server.stop("TERM").await, Some(0));
    let log = program.directory().join(".funcster/funcster.db-wal");
    assert!(!log.exists(), "SQLite's log is in the database, which is one file");

    let (server, _) = Server::start(&program, &settings, &["dev"]).await;
    assert_eq!(server.text("/auth0/.well-known/jwks.json").await, keys);
    let after = server.graphql(&mentor1, query).await;
    let coders = |answer: &Value| answer["data"]["coders"]["totalCount"].as_i64().expect("a count");
    assert_eq!(coders(&after), coders(&before) + 1, "ada alone is new: {after}");
    for token in [adas, server.text("/auth0/token/ada").await] {
        assert_eq!(
            server.graphql(&token, "{ viewer { username } }").await["data"]["viewer"]["username"],
            "ada"
        );
    }
    let again = server.http.post(server.at("/signup")).json(&ada).send().await.expect("an answer");
    assert_eq!(again.status(), 409);
    assert_eq!(server.stop("INT").await, Some(0));
}

#[cfg(unix)]
#[tokio::test]
async fn serve_answers_while_its_tenant_is_out_of_reach_and_shows_nothing_that_was_not_asked_for() {
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    let port = free_port();
    let settings = [
        ("PORT", port.as_str()),
        ("HOST", "127.0.0.1"),
        ("DATABASE_URL", "sqlite://funcster.db"),
        ("AUTH0_DOMAIN", "http://127.0.0.1:1"),
        ("AUTH0_CLIENT_ID", "a"),
        ("API_IDENTIFIER", "https://api.example.com"),
        ("SHUTDOWN_DELAY_SECONDS", "0"),
    ];
    let (server, out) = Server::start(&program, &settings, &[]).await;
    assert_eq!(out, "", "the log goes to standard error");
    assert!(server.text("/").await.contains("true"));
    let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ.e30.AA";
    let response = server.http.get(server.at("/coders")).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(RETRY_AFTER));
    for path in ["/auth0/token/mentor1", "/auth0/.well-known/jwks.json"] {
        assert_eq!(server.http.get(server.at(path)).send().await.expect("an answer").status(), 404, "{path}");
    }
    let page =
        server.http.get(server.at("/graphql")).header(ACCEPT, "text/html").send().await.expect("an answer");
    assert_ne!(page.status(), 200, "no explorer");
    let query = json!({ "query": "{ __schema { queryType { name } } }" });
    let introspection = server.http.post(server.at("/graphql")).json(&query).send().await.expect("an answer");
    let introspection: Value = introspection.json().await.expect("JSON");
    assert!(introspection["data"]["__schema"].is_null(), "{introspection}");
    assert_eq!(server.stop("TERM").await, Some(0));
}

#[test]
fn dev_is_refused_to_the_outside() {
    for host in ["0.0.0.0", "::", "192.168.1.1"] {
        let program = Program::new();
        program.run(&[("HOST", host), ("PORT", &free_port())], &["dev"]).assert_failed(&["HOST", "loopback"]);
        assert!(!program.directory().join(".funcster").exists(), "nothing is made");
    }
}

#[test]
fn a_port_that_is_in_use_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port().to_string();
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    let sentences = ["cannot listen on", &port, "PORT"];
    program.run(&[("PORT", &port)], &["dev"]).assert_failed(&sentences);
    let settings = [
        ("PORT", port.as_str()),
        ("HOST", "127.0.0.1"),
        ("DATABASE_URL", "sqlite://funcster.db"),
        ("AUTH0_DOMAIN", "http://127.0.0.1:1"),
        ("AUTH0_CLIENT_ID", "a"),
        ("API_IDENTIFIER", "b"),
    ];
    program.run(&settings, &["serve"]).assert_failed(&sentences);
}
