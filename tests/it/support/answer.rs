use axum::{
    body::{Bytes, to_bytes},
    http::HeaderMap,
    response::Response,
};
use serde_json::Value;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null when it is something else.
    pub(crate) body: Value,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("the body can be read");
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Self { status, headers, body, bytes }
    }

    /// The header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The data of a GraphQL response that has no errors.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert_eq!(self.body.get("errors"), None, "there are errors: {}", self.body);
        &self.body["data"]
    }

    /// The code of the only error of a GraphQL response.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        self.error()["extensions"]["code"].as_str().expect("the error has a code")
    }

    /// The only error of a GraphQL response.
    #[track_caller]
    pub(crate) fn error(&self) -> &Value {
        match self.body["errors"].as_array().map(Vec::as_slice) {
            Some([error]) => error,
            _ => panic!("there should be one error: {}", self.body),
        }
    }

    /// Checks that this is a REST error: the status, and the three keys that go with it.
    #[track_caller]
    pub(crate) fn assert_rest_error(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["success"], false, "{}", self.body);
        assert_eq!(self.body["error"], status, "{}", self.body);
        assert!(self.body["message"].is_string(), "{}", self.body);
        assert_eq!(self.body.as_object().map(serde_json::Map::len), Some(3), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
    }
}
