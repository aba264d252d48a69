//! GraphQL over `WebSocket`, by the protocol `graphql-transport-ws`: PROTOCOL.md of the package
//! graphql-ws, to the letter.

mod closing;
mod message;
mod session;

use std::time::Duration;

use axum::{
    extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code},
    response::Response,
};
use tokio::time::Instant;

use self::{
    closing::{Closing, code},
    message::ServerMessage,
    session::Session,
};
use crate::{
    app::{App, Client},
    limit::Place,
    telemetry,
};

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// How long a client may be silent. It is pinged before.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(1);
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// What a connection reads at once: most of them wait, and the buffer stays all the while.
const READ_BUFFER_BYTES: usize = 1024;

/// Takes a connection over. It has its `place` as long as it lasts.
pub(super) fn accept(app: App, client: Client, place: Place, upgrade: WebSocketUpgrade) -> Response {
    let most = app.limits.body_bytes as usize;
    let upgrade = upgrade
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .protocols([SUBPROTOCOL]);
    let is_spoken = upgrade.selected_protocol().is_some();
    let (request, going_on) = (telemetry::current(), app.shutdown.going_on().token());
    upgrade.on_upgrade(async move |mut socket| {
        let closing = if is_spoken {
            request.carry(serve(Session::new(app, client), &mut socket)).await
        } else {
            Some(Closing::new(code::SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable"))
        };
        if let Some(closing) = closing {
            closing.send(&mut socket).await;
        }
        drop((place, going_on));
    })
}

/// Serves a connection until it has to be closed, or is no more.
async fn serve(mut session: Session, socket: &mut WebSocket) -> Option<Closing> {
    let stopping = session.stopping();
    let mut stopping = std::pin::pin!(stopping);
    let mut end = session.deadline();
    let mut pings = tokio::time::interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            received = socket.recv() => {
                heard = Instant::now();
                let was_known = session.is_known();
                let answer = match received? {
                    Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                        session.hear(&message.into_data()).await
                    }
                    // The library answers these; after a close it receives no more.
                    Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(None),
                    Err(error) => return Closing::failing(error),
                };
                if session.is_known() && !was_known {
                    end = session.deadline();
                }
                match answer {
                    Ok(answer) => answer,
                    Err(closing) => return Some(closing),
                }
            }
            message = session.next() => Some(message),
            closing = &mut end => return Some(closing),
            () = &mut stopping => return Some(Closing::new(close_code::RESTART, "The server stops")),
            _ = pings.tick() => {
                if heard.elapsed() > SILENCE_TIMEOUT {
                    return Some(Closing::new(code::SILENT, "The client is silent"));
                }
                Some(ServerMessage::Ping.into())
            }
        };
        if let Some(message) = message {
            // A client that has left needs no reason.
            socket.send(message).await.ok()?;
        }
    }
}
