//! The labels of metrics. Each has few values, all of our choosing: a label that clients could fill
//! would be theirs to fill the memory with.

#![expect(clippy::struct_field_names, reason = "a field is the label's name, which others have chosen")]

use prometheus_client::encoding::EncodeLabelSet;

/// Of a request to this server, named by `OpenTelemetry`'s conventions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    pub(super) http_request_method: &'static str,
    pub(super) http_route: &'static str,
    pub(super) http_response_status_code: u16,
}

/// Of a request to another server: `jwks` or `signup`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Call {
    pub(super) purpose: &'static str,
    pub(super) outcome: &'static str,
}

/// Of a GraphQL operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operation {
    pub(super) operation: &'static str,
    pub(super) r#type: &'static str,
    pub(super) outcome: &'static str,
}

/// Of an SQL statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Statement {
    pub(super) db_operation_name: &'static str,
    pub(super) outcome: &'static str,
}

/// Of a failure that a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Failure {
    pub(super) edge: &'static str,
    pub(super) code: &'static str,
}

/// Of whatever can come out in several ways.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) outcome: &'static str,
}

/// Of one of the two database servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Server {
    pub(super) server: &'static str,
}

/// Of connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Connections {
    pub(super) server: &'static str,
    pub(super) state: &'static str,
}
