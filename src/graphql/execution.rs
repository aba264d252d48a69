//! Operations, from parameters to responses, whatever transport they come by.

use std::{
    future,
    net::IpAddr,
    panic::{AssertUnwindSafe, resume_unwind},
    pin::pin,
    slice,
    sync::Arc,
};

use async_graphql::{
    Data, Name, Pos, Request, Response, ServerError, Value,
    parser::{
        self, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    batches::Batches,
    context::RequestContext,
    error::{add_code, log, request_error},
    json,
    known::{Document, Key},
    large::{self, Share},
    limits,
    parameters::Parameters,
    roots,
    stage::Stage,
    usages, variables,
};
use crate::{Error, admission, app::App, auth::Viewer, error::Code, room::Portion, telemetry};

/// An operation that was found fit to be executed, as far as can be told before validation.
pub(super) struct Operation {
    request: Request,
    name: Option<Name>,
    /// None when the name does not tell which one it is, which execution reports.
    pub(super) kind: Option<OperationType>,
    document: Arc<Document>,
    /// What it is to be known by, if it is new: it has to be validated.
    new: Option<Key>,
    /// How many objects it asks for at most.
    objects: u32,
}

/// Why execution did not begin, and where in the document, if that is to blame.
pub(super) struct Refusal {
    pub(super) error: Error,
    locations: Vec<Pos>,
}

/// What execution came to.
pub(super) enum Outcome<R = Response> {
    /// It began: there is data, if only null for what failed.
    Began(R),
    /// The document was found wanting before.
    Refused(Vec<ServerError>),
}

/// With the response as JSON, for transports that have it in messages of their own.
pub(super) type WrittenOutcome = Outcome<Vec<u8>>;

/// What an operation comes to, one after another.
pub(super) type Outcomes = BoxStream<'static, WrittenOutcome>;

impl Operation {
    /// Parses a document, and checks what can be checked before it is validated.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub(super) fn prepare(app: &App, mut parameters: Parameters) -> Result<Self, Refusal> {
        let limits = &app.limits.graphql;
        let query = app.documents.find(&parameters)?;
        let key = Key { query, operation_name: parameters.operation_name.take() };
        let known = app.known_documents.find(&key);
        let parsed = if let Some(known) = &known {
            known.parsed.clone()
        } else {
            limits::check_tokens(&key.query, limits)?;
            parse_query(&*key.query)?
        };
        let (name, operation) = selected(&parsed, key.operation_name.as_deref()).unzip();
        if let Some(operation) = operation {
            variables::keep_declared(operation, &mut parameters.variables);
            variables::fill_in_defaults(operation, &mut parameters.variables);
        }
        let objects = limits::check(&parsed, operation, &parameters.variables, limits)?;
        if operation.is_some_and(|operation| operation.ty == OperationType::Subscription) {
            large::refuse(objects)?;
        }
        if let Some(operation) = operation {
            if known.is_none() {
                usages::check(&parsed, operation, app.introspection)?;
            }
            variables::check(operation, &parameters.variables)?;
        }
        let (name, kind) = (name.flatten().cloned(), operation.map(|operation| operation.ty));
        let (document, new) = match known {
            Some(known) => (known, None),
            None => (Arc::new(Document::new(&key.query, parsed.clone())), Some(key.clone())),
        };
        // The text is for extensions alone, and there are none.
        let mut request = Request::new("").variables(parameters.variables);
        request.operation_name = key.operation_name;
        let is_subscription = kind == Some(OperationType::Subscription);
        request.set_parsed_query(if is_subscription { roots::flattened(parsed)? } else { parsed });
        Ok(Self { request, name, kind, document, new, objects })
    }

    /// Waits until there is room in memory for what the operation asks for. The share is to be kept until
    /// the response has been written.
    pub(super) async fn share(&self, app: &App) -> Share {
        app.large_operations.share(self.objects).await
    }

    /// Whether lists of rows may be written as JSON while it is executed. Of a mutation there are few,
    /// and objects that are merged cannot be text yet.
    pub(super) fn may_be_written(&self) -> bool {
        self.kind == Some(OperationType::Query) && !self.document.merges
    }

    /// Executes a query or mutation, whose response takes `portion`.
    pub(super) async fn execute(
        self,
        app: &App,
        viewer: Viewer,
        client: IpAddr,
        portion: Arc<Portion>,
    ) -> Outcome {
        let executing = telemetry::executing(self.name.as_deref(), self.kind);
        let batches = Batches::default();
        let is_mutation = self.kind == Some(OperationType::Mutation);
        let db = if is_mutation {
            app.store.primary().for_request_of(client)
        } else {
            app.store.reader(client).await
        };
        let context = RequestContext::new(app, db, viewer, client, batches.clone(), portion);
        let context =
            if is_mutation { context.without_cache() } else { context.writing(self.may_be_written()) };
        let request = with(self.request, context);
        let schema = if self.new.is_some() { &app.schema } else { app.known_documents.schema() };
        let response = batches.run(pin!(schema.execute(request))).await;
        let outcome = Outcome::of(response, app.limits.graphql.errors as usize);
        if let (Some(key), Outcome::Began(_)) = (self.new, &outcome) {
            app.known_documents.remember(key, self.document);
        }
        executing.end(outcome.is_success());
        outcome
    }

    /// Executes a subscription. An event that is refused is an outcome like any other.
    fn subscribe(
        self,
        app: &App,
        viewer: Viewer,
        client: IpAddr,
    ) -> impl Stream<Item = WrittenOutcome> + Send + use<> {
        let subscribed = telemetry::subscribed(self.name.as_deref());
        let (stage, progress) = Stage::begin();
        let portion = app.store.room.portion(Some(client));
        let context = RequestContext::live(app, viewer, client, Arc::clone(&portion));
        let mut request = with(self.request, context);
        request.data.insert(stage);
        let responses = app.schema.execute_stream(request);
        let (most_errors, timeout) = (app.limits.graphql.errors as usize, app.limits.request_timeout);
        // What is subscribed goes with the stream.
        stream::unfold(Some((responses, progress, portion, subscribed)), move |state| async move {
            let (mut responses, mut progress, portion, subscribed) = state?;
            // The last one has been sent.
            portion.clear();
            tokio::select! {
                response = responses.next() => {
                    let outcome = Outcome::of(response?, most_errors);
                    let outcome = if progress.has_begun() { outcome } else { outcome.into_refusal() };
                    Some((outcome.written(), Some((responses, progress, portion, subscribed))))
                }
                () = progress.overdue(timeout) => Some((Outcome::overdue(), None)),
            }
        })
    }

    /// Executes any operation: one outcome of a query or mutation, one an event of a subscription. Each
    /// may take as long as a request, a query or mutation has to be let in as one, and a panic is the last outcome.
    pub(super) fn outcomes(self, app: &App, viewer: Viewer, client: IpAddr) -> Outcomes {
        if self.kind == Some(OperationType::Subscription) {
            return guarded(self.subscribe(app, viewer, client));
        }
        let app = app.clone();
        let executed = async move {
            let portion = app.store.room.portion(Some(client));
            let execution = async {
                let _share = self.share(&app).await;
                self.execute(&app, viewer, client, Arc::clone(&portion)).await.written()
            };
            let executed = async {
                match app.admission.enter().await {
                    Ok(admitted) => admitted.carry(execution).await,
                    Err(error) => {
                        admission::hold_refusal().await;
                        Refusal::from(error).into()
                    }
                }
            };
            let executed = tokio::time::timeout(app.limits.request_timeout, executed).await;
            (executed.unwrap_or_else(|_| Outcome::overdue()), portion)
        };
        // It goes on while a client takes nothing of what it is sent: its place is others', too.
        let executed = AbortOnDropHandle::new(tokio::spawn(telemetry::current().carry(executed)));
        guarded(stream::unfold((Some(executed), None), |(executed, sent)| async move {
            // The outcome has been sent, and takes room no more.
            drop(sent);
            let (outcome, portion) =
                executed?.await.unwrap_or_else(|error| resume_unwind(error.into_panic()));
            Some((outcome, (None, Some(portion))))
        }))
    }
}

