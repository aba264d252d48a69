//! The settings, from the environment and `.env`. No other code here reads environment variables; libraries know some of
//! their own, such as PostgreSQL's `PGSSLMODE`, for what `DATABASE_URL` leaves out.

mod environment;
mod limits;
mod reader;
mod telemetry;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use axum::http::{HeaderName, HeaderValue};
use url::{Host, Url};

use self::reader::{Reader, parsed};
pub use self::{
    environment::Environment,
    limits::{GraphqlLimits, Limits},
    telemetry::{Telemetry, Traces},
};

/// What is wrong with the settings, each named, with what it should look like.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings need attention:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `DATABASE_REPLICA_URL`: a streaming replica of it, on PostgreSQL.
    pub database_replica_url: Option<String>,
    /// The tenant and the API that tokens are for.
    pub auth0: Auth0,
    /// `HOST`: the address to listen on.
    pub host: IpAddr,
    /// `PORT`.
    pub port: u16,
    /// `GRAPHQL_INTROSPECTION`: whether clients may read the schema from the server.
    pub introspection: bool,
    /// `TRUSTED_DOCUMENTS`: a file with the documents that may be executed, if not any.
    pub trusted_documents: Option<PathBuf>,
    /// `GRAPHIQL`: whether `GET /graphql` shows the explorer to a browser.
    pub graphiql: bool,
    /// `SIGNUPS_PER_MINUTE` of one address; 0 means no limit.
    pub signups_per_minute: u32,
    /// `FAILED_TOKENS_PER_MINUTE` of one address; 0 means no limit.
    pub failed_tokens_per_minute: u32,
    /// `CORS_ORIGINS`: the origins whose pages may call, if not those of any.
    pub cors_origins: Option<Vec<HeaderValue>>,
    /// `CLIENT_ADDRESS_HEADER`: where a proxy in front of the server tells the client's address.
    pub client_address_header: Option<HeaderName>,
    /// `SHUTDOWN_DELAY_SECONDS`: how long a server that is asked to stop serves on, so that requests are
    /// sent to others before it does stop.
    pub shutdown_delay: Duration,
    /// What one request may cost.
    pub limits: Limits,
    /// What an operator sees.
    pub telemetry: Telemetry,
}

/// The identity provider's settings.
#[derive(Clone, Debug)]
pub struct Auth0 {
    /// The issuer of access tokens, with its trailing slash; other addresses are relative to it.
    pub issuer: Url,
    /// `AUTH0_CLIENT_ID`: the application that people sign up through.
    pub client_id: String,
    /// `AUTH0_CONNECTION`: the database connection that people sign up to.
    pub connection: String,
    /// `API_IDENTIFIER`: the audience of access tokens.
    pub audience: String,
    /// `AUTH0_USERNAME_CLAIM`: the namespaced claim that carries the username.
    pub username_claim: Option<String>,
    /// `JWKS_REFRESH_SECONDS`: the time between two fetches of the signing keys.
    pub jwks_refresh: Duration,
}

/// The local server's port unless another is asked for.
pub const DEFAULT_PORT: u16 = 5000;

const DEFAULT_CONNECTION: &str = "Username-Password-Authentication";
const DEFAULT_JWKS_REFRESH: Duration = Duration::from_mins(10);
/// The programs that spread requests ask every second or two whether a server is ready.
const DEFAULT_SHUTDOWN_DELAY: Duration = Duration::from_secs(5);
const DEFAULT_SIGNUPS_PER_MINUTE: u32 = 10;
const DEFAULT_FAILED_TOKENS_PER_MINUTE: u32 = 60;

