//! The settings, from the environment and `.env`. Nothing else reads environment variables.

use std::{collections::HashMap, fmt, net::IpAddr, str::FromStr, time::Duration};

use axum::http::HeaderName;
use url::{Host, Url};

/// Environment variables by name: those of the process, and under them those of `.env`.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Reads the process's environment and, where there is one, the file `.env`; what stands in
    /// both is taken from the process.
    ///
    /// # Errors
    /// When `.env` is there but cannot be read as such.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn load() -> Result<Self, Problems> {
        let mut variables = HashMap::new();
        match dotenvy::dotenv_iter() {
            Ok(file) => {
                for variable in file {
                    let (name, value) =
                        variable.map_err(|error| Problems(vec![format!(".env cannot be read: {error}")]))?;
                    variables.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(Problems(vec![format!(".env cannot be read: {error}")])),
        }
        variables.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(variables))
    }

    /// The variable's value; one that is set to nothing counts as not set.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

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
    /// The tenant and the API that tokens are for.
    pub auth0: Auth0,
    /// `HOST`: the address to listen on.
    pub host: IpAddr,
    /// `PORT`.
    pub port: u16,
    /// `GRAPHQL_INTROSPECTION`: whether clients may read the schema from the server.
    pub introspection: bool,
    /// `GRAPHIQL`: whether `GET /graphql` shows the explorer to a browser.
    pub graphiql: bool,
    /// `SIGNUPS_PER_MINUTE` of one address; 0 means no limit.
    pub signups_per_minute: u32,
    /// `FAILED_TOKENS_PER_MINUTE` of one address; 0 means no limit.
    pub failed_tokens_per_minute: u32,
    /// `CLIENT_ADDRESS_HEADER`: where a proxy in front of the server tells the client's address.
    pub client_address_header: Option<HeaderName>,
    /// What one request may cost.
    pub limits: Limits,
}

/// What one request may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `MAX_BODY_BYTES`.
    pub body_bytes: u32,
    /// `REQUEST_TIMEOUT_SECONDS`.
    pub request_timeout: Duration,
    /// `STATEMENT_TIMEOUT_SECONDS`: of one SQL statement, on PostgreSQL.
    pub statement_timeout: Duration,
    /// Of one GraphQL operation.
    pub graphql: GraphqlLimits,
}

/// What one GraphQL operation may cost.
#[derive(Clone, Debug)]
pub struct GraphqlLimits {
    /// `GRAPHQL_MAX_DEPTH`: levels of fields, with fragments expanded.
    pub depth: u32,
    /// `GRAPHQL_MAX_NODES`: objects asked for, the product of the page sizes along each path,
    /// summed.
    pub nodes: u32,
    /// `GRAPHQL_MAX_ALIASES`: counted as often as fragments repeat them.
    pub aliases: u32,
    /// `GRAPHQL_MAX_TOKENS`: lexical tokens of the document.
    pub tokens: u32,
    /// `GRAPHQL_MAX_DIRECTIVES`: in one place.
    pub directives: u32,
    /// `GRAPHQL_MAX_ERRORS`: errors that a response reports.
    pub errors: u32,
    /// `GRAPHQL_MAX_PAGE_SIZE`: rows of a page.
    pub page_size: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(5),
            graphql: GraphqlLimits {
                depth: 12,
                nodes: 50_000,
                aliases: 30,
                tokens: 2_000,
                directives: 5,
                errors: 10,
                page_size: 100,
            },
        }
    }
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
const DEFAULT_SIGNUPS_PER_MINUTE: u32 = 10;
const DEFAULT_FAILED_TOKENS_PER_MINUTE: u32 = 60;
const PER_MINUTE_FORM: &str = "a whole number, 0 for no limit";

