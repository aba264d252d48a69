use std::{env, panic::AssertUnwindSafe};

use funcster_api::database;
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// On which database a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database that one test has for itself.
pub(crate) struct Throwaway {
    pub(crate) url: String,
    /// On PostgreSQL, the server that it is dropped from and its name there.
    server: Option<(DatabaseConnection, String)>,
}

/// Migrated, and copied for each test.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Runs a test with a database in which there is nothing yet, and cleans up however it ends.
pub(crate) async fn with_empty_database(kind: Kind, test: impl AsyncFnOnce(&str)) {
    let directory = TempDir::new().expect("a directory for the test");
    let throwaway = Throwaway::create_empty(kind, &directory).await;
    let outcome = AssertUnwindSafe(test(&throwaway.url)).catch_unwind().await;
    throwaway.drop().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

impl Throwaway {
    async fn create_empty(kind: Kind, directory: &TempDir) -> Self {
        match kind {
            Kind::Sqlite => {
                Self { url: format!("sqlite://{}", directory.path().join("test.db").display()), server: None }
            }
            Kind::Postgres => {
                let server_url = server_url();
                let server = Database::connect(&server_url).await.expect("TEST_DATABASE_URL answers");
                let name = unique_name("test");
                create(&server, &name, None).await;
                Self { url: on_server(&server_url, &name), server: Some((server, name)) }
            }
        }
    }

    pub(crate) async fn create(kind: Kind, directory: &TempDir) -> Self {
        match kind {
            Kind::Sqlite => {
                let empty = Self::create_empty(kind, directory).await;
                migrate(&empty.url).await;
                empty
            }
            Kind::Postgres => {
                let server_url = server_url();
                let server = Database::connect(&server_url).await.expect("TEST_DATABASE_URL answers");
                let template = TEMPLATE
                    .get_or_init(async || {
                        let name = unique_name("template");
                        create(&server, &name, None).await;
                        migrate(&on_server(&server_url, &name)).await;
                        name
                    })
                    .await;
                let name = unique_name("test");
                create(&server, &name, Some(template)).await;
                Self { url: on_server(&server_url, &name), server: Some((server, name)) }
            }
        }
    }

    pub(crate) async fn drop(self) {
        if let Some((server, name)) = self.server {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            server.execute_unprepared(&drop).await.expect("the test's database can be dropped");
        }
    }
}

async fn create(server: &DatabaseConnection, name: &str, template: Option<&str>) {
    let template = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
    let create = format!("CREATE DATABASE {name}{template}");
    server.execute_unprepared(&create).await.expect("TEST_DATABASE_URL's role may create databases");
}

async fn migrate(url: &str) {
    let db = database::connect(url, None).await.expect("the new database can be opened");
    migration::up(&db).await.expect("the migrations run");
    db.close().await.expect("the connection closes");
}

#[allow(clippy::disallowed_methods, reason = "config.rs is the server's; this setting is the tests' own")]
fn server_url() -> String {
    env::var("TEST_DATABASE_URL").expect(
        "TEST_DATABASE_URL is not set: tests/run starts a PostgreSQL server for the tests and sets it",
    )
}

fn on_server(server_url: &str, name: &str) -> String {
    let mut url = url::Url::parse(server_url).expect("TEST_DATABASE_URL is a URL");
    url.set_path(name);
    url.into()
}

fn unique_name(what: &str) -> String {
    format!("funcster_{what}_{}", uuid::Uuid::new_v4().simple())
}
