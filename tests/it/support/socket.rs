use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::Listening;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The subprotocol that the server speaks.
pub(crate) const SUBPROTOCOL: Option<&str> = Some("graphql-transport-ws");

/// A client of GraphQL over WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, and says nothing yet.
    pub(crate) async fn connect(server: &Listening, subprotocol: Option<&str>) -> Self {
        Self::connect_at(&server.url("/graphql"), subprotocol).await
    }

    async fn connect_at(url: &str, subprotocol: Option<&str>) -> Self {
        let mut request = url.replacen("http", "ws", 1).into_client_request().expect("an address");
        if let Some(subprotocol) = subprotocol {
            let subprotocol = subprotocol.parse().expect("a header");
            request.headers_mut().insert("sec-websocket-protocol", subprotocol);
        }
        Self(connect_async(request).await.expect("a connection").0)
    }

    /// Connects, and is let in with this token.
    pub(crate) async fn open(server: &Listening, token: Option<&str>) -> Self {
        Self::open_at(&server.url("/graphql"), token).await
    }

    /// Connects to this address, and is let in with this token.
    pub(crate) async fn open_at(url: &str, token: Option<&str>) -> Self {
        let mut socket = Self::connect_at(url, SUBPROTOCOL).await;
        let payload = token.map(|token| json!({ "Authorization": format!("Bearer {token}") }));
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("it is sent");
    }

    /// Starts an operation.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    /// The next message.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match message.expect("the connection is open").expect("it works") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("it is closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The data of the next result of this operation.
    pub(crate) async fn next(&mut self, id: &str) -> Value {
        let message = self.receive().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        message["payload"]["data"].clone()
    }

    /// The ids of so many operations, which give results without errors and are complete.
    pub(crate) async fn completed(&mut self, count: usize) -> Vec<Value> {
        let mut completed = Vec::new();
        while completed.len() < count {
            let message = self.receive().await;
            match message["type"].as_str() {
                Some("next") => assert_eq!(message["payload"].get("errors"), None, "{message}"),
                Some("complete") => completed.push(message["id"].clone()),
                _ => panic!("it is refused: {message}"),
            }
        }
        completed
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(300), self.0.next()).await.is_err()
    }

    /// The first error of this operation, which is refused.
    pub(crate) async fn refused(&mut self, id: &str) -> Value {
        let message = self.receive().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
        message["payload"][0].clone()
    }

    /// The code that the connection is closed with, and the reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("it is closed in time");
            if let Message::Close(frame) = message.expect("there is a reason").expect("it works") {
                let frame = frame.expect("there is a reason");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// The HTTP status that a connection is refused with.
    pub(crate) async fn rejected(server: &Listening) -> u16 {
        Self::try_connect(server).await.expect_err("it is refused")
    }

    /// Connects and leaves again, or tells the HTTP status that it is refused with.
    pub(crate) async fn try_connect(server: &Listening) -> Result<(), u16> {
        match connect_async(format!("ws://{}/graphql", server.address)).await {
            Ok(_) => Ok(()),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("neither connected nor refused: {error}"),
        }
    }
}
