use std::fs;

use reqwest::{Response, header::AUTHORIZATION};
use serde_json::{Value, json};

use crate::{
    support::{App, Person},
    trust::{
        cli_servers::{Server, free_port},
        program::Program,
    },
};

/// The program, serving on the database of an application and trusting its tokens.
pub(super) struct Served {
    program: Program,
    server: Server,
    http: reqwest::Client,
}

impl Served {
    pub(super) async fn start(app: &App, settings: &[(&str, &str)]) -> Self {
        let (program, port) = (Program::new(), free_port());
        let mut all = vec![
            ("SIGNUPS_PER_MINUTE", "0"),
            ("FAILED_TOKENS_PER_MINUTE", "0"),
            ("SHUTDOWN_DELAY_SECONDS", "0"),
        ];
        all.extend(settings);
        let server = Server::of(app, &program, &port, &all).await;
        Self { program, server, http: reqwest::Client::new() }
    }

    pub(super) fn at(&self, path: &str) -> String {
        self.server.at(path)
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.http.get(self.at(path)).send().await.expect("an answer")
    }

    pub(super) fn request(&self, person: &Person<'_>, path: &str, body: &Value) -> reqwest::RequestBuilder {
        bearing(person, self.http.post(self.at(path)).json(body))
    }

    pub(super) fn get_as(&self, person: &Person<'_>, path: &str) -> reqwest::RequestBuilder {
        bearing(person, self.http.get(self.at(path)))
    }

    pub(super) async fn post(&self, person: &Person<'_>, path: &str, body: Value) -> Response {
        self.request(person, path, &body).send().await.expect("an answer")
    }

    pub(super) async fn graphql(&self, person: &Person<'_>, query: &str) -> Value {
        let answer = self.post(person, "/graphql", json!({ "query": query })).await;
        answer.json().await.expect("JSON")
    }

    /// Stops it, and returns the lines of its log, each of which is JSON.
    pub(super) async fn stop(self) -> Vec<Value> {
        assert_eq!(self.server.stop("TERM").await, Some(0));
        let log = fs::read_to_string(self.program.directory().join("log")).expect("the log");
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

fn bearing(person: &Person<'_>, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    match &person.token {
        Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    }
}
