use std::{
    future::Future,
    panic::AssertUnwindSafe,
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::Router;
use funcster_api::{
    app::{self, AppState},
    auth::Permission,
    config::Config,
    database::{self, Pool},
    dev::{self, auth0::StandIn},
    entity::user::Role,
};
use futures_util::FutureExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sea_orm::{DatabaseConnection, metric::Info};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{
    Person,
    database::{Kind, Throwaway},
};

/// The password of everybody who signs up in a test.
pub(crate) const PASSWORD: &str = "Correct-horse-1";

/// A server of a test's own: its router, its database, its Auth0.
pub(crate) struct App {
    /// Requests go in here.
    pub(crate) router: Router,
    /// For looking behind the API, and for rows that the API would not make.
    pub(crate) db: DatabaseConnection,
    /// On which database it runs.
    pub(crate) kind: Kind,
    /// The settings that it runs with.
    pub(crate) config: Config,
    /// Where the stand-in keeps its key and users.
    auth0_directory: TempDir,
    statements: Arc<AtomicUsize>,
}

/// Making an RSA key takes a while, so all stand-ins have the same one.
static SIGNING_KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let directory = TempDir::new().expect("a directory for the key");
    open_auth0(&dev::config(1, directory.path()), directory.path());
    std::fs::read(signing_key_path(directory.path())).expect("the stand-in made a key")
});

impl App {
    /// Runs a test with an application of its own, and cleans up however it ends.
    pub(crate) async fn run(kind: Kind, test: impl AsyncFnOnce(&Self)) {
        let directory = TempDir::new().expect("a directory for the test");
        let throwaway = Throwaway::create(kind, &directory).await;
        let app = Self::start(kind, &throwaway.url, |_| {}).await;
        let outcome = AssertUnwindSafe(Box::pin(test(&app))).catch_unwind().await;
        app.db.clone().close().await.expect("the pool closes");
        throwaway.drop().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }

    /// Another server on the same database, with settings that `adjust` has changed. It trusts the
    /// tokens of an Auth0 of its own.
    pub(crate) async fn another(&self, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start(self.kind, &self.config.database_url, adjust).await
    }

    /// A server on a database that is there already.
    pub(crate) async fn start(kind: Kind, database_url: &str, adjust: impl FnOnce(&mut Config)) -> Self {
        let auth0_directory = TempDir::new().expect("a directory for the stand-in");
        let key_path = signing_key_path(auth0_directory.path());
        std::fs::create_dir_all(key_path.parent().expect("it is in a directory"))
            .expect("the key's directory");
        std::fs::write(key_path, &*SIGNING_KEY).expect("the key is copied");

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        let mut config = dev::config(port, auth0_directory.path());
        database_url.clone_into(&mut config.database_url);
        let auth0 = open_auth0(&config, auth0_directory.path());
        let auth0 = Router::new().nest(dev::AUTH0_PATH, auth0.router());
        tokio::spawn(async move { axum::serve(listener, auth0).await });
        adjust(&mut config);

        let statements = Arc::new(AtomicUsize::new(0));
        let mut db = database::connect(&config.database_url, Some(&config.limits))
            .await
            .expect("the test's database can be opened");
        let counter = Arc::clone(&statements);
        let count = move |_: &Info<'_>| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        db.set_metric_callback(count.clone());
        let mut state = AppState::new(&config, db.clone()).await.expect("the settings are sound");
        state.store.db = Pool::observed(db.clone(), count);
        state.verifier.jwks().refresh().await;
        Self { router: app::router(state), db, kind, config, auth0_directory, statements }
    }

    /// Somebody without a token.
    pub(crate) fn anonymous(&self) -> Person<'_> {
        Person::anonymous(self)
    }

    /// A coder of this name, who signs up.
    pub(crate) async fn coder(&self, username: &str) -> Person<'_> {
        self.sign_up(username, Role::Coder).await
    }

    /// A mentor of this name, who signs up.
    pub(crate) async fn mentor(&self, username: &str) -> Person<'_> {
        self.sign_up(username, Role::Mentor).await
    }

    async fn sign_up(&self, username: &str, role: Role) -> Person<'_> {
        let body = json!({
            "username": username,
            "usertype": role.name(),
            "email": format!("{username}@example.com"),
            "password": PASSWORD,
        });
        let answer = self.anonymous().post("/signup", body).await;
        assert_eq!(answer.status, 200, "{username} signs up: {}", answer.body);
        let id = answer.body["user_id"].as_i64().and_then(|id| i32::try_from(id).ok()).expect("user_id");
        let token = self.token_from_auth0(username).await;
        Person::new(self, username, role, id, token)
    }

    /// The token that Auth0 gives this person: password grant, over HTTP.
    pub(crate) async fn token_from_auth0(&self, username: &str) -> String {
        let auth0 = &self.config.auth0;
        let grant = json!({
            "grant_type": "password",
            "username": username,
            "password": PASSWORD,
            "audience": auth0.audience,
            "client_id": auth0.client_id,
        });
        let address = auth0.issuer.join("oauth/token").expect("an address");
        let response =
            reqwest::Client::new().post(address).json(&grant).send().await.expect("the stand-in answers");
        let answer: Value = response.json().await.expect("it answers JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("a token for {username}: {answer}"))
            .to_owned()
    }

    /// The claims of an access token for `subject`, good for an hour.
    pub(crate) fn claims(&self, subject: &str, permissions: &[Permission]) -> Value {
        let auth0 = &self.config.auth0;
        let now = chrono::Utc::now().timestamp();
        json!({
            "iss": auth0.issuer.as_str(),
            "sub": subject,
            "aud": [auth0.audience, format!("{}userinfo", auth0.issuer)],
            "iat": now,
            "exp": now + 3600,
            "azp": auth0.client_id,
            "permissions": permissions.iter().map(|permission| permission.name()).collect::<Vec<_>>(),
        })
    }

    /// A token with any claims, signed with Auth0's key.
    pub(crate) fn sign(claims: &Value) -> String {
        jsonwebtoken::encode(&Self::header(), claims, &signing_key()).expect("the token is signed")
    }

    /// The header that Auth0's tokens have.
    pub(crate) fn header() -> Header {
        let key = jsonwebtoken::jwk::Jwk::from_encoding_key(&signing_key(), Algorithm::RS256)
            .expect("a public key");
        let kid = key.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).expect("a thumbprint");
        Header { kid: Some(kid), ..Header::new(Algorithm::RS256) }
    }

    /// Somebody with a token for `subject` and these permissions, and no account unless the subject
    /// has one.
    pub(crate) fn bearer(&self, subject: &str, permissions: &[Permission]) -> Person<'_> {
        Person::with_token(self, Self::sign(&self.claims(subject, permissions)))
    }

    /// How many SQL statements `work` causes.
    pub(crate) async fn statements<T>(&self, work: impl Future<Output = T>) -> (usize, T) {
        let before = self.statements.load(Ordering::Relaxed);
        let answer = work.await;
        (self.statements.load(Ordering::Relaxed) - before, answer)
    }

    /// The file that the stand-in keeps its users in.
    pub(crate) fn auth0_directory(&self) -> &Path {
        self.auth0_directory.path()
    }
}

fn signing_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(&SIGNING_KEY).expect("the stand-in's key is an RSA key")
}

fn signing_key_path(directory: &Path) -> std::path::PathBuf {
    directory.join("auth0").join("signing-key.pem")
}

fn open_auth0(config: &Config, directory: &Path) -> StandIn {
    dev::open_auth0(&config.auth0, directory).expect("the stand-in opens")
}
