use std::{collections::HashMap, future, sync::Arc, time::Duration};

use axum::{
    extract::ws::Message,
    http::{HeaderMap, HeaderValue, header::AUTHORIZATION},
};
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, AbortHandle, Abortable, BoxStream, SelectAll},
};
use serde_json::{Map, Value};

use super::{
    super::{
        execution::{self, Outcome, Refusal, WrittenOutcome},
        parameters::Parameters,
    },
    closing::{Closing, code},
    message::{ClientMessage, ServerMessage, next},
};
use crate::{
    Error, Result,
    app::{App, Client},
    auth::Viewer,
    telemetry,
};

/// How many operations one connection may have going at once.
const MAX_OPERATIONS: usize = 100;
/// How soon to come back with another one.
const FULL_PAUSE: Duration = Duration::from_secs(1);
/// How long a client may take to be let in.
const INIT_TIMEOUT: Duration = Duration::from_secs(5);

/// What one connection has come to: who is there, and what is going on.
pub(super) struct Session {
    app: App,
    client: Client,
    /// None until the client is let in.
    viewer: Option<Viewer>,
    /// What they come to; the last is none.
    operations: SelectAll<BoxStream<'static, (Arc<str>, Option<WrittenOutcome>)>>,
    /// What ends an operation, by the id that the client gave it.
    running: HashMap<Arc<str>, AbortHandle>,
}

impl Session {
    pub(super) fn new(app: App, client: Client) -> Self {
        Self { app, client, viewer: None, operations: SelectAll::new(), running: HashMap::new() }
    }

    /// Whether the client is let in.
    pub(super) const fn is_known(&self) -> bool {
        self.viewer.is_some()
    }

    /// Ends when the server is told to stop.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + use<> {
        self.app.shutdown.stopped()
    }

    /// Ends when the connection has to: when nobody was let in in time, or the token has expired.
    pub(super) fn deadline(&self) -> BoxFuture<'static, Closing> {
        match &self.viewer {
            None => tokio::time::sleep(INIT_TIMEOUT).map(|()| initialisation_timeout()).boxed(),
            Some(viewer) => {
                let closing = |()| Closing::new(code::FORBIDDEN, "The access token has expired");
                viewer.expiry().map(closing).boxed()
            }
        }
    }

    /// Answers a message, or closes the connection.
    pub(super) async fn hear(&mut self, data: &[u8]) -> Result<Option<Message>, Closing> {
        let message = ClientMessage::parse(data).map_err(|reason| Closing::new(code::BAD_REQUEST, reason))?;
        match (message, &self.viewer) {
            (ClientMessage::ConnectionInit { payload }, None) => {
                // What is done once had better not take room in every connection for as long as it lasts.
                let viewer = viewer_of(&self.app, self.client, payload).boxed();
                let viewer = tokio::time::timeout(INIT_TIMEOUT, viewer).await;
                let viewer = viewer.map_err(|_| initialisation_timeout())?;
                self.viewer = Some(viewer.map_err(|error| Closing::refusing(&error))?);
                Ok(Some(ServerMessage::ConnectionAck.into()))
            }
            (ClientMessage::ConnectionInit { .. }, Some(_)) => {
                Err(Closing::new(code::TOO_MANY_INITS, "Too many initialisation requests"))
            }
            (ClientMessage::Ping { payload }, _) => Ok(Some(ServerMessage::Pong { payload }.into())),
            (ClientMessage::Pong, _) => Ok(None),
            (ClientMessage::Subscribe { .. }, None) => Err(Closing::new(code::UNAUTHORIZED, "Unauthorized")),
            (ClientMessage::Subscribe { id, parameters }, Some(viewer)) => {
                let viewer = viewer.clone();
                self.start(id.into(), viewer, *parameters).map(|()| None)
            }
            (ClientMessage::Complete { id }, _) => {
                self.end(&id);
                Ok(None)
            }
        }
    }

    /// What an operation has to tell next; never ends when there is none.
    pub(super) async fn next(&mut self) -> Message {
        let Some((id, outcome)) = self.operations.next().await else { return future::pending().await };
        match outcome {
            Some(Outcome::Began(response)) => next(&id, &response),
            Some(Outcome::Refused(errors)) => {
                self.end(&id);
                ServerMessage::Error { id: &id, payload: &errors }.into()
            }
            None => {
                self.end(&id);
                ServerMessage::Complete { id: &id }.into()
            }
        }
    }

    fn start(&mut self, id: Arc<str>, viewer: Viewer, parameters: Parameters) -> Result<(), Closing> {
        if self.running.contains_key(&id) {
            let reason = format!("Subscriber for {id} already exists");
            return Err(Closing::new(code::SUBSCRIBER_ALREADY_EXISTS, reason));
        }
        let is_full = self.running.len() >= MAX_OPERATIONS;
        let (abort, registration) = AbortHandle::new_pair();
        self.running.insert(Arc::clone(&id), abort);
        let outcomes = telemetry::observe_operation(|| {
            if is_full {
                stream::once(async { Refusal::from(Error::rate_limited(FULL_PAUSE)).into() }).boxed()
            } else {
                execution::outcomes(self.app.clone(), viewer, self.client.0, parameters)
            }
        });
        let outcomes = outcomes.map(Some).chain(stream::once(future::ready(None)));
        let outcomes = outcomes.map(move |outcome| (Arc::clone(&id), outcome));
        self.operations.push(Abortable::new(outcomes, registration).boxed());
        Ok(())
    }

    /// Lets an operation go: nothing is heard of it any more. One that is over already is no news.
    fn end(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
    }
}

fn initialisation_timeout() -> Closing {
    Closing::new(code::INIT_TIMEOUT, "Connection initialisation timeout")
}

/// Whom the payload of `connection_init` is from: it carries what a header does elsewhere.
async fn viewer_of(app: &App, client: Client, mut payload: Map<String, Value>) -> Result<Viewer> {
    let nested = payload.remove("headers").unwrap_or_default();
    let given = ["Authorization", "authorization"]
        .into_iter()
        .find_map(|name| payload.get(name).or_else(|| nested.get(name)));
    let mut headers = HeaderMap::new();
    if let Some(given) = given.filter(|given| !given.is_null()) {
        let value = given.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let value = value
            .ok_or_else(|| Error::token_invalid("Authorization must be: Bearer, a space, the token."))?;
        headers.insert(AUTHORIZATION, value);
    }
    app.viewer(&headers, client.0).await
}
