//! Errors of other crates, told as ours.

use axum::{extract::rejection::BytesRejection, http::StatusCode};
use sea_orm::{DbErr, RuntimeErr};

use super::{Code, Error};

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if Self::is_outage(&error) {
            Self::unavailable("The database does not answer at the moment.").caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}

/// PostgreSQL's codes are longer than any of SQLite's, and may be numbers too.
const SQLSTATE_LENGTH: usize = 5;

impl Error {
    /// Whether the database does not take the statement: nothing came of it, and another may be taken.
    pub(crate) fn is_refusal(error: &DbErr) -> bool {
        matches!(driver_error(error), Some(sqlx::Error::Database(_))) && !Self::is_outage(error)
    }

    /// Whether the database is gone or too busy, so that another try makes sense, as against a statement
    /// that it will never take.
    pub(crate) fn is_outage(error: &DbErr) -> bool {
        let Some(cause) = driver_error(error) else {
            return matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
        };
        match cause {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                if code.len() == SQLSTATE_LENGTH {
                    // Connection exceptions, insufficient resources, operator intervention: a shutdown,
                    // or a statement over its time.
                    ["08", "53", "57"].iter().any(|class| code.starts_with(class))
                } else {
                    // Of SQLite: SQLITE_BUSY and SQLITE_LOCKED, whatever they are extended by.
                    code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 5 | 6))
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        }
    }
}

/// What the driver says.
fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new(Code::ContentTooLarge, "The body is too large.")
        } else {
            Self::bad_request("The body could not be read.")
        }
    }
}
