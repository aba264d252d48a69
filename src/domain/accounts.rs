//! What the operator does with accounts: look at them, and bind them to people in Auth0.

use std::fmt;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use serde::Deserialize;

use super::{binding, users};
use crate::{
    Result,
    entity::user::{self, Status},
};

/// The longest subject, in bytes (OpenID Connect Core section 2).
const MAX_SUBJECT_BYTES: usize = 255;

/// An account as `users list` shows it.
#[derive(Debug)]
pub struct Listed(user::Model);

/// What became of binding one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is bound to this subject now, or was already.
    Bound,
    /// This is no subject.
    NotASubject,
    /// No account bears the name.
    NoSuchUser(String),
    /// It is bound to another subject.
    BoundToAnother {
        /// The account's name.
        username: String,
    },
    /// The subject belongs to another account.
    SubjectTaken {
        /// The subject.
        subject: String,
        /// Whose it is.
        username: String,
    },
}

/// What became of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// How many accounts were bound.
    pub bound: usize,
    /// What could not be done, by the line of the file, from 1.
    pub problems: Vec<(usize, String)>,
}

/// A line of an Auth0 user export.
#[derive(Deserialize)]
struct Exported {
    #[serde(alias = "Id")]
    user_id: String,
    #[serde(alias = "Username")]
    username: Option<String>,
    #[serde(alias = "Nickname")]
    nickname: Option<String>,
}

/// All accounts, by number.
///
/// # Errors
/// Those of the database.
pub async fn list(db: &DatabaseConnection) -> Result<Vec<Listed>> {
    let users = user::Entity::find().order_by_asc(user::Column::Id).all(db).await?;
    Ok(users.into_iter().map(Listed).collect())
}

/// Binds the account called `username` to `subject`, for good: one that is bound to another subject
/// is left alone.
///
/// # Errors
/// Those of the database.
pub async fn link(db: &DatabaseConnection, username: &str, subject: &str) -> Result<Link> {
    if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES || subject.contains(char::is_control) {
        return Ok(Link::NotASubject);
    }
    if !users::can_be_stored(username) {
        return Ok(Link::NoSuchUser(username.escape_debug().to_string()));
    }
    if binding::bind(db, username, subject).await?.is_some() {
        return Ok(Link::Bound);
    }
    let owner = user::Entity::find().filter(user::Column::Auth0Sub.eq(subject)).one(db).await?;
    if let Some(owner) = owner {
        return Ok(Link::SubjectTaken { subject: subject.to_owned(), username: owner.username });
    }
    let user = user::Entity::find().filter(user::is_named(username)).one(db).await?;
    Ok(user.map_or_else(
        || Link::NoSuchUser(username.to_owned()),
        |user| Link::BoundToAnother { username: user.username },
    ))
}

/// Binds each account to the person of its name in `export`: newline-delimited JSON with `user_id`
/// and `username` (or `nickname`), as Auth0's user export has it.
///
/// # Errors
/// Those of the database; what is wrong with a line is in the report.
pub async fn import(db: &DatabaseConnection, export: &str) -> Result<Report> {
    let mut report = Report::default();
    let lines = export.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines {
        let problem = match serde_json::from_str(line) {
            Ok(Exported { user_id, username, nickname }) => match username.or(nickname) {
                Some(username) => match link(db, &username, &user_id).await? {
                    Link::Bound => {
                        report.bound += 1;
                        continue;
                    }
                    refused => refused.to_string(),
                },
                None => "this person has neither username nor nickname".to_owned(),
            },
            Err(error) => format!("this is not a user: {error}"),
        };
        report.problems.push((index + 1, problem));
    }
    Ok(report)
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound => write!(f, "bound"),
            Self::NotASubject => write!(f, "a subject looks like auth0|63f1a2"),
            Self::NoSuchUser(username) => write!(f, "there is no account called {username}"),
            Self::BoundToAnother { username } => write!(f, "{username} is bound to another subject already"),
            Self::SubjectTaken { subject, username } => write!(f, "{subject} belongs to {username} already"),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(user) = self;
        let status = match (user.status, &user.auth0_sub) {
            (Status::Active, Some(subject)) => subject.clone(),
            (Status::Active, None) => {
                format!("not bound yet: funcster-api users link '{}' 'auth0|...'", user.username)
            }
            (Status::Reserved, _) => "signing up".to_owned(),
            (Status::Unanswered, _) => {
                format!("sign-up not finished: funcster-api users link '{}' 'auth0|...'", user.username)
            }
        };
        write!(f, "{:<24}  {:<6}  {status}", user.username, user.role.name())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, problem) in &self.problems {
            writeln!(f, "line {line}: {problem}")?;
        }
        writeln!(f, "{} bound, {} not.", self.bound, self.problems.len())
    }
}
