//! What cannot be carried over without the operator's decision, each with the command that decides.

use std::fmt;

use sea_orm::{ConnectionTrait, DbErr};

use super::{obstacles, rows};

/// How many problems of a kind `migrate up` shows.
pub(crate) const SHOWN: usize = 20;

/// Something that stands in the way of taking over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub what: String,
    /// The commands or SQL statements that resolve it; one of them is enough.
    pub remedies: Vec<String>,
}

/// All that stands in the way, or the first of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// Those that are shown.
    pub shown: Vec<Problem>,
    /// How many there are.
    pub total: usize,
}

/// Finds what cannot be carried over: at most `limit` of each kind, where there is a limit. Changes nothing.
///
/// # Errors
/// When the database cannot be asked.
pub async fn problems(db: &impl ConnectionTrait, limit: Option<usize>) -> Result<Problems, DbErr> {
    let mut problems = obstacles(db).await?;
    // The rows cannot be looked at where the tables are not what they should be.
    if problems.total == 0 {
        rows::nameless(db, limit, &mut problems).await?;
        rows::clashing(db, limit, &mut problems).await?;
        rows::without_mentor(db, limit, &mut problems).await?;
        rows::without_coder(db, limit, &mut problems).await?;
    }
    Ok(problems)
}

/// Finds what is not about rows.
pub(super) async fn obstacles(db: &impl ConnectionTrait) -> Result<Problems, DbErr> {
    let shown = obstacles::find(db).await?;
    Ok(Problems { total: shown.len(), shown })
}

impl Problems {
    /// Makes sure that there are none.
    pub(super) fn none(self) -> Result<(), Self> {
        if self.total == 0 { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the database of the old Flask application cannot be taken over as it is.")?;
        writeln!(f, "Nothing was changed. What needs a decision, with the command for it:\n")?;
        for problem in &self.shown {
            writeln!(f, "{problem}")?;
        }
        if self.total > self.shown.len() {
            write!(
                f,
                "and {} more: `funcster-api migrate check` tells them all. ",
                self.total - self.shown.len()
            )?;
        }
        write!(f, "In all: {}.", self.total)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        for (index, remedy) in self.remedies.iter().enumerate() {
            writeln!(f, "{}{remedy}", if index == 0 { "     " } else { "  or " })?;
        }
        Ok(())
    }
}
