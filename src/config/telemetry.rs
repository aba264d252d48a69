use std::net::SocketAddr;

use axum::http::{HeaderName, HeaderValue};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;
use url::Url;

use super::reader::{Reader, parsed};

/// What an operator sees.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// `LOG_LEVEL`: from which level on this server writes to its log.
    pub log_level: LevelFilter,
    /// `METRICS_ADDR`: where metrics are told, if they are.
    pub metrics_address: Option<SocketAddr>,
    /// Where traces are sent, if they are.
    pub traces: Option<Traces>,
}

/// Traces, by the settings that `OpenTelemetry` has for all programs alike.
#[derive(Clone, Debug)]
pub struct Traces {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, with the path for traces: a collector that speaks OTLP over HTTP.
    pub endpoint: Url,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: what goes along, such as a key.
    pub headers: Vec<(String, SecretString)>,
    /// `OTEL_SERVICE_NAME`.
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which requests are traced.
    pub sampler: Sampler,
}

const DEFAULT_SERVICE_NAME: &str = "funcster-api";
/// The one that is spoken.
const PROTOCOL: &str = "http/protobuf";

impl Default for Telemetry {
    fn default() -> Self {
        Self { log_level: LevelFilter::INFO, metrics_address: None, traces: None }
    }
}

impl Telemetry {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        let log_level = read.optional("LOG_LEVEL", "error, warn, info, debug or trace", log_level);
        let metrics_address =
            read.optional("METRICS_ADDR", "an address and a port, such as 127.0.0.1:9090", parsed);
        let endpoint = read.optional(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "the URL of a collector that speaks OTLP over HTTP, such as http://localhost:4318",
            endpoint,
        );
        read.optional("OTEL_EXPORTER_OTLP_PROTOCOL", PROTOCOL, |value| (value == PROTOCOL).then_some(()));
        let headers = read.optional("OTEL_EXPORTER_OTLP_HEADERS", "NAME=VALUE, with commas between", headers);
        let service_name = read.optional("OTEL_SERVICE_NAME", "a name", parsed);
        let share = read.optional("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", |value| {
            parsed(value).filter(|share| (0.0..=1.0).contains(share))
        });
        let sampler = read.optional(
            "OTEL_TRACES_SAMPLER",
            "always_on, always_off or traceidratio, with parentbased_ before it or not",
            |name| sampler(name, share.unwrap_or(1.0)),
        );
        let default = Self::default();
        Self {
            log_level: log_level.unwrap_or(default.log_level),
            metrics_address,
            traces: endpoint.map(|endpoint| Traces {
                endpoint,
                headers: headers.unwrap_or_default(),
                service_name: service_name.unwrap_or_else(|| DEFAULT_SERVICE_NAME.to_owned()),
                sampler: sampler.unwrap_or_else(|| Sampler::ParentBased(Box::new(Sampler::AlwaysOn))),
            }),
        }
    }
}

fn log_level(name: &str) -> Option<LevelFilter> {
    // Numbers are levels too, but nobody would know which.
    parsed(name).filter(|_| name.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// The path for traces is added to the collector's, as OTLP has it.
fn endpoint(value: &str) -> Option<Url> {
    let mut url: Url = parsed(value).filter(|url: &Url| ["http", "https"].contains(&url.scheme()))?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["v1", "traces"]);
    Some(url)
}

/// Values are percent-encoded, as in W3C Baggage.
fn headers(value: &str) -> Option<Vec<(String, SecretString)>> {
    let header = |header: &str| {
        let (name, value) = header.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let name: HeaderName = parsed(name.trim())?;
        HeaderValue::from_str(&value).ok()?;
        Some((name.to_string(), value.into_owned().into()))
    };
    value.split(',').map(header).collect()
}

fn sampler(name: &str, share: f64) -> Option<Sampler> {
    let of_root = match name.strip_prefix("parentbased_").unwrap_or(name) {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(share),
        _ => return None,
    };
    let is_of_parent = name.starts_with("parentbased_");
    Some(if is_of_parent { Sampler::ParentBased(Box::new(of_root)) } else { of_root })
}
