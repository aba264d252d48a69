//! What the operator does with accounts: look at them, and bind them to people in Auth0.

use std::fmt;

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

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
    if let Some(standing) = standing(db, username, subject).await? {
        return Ok(standing);
    }
    if binding::bind(db, username, subject).await?.is_some() {
        return Ok(Link::Bound);
    }
    // Somebody was faster.
    Ok(standing(db, username, subject).await?.unwrap_or_else(|| Link::NoSuchUser(username.to_owned())))
}

/// How an account and a subject stand to each other; `None` when nothing keeps them from being bound.
pub(super) async fn standing(
    db: &impl ConnectionTrait,
    username: &str,
    subject: &str,
) -> Result<Option<Link>> {
    if !is_subject(subject) {
        return Ok(Some(Link::NotASubject));
    }
    if !users::can_be_stored(username) {
        return Ok(Some(Link::NoSuchUser(username.escape_debug().to_string())));
    }
    let account = user::Entity::find().filter(user::is_named(username)).one(db).await?;
    if let Some(user::Model { auth0_sub: Some(bound), .. }) = &account
        && bound == subject
    {
        return Ok(Some(Link::Bound));
    }
    let owner = user::Entity::find().filter(user::Column::Auth0Sub.eq(subject)).one(db).await?;
    Ok(match (owner, account) {
        (Some(owner), _) => {
            Some(Link::SubjectTaken { subject: subject.to_owned(), username: owner.username })
        }
        (None, None) => Some(Link::NoSuchUser(username.to_owned())),
        (None, Some(account)) => {
            account.auth0_sub.map(|_| Link::BoundToAnother { username: account.username })
        }
    })
}

pub(super) fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_SUBJECT_BYTES && !text.contains(char::is_control)
}

/// The command that binds an account, to be pasted into a shell.
pub(super) fn link_command(username: &str, subject: &str) -> String {
    let [username, subject] = [username, subject].map(|text| text.replace('\'', r"'\''"));
    format!("funcster-api users link '{username}' '{subject}'")
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
                format!("not bound yet: {}", link_command(&user.username, "auth0|..."))
            }
            (Status::Reserved, _) => "signing up".to_owned(),
            (Status::Unanswered, _) => {
                format!("sign-up not finished: {}", link_command(&user.username, "auth0|..."))
            }
        };
        write!(f, "{:<24}  {:<6}  {status}", user.username, user.role.name())
    }
}
