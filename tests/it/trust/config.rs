//! The settings: what they default to, and which are required.

use std::{fs, net::IpAddr, path::Path, time::Duration};

use funcster_api::config::{Config, Environment, Problems};
use secrecy::ExposeSecret;
use tracing::level_filters::LevelFilter;

/// The four that are required.
pub(crate) const GOOD: [(&str, &str); 4] = [
    ("DATABASE_URL", "sqlite://funcster.db"),
    ("AUTH0_DOMAIN", "tenant.eu.auth0.com"),
    ("AUTH0_CLIENT_ID", "a1b2c3"),
    ("API_IDENTIFIER", "https://api.example.com"),
];

/// Those that have a default.
pub(crate) const OPTIONAL: [&str; 27] = [
    "AUTH0_CONNECTION",
    "JWKS_REFRESH_SECONDS",
    "HOST",
    "PORT",
    "GRAPHQL_INTROSPECTION",
    "GRAPHIQL",
    "SIGNUPS_PER_MINUTE",
    "FAILED_TOKENS_PER_MINUTE",
    "SHUTDOWN_DELAY_SECONDS",
    "DATABASE_MAX_CONNECTIONS",
    "MAX_CONCURRENT_REQUESTS",
    "MAX_BODY_BYTES",
    "REQUEST_TIMEOUT_SECONDS",
    "STATEMENT_TIMEOUT_SECONDS",
    "GRAPHQL_MAX_DEPTH",
    "GRAPHQL_MAX_NODES",
    "GRAPHQL_MAX_ALIASES",
    "GRAPHQL_MAX_TOKENS",
    "GRAPHQL_MAX_DIRECTIVES",
    "GRAPHQL_MAX_PAGE_SIZE",
    "GRAPHQL_MAX_RESPONSE_BYTES",
    "GRAPHQL_MAX_ERRORS",
    "LOG_LEVEL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
];

/// The four that are required, with one more, or with another value for one of them.
pub(crate) fn with(name: &'static str, value: &str) -> Result<Config, Problems> {
    let [first, second, third, fourth] =
        GOOD.map(|(key, good)| (key, if key == name { value } else { good }));
    Config::from_environment(&Environment::from([first, second, third, fourth, (name, value)]))
}

#[track_caller]
pub(crate) fn problems<T>(result: Result<T, Problems>) -> Vec<String> {
    match result {
        Err(Problems(problems)) => problems,
        Ok(_) => panic!("there should be problems"),
    }
}

#[test]
fn four_settings_are_required_and_the_others_have_defaults() {
    let config = Config::from_environment(&Environment::from(GOOD)).expect("all is there");
    assert_eq!(config.database_url, "sqlite://funcster.db");
    assert_eq!(config.database_replica_url, None);
    assert_eq!(config.auth0.issuer.as_str(), "https://tenant.eu.auth0.com/");
    assert_eq!(config.auth0.client_id, "a1b2c3");
    assert_eq!(config.auth0.connection, "Username-Password-Authentication");
    assert_eq!(config.auth0.audience, "https://api.example.com");
    assert_eq!(config.auth0.username_claim, None);
    assert_eq!(config.auth0.jwks_refresh, Duration::from_mins(10));
    assert_eq!((config.host, config.port), (IpAddr::from([0, 0, 0, 0]), 5000));
    assert!(!config.introspection && !config.graphiql);
    assert_eq!((config.signups_per_minute, config.failed_tokens_per_minute), (10, 60));
    assert_eq!(config.client_address_header, None);
}

#[test]
fn the_example_file_names_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let example = fs::read_to_string(path).expect(".env.example is there");
    let setting = |name: &str| {
        let set =
            |line: &str| Some(line.trim_start_matches('#').strip_prefix(name)?.strip_prefix('=')?.to_owned());
        example.lines().find_map(set).unwrap_or_else(|| panic!("{name} is missing"))
    };
    for (name, _) in GOOD {
        setting(name);
    }
    // They have no default: what stands there is an example.
    assert!(with("AUTH0_USERNAME_CLAIM", &setting("AUTH0_USERNAME_CLAIM")).is_ok());
    for name in [
        "CLIENT_ADDRESS_HEADER",
        "DATABASE_REPLICA_URL",
        "METRICS_ADDR",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "WORKER_THREADS",
    ] {
        setting(name);
    }
    let defaults = format!("{:?}", Config::from_environment(&Environment::from(GOOD)).expect("all is there"));
    for name in OPTIONAL {
        let value = setting(name);
        assert_ne!(value, "", "{name} has a default");
        let config = with(name, &value).unwrap_or_else(|problems| panic!("{name}={value}: {problems}"));
        assert_eq!(format!("{config:?}"), defaults, "{name}={value} is not the default");
    }
}

#[test]
fn a_database_that_can_have_a_replica_may_be_given_one() {
    let [_, domain, client, api] = GOOD;
    let config = Config::from_environment(&Environment::from([
        ("DATABASE_URL", "postgres://user@primary/funcster"),
        ("DATABASE_REPLICA_URL", "postgres://user@replica/funcster"),
        domain,
        client,
        api,
    ]));
    let config = config.expect("both are sound");
    assert_eq!(config.database_replica_url.as_deref(), Some("postgres://user@replica/funcster"));
    let of_sqlite = problems(with("DATABASE_REPLICA_URL", "postgres://user@replica/funcster"));
    assert_eq!(of_sqlite, ["DATABASE_REPLICA_URL is of no use: SQLite has no replicas"]);
}