/// Prepares an operation and executes it, for a transport that tells all in the same way.
pub(super) fn outcomes(app: App, viewer: Viewer, client: IpAddr, parameters: Parameters) -> Outcomes {
    guarded(
        stream::once(async move { Operation::prepare(&app, parameters).map(|operation| (app, operation)) })
            .flat_map(move |prepared| match prepared {
                Ok((app, operation)) => operation.outcomes(&app, viewer.clone(), client),
                Err(refusal) => stream::once(future::ready(refusal.into())).boxed(),
            }),
    )
}

fn guarded(outcomes: impl Stream<Item = WrittenOutcome> + Send + 'static) -> Outcomes {
    let panicked = |_| Refusal::from(Error::internal("the execution panicked")).into();
    AssertUnwindSafe(outcomes).catch_unwind().map(move |outcome| outcome.unwrap_or_else(panicked)).boxed()
}

impl Outcome {
    /// Every root field is nullable, so data that is null was never begun, unless an error says
    /// where.
    fn of(mut response: Response, most_errors: usize) -> Self {
        let began =
            response.data != Value::Null || response.errors.iter().any(|error| !error.path.is_empty());
        log(&response.errors);
        for error in &mut response.errors {
            add_code(error, began);
        }
        if began {
            Self::Began(response)
        } else {
            response.errors.truncate(most_errors);
            Self::Refused(response.errors)
        }
    }

