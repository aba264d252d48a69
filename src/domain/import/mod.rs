//! Accounts bound to the people in a user export of Auth0, all at once.

mod export;

use std::fmt;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};

pub use self::export::{Export, Problem, read};
use super::{
    accounts::{self, Link},
    binding,
};
use crate::{Error, Result, database::begin_write, entity::user};

/// How many accounts are bound in one transaction: writers of a SQLite database wait meanwhile.
const BATCH: usize = 500;

/// What became of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// Whether it was only tried.
    pub is_dry_run: bool,
    /// The accounts that are bound, by the line of the file, from 1.
    pub bound: Vec<(usize, String)>,
    /// How many of them were bound before.
    pub bound_before: usize,
    /// What could not be done, by the line of the file, from 1.
    pub problems: Vec<Problem>,
    /// How many accounts are bound to nobody still.
    pub unbound: u64,
}

/// Binds each account to the person of its name. An account that is bound to somebody else is left
/// alone, and so is one whose name several people bear.
///
/// # Errors
/// Those of the database; what was bound before stays so, and the import can be run again.
pub async fn import(db: &DatabaseConnection, export: Export, is_dry_run: bool) -> Result<Report> {
    let mut report = Report { is_dry_run, problems: export.problems, ..Report::default() };
    for batch in export.people.chunks(BATCH) {
        let txn = begin_write(db).await?;
        for person in batch {
            let standing = accounts::standing(&txn, &person.name, &person.subject).await?;
            match (standing, &person.doubt) {
                (Some(Link::Bound), _) => report.bound_before += 1,
                (Some(refused), _) => {
                    report.problems.push((person.line, refused.to_string()));
                    continue;
                }
                (None, Some(doubt)) => {
                    report.problems.push((person.line, doubt.clone()));
                    continue;
                }
                (None, None) => {
                    let bound = binding::bind_within(&txn, &person.name, &person.subject).await?;
                    bound.ok_or_else(|| {
                        Error::conflict("Accounts are being bound meanwhile: import once more.")
                    })?;
                }
            }
            report.bound.push((person.line, person.to_string()));
        }
        if is_dry_run { txn.rollback().await? } else { txn.commit().await? }
    }
    report.problems.sort();
    report.unbound = user::Entity::find().filter(user::Column::Auth0Sub.is_null()).count(db).await?;
    if is_dry_run {
        let new = u64::try_from(report.bound.len() - report.bound_before).unwrap_or(0);
        report.unbound = report.unbound.saturating_sub(new);
    }
    Ok(report)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, person) in &self.bound {
            writeln!(f, "line {line}: {person}")?;
        }
        for (line, problem) in &self.problems {
            writeln!(f, "line {line}: not bound: {problem}")?;
        }
        writeln!(
            f,
            "{} bound, {} not. Bound before: {}.",
            self.bound.len(),
            self.problems.len(),
            self.bound_before
        )?;
        writeln!(f, "{} accounts are bound to nobody: `funcster-api users list` shows them.", self.unbound)?;
        if self.is_dry_run { writeln!(f, "This was a dry run: nothing was changed.") } else { Ok(()) }
    }
}
