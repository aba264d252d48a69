use std::future::Future;

use chrono::{DateTime, Utc};

use super::{Claims, Permission, Permissions};
use crate::{Error, Result};

/// Who asks: nobody, a token without an account, or a coder or mentor.
///
/// The only way to an [`ActingCoder`] or [`ActingMentor`] in the domain is through a permission
/// check here, so that code which forgets the check has nobody to act as.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    token: Option<Token>,
    account: Option<Account>,
}

#[derive(Clone, Debug)]
struct Token {
    permissions: Permissions,
    expires_at: DateTime<Utc>,
}

/// What a viewer may do and see depends on this alone: two who have it in common are the same to the
/// domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    permissions: Option<Permissions>,
    account: Option<Account>,
}

/// The account behind a token, fixed once it is bound to the token's subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// A coder's.
    Coder(ActingCoder),
    /// A mentor's.
    Mentor(ActingMentor),
}

/// A coder who was found to hold the permission for what is being done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActingCoder {
    /// The coder's number.
    pub id: i32,
}

/// A mentor who was found to hold the permission for what is being done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActingMentor {
    /// The mentor's number.
    pub id: i32,
}

impl Viewer {
    /// Somebody without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// The bearer of a verified token, with the account that its subject is bound to.
    #[must_use]
    pub fn of(claims: &Claims, account: Option<Account>) -> Self {
        let token = Token { permissions: claims.permissions, expires_at: claims.expires_at };
        Self { token: Some(token), account }
    }

    /// The account, without any permission asked.
    #[must_use]
    pub const fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// What the viewer may do and see depends on.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority {
            permissions: self.token.as_ref().map(|token| token.permissions),
            account: self.account.clone(),
        }
    }

    /// Whether the viewer's token carries `permission`.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.token.as_ref().is_some_and(|token| token.permissions.contains(permission))
    }

    /// Ends when the viewer's token expires; never for somebody without one.
    pub fn expiry(&self) -> impl Future<Output = ()> + Send + use<> {
        let left =
            self.token.as_ref().map(|token| (token.expires_at - Utc::now()).to_std().unwrap_or_default());
        async move {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Asks for `permission`.
    ///
    /// # Errors
    /// `Unauthenticated` without a token, `Forbidden` for a token without the permission.
    pub fn require(&self, permission: Permission) -> Result<()> {
        match &self.token {
            None => Err(Error::token_missing()),
            Some(token) if !token.permissions.contains(permission) => {
                Err(Error::missing_permission(permission))
            }
            Some(_) => Ok(()),
        }
    }

    /// The coder who acts, if they may.
    ///
    /// # Errors
    /// Those of [`require`](Self::require); `Forbidden` when the account is none or a mentor's.
    pub fn coder_with(&self, permission: Permission) -> Result<&ActingCoder> {
        match self.account_with(permission)? {
            Account::Coder(coder) => Ok(coder),
            Account::Mentor(_) => Err(Error::forbidden("Only a coder can do this.")),
        }
    }

    /// The mentor who acts, if they may.
    ///
    /// # Errors
    /// Those of [`require`](Self::require); `Forbidden` when the account is none or a coder's.
    pub fn mentor_with(&self, permission: Permission) -> Result<&ActingMentor> {
        match self.account_with(permission)? {
            Account::Mentor(mentor) => Ok(mentor),
            Account::Coder(_) => Err(Error::forbidden("Only a mentor can do this.")),
        }
    }

    /// The coder or mentor who acts, if they may.
    ///
    /// # Errors
    /// Those of [`require`](Self::require); `Forbidden` when no account is bound to the token.
    pub fn account_with(&self, permission: Permission) -> Result<&Account> {
        self.require(permission)?;
        self.account.as_ref().ok_or_else(|| {
            Error::forbidden("This needs a Funcster account, and none is bound to this token's subject.")
        })
    }
}
