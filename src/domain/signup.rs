//! Signing up, in three steps that may each be the last one: the name is reserved here, the person
//! is registered with the identity provider, the account is bound to the subject that the provider
//! made.
//!
//! A reservation is a lease: it holds the name while the provider is asked, and falls free when the
//! process that took it is gone. When the provider did not answer, nobody knows whether it made the
//! account, so the name stays with the person who asked: they may try again at once (told by their
//! email address), others when the lease has run out, and whoever comes with a token whose username
//! claim bears the name owns it.

use std::{net::IpAddr, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    ActiveEnum,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, SqlErr,
    prelude::Expr,
};
use secrecy::{ExposeSecret, SecretString};

use super::usernames;
use crate::{
    Error, Result,
    auth::{Account, ActingCoder, ActingMentor, Provider, Refusal, Registration},
    database::begin_write,
    entity::{
        coder, mentor,
        user::{self, Role, Status},
    },
    error::Code,
    limit::RateLimit,
};

/// How long a reservation lasts: longer than the provider may take to answer.
const LEASE: Duration = Duration::from_secs(30);
/// The longest email address (RFC 5321 section 4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 254;
/// The longest password that is passed on, in bytes.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Somebody who signs up.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name they want.
    pub username: String,
    /// Their email address: it goes to the identity provider, and only a digest of it is kept
    /// until the sign-up is complete.
    pub email: String,
    /// Their password: it goes to the identity provider, and is kept nowhere.
    pub password: SecretString,
    /// What they want to be.
    pub role: Role,
}

/// The sign-up desk.
#[derive(Clone, Debug)]
pub struct SignUps {
    /// Where accounts are kept.
    pub db: DatabaseConnection,
    /// Where people are registered.
    pub provider: Provider,
    /// How often one address may sign somebody up.
    pub limit: RateLimit,
}

impl SignUps {
    /// Signs somebody up and returns their account.
    ///
    /// # Errors
    /// `BadUserInput` for what is not allowed here, or refused by the provider; `RateLimited`;
    /// `Conflict` when the name, or at the provider the email address, is taken; `Unavailable`,
    /// `BadGateway` or `GatewayTimeout` when the provider throttles, fails or does not answer.
    pub async fn sign_up(&self, client: IpAddr, new: NewUser) -> Result<Account> {
        validate(&new)?;
        self.limit.count(client)?;
        let reservation = reserve(&self.db, &new).await?;
        // A client that hangs up must not leave the sign-up half done.
        let desk = self.clone();
        tokio::spawn(async move { desk.complete(reservation, new).await }).await.map_err(Error::internal)?
    }

    async fn complete(&self, reservation: Reservation, new: NewUser) -> Result<Account> {
        let registration = Registration {
            username: &new.username,
            email: &new.email,
            password: &new.password,
            role: new.role.name(),
        };
        match self.provider.register(&registration).await {
            Ok(subject) => bind(&self.db, &new.username, &subject)
                .await?
                .ok_or_else(|| Error::conflict("This identity belongs to another account already.")),
            Err(refusal) => {
                let may_be_registered =
                    reservation.release(&self.db, refusal.is_definite()).await? && refusal == Refusal::Exists;
                Err(if may_be_registered {
                    Error::conflict("You are registered: sign in to finish.")
                } else {
                    told(refusal)
                })
            }
        }
    }
}

/// A name that is held while the provider is asked.
struct Reservation {
    user_id: i32,
    /// The reservation of an earlier try that this one took over.
    earlier: Option<user::Model>,
}

/// Takes the name, or takes it over from a sign-up that came to nothing.
async fn reserve(db: &DatabaseConnection, new: &NewUser) -> Result<Reservation> {
    let now = now();
    let email_digest = email_digest(&new.email);
    let fresh = user::ActiveModel {
        id: NotSet,
        username: Set(new.username.clone()),
        auth0_sub: NotSet,
        role: Set(new.role),
        status: Set(Status::Reserved),
        email_digest: Set(Some(email_digest.clone())),
        lease_expires_at: Set(Some(now + LEASE)),
        created_at: Set(now),
    };
    match user::Entity::insert(fresh.clone()).exec(db).await {
        Ok(inserted) => return Ok(Reservation { user_id: inserted.last_insert_id, earlier: None }),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {}
        Err(error) => return Err(error.into()),
    }

    let txn = begin_write(db).await?;
    let same_person = Condition::all()
        .add(user::Column::Status.eq(Status::Unanswered))
        .add(user::Column::EmailDigest.eq(email_digest.clone()));
    let lapsed = Condition::all()
        .add(user::Column::Status.ne(Status::Active))
        .add(user::Column::LeaseExpiresAt.lt(now));
    let earlier = user::Entity::find()
        .filter(user::is_named(&new.username))
        .filter(Condition::any().add(same_person).add(lapsed))
        .one(&txn)
        .await?
        .ok_or_else(|| Error::conflict("This username is taken.").of_field("username"))?;
    // The lease tells two that take over at once apart: the second finds it changed.
    let taken = user::Entity::update_many()
        .set(user::ActiveModel { username: NotSet, created_at: NotSet, ..fresh })
        .filter(user::Column::Id.eq(earlier.id))
        .filter(user::Column::LeaseExpiresAt.eq(earlier.lease_expires_at))
        .filter(user::Column::Status.eq(earlier.status))
        .exec(&txn)
        .await?;
    txn.commit().await?;
    if taken.rows_affected == 0 {
        return Err(Error::conflict("This username is taken.").of_field("username"));
    }
    Ok(Reservation { user_id: earlier.id, earlier: Some(earlier) })
}

