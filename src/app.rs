//! The state that requests share, and the one table of routes and layers.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{
            ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, REFERRER_POLICY, RETRY_AFTER,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
        },
        request::Parts,
    },
    middleware::{self, Next},
    response::Response,
    routing::{get, patch, post},
};
use futures_util::FutureExt;
use moka::future::Cache;
use sea_orm::DatabaseConnection;
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
    cors::{Any, CorsLayer},
    decompression::RequestDecompressionLayer,
    set_header::SetResponseHeaderLayer,
};

use crate::{
    Error, Result,
    auth::{Account, Jwks, Provider, Verifier, Viewer},
    config::{Config, Limits},
    domain::{signup::SignUps, users},
    error::Code,
    graphql::{self, Schema, explorer::Explorer},
    limit::RateLimit,
    rest, telemetry,
};

/// How many accounts are kept in memory, and for how long.
const MAX_CACHED_ACCOUNTS: u64 = 10_000;
const ACCOUNT_CACHE_LIFETIME: Duration = Duration::from_mins(5);
/// What Apollo's clients send of their own.
const CLIENT_HEADERS: [&str; 5] = [
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "x-apollo-operation-id",
    "x-apollo-operation-name",
];
/// Responses below this size are sent as they are.
const COMPRESSION_FLOOR_BYTES: u64 = 1024;
/// How long a browser may remember what cross-origin requests are allowed.
const PREFLIGHT_LIFETIME: Duration = Duration::from_hours(1);

/// What requests share. Clones share it too.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub db: DatabaseConnection,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Signs people up.
    pub sign_ups: SignUps,
    /// The GraphQL schema.
    pub schema: Schema,
    /// The page that explores it, where that is on.
    pub explorer: Option<Explorer>,
    /// What one request may cost.
    pub limits: Limits,
    failed_tokens: RateLimit,
    client_address_header: Option<HeaderName>,
    /// By subject. Once bound, a subject stays bound to its account, so only the answer "none" can
    /// go out of date, and that one is not kept.
    accounts: Cache<String, Account>,
}

impl AppState {
    /// The state of a server with these settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up, or the issuer is no base for other addresses.
    pub fn new(config: &Config, db: DatabaseConnection) -> Result<Self> {
        let auth0 = &config.auth0;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::internal)?;
        let jwks_address = auth0.issuer.join(".well-known/jwks.json").map_err(Error::internal)?;
        let provider = Provider::new(http.clone(), &auth0.issuer, &auth0.client_id, &auth0.connection)
            .map_err(Error::internal)?;
        Ok(Self {
            verifier: Verifier::new(
                Jwks::new(http, jwks_address),
                auth0.issuer.as_str(),
                &auth0.audience,
                auth0.username_claim.clone(),
            ),
            sign_ups: SignUps {
                db: db.clone(),
                provider,
                limit: RateLimit::per_minute(config.signups_per_minute),
            },
            schema: graphql::schema(config.introspection),
            explorer: config.graphiql.then(Explorer::default),
            limits: config.limits.clone(),
            client_address_header: config.client_address_header.clone(),
            failed_tokens: RateLimit::per_minute(config.failed_tokens_per_minute),
            accounts: Cache::builder()
                .max_capacity(MAX_CACHED_ACCOUNTS)
                .time_to_live(ACCOUNT_CACHE_LIFETIME)
                .build(),
            db,
        })
    }

    /// Who sends a request with these headers (RFC 6750 section 2.1).
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not valid, or an `Authorization` that is none;
    /// `RateLimited` when an address sent too many of them.
    pub async fn viewer(&self, headers: &HeaderMap, client: IpAddr) -> Result<Viewer> {
        let Some(token) = bearer_token(headers).transpose() else {
            return Ok(Viewer::anonymous());
        };
        let verified = match token {
            Ok(token) => self.verifier.verify(token).await,
            Err(error) => Err(error),
        };
        let claims = match verified {
            Ok(claims) => claims,
            Err(error) => {
                if error.code == Code::TokenInvalid {
                    self.failed_tokens.count(client)?;
                }
                return Err(error);
            }
        };
        let account = match self.accounts.get(&claims.subject).await {
            Some(account) => Some(account),
            None => users::identify(&self.db, &claims).await?,
        };
        if let Some(account) = &account {
            self.accounts.insert(claims.subject.clone(), account.clone()).await;
        }
        Ok(Viewer::of(&claims, account))
    }
}

fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (headers.next(), headers.next()) else {
        return Err(Error::token_invalid("There are two Authorization headers."));
    };
    let Some(header) = header else { return Ok(None) };
    let token = header.to_str().ok().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
    });
    token
        .filter(|token| !token.is_empty())
        .map(Some)
        .ok_or_else(|| Error::token_invalid("The Authorization header must be: Bearer, a space, the token."))
}

/// Every path there is.
pub fn router(state: AppState) -> Router {
    let limits = state.limits.clone();
    let graphql = Router::new().route("/graphql", get(graphql::http::get).post(graphql::http::post));
    let mut rest = Router::new()
        .route("/healthz", get(rest::health::healthz))
        .route("/readyz", get(rest::health::readyz))
        .route("/", get(rest::home::index))
        .route("/favicon.ico", get(rest::home::favicon))
        .route("/signup", post(rest::users::sign_up))
        .route("/userinfo/{username}", get(rest::users::userinfo))
        .route("/coders", get(rest::users::coders))
        .route("/coders/available", get(rest::users::available_coders))
        .route("/mentors", get(rest::users::mentors))
        .route("/coder/{coder_id}/mentor", patch(rest::mentorships::select_mentor))
        .route("/mentor/{mentor_id}/coder", patch(rest::mentorships::add_coder))
        .route("/snippet", post(rest::snippets::create))
        .route(
            "/snippet/{id}",
            get(rest::snippets::read).patch(rest::snippets::replace).delete(rest::snippets::delete),
        );
    if state.explorer.is_some() {
        rest = rest.nest("/graphiql", graphql::explorer::assets());
    }
    guarded(graphql, limits.request_timeout, graphql::http::failure)
        .merge(guarded(rest, limits.request_timeout, rest::failure))
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::unknown_method)
        .with_state(state)
        // The limit counts what comes out of a compressed body.
        .layer(DefaultBodyLimit::max(limits.body_bytes as usize))
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(compression())
        .layer(cors())
        .layer(default_header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(default_header(REFERRER_POLICY, "no-referrer"))
        // What one viewer may see is nothing for a cache that others share.
        .layer(default_header(CACHE_CONTROL, "no-store"))
        .layer(middleware::from_fn(telemetry::observe))
}

/// Sets a header of responses that do not set it themselves.
fn default_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Compresses what is worth it: below the floor a packet is sent either way.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSION_FLOOR_BYTES).and(NotForContentType::SSE))
}

/// Bounds how long a request may take, and keeps a panic to the request that caused it; `answer`
/// tells the client as the edge does.
fn guarded(routes: Router<AppState>, timeout: Duration, answer: fn(Error) -> Response) -> Router<AppState> {
    routes.layer(middleware::from_fn(move |request: Request, next: Next| async move {
        let response = tokio::time::timeout(timeout, next.run(request));
        match AssertUnwindSafe(response).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => answer(Error::unavailable("This takes too long.")),
            Err(_) => answer(Error::internal("a handler panicked")),
        }
    }))
}

/// Any page may call: a token is never sent by a browser of its own accord, so there is nothing
/// that another origin could ride on.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(
            [AUTHORIZATION, CONTENT_TYPE, ACCEPT, IF_MATCH, telemetry::X_REQUEST_ID]
                .into_iter()
                .chain(CLIENT_HEADERS.map(HeaderName::from_static))
                .collect::<Vec<_>>(),
        )
        .expose_headers([ETAG, RETRY_AFTER, WWW_AUTHENTICATE, telemetry::X_REQUEST_ID])
        .max_age(PREFLIGHT_LIFETIME)
}

/// The address that a request came from: that of the connection, or, behind a proxy, the one that
/// it names in the header that the operator has told us of. Unspecified where there is no
/// connection, as when a router is called without a server around it.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub IpAddr);

impl FromRequestParts<AppState> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        // A proxy adds to what the client may have sent: only the last address is the proxy's word.
        let forwarded = app.client_address_header.as_ref().and_then(|name| {
            let header = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?;
            header.rsplit(',').next()?.trim().parse().ok()
        });
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self(forwarded.unwrap_or(peer)))
    }
}
