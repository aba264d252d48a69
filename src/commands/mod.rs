//! The operator's commands, and what they have in common.

pub(crate) mod migrate;
pub(crate) mod schema;
pub(crate) mod users;

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use funcster_api::database;
use sea_orm::DatabaseConnection;

pub(crate) type AnyError = Box<dyn Error + Send + Sync>;

pub(crate) async fn connect(
    database_url: &str,
    statement_timeout: Option<Duration>,
) -> Result<DatabaseConnection, AnyError> {
    let connected = database::connect(database_url, statement_timeout).await;
    connected.map_err(|error| format!("the database of DATABASE_URL cannot be opened: {error}").into())
}

/// Connects to a database that this release can work on.
pub(crate) async fn connect_to_current(
    database_url: &str,
    statement_timeout: Option<Duration>,
) -> Result<DatabaseConnection, AnyError> {
    let db = connect(database_url, statement_timeout).await?;
    migration::require_current(&db).await?;
    Ok(db)
}

/// Prints to standard output; a reader that has gone away is an error like any other.
pub(crate) fn print(text: &str) -> Result<(), AnyError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