    /// Whether there is no error.
    const fn is_success(&self) -> bool {
        matches!(self, Self::Began(response) if response.errors.is_empty())
    }

    /// As of what never began.
    fn into_refusal(self) -> Self {
        match self {
            Self::Began(response) => Self::Refused(response.errors),
            refused @ Self::Refused(_) => refused,
        }
    }

    fn written(self) -> WrittenOutcome {
        match self {
            Self::Began(response) => Outcome::Began(json::response(&response)),
            Self::Refused(errors) => Outcome::Refused(errors),
        }
    }
}

impl WrittenOutcome {
    fn overdue() -> Self {
        Refusal::from(Error::overdue()).into()
    }

    /// As a response, for transports that have no other form for what never began.
    pub(super) fn into_response(self) -> Vec<u8> {
        match self {
            Self::Began(response) => response,
            Self::Refused(errors) => json::errors(&errors),
        }
    }
}

impl Refusal {
    /// Logs the cause, where there is one, and makes an error of it that can be sent.
    pub(super) fn into_server_error(self) -> ServerError {
        let error = ServerError { locations: self.locations, ..request_error(self.error) };
        log(slice::from_ref(&error));
        error
    }
}

impl<R> From<Refusal> for Outcome<R> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal.into_server_error()])
    }
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

fn with(mut request: Request, context: RequestContext) -> Request {
    let mut data = Data::default();
    data.insert(context);
    request.data = data;
    request
}

/// The operation to execute, with its own name.
fn selected<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<(Option<&'a Name>, &'a OperationDefinition)> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some((None, &operation.node)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get_key_value(name).map(|(name, operation)| (Some(name), &operation.node))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut operations = operations.iter();
            let only = operations.next().filter(|_| operations.next().is_none());
            only.map(|(name, operation)| (Some(name), &operation.node))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_last_outcome_of_its_operation() {
        let outcomes = stream::iter(0..3).map(|number| {
            assert!(number < 1, "on purpose");
            Outcome::Began(Vec::new())
        });
        let outcomes: Vec<_> = guarded(outcomes).collect().await;
        let [Outcome::Began(_), Outcome::Refused(errors)] = &outcomes[..] else { panic!("two outcomes") };
        assert_eq!(errors[0].message, Error::INTERNAL_MESSAGE);
    }
}
