//! Why a connection is closed, and how.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tungstenite::error::{CapacityError, Error as ProtocolError};

use crate::{Error, error::Code};

/// How long a client may take to close from its side.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
/// How many bytes a reason may have: a control frame has 125 (RFC 6455 section 5.5), two of them for the code.
const MAX_REASON_BYTES: usize = 123;

/// The protocol's own codes for closing a connection, and the registered one for a client that is silent.
pub(super) mod code {
    pub(in super::super) const SILENT: u16 = 3008;
    pub(in super::super) const BAD_REQUEST: u16 = 4400;
    pub(in super::super) const UNAUTHORIZED: u16 = 4401;
    pub(in super::super) const FORBIDDEN: u16 = 4403;
    pub(in super::super) const SUBPROTOCOL_NOT_ACCEPTABLE: u16 = 4406;
    pub(in super::super) const INIT_TIMEOUT: u16 = 4408;
    pub(in super::super) const SUBSCRIBER_ALREADY_EXISTS: u16 = 4409;
    pub(in super::super) const TOO_MANY_INITS: u16 = 4429;
}

/// Why a connection is closed.
pub(super) struct Closing {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Closing {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// For somebody who is not let in.
    pub(super) fn refusing(error: &Error) -> Self {
        error.log();
        let code = match error.code {
            Code::Unavailable | Code::RateLimited => close_code::AGAIN,
            Code::Internal => close_code::ERROR,
            _ => code::FORBIDDEN,
        };
        Self::new(code, &*error.message)
    }

    /// For a client that does not keep to RFC 6455, or says too much at once; none for a connection
    /// that is no more.
    pub(super) fn failing(error: axum::Error) -> Option<Self> {
        match *error.into_inner().downcast::<ProtocolError>().ok()? {
            ProtocolError::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Some(Self::new(close_code::SIZE, format!("A message has at most {max_size} bytes")))
            }
            ProtocolError::Protocol(error) => Some(Self::new(close_code::PROTOCOL, error.to_string())),
            ProtocolError::Utf8(_) => Some(Self::new(close_code::INVALID, "Text is UTF-8")),
            _ => None,
        }
    }

    /// Says so to the client, and waits for it to leave: what it sent and nobody read would take the
    /// reason away again.
    pub(super) async fn send(self, socket: &mut WebSocket) {
        let is_readable = self.code != close_code::SIZE;
        let mut reason = self.reason;
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        let frame = CloseFrame { code: self.code, reason: reason.into() };
        let farewell = async {
            if socket.send(Message::Close(Some(frame))).await.is_ok() {
                // What is too large is not read even now.
                while is_readable && matches!(socket.recv().await, Some(Ok(_))) {}
                if !is_readable {
                    tokio::time::sleep(FAREWELL_TIMEOUT).await;
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL_TIMEOUT, farewell).await;
    }
}
