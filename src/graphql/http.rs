//! GraphQL over HTTP, as the specification of that name has it: what is read, what is answered, and
//! with which status.

use async_graphql::{
    Data, Pos, Request, Response as GraphqlResponse, ServerError, Value,
    parser::{
        self, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use async_graphql_axum::GraphQLResponse;
use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State, rejection::BytesRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    batches::Batches,
    context::RequestContext,
    error::{add_code, log, request_error},
    limits,
    parameters::Parameters,
    usages, variables,
};
use crate::{
    Error, Result,
    app::{AppState, Client},
    error::Code,
    media_type::{self, MediaType},
};

/// `POST /graphql`: any operation.
pub async fn post(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let parameters = || {
        if !media_type::is_json(&headers) {
            return Err(Error::unsupported_media_type());
        }
        Parameters::from_json(&body?)
    };
    answer(&app, client, &headers, parameters, true).await
}

/// `GET /graphql`: queries; and, for a browser that comes without one, the explorer.
pub async fn get(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if let Some(explorer) = &app.explorer
        && query.is_empty()
        && media_type::wants_html(&headers)
    {
        return explorer.page();
    }
    answer(&app, client, &headers, || Parameters::from_query_string(&query), false).await
}

async fn answer(
    app: &AppState,
    client: Client,
    headers: &HeaderMap,
    parameters: impl FnOnce() -> Result<Parameters>,
    may_mutate: bool,
) -> Response {
    let Some(media_type) = MediaType::negotiated(headers) else {
        let message = "The answer is application/graphql-response+json or application/json.";
        return refuse(MediaType::Json, Error::new(Code::NotAcceptable, message).into());
    };
    match execute(app, client, headers, parameters, may_mutate).await {
        Ok(response) => write(media_type, response, app.limits.graphql.errors as usize),
        Err(refusal) => refuse(media_type, refusal),
    }
}

async fn execute(
    app: &AppState,
    client: Client,
    headers: &HeaderMap,
    parameters: impl FnOnce() -> Result<Parameters>,
    may_mutate: bool,
) -> Result<GraphqlResponse, Refusal> {
    let viewer = app.viewer(headers, client.0).await?;
    let mut parameters = parameters()?;
    let limits = &app.limits.graphql;
    limits::check_tokens(&parameters.query, limits)?;
    let document = parse_query(&parameters.query)?;
    let operation = selected(&document, parameters.operation_name.as_deref());
    if let Some(operation) = operation {
        variables::fill_in_defaults(operation, &mut parameters.variables);
    }
    limits::check(&document, &parameters.variables, limits)?;
    let mut is_mutation = false;
    if let Some(operation) = operation {
        is_mutation = operation.ty == OperationType::Mutation;
        if is_mutation && !may_mutate {
            let message = "A mutation changes something, so it is sent by POST.";
            return Err(Error::new(Code::MethodNotAllowed, message).into());
        }
        usages::check(&document, operation, app.introspection)?;
        variables::check(operation, &parameters.variables)?;
    }

    let batches = Batches::default();
    let context = RequestContext::new(app, viewer, client.0, batches.clone());
    let mut data = Data::default();
    data.insert(if is_mutation { context.without_cache() } else { context });
    let mut request = Request::new(parameters.query).variables(parameters.variables);
    request.operation_name = parameters.operation_name;
    request.data = data;
    request.set_parsed_query(document);
    Ok(batches.run(app.schema.execute(request)).await)
}

/// The operation that will be executed; none when the name does not tell, which execution reports.
fn selected<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map(|operation| &operation.node)
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut operations = operations.values();
            operations.next().filter(|_| operations.next().is_none()).map(|operation| &operation.node)
        }
    }
}

/// Writes what execution came to. Every root field is nullable, so data that is null was never
/// begun, unless an error says where.
fn write(media_type: MediaType, mut response: GraphqlResponse, most_errors: usize) -> Response {
    let began = response.data != Value::Null || response.errors.iter().any(|error| !error.path.is_empty());
    for error in &mut response.errors {
        log(error);
        add_code(error, began);
    }
    if !began {
        response.errors.truncate(most_errors);
        return write_errors(media_type, Code::ValidationFailed, &response.errors);
    }
    let mut response = GraphQLResponse::from(response).into_response();
    response.headers_mut().insert(CONTENT_TYPE, media_type.header());
    response
}

/// Answers a request that came to nothing, as GraphQL clients know it.
pub(crate) fn failure(error: Error) -> Response {
    refuse(MediaType::Json, error.into())
}

/// Why execution did not begin, and where in the document, if that is to blame.
struct Refusal {
    error: Error,
    locations: Vec<Pos>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, locations: Vec::new() }
    }
}

impl From<parser::Error> for Refusal {
    fn from(error: parser::Error) -> Self {
        // The parser draws the line and marks the place; its last line says what was expected.
        let drawing = error.to_string();
        let expected = drawing.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
        let locations = error.positions().collect();
        Self { error: Error::new(Code::ParseFailed, format!("Syntax error: {expected}.")), locations }
    }
}

/// Writes why execution did not begin.
fn refuse(media_type: MediaType, Refusal { error, locations }: Refusal) -> Response {
    let headers = error.headers();
    let code = error.code;
    let error = ServerError { locations, ..request_error(error) };
    log(&error);
    let mut response = write_errors(media_type, code, &[error]);
    response.headers_mut().extend(headers);
    if code == Code::MethodNotAllowed {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// A response without data: execution never began.
#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [ServerError],
}

fn write_errors(media_type: MediaType, code: Code, errors: &[ServerError]) -> Response {
    // Clients of the older media type take any other status than 200 for a failure of the network.
    let is_of_document = matches!(code, Code::ParseFailed | Code::ValidationFailed | Code::BadUserInput);
    let status = if media_type == MediaType::Json && is_of_document { StatusCode::OK } else { code.status() };
    let mut response = (status, Json(Errors { errors })).into_response();
    response.headers_mut().insert(CONTENT_TYPE, media_type.header());
    response
}
