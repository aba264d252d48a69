use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    thread,
    time::Duration,
};

use url::Url;

use super::{DEFAULT_PORT, Environment, GraphqlLimits, Limits};

/// Reads settings one by one and collects what is wrong with them.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    pub(super) problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(environment: &'a Environment) -> Self {
        Self { environment, problems: Vec::new() }
    }

    pub(super) fn required<T>(
        &mut self,
        name: &str,
        form: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.environment.get(name).is_none() {
            self.problems.push(format!("{name} is not set: it should be {form}"));
        }
        self.optional(name, form, parse)
    }

    /// A value that is malformed is not repeated: it may be a secret under the wrong name.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        form: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.environment.get(name)?;
        let parsed = parse(value);
        if parsed.is_none() {
            self.problems.push(format!("{name} is malformed: it should be {form}"));
        }
        parsed
    }

    pub(super) fn database_url(&mut self) -> Option<String> {
        self.required("DATABASE_URL", "sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE", database_url)
    }

    pub(super) fn database_replica_url(&mut self, database_url: Option<&str>) -> Option<String> {
        let form = "postgres://USER:PASSWORD@HOST/DATABASE";
        let url = self
            .optional("DATABASE_REPLICA_URL", form, |value| is_postgres(value).then(|| value.to_owned()))?;
        if database_url.is_some_and(|url| !is_postgres(url)) {
            self.problems.push("DATABASE_REPLICA_URL is of no use: SQLite has no replicas".to_owned());
        }
        Some(url)
    }

    pub(super) fn limits(&mut self) -> Limits {
        let default = Limits::default();
        let graphql = default.graphql;
        Limits {
            body_bytes: self.limit("MAX_BODY_BYTES", default.body_bytes),
            concurrent_requests: self.limit("MAX_CONCURRENT_REQUESTS", default.concurrent_requests),
            database_connections: self.limit_from(
                Limits::MIN_DATABASE_CONNECTIONS,
                "DATABASE_MAX_CONNECTIONS",
                default.database_connections,
            ),
            worker_threads: self
                .optional("WORKER_THREADS", "a whole number from 0 to 256", |value| {
                    parsed(value).filter(|threads| *threads <= MAX_WORKER_THREADS)
                })
                .unwrap_or_else(processors),
            request_timeout: self.seconds("REQUEST_TIMEOUT_SECONDS", default.request_timeout),
            statement_timeout: self.seconds("STATEMENT_TIMEOUT_SECONDS", default.statement_timeout),
            stalled_client: self.seconds("STALLED_CLIENT_SECONDS", default.stalled_client),
            streams_per_address: self.number("STREAMS_PER_ADDRESS", default.streams_per_address),
            graphql: GraphqlLimits {
                depth: self.limit("GRAPHQL_MAX_DEPTH", graphql.depth),
                nodes: self.limit("GRAPHQL_MAX_NODES", graphql.nodes),
                aliases: self.limit("GRAPHQL_MAX_ALIASES", graphql.aliases),
                tokens: self.limit("GRAPHQL_MAX_TOKENS", graphql.tokens),
                directives: self.limit("GRAPHQL_MAX_DIRECTIVES", graphql.directives),
                errors: self.limit("GRAPHQL_MAX_ERRORS", graphql.errors),
                page_size: self.limit("GRAPHQL_MAX_PAGE_SIZE", graphql.page_size),
                response_bytes: self.limit("GRAPHQL_MAX_RESPONSE_BYTES", graphql.response_bytes),
            },
        }
    }

    /// A number that limits something, or 0.
    pub(super) fn number(&mut self, name: &str, default: u32) -> u32 {
        self.optional(name, "a whole number, 0 for no limit", parsed).unwrap_or(default)
    }

    fn limit(&mut self, name: &str, default: u32) -> u32 {
        self.limit_from(1, name, default)
    }

    fn limit_from(&mut self, least: u32, name: &str, default: u32) -> u32 {
        let limit = self.optional(name, &format!("a whole number, at least {least}"), |value| {
            parsed(value).filter(|limit| *limit >= least && i32::try_from(*limit).is_ok())
        });
        limit.unwrap_or(default)
    }

    pub(super) fn seconds(&mut self, name: &str, default: Duration) -> Duration {
        self.seconds_from(1, name, default)
    }

    pub(super) fn seconds_from(&mut self, least: u32, name: &str, default: Duration) -> Duration {
        let form = format!("a whole number of seconds, at least {least}");
        let seconds =
            self.optional(name, &form, |value| parsed::<u32>(value).filter(|seconds| *seconds >= least));
        seconds.map_or(default, |seconds| Duration::from_secs(seconds.into()))
    }

    /// What `HOST` and `PORT` say.
    pub(super) fn address(&mut self) -> SocketAddr {
        let host = self.optional("HOST", "an IP address to listen on", parsed);
        SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), self.port())
    }

    pub(super) fn port(&mut self) -> u16 {
        let port = self.optional("PORT", "a port number from 1 to 65535", |value| {
            parsed(value).filter(|port| *port > 0)
        });
        port.unwrap_or(DEFAULT_PORT)
    }
}

/// How many there are for this process.
fn processors() -> u32 {
    let processors = thread::available_parallelism().ok().and_then(|number| u32::try_from(number.get()).ok());
    processors.unwrap_or(1).min(MAX_WORKER_THREADS)
}

pub(super) fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

/// The most threads that are of any use.
const MAX_WORKER_THREADS: u32 = 256;

fn database_url(value: &str) -> Option<String> {
    let is_sqlite = value.strip_prefix("sqlite://").is_some_and(|path| !path.is_empty());
    (is_sqlite || is_postgres(value)).then(|| value.to_owned())
}

fn is_postgres(value: &str) -> bool {
    Url::parse(value).is_ok_and(|url| ["postgres", "postgresql"].contains(&url.scheme()))
}
