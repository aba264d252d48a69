//! An identity provider that answers whatever a test wants of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use url::Url;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::forge::Key;
use crate::support::App;

pub(crate) const JWKS: &str = "/.well-known/jwks.json";
pub(crate) const SIGNUP: &str = "/dbconnections/signup";

/// It answers 404 at every path that no test has set an answer for.
pub(crate) struct Issuer {
    server: MockServer,
    answers: Arc<Mutex<HashMap<&'static str, ResponseTemplate>>>,
}

struct Switchboard(Arc<Mutex<HashMap<&'static str, ResponseTemplate>>>);

impl Respond for Switchboard {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let answers = self.0.lock().expect("nobody panicked");
        answers.get(request.url.path()).cloned().unwrap_or_else(|| ResponseTemplate::new(404))
    }
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        // Servers out of wiremock's pool would go on listening when a test is done with them.
        let server = MockServer::builder().start().await;
        let answers = Arc::<Mutex<_>>::default();
        Mock::given(any()).respond_with(Switchboard(Arc::clone(&answers))).mount(&server).await;
        Self { server, answers }
    }

    /// One that publishes these keys.
    pub(crate) async fn publishing(keys: &[&Key]) -> Self {
        let issuer = Self::start().await;
        issuer.publish(keys);
        issuer
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("{}/", self.server.uri())).expect("an address")
    }

    /// From now on, `path` is answered like this.
    pub(crate) fn answer(&self, path: &'static str, answer: ResponseTemplate) {
        self.answers.lock().expect("nobody panicked").insert(path, answer);
    }

    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.answer(JWKS, key_set(&keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()));
    }

    /// From now on, whoever signs up gets this id.
    pub(crate) fn register_as(&self, id: &str) {
        self.answer(SIGNUP, ResponseTemplate::new(200).set_body_json(json!({ "_id": id })));
    }

    /// What was asked at this path so far.
    pub(crate) async fn requests(&self, path: &str) -> Vec<Request> {
        let mut requests = self.server.received_requests().await.expect("requests are recorded");
        requests.retain(|request| request.url.path() == path);
        requests
    }

    /// How many requests there were at any other path.
    pub(crate) async fn requests_elsewhere(&self, path: &str) -> usize {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        requests.iter().filter(|request| request.url.path() != path).count()
    }
}

pub(crate) fn key_set(keys: &[Value]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
}

/// A server that trusts this provider and signs people up with it.
pub(crate) async fn trusting(app: &App, issuer: &Issuer) -> App {
    app.another(|config| config.auth0.issuer = issuer.url()).await
}
