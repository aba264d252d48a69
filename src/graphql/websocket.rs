//! GraphQL over `WebSocket`, by the protocol `graphql-transport-ws`.

use std::{any::TypeId, net::IpAddr, sync::Arc, time::Duration};

use async_graphql::{
    Data, Executor, Request, Response as GraphqlResponse,
    http::{ClientMessage, WebSocket as Protocol, WebSocketProtocols, WsMessage},
    runtime::TokioTimer,
};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code as library_codes},
    http::{HeaderMap, HeaderValue, header::AUTHORIZATION},
    response::Response,
};
use futures_util::{
    FutureExt, Stream, StreamExt, future,
    sink::SinkExt,
    stream::{self, BoxStream, SplitStream},
};
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use super::{
    execution::{Operation, Outcome},
    parameters::{Parameters, persisted_hash},
};
use crate::{Error, Result, app::App, auth::Viewer, telemetry};

const PROTOCOL: WebSocketProtocols = WebSocketProtocols::GraphQLWS;
/// How many operations one connection may have going at once.
const MAX_OPERATIONS: usize = 100;
/// How long a client may take to say `connection_init`.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may be silent. It is pinged before.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(1);
const PING_INTERVAL: Duration = Duration::from_secs(25);

/// The protocol's codes for closing a connection.
mod code {
    pub(super) const BAD_REQUEST: u16 = 4400;
    pub(super) const UNAUTHORIZED: u16 = 4401;
    pub(super) const FORBIDDEN: u16 = 4403;
    pub(super) const SUBPROTOCOL_NOT_ACCEPTABLE: u16 = 4406;
    pub(super) const INIT_TIMEOUT: u16 = 4408;
}

/// Takes a connection over.
pub(super) fn accept(app: App, client: IpAddr, upgrade: WebSocketUpgrade) -> Response {
    let most = app.limits.body_bytes as usize;
    let upgrade =
        upgrade.max_message_size(most).max_frame_size(most).protocols([PROTOCOL.sec_websocket_protocol()]);
    let is_spoken = upgrade.selected_protocol().is_some();
    let request = telemetry::current();
    upgrade.on_upgrade(async move |mut socket| {
        if is_spoken {
            request.carry(serve(app, client, socket)).await;
        } else {
            let reason = "Subprotocol not acceptable".into();
            let frame = CloseFrame { code: code::SUBPROTOCOL_NOT_ACCEPTABLE, reason };
            // A client that has left needs no reason.
            let _ = socket.send(Message::Close(Some(frame))).await;
        }
    })
}

/// What is known of who is at the other end.
#[derive(Clone)]
enum Identity {
    Unknown,
    Refused(Error),
    Known(Viewer),
}

