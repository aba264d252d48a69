//! Who is registered, kept in a file.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::rand;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{file, password::PasswordHash};
use crate::auth::Permission;

/// What Auth0 lets people say about themselves at sign-up: text alone.
pub(super) type Metadata = BTreeMap<String, String>;

/// The people in the database connection.
pub(super) struct Users {
    path: PathBuf,
    /// Held from the look at who is registered until the file is written, so that of two sign-ups
    /// with one email address exactly one succeeds.
    registered: Mutex<Vec<User>>,
}

/// One of them.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct User {
    /// 24 hexadecimal digits.
    pub(super) id: String,
    pub(super) email: String,
    pub(super) username: Option<String>,
    pub(super) role: String,
    pub(super) metadata: Metadata,
    password: PasswordHash,
}

/// Somebody who is to be registered.
pub(super) struct Registration {
    pub(super) email: String,
    pub(super) username: Option<String>,
    pub(super) password: SecretString,
    pub(super) role: String,
    pub(super) metadata: Metadata,
}

/// Why nobody was registered.
pub(super) enum Refusal {
    /// The username belongs to this person.
    UsernameTaken(Box<User>),
    EmailTaken,
    Failed(io::Error),
}

impl User {
    /// The subject of this person's tokens.
    pub(super) fn sub(&self) -> String {
        format!("auth0|{}", self.id)
    }

    pub(super) fn permissions(&self) -> &'static [Permission] {
        match self.role.to_ascii_lowercase().as_str() {
            "coder" => &Permission::OF_CODERS,
            "mentor" => &Permission::OF_MENTORS,
            _ => &[],
        }
    }

    fn is_named(&self, username: &str) -> bool {
        self.username.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(username))
    }

    fn has_email(&self, email: &str) -> bool {
        self.email == email.to_lowercase()
    }
}

impl Users {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let registered = match file::read(&path)? {
            Some(content) => serde_json::from_slice(&content).map_err(|error| file::invalid(&path, error))?,
            None => Vec::new(),
        };
        Ok(Self { path, registered: Mutex::new(registered) })
    }

    /// Registers a person. Email address and username are kept in lower case, as Auth0 does.
    pub(super) fn register(&self, registration: Registration) -> Result<Box<User>, Refusal> {
        let mut registered = self.registered();
        if let Some(username) = &registration.username
            && let Some(user) = registered.iter().find(|user| user.is_named(username))
        {
            return Err(Refusal::UsernameTaken(Box::new(user.clone())));
        }
        if registered.iter().any(|user| user.has_email(&registration.email)) {
            return Err(Refusal::EmailTaken);
        }
        let user = User {
            id: new_id().map_err(Refusal::Failed)?,
            email: registration.email.to_lowercase(),
            username: registration.username.map(|username| username.to_ascii_lowercase()),
            role: registration.role,
            metadata: registration.metadata,
            password: PasswordHash::of(&registration.password).map_err(Refusal::Failed)?,
        };
        registered.push(user.clone());
        if let Err(error) = self.save(&registered) {
            registered.pop();
            return Err(Refusal::Failed(error));
        }
        Ok(Box::new(user))
    }

    /// The person whose email address or username this is, if the password is theirs too.
    pub(super) fn authenticate(&self, name: &str, password: &SecretString) -> Option<User> {
        let user = self.find(|user| user.has_email(name) || user.is_named(name))?;
        user.password.matches(password).then_some(user)
    }

    pub(super) fn named(&self, username: &str) -> Option<User> {
        self.find(|user| user.is_named(username))
    }

    pub(super) fn with_sub(&self, sub: &str) -> Option<User> {
        self.find(|user| user.sub() == sub)
    }

    /// Every username, in the order of the alphabet.
    pub(super) fn usernames(&self) -> Vec<String> {
        let mut usernames: Vec<_> =
            self.registered().iter().filter_map(|user| user.username.clone()).collect();
        usernames.sort_unstable();
        usernames
    }

    fn find(&self, is_meant: impl Fn(&User) -> bool) -> Option<User> {
        self.registered().iter().find(|user| is_meant(user)).cloned()
    }

    /// A panic elsewhere cannot leave the list in a bad state: it changes by one `push` or `pop`.
    fn registered(&self) -> MutexGuard<'_, Vec<User>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, users: &[User]) -> io::Result<()> {
        file::replace(&self.path, &serde_json::to_vec_pretty(users)?)
    }
}

/// 96 bits, as many as the ids have that Auth0 gives to people in its database connections.
fn new_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:024x}", u128::from_be_bytes(bytes) >> 32))
}
