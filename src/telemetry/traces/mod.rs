//! Traces, by `OpenTelemetry`: a span for each request, in it one for each SQL statement and for each
//! call of the identity provider. A trace that a client began is continued (W3C Trace Context), and
//! passed on. Without a collector there are no spans, and nothing is paid for them.

mod exporter;

use std::{
    collections::HashMap,
    sync::OnceLock,
    time::{Instant, SystemTime},
};

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use sea_orm::{DbBackend, metric::Info};
use secrecy::ExposeSecret;

use self::exporter::Carrier;
use super::{
    metrics,
    record::{self, Record},
};
use crate::config;

/// Once there is a collector.
static TRACING: OnceLock<Tracing> = OnceLock::new();

struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Begins to send traces to the collector.
///
/// # Errors
/// When the exporter cannot be set up.
pub(super) fn start(
    settings: &config::Traces,
) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
    let headers = settings.headers.iter();
    let headers: HashMap<_, _> =
        headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Carrier::new())
        .with_endpoint(settings.endpoint.as_str())
        .with_headers(headers)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(settings.sampler.clone())
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("funcster-api");
    let _ = TRACING.set(Tracing { provider, tracer });
    Ok(())
}

/// Sends what has not been sent yet. Blocks for as long as that takes.
pub(super) fn stop() {
    if let Some(tracing) = TRACING.get() {
        // There is nobody left to tell that it failed.
        let _ = tracing.provider.shutdown();
    }
}

/// The span of a request that came with these headers.
pub(super) fn of_request(method: &Method, route: &str, headers: &HeaderMap) -> Option<Context> {
    let tracer = &TRACING.get()?.tracer;
    let parent =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    let builder =
        tracer.span_builder(format!("{method} {route}")).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("http.route", route.to_owned()),
        ]);
    let span = builder.start_with_context(tracer, &parent);
    Some(parent.with_span(span))
}

/// The span of one operation of many that share a connection, whose own span is `parent`.
pub(super) fn of_operation(parent: Option<&Context>) -> Option<Context> {
    let (tracer, parent) = (&TRACING.get()?.tracer, parent?);
    let builder = tracer.span_builder("GraphQL over WebSocket").with_kind(SpanKind::Server);
    Some(parent.with_span(builder.start_with_context(tracer, parent)))
}

/// A request is over.
pub(super) fn end(context: &Context, record: &Record, status: Option<StatusCode>) {
    let span = context.span();
    let attributes = [
        status.map(|status| KeyValue::new("http.response.status_code", i64::from(status.as_u16()))),
        record.subject().map(|subject| KeyValue::new("enduser.pseudo.id", subject)),
        record.operation.get().map(|name| KeyValue::new("graphql.operation.name", name.to_string())),
        record.code.get().map(|code| KeyValue::new("error.type", code.name())),
        Some(KeyValue::new("funcster.request.id", record.id().to_owned())),
    ];
    span.set_attributes(attributes.into_iter().flatten());
    if status.is_some_and(|status| status.is_server_error()) {
        span.set_status(Status::error(""));
    }
    span.end();
}

/// The id of the trace that a request is part of.
pub(super) fn id_of(context: &Context) -> impl std::fmt::Display + use<> {
    context.span().span_context().trace_id()
}

/// A statement has been executed.
pub(super) fn statement(statement: &Info<'_>, parent: &Context) {
    let Some(Tracing { tracer, .. }) = TRACING.get().filter(|_| parent.span().is_recording()) else { return };
    let (sql, verb) = (&statement.statement.sql, metrics::verb(&statement.statement.sql));
    let system = match statement.statement.db_backend {
        DbBackend::Postgres => "postgresql",
        _ => "sqlite",
    };
    let now = SystemTime::now();
    let span = tracer.span_builder(verb).with_kind(SpanKind::Client).with_attributes([
        KeyValue::new("db.system.name", system),
        KeyValue::new("db.operation.name", verb),
        // What is bound to it stands elsewhere.
        KeyValue::new("db.query.text", sql.clone()),
    ]);
    let span = span.with_start_time(now.checked_sub(statement.elapsed).unwrap_or(now));
    let context = parent.with_span(span.start_with_context(tracer, parent));
    if statement.failed {
        context.span().set_status(Status::error(""));
    }
    context.span().end_with_timestamp(now);
}

/// Sends a request to the identity provider, for the purpose named: timed, and as part of the trace.
pub(crate) async fn send(
    request: reqwest::RequestBuilder,
    purpose: &'static str,
) -> reqwest::Result<reqwest::Response> {
    let (client, request) = request.build_split();
    let mut request = request?;
    let context = of_call(&request, purpose);
    if let Some(context) = &context {
        TraceContextPropagator::new().inject_context(context, &mut HeaderInjector(request.headers_mut()));
    }
    let began = Instant::now();
    let answer = client.execute(request).await;
    let status = answer.as_ref().ok().map(reqwest::Response::status);
    let outcome = match status {
        Some(status) if status.is_success() => "ok",
        Some(_) => "refused",
        None => "failed",
    };
    metrics::call(purpose, outcome, began.elapsed());
    if let Some(context) = context {
        let span = context.span();
        if let Some(status) = status {
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        }
        if outcome != "ok" {
            span.set_status(Status::error(outcome));
        }
        span.end();
    }
    answer
}

fn of_call(request: &reqwest::Request, purpose: &'static str) -> Option<Context> {
    let tracer = &TRACING.get()?.tracer;
    let parent = record::with(|record| record.trace.clone()).flatten().unwrap_or_default();
    let builder = tracer.span_builder(purpose).with_kind(SpanKind::Client).with_attributes([
        KeyValue::new("http.request.method", request.method().to_string()),
        KeyValue::new("url.full", request.url().to_string()),
        KeyValue::new("server.address", request.url().host_str().unwrap_or_default().to_owned()),
    ]);
    Some(parent.with_span(builder.start_with_context(tracer, &parent)))
}