impl Reservation {
    /// Ends a reservation that came to nothing, or, when that is not certain, leaves it to the one
    /// who made it. Returns whether an account may wait at the provider for this name.
    async fn release(self, db: &impl ConnectionTrait, is_definite: bool) -> Result<bool> {
        let own = Condition::all()
            .add(user::Column::Id.eq(self.user_id))
            .add(user::Column::Status.eq(Status::Reserved));
        match (is_definite, self.earlier) {
            (true, None) => {
                user::Entity::delete_many().filter(own).exec(db).await?;
                Ok(false)
            }
            // This try registered nobody, but the earlier one may have.
            (true, Some(earlier)) => {
                user::Entity::update_many()
                    .set(user::ActiveModel {
                        role: Set(earlier.role),
                        status: Set(Status::Unanswered),
                        email_digest: Set(earlier.email_digest),
                        lease_expires_at: Set(earlier.lease_expires_at),
                        ..Default::default()
                    })
                    .filter(own)
                    .exec(db)
                    .await?;
                Ok(true)
            }
            (false, _) => {
                user::Entity::update_many()
                    .col_expr(user::Column::Status, Expr::value(Status::Unanswered.to_value()))
                    .filter(own)
                    .exec(db)
                    .await?;
                Ok(true)
            }
        }
    }
}

/// Binds the account called `username` to `subject` and completes its sign-up where that is still
/// to do. `None` when there is no such account, or when it is bound to another subject already: a
/// request never binds it anew.
///
/// # Errors
/// Those of the database.
pub async fn bind(db: &DatabaseConnection, username: &str, subject: &str) -> Result<Option<Account>> {
    let txn = begin_write(db).await?;
    let bound = user::Entity::update_many()
        .set(user::ActiveModel {
            auth0_sub: Set(Some(subject.to_owned())),
            status: Set(Status::Active),
            email_digest: Set(None),
            lease_expires_at: Set(None),
            ..Default::default()
        })
        .filter(user::is_named(username))
        .filter(
            Condition::any().add(user::Column::Auth0Sub.is_null()).add(user::Column::Auth0Sub.eq(subject)),
        )
        .exec_with_returning(&txn)
        .await;
    let user = match bound {
        Ok(bound) => bound.into_iter().next(),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(user) = user else { return Ok(None) };
    let account = make_account(&txn, &user).await?;
    txn.commit().await?;
    Ok(Some(account))
}

/// Makes the user the coder or mentor that they signed up to be, unless they are already.
pub(crate) async fn make_account(db: &impl ConnectionTrait, user: &user::Model) -> Result<Account> {
    let missing = || Error::internal(format!("user {} is neither coder nor mentor", user.id));
    Ok(match user.role {
        Role::Coder => {
            coder::Entity::insert(coder::ActiveModel { user_id: Set(user.id), ..Default::default() })
                .on_conflict_do_nothing_on([coder::Column::UserId])
                .exec_without_returning(db)
                .await?;
            let coder = coder::Entity::find().filter(coder::Column::UserId.eq(user.id)).one(db).await?;
            Account::Coder(ActingCoder { id: coder.ok_or_else(missing)?.id })
        }
        Role::Mentor => {
            mentor::Entity::insert(mentor::ActiveModel { user_id: Set(user.id), ..Default::default() })
                .on_conflict_do_nothing_on([mentor::Column::UserId])
                .exec_without_returning(db)
                .await?;
            let mentor = mentor::Entity::find().filter(mentor::Column::UserId.eq(user.id)).one(db).await?;
            Account::Mentor(ActingMentor { id: mentor.ok_or_else(missing)?.id })
        }
    })
}

fn validate(new: &NewUser) -> Result<()> {
    usernames::validate(&new.username)?;
    let is_email =
        matches!(new.email.split_once('@'), Some((local, domain)) if !local.is_empty() && !domain.is_empty());
    let is_plain = !new.email.chars().any(|character| character.is_whitespace() || character.is_control());
    if !is_email || !is_plain || new.email.len() > MAX_EMAIL_BYTES {
        return Err(Error::bad_user_input("email", "email must be an email address."));
    }
    let password = new.password.expose_secret();
    if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
        return Err(Error::bad_user_input(
            "password",
            format!("password must be 1 to {MAX_PASSWORD_BYTES} bytes."),
        ));
    }
    Ok(())
}

/// What the client is told of a refusal.
fn told(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Exists => {
            Error::conflict("Somebody is registered by this email address or username already.")
        }
        Refusal::Invalid { field, reason } => Error::bad_user_input(field, reason),
        Refusal::Throttled { retry_after } => {
            let error = Error::unavailable("The identity provider takes no more sign-ups at the moment.");
            Error { retry_after: retry_after.or(error.retry_after), ..error }
        }
        Refusal::Unreachable(cause) | Refusal::Failed(cause) => {
            Error::new(Code::BadGateway, "The identity provider failed; please try again.").caused_by(cause)
        }
        Refusal::NoAnswer => Error::new(
            Code::GatewayTimeout,
            "The identity provider did not answer; please try again with the same email address.",
        ),
    }
}

fn email_digest(email: &str) -> String {
    let digest = digest::digest(&digest::SHA256, email.to_lowercase().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
