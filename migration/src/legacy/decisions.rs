//! What the operator decides about rows that cannot be carried over as they are.

use std::{fmt, str::FromStr};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, Value};

use super::rows::PEOPLE;
use crate::{Error, State, Unfit, run::lock, state::state};

/// The longest username that the old tables hold.
pub(super) const MAX_USERNAME_CHARACTERS: usize = 24;

/// A decision about one row of the old tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A coder or mentor gets a username.
    Rename(Row, String),
    /// A snippet gets a coder.
    Owner(Row, Row),
    /// A coder gets a mentor, or none.
    Mentor(Row, Option<Row>),
    /// A snippet is deleted.
    Delete(Row),
}

/// A row of the old tables, such as `coder:12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    kind: Kind,
    id: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Coder,
    Mentor,
    Snippet,
}

impl Decision {
    /// Reads such as `coder:12=ada`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn rename(text: &str) -> Result<Self, String> {
        let form = "it looks like coder:12=NAME or mentor:3=NAME";
        let (person, name) = text.split_once('=').ok_or(form)?;
        let person = Row::of_kind(person, &[Kind::Coder, Kind::Mentor]).ok_or(form)?;
        if name.trim().is_empty() || name.chars().count() > MAX_USERNAME_CHARACTERS {
            return Err(format!("a username has 1 to {MAX_USERNAME_CHARACTERS} characters"));
        }
        Ok(Self::Rename(person, name.to_owned()))
    }

    /// Reads such as `snippet:17=coder:12`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn owner(text: &str) -> Result<Self, String> {
        let read = || {
            let (snippet, coder) = text.split_once('=')?;
            Some(Self::Owner(Row::of_kind(snippet, &[Kind::Snippet])?, Row::of_kind(coder, &[Kind::Coder])?))
        };
        read().ok_or_else(|| "it looks like snippet:17=coder:12".to_owned())
    }

    /// Reads such as `coder:12=mentor:3` or `coder:12=none`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn mentor(text: &str) -> Result<Self, String> {
        let read = || {
            let (coder, mentor) = text.split_once('=')?;
            let mentor = if mentor == "none" { None } else { Some(Row::of_kind(mentor, &[Kind::Mentor])?) };
            Some(Self::Mentor(Row::of_kind(coder, &[Kind::Coder])?, mentor))
        };
        read().ok_or_else(|| "it looks like coder:12=mentor:3 or coder:12=none".to_owned())
    }

    /// Reads such as `snippet:17`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn delete(text: &str) -> Result<Self, String> {
        let snippet = Row::of_kind(text, &[Kind::Snippet]).map(Self::Delete);
        snippet.ok_or_else(|| "it looks like snippet:17".to_owned())
    }

    async fn carry_out(&self, txn: &DatabaseTransaction) -> Result<(), Error> {
        match self {
            Self::Rename(person, name) => {
                let taken = format!("SELECT kind, id FROM {PEOPLE} WHERE lower(username) = lower($1)");
                let taken =
                    Statement::from_sql_and_values(txn.get_database_backend(), taken, [name.as_str().into()]);
                for row in txn.query_all_raw(taken).await? {
                    let bearer =
                        format!("{}:{}", row.try_get::<String>("", "kind")?, row.try_get::<i32>("", "id")?);
                    if bearer != person.to_string() {
                        return Err(Error::Undecidable(format!("the name {name} is borne by {bearer}")));
                    }
                }
                person
                    .change(txn, "UPDATE {table} SET username = $2 WHERE id = $1", [name.as_str().into()])
                    .await
            }
            Self::Owner(snippet, coder) => {
                coder.must_exist(txn).await?;
                snippet.change(txn, "UPDATE {table} SET coder_id = $2 WHERE id = $1", [coder.id.into()]).await
            }
            Self::Mentor(coder, mentor) => {
                if let Some(mentor) = mentor {
                    mentor.must_exist(txn).await?;
                }
                let id = mentor.map(|mentor| mentor.id);
                coder.change(txn, "UPDATE {table} SET mentor_id = $2 WHERE id = $1", [id.into()]).await
            }
            Self::Delete(snippet) => snippet.change(txn, "DELETE FROM {table} WHERE id = $1", []).await,
        }
    }
}

/// Carries out all of these decisions, or none, in a database that is still the old application's.
///
/// # Errors
/// When it is not, when a row is not there or a name is taken; then nothing is changed.
pub async fn decide(db: &DatabaseConnection, decisions: &[Decision]) -> Result<(), Error> {
    let txn = lock(db).await?;
    if state(&txn).await? != State::Legacy {
        return Err(Unfit::NotLegacy.into());
    }
    for decision in decisions {
        decision.carry_out(&txn).await?;
    }
    Ok(txn.commit().await?)
}

impl Row {
    fn of_kind(text: &str, kinds: &[Kind]) -> Option<Self> {
        text.parse().ok().filter(|row: &Self| kinds.contains(&row.kind))
    }

    /// Runs a statement that has to change just this row.
    async fn change<const N: usize>(
        self,
        txn: &DatabaseTransaction,
        statement: &str,
        values: [Value; N],
    ) -> Result<(), Error> {
        let statement = statement.replace("{table}", self.kind.table());
        let values = std::iter::once(self.id.into()).chain(values);
        let statement = Statement::from_sql_and_values(txn.get_database_backend(), statement, values);
        if txn.execute_raw(statement).await?.rows_affected() == 1 { Ok(()) } else { Err(self.missing()) }
    }

    async fn must_exist(self, txn: &DatabaseTransaction) -> Result<(), Error> {
        let select = format!("SELECT id FROM {} WHERE id = $1", self.kind.table());
        let select = Statement::from_sql_and_values(txn.get_database_backend(), select, [self.id.into()]);
        txn.query_one_raw(select).await?.map(drop).ok_or_else(|| self.missing())
    }

    fn missing(self) -> Error {
        Error::Undecidable(format!("there is no {self}"))
    }
}

impl FromStr for Row {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once(':').ok_or(())?;
        let kind = [Kind::Coder, Kind::Mentor, Kind::Snippet].into_iter().find(|known| known.name() == kind);
        Ok(Self { kind: kind.ok_or(())?, id: id.parse().map_err(|_| ())? })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Coder => "coder",
            Self::Mentor => "mentor",
            Self::Snippet => "snippet",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Coder => "coders",
            Self::Mentor => "mentors",
            Self::Snippet => "snippet",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rename(person, name) => write!(f, "{person} is called {name}"),
            Self::Owner(snippet, coder) => write!(f, "{snippet} belongs to {coder}"),
            Self::Mentor(coder, Some(mentor)) => write!(f, "{coder} has {mentor}"),
            Self::Mentor(coder, None) => write!(f, "{coder} has no mentor"),
            Self::Delete(snippet) => write!(f, "{snippet} is deleted"),
        }
    }
}