async fn serve(app: App, client: IpAddr, socket: WebSocket) {
    let (mut sink, stream) = socket.split();
    let (settle, identity) = watch::channel(Identity::Unknown);
    let stopping = app.stopping.clone();
    let session = Session { app: app.clone(), client, operations: Arc::default() };
    let initialize = move |payload: Value| async move {
        match viewer_of(&app, client, &payload).await {
            Ok(viewer) => {
                settle.send_replace(Identity::Known(viewer.clone()));
                let mut data = Data::default();
                data.insert(viewer);
                Ok(data)
            }
            Err(error) => {
                // The library would close with another code: the connection is closed below.
                settle.send_replace(Identity::Refused(error));
                future::pending().await
            }
        }
    };
    let mut messages = Protocol::from_message_stream(session, client_messages(stream), PROTOCOL)
        .on_connection_init(initialize)
        .keepalive_timeout(TokioTimer::default(), SILENCE_TIMEOUT)
        .map(to_message)
        .boxed();
    let mut ending = ending(identity).boxed();
    let stopping = stopping.cancelled_owned();
    let mut stopping = std::pin::pin!(stopping);
    let mut pings = tokio::time::interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            frame = &mut ending => Some(Message::Close(Some(frame))),
            () = &mut stopping => {
                let reason = "The server stops".into();
                Some(Message::Close(Some(CloseFrame { code: library_codes::RESTART, reason })))
            }
            _ = pings.tick() => Some(Message::text(r#"{"type":"ping"}"#)),
        };
        let Some(message) = message else { break };
        let is_last = matches!(message, Message::Close(_));
        // A client that does not take what it is sent is waited for no longer than one that says
        // nothing.
        let sent = tokio::time::timeout(SILENCE_TIMEOUT, sink.send(message)).await;
        if is_last || !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
}

/// Whom the payload of `connection_init` is from: it carries what a header does elsewhere.
async fn viewer_of(app: &App, client: IpAddr, payload: &Value) -> Result<Viewer> {
    let mut headers = HeaderMap::new();
    let given = [payload, &payload["headers"]]
        .into_iter()
        .find_map(|fields| ["Authorization", "authorization"].into_iter().find_map(|name| fields.get(name)));
    if let Some(given) = given.filter(|given| !given.is_null()) {
        let value = given.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let value = value
            .ok_or_else(|| Error::token_invalid("Authorization must be: Bearer, a space, the token."))?;
        headers.insert(AUTHORIZATION, value);
    }
    app.viewer(&headers, client).await
}

/// Ends when the connection has to, with the reason.
async fn ending(mut identity: watch::Receiver<Identity>) -> CloseFrame {
    let frame = |code, reason: &str| CloseFrame { code, reason: reason.into() };
    let is_settled = |identity: &Identity| !matches!(identity, Identity::Unknown);
    let settled = tokio::time::timeout(INIT_TIMEOUT, identity.wait_for(is_settled)).await;
    let Ok(settled) = settled.map(|settled| settled.map(|identity| identity.clone())) else {
        return frame(code::INIT_TIMEOUT, "Connection initialisation timeout");
    };
    let viewer = match settled {
        Ok(Identity::Known(viewer)) => viewer,
        Ok(Identity::Refused(error)) => return frame(code::FORBIDDEN, &error.message),
        Ok(Identity::Unknown) | Err(_) => return future::pending().await,
    };
    viewer.expiry().await;
    frame(code::FORBIDDEN, "The access token has expired")
}

fn client_messages(
    stream: SplitStream<WebSocket>,
) -> impl Stream<Item = serde_json::Result<ClientMessage>> + Send {
    stream
        .take_while(|message| future::ready(!matches!(message, Err(_) | Ok(Message::Close(_)))))
        .filter_map(|message| {
            let data = match message {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => Some(message.into_data()),
                _ => None,
            };
            future::ready(data.map(ClientMessage::from_bytes))
        })
        .boxed()
}

fn to_message(message: WsMessage) -> Message {
    match message {
        WsMessage::Text(text) => Message::text(text),
        WsMessage::Close(library_code, reason) => {
            let (code, reason) = match library_code {
                library_codes::PROTOCOL => (code::BAD_REQUEST, "Invalid message".to_owned()),
                library_codes::ERROR => (code::UNAUTHORIZED, "Unauthorized".to_owned()),
                code => (code, reason),
            };
            Message::Close(Some(CloseFrame { code, reason: reason.into() }))
        }
    }
}

/// Executes what comes over one connection, as over HTTP.
#[derive(Clone)]
struct Session {
    app: App,
    client: IpAddr,
    /// One clone of it for every operation that is not complete, beside those of the session.
    operations: Arc<()>,
}

impl Executor for Session {
    async fn execute(&self, request: Request) -> GraphqlResponse {
        let response = self.execute_stream(request, None).next().await;
        response.unwrap_or_default()
    }

    fn execute_stream(
        &self,
        request: Request,
        session: Option<Arc<Data>>,
    ) -> BoxStream<'static, GraphqlResponse> {
        let viewer = session
            .and_then(|data| data.get(&TypeId::of::<Viewer>())?.downcast_ref::<Viewer>().cloned())
            .unwrap_or_default();
        let extensions = serde_json::to_value(&request.extensions).unwrap_or_default();
        let parameters = Parameters {
            query: Some(request.query).filter(|query| !query.is_empty()),
            hash: persisted_hash(&extensions),
            operation_name: request.operation_name.filter(|name| !name.is_empty()),
            variables: request.variables,
        };
        let running = Arc::clone(&self.operations);
        telemetry::observe_operation(|| {
            let prepared = if Arc::strong_count(&running) > MAX_OPERATIONS {
                Err(Error::rate_limited(Duration::from_secs(1)).into())
            } else {
                Operation::prepare(&self.app, parameters)
            };
            match prepared {
                Ok(operation) => {
                    let responses =
                        operation.outcomes(&self.app, viewer, self.client).map(Outcome::into_response);
                    // The clone goes when the operation does.
                    responses
                        .map(move |response| {
                            let _ = &running;
                            response
                        })
                        .boxed()
                }
                Err(refusal) => {
                    let response = GraphqlResponse::from_errors(vec![refusal.into_server_error()]);
                    stream::once(future::ready(response)).boxed()
                }
            }
        })
    }
}
