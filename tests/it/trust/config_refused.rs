//! Settings that are wrong, and what is said of them.

use funcster_api::config::{Config, Environment, Problems};

use crate::trust::config::{OPTIONAL, problems, with};

#[test]
fn all_that_is_malformed_is_named_together_and_no_value_is_repeated() {
    let secret = "hunter2 hunter2";
    let mut names = vec![
        "DATABASE_URL",
        "DATABASE_REPLICA_URL",
        "AUTH0_DOMAIN",
        "AUTH0_USERNAME_CLAIM",
        "CLIENT_ADDRESS_HEADER",
        "METRICS_ADDR",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "WORKER_THREADS",
    ];
    // Any text is the name of a connection or a service.
    names.extend(
        OPTIONAL.into_iter().filter(|name| !["AUTH0_CONNECTION", "OTEL_SERVICE_NAME"].contains(name)),
    );
    let names: [_; 34] = names.try_into().expect("34 settings have a form");
    let environment = Environment::from(names.map(|name| (name, secret)));
    let whole = Problems(problems(Config::from_environment(&environment))).to_string();
    for name in names {
        assert!(whole.contains(&format!("{name} is malformed")), "{name}: {whole}");
    }
    // The two that are missing are named beside them.
    assert!(whole.contains("AUTH0_CLIENT_ID is not set") && whole.contains("API_IDENTIFIER is not set"));
    assert!(!whole.contains("hunter2"), "{whole}");
}

#[test]
fn a_malformed_setting_is_named_and_its_value_is_not_repeated() {
    let cases: [(&str, &[&str]); 21] = [
        (
            "DATABASE_URL",
            &["mysql://root:hunter2@db/funcster", "sqlite://", "sqlite:hunter2.db", "hunter2.db", "postgres"],
        ),
        (
            "DATABASE_REPLICA_URL",
            &["sqlite://hunter2.db", "mysql://root:hunter2@db/funcster", "hunter2", "postgres"],
        ),
        ("AUTH0_USERNAME_CLAIM", &["hunter2", "/username"]),
        ("JWKS_REFRESH_SECONDS", &["0", "-600", "1.5", "10m", "18446744073709551616"]),
        ("HOST", &["hunter2.example.com", "256.0.0.1", "127.0.0.1:5000"]),
        ("PORT", &["0", "65536", "-1", "http", "80 80"]),
        ("GRAPHQL_INTROSPECTION", &["hunter2", "yes", "1", "TRUE!"]),
        ("GRAPHIQL", &["on"]),
        ("CLIENT_ADDRESS_HEADER", &["X Forwarded", "X-Forwarded-For:"]),
        (
            "CORS_ORIGINS",
            &["*", "app.example.com", "https://app.example.com/", "https://a.example,,", "null"],
        ),
        ("MAX_BODY_BYTES", &["0", "-1", "1.5", "4294967296", "1 MB"]),
        ("DATABASE_MAX_CONNECTIONS", &["4", "0", "-20", "twenty"]),
        ("WORKER_THREADS", &["-1", "257", "two"]),
        ("SHUTDOWN_DELAY_SECONDS", &["-1", "1.5", "5s", "4294967296"]),
        ("SIGNUPS_PER_MINUTE", &["-1", "1.5", "ten", "4294967296"]),
        ("LOG_LEVEL", &["3", "hunter2", "info,sqlx=trace"]),
        ("METRICS_ADDR", &["9090", "localhost:9090", "127.0.0.1"]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &["localhost:4318", "grpc://localhost:4317"]),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", &["grpc", "http/json"]),
        ("OTEL_EXPORTER_OTLP_HEADERS", &["hunter2", "a b=hunter2", "a=%0Ahunter2", "=hunter2"]),
        ("OTEL_TRACES_SAMPLER", &["jaeger_remote", "parentbased_hunter2", "ALWAYS_ON"]),
    ];
    for (name, values) in cases {
        for value in values {
            let problems = problems(with(name, value));
            assert_eq!(problems.len(), 1, "{name}={value}: {problems:?}");
            assert!(problems[0].starts_with(&format!("{name} is malformed")), "{}", problems[0]);
            let repeats = problems[0].split([' ', ',']).any(|word| word == *value);
            assert!(!problems[0].contains("hunter2") && (value.len() < 3 || !repeats), "{}", problems[0]);
        }
    }
    for value in ["sqlite://a.db", "sqlite:///var/a.db", "postgres://u:p@h/d", "postgresql://u:p@h/d"] {
        assert_eq!(with("DATABASE_URL", value).expect("it is in order").database_url, value);
    }
}

#[test]
fn the_tenant_is_a_domain_or_for_loopback_alone_an_http_address() {
    let accepted = [
        ("tenant.eu.auth0.com", "https://tenant.eu.auth0.com/"),
        ("tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/"),
        ("Login.Example.com", "https://login.example.com/"),
        ("http://localhost:5000/auth0", "http://localhost:5000/auth0/"),
        ("http://localhost:5000/auth0/", "http://localhost:5000/auth0/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
    ];
    for (value, issuer) in accepted {
        let config = with("AUTH0_DOMAIN", value).unwrap_or_else(|problems| panic!("{value}: {problems}"));
        assert_eq!(config.auth0.issuer.as_str(), issuer, "{value}");
    }
    let refused = [
        "https://tenant.eu.auth0.com",
        "https://tenant.eu.auth0.com/",
        "https://localhost:5000",
        "http://tenant.eu.auth0.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "http://0.0.0.0:5000",
        "http://192.168.1.1",
        "ftp://localhost",
        "localhost",
        "tenant",
        "1.2.3.4",
        "tenant.eu.auth0.com/path",
        "tenant.eu.auth0.com?query",
        "tenant.eu.auth0.com#fragment",
        "hunter2@tenant.eu.auth0.com",
        "http://localhost:5000/?query",
        "http://localhost:5000/#fragment",
        "tenant eu auth0 com",
        "//tenant.eu.auth0.com",
    ];
    let accepted: Vec<_> = refused.into_iter().filter(|value| with("AUTH0_DOMAIN", value).is_ok()).collect();
    assert_eq!(accepted, Vec::<&str>::new());
}
