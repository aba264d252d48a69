use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgDatabaseError},
};
use thiserror::Error;

use crate::{Ahead, legacy::Problems};

/// Why a command did nothing.
#[derive(Debug, Error)]
pub enum Error {
    /// The database failed, or refused a statement.
    #[error("{}", told(.0))]
    Database(#[from] DbErr),
    /// The old application's database cannot be taken over as it is.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The database is not what this release can work on.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The tables of the old application are being used.
    #[error(
        "the old tables are in use: stop the old application, and whatever else works with them; nothing was changed"
    )]
    InUse,
    /// A decision about a row of the old tables that cannot be carried out.
    #[error("{0}; nothing was changed")]
    Undecidable(String),
}

/// Why this release cannot work on a database.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unfit {
    /// It is the old Flask application's.
    #[error(
        "the database holds the tables of the old Flask application: run `funcster-api migrate up`, which takes \
         them over (docs/moving-from-flask.md tells how)"
    )]
    Legacy,
    /// It lacks steps.
    #[error("the database lacks {}: run `funcster-api migrate up` first", .0.join(", "))]
    Behind(Vec<String>),
    /// It is too new.
    #[error(
        "this release is older than the database: funcster-api {} knows the schema up to {}, and the database is \
         at {}, which only a newer release can work with",
        env!("CARGO_PKG_VERSION"), .0.known, .0.found
    )]
    Ahead(Ahead),
    /// It is not the old Flask application's.
    #[error(
        "the database does not hold the tables of the old Flask application: there is nothing to resolve"
    )]
    NotLegacy,
}

/// PostgreSQL's code for a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Whether the statement waited in vain for a lock.
pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
    reason(error).is_some_and(|reason| reason.code().as_deref() == Some(LOCK_NOT_AVAILABLE))
}

/// Whether SQLite's only writer is somebody else.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    /// `SQLITE_BUSY`; what extends it stands above the lowest byte.
    const BUSY: u32 = 5;
    let code = reason(error).and_then(|reason| reason.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

fn reason(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    cause.as_database_error()
}

/// The database's own words: PostgreSQL names in the detail what the message is about.
fn told(error: &DbErr) -> String {
    let refused = reason(error).and_then(|reason| reason.try_downcast_ref::<PgDatabaseError>());
    let Some(refused) = refused else { return error.to_string() };
    let more = [refused.detail(), refused.hint()].into_iter().flatten();
    std::iter::once(refused.message()).chain(more).collect::<Vec<_>>().join(". ")
}
