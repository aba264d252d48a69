//! The operator's commands, and what they have in common.

pub(crate) mod backup;
pub(crate) mod healthcheck;
pub(crate) mod migrate;
pub(crate) mod schema;
pub(crate) mod users;

use std::{
    error::Error,
    io::{self, Write},
};

use funcster_api::{config::Limits, database};
use rustls::CertificateError;
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

pub(crate) type AnyError = Box<dyn Error + Send + Sync>;

pub(crate) async fn connect(
    database_url: &str,
    limits: Option<&Limits>,
) -> Result<DatabaseConnection, AnyError> {
    let connected = database::connect(database_url, limits).await;
    connected.map_err(|error| {
        let reason = tls_reason(&error).map_or_else(|| error.to_string(), ToOwned::to_owned);
        format!("the database of DATABASE_URL cannot be opened: {reason}").into()
    })
}

/// Why a server is not trusted, for whoever set `sslmode`: the library's own words are for its developers.
fn tls_reason(error: &DbErr) -> Option<&'static str> {
    let DbErr::Conn(RuntimeErr::SqlxError(error)) = error else { return None };
    let sqlx::Error::Io(error) = error.as_ref() else { return None };
    if error.kind() == io::ErrorKind::NotFound {
        return Some("a file that it names is not there (sslrootcert, sslcert, sslkey, or a socket)");
    }
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Some("no trusted authority has issued the server's certificate: name yours with sslrootcert")
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some("the server's certificate is not for the host that DATABASE_URL names"),
        _ => None,
    }
}

/// Connects to a database that this release can work on.
pub(crate) async fn connect_to_current(
    database_url: &str,
    limits: Option<&Limits>,
) -> Result<DatabaseConnection, AnyError> {
    let db = connect(database_url, limits).await?;
    migration::require_current(&db).await?;
    Ok(db)
}

/// Prints to standard output; a reader that has gone away is an error like any other.
pub(crate) fn print(text: &str) -> Result<(), AnyError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