#[test]
fn every_setting_can_be_set() {
    let [first, second, third, fourth] = GOOD;
    let config = Config::from_environment(&Environment::from([
        first,
        second,
        third,
        fourth,
        ("AUTH0_CONNECTION", "people"),
        ("AUTH0_USERNAME_CLAIM", "https://funcster.example/username"),
        ("JWKS_REFRESH_SECONDS", "30"),
        ("HOST", "::1"),
        ("PORT", " 8080 "),
        ("GRAPHQL_INTROSPECTION", "true"),
        ("GRAPHIQL", "true"),
        ("SIGNUPS_PER_MINUTE", "0"),
        ("FAILED_TOKENS_PER_MINUTE", "7"),
        ("CLIENT_ADDRESS_HEADER", "X-Forwarded-For"),
        ("SHUTDOWN_DELAY_SECONDS", "0"),
        ("DATABASE_MAX_CONNECTIONS", "5"),
        ("WORKER_THREADS", "3"),
        ("MAX_CONCURRENT_REQUESTS", "9"),
        ("MAX_BODY_BYTES", "1000"),
        ("REQUEST_TIMEOUT_SECONDS", "2"),
        ("STATEMENT_TIMEOUT_SECONDS", "1"),
        ("GRAPHQL_MAX_PAGE_SIZE", "50"),
        ("GRAPHQL_MAX_RESPONSE_BYTES", "70000"),
        ("LOG_LEVEL", "debug"),
        ("METRICS_ADDR", "[::1]:9090"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example/otlp"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20hunter2, x-tenant = a "),
        ("OTEL_SERVICE_NAME", "funcster-here"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ]))
    .expect("all is in order");
    assert_eq!(config.auth0.connection, "people");
    assert_eq!(config.auth0.username_claim.as_deref(), Some("https://funcster.example/username"));
    assert_eq!(config.auth0.jwks_refresh, Duration::from_secs(30));
    assert_eq!((config.host.to_string().as_str(), config.port), ("::1", 8080));
    assert!(config.introspection && config.graphiql);
    assert_eq!((config.signups_per_minute, config.failed_tokens_per_minute), (0, 7));
    assert_eq!(config.client_address_header.expect("it is set"), "x-forwarded-for");
    let graphql = &config.limits.graphql;
    assert_eq!((config.limits.body_bytes, graphql.page_size, graphql.response_bytes), (1000, 50, 70_000));
    assert_eq!((config.limits.database_connections, config.limits.concurrent_requests), (5, 9));
    assert_eq!(config.limits.worker_threads, 3);
    assert_eq!(config.limits.request_timeout, Duration::from_secs(2));
    assert_eq!(config.limits.statement_timeout, Duration::from_secs(1));
    assert_eq!(config.telemetry.log_level, LevelFilter::DEBUG);
    assert_eq!(config.telemetry.metrics_address, "[::1]:9090".parse().ok());
    let traces = config.telemetry.traces.expect("there is a collector");
    assert_eq!(traces.endpoint.as_str(), "https://collector.example/otlp/v1/traces");
    let headers: Vec<_> =
        traces.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("authorization", "Basic hunter2"), ("x-tenant", "a")]);
    assert!(!format!("{traces:?}").contains("hunter2"), "the key is not shown");
    assert_eq!(traces.service_name, "funcster-here");
    assert_eq!(format!("{:?}", traces.sampler), "ParentBased(TraceIdRatioBased(0.25))");
}

#[test]
fn all_that_is_missing_is_named_together() {
    let environment = Environment::from([("AUTH0_CLIENT_ID", ""), ("API_IDENTIFIER", "  ")]);
    let problems = problems(Config::from_environment(&environment));
    assert_eq!(problems.len(), 4, "{problems:?}");
    for (problem, (name, _)) in problems.iter().zip(GOOD) {
        assert!(problem.starts_with(&format!("{name} is not set")), "{problem}");
    }
    let whole = Problems(problems).to_string();
    assert!(GOOD.iter().all(|(name, _)| whole.contains(name)), "{whole}");
}

#[test]
fn a_server_that_listens_everywhere_is_asked_on_loopback() {
    let address = |host: &str| {
        let environment = Environment::from([("HOST", host), ("PORT", "8080")]);
        Config::own_address(&environment).map(|address| address.to_string())
    };
    for (host, expected) in [
        ("", "127.0.0.1:8080"),
        ("0.0.0.0", "127.0.0.1:8080"),
        ("::", "[::1]:8080"),
        ("192.0.2.7", "192.0.2.7:8080"),
    ] {
        assert_eq!(address(host).as_deref(), Ok(expected), "{host}");
    }
    let environment = Environment::from([("HOST", "hunter2"), ("PORT", "http")]);
    assert_eq!(problems(Config::own_address(&environment)).len(), 2, "both are named");
}

#[test]
fn dev_takes_a_port_and_refuses_to_be_reached_from_elsewhere() {
    let port =
        |host: &str, port: &str| Config::dev_port(&Environment::from([("HOST", host), ("PORT", port)]));
    assert_eq!(Config::dev_port(&Environment::default()), Ok(5000));
    for host in ["", "localhost", "127.0.0.1", "127.0.0.2", "::1"] {
        assert_eq!(port(host, "8080"), Ok(8080), "{host}");
    }
    for host in ["0.0.0.0", "::", "192.168.1.1", "example.com", "localhost.example.com"] {
        let problems = problems(port(host, ""));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("HOST") && problems[0].contains("loopback"), "{}", problems[0]);
    }
    assert_eq!(problems(port("0.0.0.0", "http")).len(), 2, "both are named");
    assert_eq!(problems(port("", "0")).len(), 1);
}

#[test]
fn commands_on_the_database_alone_need_no_tenant() {
    let url = "postgres://funcster:secret@db/funcster";
    assert_eq!(Config::database_url(&Environment::from([("DATABASE_URL", url)])).as_deref(), Ok(url));
    assert!(problems(Config::database_url(&Environment::default()))[0].contains("DATABASE_URL"));
}
