use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{KeyValue, any_value::Value as Held},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use super::served::Served;
use crate::{
    support::{App, Kind, Socket},
    trust::issuer::{Issuer, JWKS, SIGNUP},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SNIPPET: &str = "snippet_text_41aa";

/// What a collector receives over OTLP/HTTP.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let received = collector.clone();
        let receive = async move |headers: HeaderMap, body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
            received.0.lock().expect("no panic").push((headers, request));
            ExportTraceServiceResponse::default().encode_to_vec()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("the port"));
        let router = Router::new().route("/v1/traces", post(receive));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.0.lock().expect("no panic");
        let resources = received.iter().flat_map(|(_, request)| &request.resource_spans);
        resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }

    fn of_trace(&self) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| hex(&span.trace_id) == TRACE);
        spans
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> &'a str {
    let attribute = attributes.iter().find(|attribute| attribute.key == name);
    match attribute.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Held::StringValue(text)) => text,
        _ => "",
    }
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

on_both_databases! {
    async fn a_trace_goes_on_from_the_client_to_each_statement(app: App) {
        let ada = app.coder("ada").await;
        let (collector, endpoint) = Collector::start().await;
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_SERVICE_NAME", "funcster-here"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b")];
        let served = Served::start(app, &settings).await;
        served.post(&ada, "/snippet", json!({ "name": "a", "code": SNIPPET })).await;
        let query = json!({ "query": "query Mine { viewer { ... on Coder { snippets { nodes { code } } } } }" });
        let request = served.request(&ada, "/graphql", &query).header("traceparent", traceparent("01"));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        let lines = served.stop().await;

        let spans = collector.of_trace();
        let (roots, statements): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span.kind == SpanKind::Server as i32);
        let [root] = roots.as_slice() else { panic!("one span of the request: {spans:#?}") };
        assert_eq!((root.name.as_str(), hex(&root.parent_span_id).as_str()), ("POST /graphql", PARENT));
        assert_eq!(text(&root.attributes, "http.route"), "/graphql");
        assert_eq!(text(&root.attributes, "graphql.operation.name"), "Mine");
        assert_eq!(text(&root.attributes, "enduser.pseudo.id").len(), 16);
        assert!(!statements.is_empty());
        for statement in statements {
            assert_eq!((statement.kind, &statement.parent_span_id), (SpanKind::Client as i32, &root.span_id), "{statement:#?}");
            let sql = text(&statement.attributes, "db.query.text");
            assert!(sql.starts_with(&statement.name), "{sql}");
            assert!(["postgresql", "sqlite"].contains(&text(&statement.attributes, "db.system.name")));
            assert!(root.start_time_unix_nano <= statement.start_time_unix_nano + 1_000_000);
            assert!(statement.start_time_unix_nano <= statement.end_time_unix_nano && statement.end_time_unix_nano <= root.end_time_unix_nano);
        }
        let line = lines.iter().find(|line| line["trace_id"] == TRACE).expect("the log names the trace");
        assert_eq!(line["operation"], "Mine");

        let received = collector.0.lock().expect("no panic");
        for (headers, request) in received.iter() {
            assert_eq!((&headers["x-key"], &headers["content-type"]), (&"a b".parse().expect("a header"), &"application/x-protobuf".parse().expect("a header")));
            let resource = request.resource_spans[0].resource.as_ref().expect("a resource");
            assert_eq!(text(&resource.attributes, "service.name"), "funcster-here");
        }
        let everything = format!("{received:?}");
        assert!(!everything.contains(SNIPPET) && !everything.contains(&ada.token.expect("a token")), "no secrets");
    }

    async fn a_trace_is_passed_on_to_the_identity_provider(app: App) {
        let (issuer, (collector, endpoint)) = (Issuer::start().await, Collector::start().await);
        let keys = reqwest::get(app.config.auth0.issuer.join(".well-known/jwks.json").expect("an address")).await.expect("the keys");
        issuer.answer(JWKS, ResponseTemplate::new(200).set_body_bytes(keys.bytes().await.expect("the keys")));
        issuer.register_as("abc");
        let domain = issuer.url();
        let served = Served::start(app, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("AUTH0_DOMAIN", domain.as_str())]).await;
        let ada = json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": "Correct-horse-1" });
        let request = served.request(&app.anonymous(), "/signup", &ada).header("traceparent", traceparent("01"));
        assert_eq!(request.header("tracestate", "other=1").send().await.expect("an answer").status(), 200);
        served.stop().await;

        let spans = collector.of_trace();
        let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"));
        let (root, call) = (named("POST /signup"), named("signup"));
        assert_eq!(call.parent_span_id, root.span_id);
        let asked = issuer.requests(SIGNUP).await;
        let passed_on = asked[0].headers["traceparent"].to_str().expect("a text");
        assert_eq!(passed_on, format!("00-{TRACE}-{}-01", hex(&call.span_id)));
        assert_eq!(asked[0].headers["tracestate"], "other=1");
        // What another task executes for the sign-up belongs to it too.
        let statements = spans.iter().filter(|span| span.parent_span_id == root.span_id && span.name != "signup");
        assert!(statements.count() >= 3, "{spans:#?}");
        let fetched = issuer.requests(JWKS).await;
        assert!(fetched[0].headers.contains_key("traceparent"), "the keys are fetched in a trace of their own");
    }
}

