//! The state that requests share, and the one table of routes and layers.

mod client;
mod identify;
mod layers;
mod receiving;

use std::{error::Error as StdError, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue},
    middleware,
    routing::{get, patch, post},
};
use sea_orm::DatabaseConnection;
use tower::ServiceBuilder;
use tower_http::decompression::RequestDecompressionLayer;

pub use self::client::Client;
use self::{
    identify::KnownTokens,
    layers::{Bounds, careful, compression, cors, guarded},
    receiving::Receiving,
};
use crate::{
    admission::Admission,
    auth::{Jwks, Provider, Verifier},
    config::{Config, Limits},
    database::{Pool, Replica},
    domain::{Store, counts::Counts, events::Events, signup::SignUps},
    graphql::{
        self, Schema, context::LiveLoaders, documents::Documents, explorer::Explorer, known::KnownDocuments,
        large::LargeOperations,
    },
    limit::{PlaceLimit, RateLimit},
    pages,
    rest::{self, full_list::FullLists},
    room::Room,
    server::Shutdown,
    telemetry,
};

/// What a handler holds of the [`AppState`].
pub type App = Arc<AppState>;

/// What requests share.
pub struct AppState {
    /// The database, and who is told of changes.
    pub store: Store,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Signs people up.
    pub sign_ups: SignUps,
    /// The GraphQL schema.
    pub schema: Schema,
    /// The documents that clients name by their hash.
    pub documents: Documents,
    /// The documents that were executed before.
    pub known_documents: KnownDocuments,
    /// Whether clients may read the schema.
    pub introspection: bool,
    /// The page that explores the schema, where that is on.
    pub explorer: Option<Explorer>,
    /// What one request may cost.
    pub limits: Limits,
    /// How many are answered at the same time.
    pub(crate) admission: Arc<Admission>,
    /// Room for operations that ask for much.
    pub(crate) large_operations: LargeOperations,
    /// Whether the server is on its way out.
    pub shutdown: Shutdown,
    /// The lists without pages that are being sent.
    pub(crate) full_lists: FullLists,
    /// The people who are being sent while they are read: whoever reads themselves slowly keeps nobody from the lists.
    pub(crate) long_people: FullLists,
    /// The sockets and streams of events of each address.
    pub streams: PlaceLimit,
    /// What their subscriptions read through.
    pub live_loaders: LiveLoaders,
    failed_tokens: RateLimit,
    client_address_header: Option<HeaderName>,
    cors_origins: Option<Vec<HeaderValue>>,
    known_tokens: KnownTokens,
}

impl AppState {
    /// The state of a server with these settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up, the issuer is no base for other addresses, or the file
    /// of trusted documents or the replica's URL cannot be used.
    pub async fn new(
        config: &Config,
        db: DatabaseConnection,
    ) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let auth0 = &config.auth0;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let jwks_address = auth0.issuer.join(".well-known/jwks.json")?;
        let provider = Provider::new(http.clone(), &auth0.issuer, &auth0.client_id, &auth0.connection)?;
        let shutdown = Shutdown::default();
        let events = Events::start(&db, shutdown.going_on());
        let db = Pool::divided(db, &config.limits);
        let sign_ups = SignUps {
            db: db.clone(),
            provider,
            limit: RateLimit::per_minute(config.signups_per_minute),
            under_way: shutdown.going_on().clone(),
        };
        let replica = match &config.database_replica_url {
            Some(url) => Some(
                Replica::start(url, &db, &config.limits)
                    .await
                    .map_err(|error| format!("DATABASE_REPLICA_URL cannot be used: {error}"))?,
            ),
            None => None,
        };
        Ok(Self {
            verifier: Verifier::new(
                Jwks::new(http, jwks_address),
                auth0.issuer.as_str(),
                &auth0.audience,
                auth0.username_claim.clone(),
            ),
            sign_ups,
            schema: graphql::schema(config.introspection),
            store: Store {
                db,
                replica,
                events,
                counts: Counts::default(),
                room: Room::of(config.limits.graphql.response_bytes as usize),
            },
            documents: match &config.trusted_documents {
                Some(path) => Documents::of_file(path).map_err(|error| {
                    format!("TRUSTED_DOCUMENTS, {}, cannot be used: {error}", path.display())
                })?,
                None => Documents::open(),
            },
            known_documents: KnownDocuments::new(config.introspection),
            introspection: config.introspection,
            explorer: config.graphiql.then(Explorer::default),
            limits: config.limits.clone(),
            admission: Admission::of(config.limits.concurrent_requests),
            large_operations: LargeOperations::new(&config.limits),
            shutdown,
            full_lists: FullLists::default(),
            long_people: FullLists::default(),
            live_loaders: LiveLoaders::default(),
            streams: PlaceLimit::per_address(config.limits.streams_per_address),
            client_address_header: config.client_address_header.clone(),
            cors_origins: config.cors_origins.clone(),
            failed_tokens: RateLimit::per_minute(config.failed_tokens_per_minute),
            known_tokens: KnownTokens::default(),
        })
    }
}

/// Every path there is.
pub fn router(state: AppState) -> Router {
    let (limits, cors_origins) = (state.limits.clone(), state.cors_origins.clone());
    let graphql = Router::new().route("/graphql", get(graphql::http::get).post(graphql::http::post));
    let mut rest = Router::new()
        .route("/healthz", get(rest::health::healthz))
        .route("/readyz", get(rest::health::readyz))
        .route("/", get(rest::home::index))
        .route("/favicon.ico", get(rest::home::favicon))
        .route("/openapi.json", get(rest::openapi::document))
        .route("/docs", get(rest::docs::docs))
        .nest(pages::ASSETS_PATH, pages::assets(&[&rest::home::PAGE, &rest::docs::PAGE]));
    if state.explorer.is_some() {
        rest = rest.nest(pages::ASSETS_PATH, pages::assets(&[&graphql::explorer::PAGE]));
    }
    if state.introspection {
        rest = rest.route("/schema.graphql", get(graphql::explorer::schema_text));
    }
    let superseded = Router::new()
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
        )
        .method_not_allowed_fallback(rest::unknown_method);
    let bounds = Bounds {
        admission: Arc::clone(&state.admission),
        receiving: Receiving::of(limits.body_bytes, limits.concurrent_requests),
    };
    let timeout = limits.request_timeout;
    let graphql = guarded(graphql, timeout, Some(bounds.clone()), graphql::http::failure);
    let superseded = guarded(superseded, timeout, Some(bounds), rest::failure);
    graphql
        .merge(guarded(rest, timeout, None, rest::failure))
        // The layer is outside of what turns a panic or a timeout into an answer.
        .merge(rest::deprecation::deprecated(superseded))
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::unknown_method)
        .with_state(Arc::new(state))
        // All at once: the router would put each into a box of its own, to be cloned for each request.
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(telemetry::observe))
                .map_response(careful)
                .layer(cors(cors_origins))
                .layer(compression())
                .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
                // The limit counts what comes out of a compressed body.
                .layer(DefaultBodyLimit::max(limits.body_bytes as usize)),
        )
}