impl Config {
    /// Reads what `serve` needs.
    ///
    /// # Errors
    /// All that is missing or malformed, together.
    pub fn from_environment(environment: &Environment) -> Result<Self, Problems> {
        let mut read = Reader::new(environment);
        let database_url = read.database_url();
        let database_replica_url = read.database_replica_url(database_url.as_deref());
        let issuer = read.required(
            "AUTH0_DOMAIN",
            "the tenant's domain, such as tenant.eu.auth0.com (an http:// URL for loopback only)",
            issuer,
        );
        let client_id = read.required("AUTH0_CLIENT_ID", "the client ID of the Auth0 application", parsed);
        let audience = read.required(
            "API_IDENTIFIER",
            "the identifier of the API in the Auth0 tenant, such as https://api.example.com",
            parsed,
        );
        let connection =
            read.optional("AUTH0_CONNECTION", "the name of the Auth0 database connection", parsed);
        let username_claim = read.optional(
            "AUTH0_USERNAME_CLAIM",
            "the URL that names the claim, such as https://funcster.example/username",
            |value| Url::parse(value).ok().map(|_| value.to_owned()),
        );
        let jwks_refresh = read.seconds("JWKS_REFRESH_SECONDS", DEFAULT_JWKS_REFRESH);
        let address = read.address();
        let introspection = read.optional("GRAPHQL_INTROSPECTION", "true or false", parsed);
        let trusted_documents = read.optional(
            "TRUSTED_DOCUMENTS",
            "the path of a JSON file with documents by their hashes",
            |path| parsed::<PathBuf>(path).filter(|path| path.is_file()),
        );
        let graphiql = read.optional("GRAPHIQL", "true or false", parsed);
        let signups_per_minute = read.number("SIGNUPS_PER_MINUTE", DEFAULT_SIGNUPS_PER_MINUTE);
        let failed_tokens_per_minute =
            read.number("FAILED_TOKENS_PER_MINUTE", DEFAULT_FAILED_TOKENS_PER_MINUTE);
        let cors_origins = read.optional(
            "CORS_ORIGINS",
            "origins with commas between them, such as https://app.example.com",
            origins,
        );
        let client_address_header = read.optional(
            "CLIENT_ADDRESS_HEADER",
            "the name of a header that your proxy sets, such as X-Forwarded-For",
            parsed,
        );
        let shutdown_delay = read.seconds_from(0, "SHUTDOWN_DELAY_SECONDS", DEFAULT_SHUTDOWN_DELAY);
        let limits = read.limits();
        let telemetry = Telemetry::read(&mut read);

        let (Some(database_url), Some(issuer), Some(client_id), Some(audience), []) =
            (database_url, issuer, client_id, audience, read.problems.as_slice())
        else {
            return Err(Problems(read.problems));
        };
        Ok(Self {
            database_url,
            database_replica_url,
            auth0: Auth0 {
                issuer,
                client_id,
                connection: connection.unwrap_or_else(|| DEFAULT_CONNECTION.to_owned()),
                audience,
                username_claim,
                jwks_refresh,
            },
            host: address.ip(),
            port: address.port(),
            introspection: introspection.unwrap_or(false),
            trusted_documents,
            graphiql: graphiql.unwrap_or(false),
            signups_per_minute,
            failed_tokens_per_minute,
            cors_origins,
            client_address_header,
            shutdown_delay,
            limits,
            telemetry,
        })
    }

    /// Reads what the commands need that work on the database alone.
    ///
    /// # Errors
    /// When `DATABASE_URL` is missing or malformed.
    pub fn database_url(environment: &Environment) -> Result<String, Problems> {
        let mut read = Reader::new(environment);
        read.database_url().ok_or(Problems(read.problems))
    }

    /// Reads where a server with these settings answers to its own machine.
    ///
    /// # Errors
    /// When `HOST` or `PORT` is malformed.
    pub fn own_address(environment: &Environment) -> Result<SocketAddr, Problems> {
        let mut read = Reader::new(environment);
        let mut address = read.address();
        match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        if read.problems.is_empty() { Ok(address) } else { Err(Problems(read.problems)) }
    }

    /// Reads the port that `dev` listens on. It takes no other setting; `HOST` may only say what is
    /// the case anyway.
    ///
    /// # Errors
    /// When `PORT` is malformed, or `HOST` is not a loopback address.
    pub fn dev_port(environment: &Environment) -> Result<u16, Problems> {
        let mut read = Reader::new(environment);
        let port = read.port();
        read.optional(
            "HOST",
            "a loopback address, or not set, for dev: it hands out tokens to whoever asks",
            |value| (value == "localhost" || parsed::<IpAddr>(value)?.is_loopback()).then_some(()),
        );
        if read.problems.is_empty() { Ok(port) } else { Err(Problems(read.problems)) }
    }
}

/// The issuer of a tenant is `https://DOMAIN/`. A whole URL is taken for a stand-in on loopback,
/// where no certificate is to be had.
fn issuer(value: &str) -> Option<Url> {
    let value = value.strip_suffix('/').unwrap_or(value);
    if !value.contains("://") {
        let is_bare_domain = value.contains('.')
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        let url = Url::parse(&format!("https://{value}/")).ok()?;
        return (is_bare_domain && matches!(url.host(), Some(Host::Domain(_)))).then_some(url);
    }
    let url = Url::parse(&format!("{value}/")).ok()?;
    let is_loopback = match url.host()? {
        Host::Domain(domain) => domain == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (url.scheme() == "http" && is_loopback && is_plain).then_some(url)
}

/// A list of origins (RFC 6454 section 6.2), each as a browser sends it.
fn origins(value: &str) -> Option<Vec<HeaderValue>> {
    let origin = |origin: &str| {
        let url = Url::parse(origin).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
        let is_origin = url.origin().ascii_serialization() == origin;
        if is_origin { HeaderValue::from_str(origin).ok() } else { None }
    };
    value.split(',').map(|item| origin(item.trim())).collect()
}
