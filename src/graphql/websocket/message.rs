//! What client and server say to each other.

use async_graphql::ServerError;
use axum::extract::ws::Message;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{json, parameters::Parameters};

/// What a client says.
pub(super) enum ClientMessage {
    ConnectionInit { payload: Map<String, Value> },
    Ping { payload: Option<Map<String, Value>> },
    Pong,
    Subscribe { id: String, parameters: Box<Parameters> },
    Complete { id: String },
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, in a few words, when it is none that the protocol has.
    pub(super) fn parse(data: &[u8]) -> Result<Self, String> {
        let Ok(Value::Object(mut message)) = serde_json::from_slice(data) else {
            return Err("A message is a JSON object.".to_owned());
        };
        let kind = message.remove("type").unwrap_or_default();
        let id = match message.remove("id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(id),
            _ => Err("The id of an operation is a string, and not empty.".to_owned()),
        };
        let payload = match message.remove("payload") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(payload)) => Ok(Some(payload)),
            Some(_) => Err("A payload is an object.".to_owned()),
        };
        match kind.as_str().unwrap_or_default() {
            "connection_init" => Ok(Self::ConnectionInit { payload: payload?.unwrap_or_default() }),
            "ping" => Ok(Self::Ping { payload: payload? }),
            "pong" => payload.map(|_| Self::Pong),
            "complete" => Ok(Self::Complete { id: id? }),
            "subscribe" => {
                let (id, payload) = (id?, payload?.unwrap_or_default());
                let has_query = payload.get("query").is_some_and(Value::is_string);
                let parameters =
                    Parameters::from_object(payload).map_err(|error| error.message.into_owned())?;
                if !has_query && parameters.hash.is_none() {
                    return Err("The parameter query is missing.".to_owned());
                }
                Ok(Self::Subscribe { id, parameters: Box::new(parameters) })
            }
            _ => Err("There is no such type of message.".to_owned()),
        }
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    /// Ends an operation of which nothing was executed.
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

/// A response, which is JSON already, as the message `next`.
pub(super) fn next(id: &str, response: &[u8]) -> Message {
    let mut message = br#"{"type":"next","id":"#.to_vec();
    json::scalar(&mut message, id);
    message.extend_from_slice(br#","payload":"#);
    message.extend_from_slice(response);
    message.push(b'}');
    Message::text(String::from_utf8(message).unwrap_or_default())
}

impl From<ServerMessage<'_>> for Message {
    fn from(message: ServerMessage<'_>) -> Self {
        Self::text(serde_json::to_string(&message).unwrap_or_default())
    }
}
