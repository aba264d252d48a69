//! How a database's schema relates to the one that this release knows.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use crate::{Error, Unfit, catalog, legacy, names};

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds the tables of the old Flask application.
    Legacy,
    /// These steps are not applied yet; in an empty database, all.
    Behind(Vec<String>),
    /// Just as this release wants it.
    Current,
    /// A newer release has been here.
    Ahead(Ahead),
}

/// How far a newer release has brought a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The last step that this release knows.
    pub known: String,
    /// The last step of the database.
    pub found: String,
    /// Whether this release can serve all the same: it lacks nothing, and what it does not know is additive.
    pub is_servable: bool,
}

/// A step, as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
    /// Whether this release knows it.
    pub is_known: bool,
}

/// A row of the table in which applied steps are kept.
#[derive(FromQueryResult)]
pub(crate) struct Applied {
    pub(crate) version: String,
    additive: bool,
}

/// Where the database stands. Changes nothing.
///
/// # Errors
/// When the database cannot be asked.
pub async fn state(db: &impl ConnectionTrait) -> Result<State, DbErr> {
    let (applied, known) = (applied(db).await?, names());
    if applied.is_empty() && legacy::is_there(db).await? {
        return Ok(State::Legacy);
    }
    let has = |step: &String| applied.iter().any(|applied| applied.version == *step);
    let pending: Vec<_> = known.iter().filter(|step| !has(step)).cloned().collect();
    let unknown: Vec<_> = applied.iter().filter(|step| !known.contains(&step.version)).collect();
    Ok(match (unknown.last(), known.last()) {
        (Some(found), Some(last)) => State::Ahead(Ahead {
            known: last.clone(),
            found: found.version.clone(),
            is_servable: pending.is_empty() && unknown.iter().all(|step| step.additive),
        }),
        _ if pending.is_empty() => State::Current,
        _ => State::Behind(pending),
    })
}

/// Makes sure that this release can work on the database.
///
/// # Errors
/// [`Error::Unfit`] says why it cannot; [`Error::Database`] when the database cannot be asked.
pub async fn require_current(db: &impl ConnectionTrait) -> Result<(), Error> {
    match state(db).await? {
        State::Current => Ok(()),
        State::Ahead(ahead) if ahead.is_servable => Ok(()),
        State::Ahead(ahead) => Err(Unfit::Ahead(ahead).into()),
        State::Behind(pending) => Err(Unfit::Behind(pending).into()),
        State::Legacy => Err(Unfit::Legacy.into()),
    }
}

/// All steps that this release or the database knows, in their order.
///
/// # Errors
/// When the database cannot be asked.
pub async fn steps(db: &impl ConnectionTrait) -> Result<Vec<Step>, DbErr> {
    let (applied, known) = (applied(db).await?, names());
    let has = |step: &String| applied.iter().any(|applied| applied.version == *step);
    let newer = applied.iter().filter(|step| !known.contains(&step.version));
    let newer = newer.map(|step| Step { name: step.version.clone(), is_applied: true, is_known: false });
    let ours = known.iter().map(|name| Step { name: name.clone(), is_applied: has(name), is_known: true });
    Ok(ours.chain(newer).collect())
}

/// The steps that the database has, in their order.
pub(crate) async fn applied(db: &impl ConnectionTrait) -> Result<Vec<Applied>, DbErr> {
    let columns = catalog::columns(db, "seaql_migrations").await?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    // Before the step that adds the column, no step is additive.
    let additive = if columns.iter().any(|column| column == "additive") { "additive" } else { "FALSE" };
    let select = format!("SELECT version, {additive} AS additive FROM seaql_migrations ORDER BY version");
    Applied::find_by_statement(Statement::from_string(db.get_database_backend(), select)).all(db).await
}