#[tokio::test]
async fn what_is_not_sampled_is_not_sent_and_without_a_collector_nothing_is() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let query = json!({ "query": "{ viewer { username } }" });
        let (collector, endpoint) = Collector::start().await;
        for (sampler, flags, expected) in [
            ("parentbased_always_on", "00", false),
            ("parentbased_always_on", "01", true),
            ("always_off", "01", false),
            ("parentbased_always_off", "01", true),
            ("always_on", "00", true),
        ] {
            collector.0.lock().expect("no panic").clear();
            let settings =
                [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_TRACES_SAMPLER", sampler)];
            let served = Served::start(app, &settings).await;
            let request = served.request(&ada, "/graphql", &query).header("traceparent", traceparent(flags));
            assert_eq!(request.send().await.expect("an answer").status(), 200);
            served.stop().await;
            assert_eq!(!collector.of_trace().is_empty(), expected, "{sampler} {flags}");
        }
        let served = Served::start(app, &[]).await;
        let request = served.request(&ada, "/graphql", &query).header("traceparent", traceparent("01"));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        let lines = served.stop().await;
        assert!(lines.iter().all(|line| line.get("trace_id").is_none()), "{lines:#?}");
    })
    .await;
}

#[tokio::test]
async fn operations_of_a_socket_are_spans_of_its_trace() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let (collector, endpoint) = Collector::start().await;
        let served = Served::start(app, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
        let mut socket = Socket::open_at(&served.at("/graphql"), ada.token.as_deref()).await;
        socket.subscribe("1", "query Here { viewer { username } }").await;
        socket.next("1").await;
        drop(socket);
        served.stop().await;
        let spans = collector.spans();
        let opened = spans.iter().find(|span| span.name == "GET /graphql").expect("the connection");
        let operation = spans
            .iter()
            .find(|span| text(&span.attributes, "graphql.operation.name") == "Here")
            .expect("the operation");
        assert_eq!((&operation.trace_id, &operation.parent_span_id), (&opened.trace_id, &opened.span_id));
        assert!(spans.iter().any(|span| span.parent_span_id == operation.span_id), "{spans:#?}");
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_is_gone_holds_nobody_up_and_the_log_says_so() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let served = Served::start(app, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
        for _ in 0..10 {
            let answer =
                tokio::time::timeout(Duration::from_secs(2), served.graphql(&ada, "{ viewer { username } }"))
                    .await;
            assert_eq!(answer.expect("in time")["data"]["viewer"]["username"], "ada");
        }
        let lines = served.stop().await;
        assert!(lines.iter().any(|line| line["message"] == "traces do not get through"), "{lines:#?}");
    })
    .await;
}
