use async_graphql::Variables;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The parameters of a GraphQL request.
pub(super) struct Parameters {
    /// The document.
    pub(super) query: Option<String>,
    /// Its hash, in its place or beside it: `documentId`, or Apollo's `persistedQuery` extension.
    pub(super) hash: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
}

impl Parameters {
    /// Reads them from the JSON body of a POST.
    pub(super) fn from_json(body: &[u8]) -> Result<Self> {
        let body = serde_json::from_slice(body).map_err(|_| Error::bad_request("The body is not JSON."))?;
        match body {
            Value::Object(parameters) => Self::from_object(parameters),
            Value::Array(_) => Err(Error::bad_request("Send one operation a request, not an array of them.")),
            _ => Err(Error::bad_request("The body must be a JSON object.")),
        }
    }

    /// Reads them from the query string of a GET.
    pub(super) fn from_query_string(query: &str) -> Result<Self> {
        let mut parameters = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = match &*name {
                "variables" | "extensions" if value.is_empty() => Value::Null,
                "variables" | "extensions" => serde_json::from_str(&value)
                    .map_err(|_| Error::bad_request(format!("{name} is not JSON.")))?,
                _ => Value::from(value),
            };
            parameters.insert(name.into_owned(), value);
        }
        Self::from_object(parameters)
    }

    /// Reads them from an object's members.
    ///
    /// # Errors
    /// `BadRequest` for a member of the wrong type.
    pub(super) fn from_object(mut parameters: Map<String, Value>) -> Result<Self> {
        let mut take = |name| parameters.remove(name).unwrap_or_default();
        let query = match take("query") {
            Value::Null => None,
            Value::String(query) => Some(query).filter(|query| !query.is_empty()),
            _ => return Err(Error::bad_request("The parameter query must be a string.")),
        };
        let document_id = match take("documentId") {
            Value::Null => None,
            Value::String(id) => Some(id),
            _ => return Err(Error::bad_request("The parameter documentId must be a string.")),
        };
        let operation_name = match take("operationName") {
            Value::Null => None,
            Value::String(name) => Some(name).filter(|name| !name.is_empty()),
            _ => return Err(Error::bad_request("The parameter operationName must be a string.")),
        };
        let variables = match take("variables") {
            variables @ (Value::Null | Value::Object(_)) => Variables::from_json(variables),
            _ => return Err(Error::bad_request("The parameter variables must be an object.")),
        };
        let extensions = take("extensions");
        if !matches!(extensions, Value::Null | Value::Object(_)) {
            return Err(Error::bad_request("The parameter extensions must be an object."));
        }
        let hash = document_id.or_else(|| persisted_hash(&extensions));
        let hash = hash.map(|hash| hash.strip_prefix("sha256:").map(ToOwned::to_owned).unwrap_or(hash));
        Ok(Self { query, hash, operation_name, variables })
    }
}

/// The hash in Apollo's extension, in its first and only version.
fn persisted_hash(extensions: &Value) -> Option<String> {
    let persisted = extensions.get("persistedQuery").filter(|persisted| persisted["version"] == 1)?;
    persisted.get("sha256Hash")?.as_str().map(ToOwned::to_owned)
}