impl Config {
    /// Reads what `serve` needs.
    ///
    /// # Errors
    /// All that is missing or malformed, together.
    pub fn from_environment(environment: &Environment) -> Result<Self, Problems> {
        let mut read = Reader::new(environment);
        let database_url = read.database_url();
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
        let host = read.optional("HOST", "an IP address to listen on", parsed);
        let port = read.port();
        let introspection = read.optional("GRAPHQL_INTROSPECTION", "true or false", parsed);
        let graphiql = read.optional("GRAPHIQL", "true or false", parsed);
        let signups_per_minute = read.optional("SIGNUPS_PER_MINUTE", PER_MINUTE_FORM, parsed);
        let failed_tokens_per_minute = read.optional("FAILED_TOKENS_PER_MINUTE", PER_MINUTE_FORM, parsed);

        let client_address_header = read.optional(
            "CLIENT_ADDRESS_HEADER",
            "the name of a header that your proxy sets, such as X-Forwarded-For",
            parsed,
        );
        let limits = read.limits();

        let (Some(database_url), Some(issuer), Some(client_id), Some(audience), []) =
            (database_url, issuer, client_id, audience, read.problems.as_slice())
        else {
            return Err(Problems(read.problems));
        };
        Ok(Self {
            database_url,
            auth0: Auth0 {
                issuer,
                client_id,
                connection: connection.unwrap_or_else(|| DEFAULT_CONNECTION.to_owned()),
                audience,
                username_claim,
                jwks_refresh,
            },
            host: host.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            port: port.unwrap_or(DEFAULT_PORT),
            introspection: introspection.unwrap_or(false),
            graphiql: graphiql.unwrap_or(false),
            signups_per_minute: signups_per_minute.unwrap_or(DEFAULT_SIGNUPS_PER_MINUTE),
            failed_tokens_per_minute: failed_tokens_per_minute.unwrap_or(DEFAULT_FAILED_TOKENS_PER_MINUTE),
            client_address_header,
            limits,
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
        if read.problems.is_empty() { Ok(port.unwrap_or(DEFAULT_PORT)) } else { Err(Problems(read.problems)) }
    }
}

/// Reads settings one by one and collects what is wrong with them.
struct Reader<'a> {
    environment: &'a Environment,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    const fn new(environment: &'a Environment) -> Self {
        Self { environment, problems: Vec::new() }
    }

    fn required<T>(&mut self, name: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.environment.get(name).is_none() {
            self.problems.push(format!("{name} is not set: it should be {form}"));
        }
        self.optional(name, form, parse)
    }

    /// A value that is malformed is not repeated: it may be a secret under the wrong name.
    fn optional<T>(&mut self, name: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.environment.get(name)?;
        let parsed = parse(value);
        if parsed.is_none() {
            self.problems.push(format!("{name} is malformed: it should be {form}"));
        }
        parsed
    }

    fn database_url(&mut self) -> Option<String> {
        self.required("DATABASE_URL", "sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE", database_url)
    }

    fn limits(&mut self) -> Limits {
        let default = Limits::default();
        let graphql = default.graphql;
        Limits {
            body_bytes: self.limit("MAX_BODY_BYTES", default.body_bytes),
            request_timeout: self.seconds("REQUEST_TIMEOUT_SECONDS", default.request_timeout),
            statement_timeout: self.seconds("STATEMENT_TIMEOUT_SECONDS", default.statement_timeout),
            graphql: GraphqlLimits {
                depth: self.limit("GRAPHQL_MAX_DEPTH", graphql.depth),
                nodes: self.limit("GRAPHQL_MAX_NODES", graphql.nodes),
                aliases: self.limit("GRAPHQL_MAX_ALIASES", graphql.aliases),
                tokens: self.limit("GRAPHQL_MAX_TOKENS", graphql.tokens),
                directives: self.limit("GRAPHQL_MAX_DIRECTIVES", graphql.directives),
                errors: self.limit("GRAPHQL_MAX_ERRORS", graphql.errors),
                page_size: self.limit("GRAPHQL_MAX_PAGE_SIZE", graphql.page_size),
            },
        }
    }

    fn limit(&mut self, name: &str, default: u32) -> u32 {
        let limit = self.optional(name, "a whole number, at least 1", |value| {
            parsed(value).filter(|limit| *limit > 0 && i32::try_from(*limit).is_ok())
        });
        limit.unwrap_or(default)
    }

    fn seconds(&mut self, name: &str, default: Duration) -> Duration {
        let seconds = self.optional(name, "a whole number of seconds, at least 1", |value| {
            parsed::<u32>(value).filter(|seconds| *seconds > 0)
        });
        seconds.map_or(default, |seconds| Duration::from_secs(seconds.into()))
    }

    fn port(&mut self) -> Option<u16> {
        self.optional("PORT", "a port number from 1 to 65535", |value| parsed(value).filter(|port| *port > 0))
    }
}

fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn database_url(value: &str) -> Option<String> {
    let is_sqlite = value.strip_prefix("sqlite://").is_some_and(|path| !path.is_empty());
    let is_postgres = Url::parse(value).is_ok_and(|url| ["postgres", "postgresql"].contains(&url.scheme()));
    (is_sqlite || is_postgres).then(|| value.to_owned())
}

/// The issuer of a tenant is `https://DOMAIN/`. A whole URL is taken for a stand-in on loopback,
/// where no certificate is to be had.
fn issuer(value: &str) -> Option<Url> {
    if !value.contains("://") {
        let url = Url::parse(&format!("https://{}/", value.trim_end_matches('/'))).ok()?;
        let is_bare_domain = matches!(url.host(), Some(Host::Domain(domain)) if domain.contains('.'))
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty();
        return is_bare_domain.then_some(url);
    }
    let url = Url::parse(&format!("{}/", value.trim_end_matches('/'))).ok()?;
    let is_loopback = match url.host()? {
        Host::Domain(domain) => domain == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    (url.scheme() == "http" && is_loopback).then_some(url)
}
