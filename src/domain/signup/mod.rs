//! Signing up, in three steps that may each be the last one: the name is reserved here, the person
//! is registered with the identity provider, the account is bound to the subject that the provider
//! made.
//!
//! A reservation is a lease: it holds the name while the provider is asked, and falls free when the
//! process that took it is gone. When the provider did not answer, nobody knows whether it made the
//! account, so the name stays with the person who asked: they may try again at once (told by their
//! email address), others when the lease has run out, and whoever comes with a token whose username
//! claim bears the name owns it.

mod reservation;

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::task::TaskTracker;

use self::reservation::{Reservation, reserve};
use super::{binding::bind, usernames};
use crate::{
    Error, Result,
    admission::step_aside,
    auth::{Account, Provider, Refusal, Registration},
    database::Pool,
    entity::user::Role,
    error::Code,
    limit::RateLimit,
    telemetry,
};

/// The longest email address (RFC 5321 section 4.5.3.1.3).
pub const MAX_EMAIL_BYTES: usize = 254;
/// The longest password that is passed on, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

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
    pub db: Pool,
    /// Where people are registered.
    pub provider: Provider,
    /// How often one address may sign somebody up.
    pub limit: RateLimit,
    /// Those under way, which go on when their client hangs up.
    pub under_way: TaskTracker,
}

impl SignUps {
    /// Signs somebody up and returns their account.
    ///
    /// # Errors
    /// `BadUserInput` for what is not allowed here, or refused by the provider; `RateLimited`;
    /// `Conflict` when the name, or at the provider the email address, is taken; `Unavailable`,
    /// `BadGateway` or `GatewayTimeout` when the provider throttles, fails or does not answer.
    pub async fn sign_up(&self, client: IpAddr, new: NewUser) -> Result<Account> {
        let admitted = self.admit(client, &new).await;
        step_aside();
        let desk = self.clone();
        // A client that hangs up must not leave the sign-up half done.
        let completion = async move {
            let outcome = match admitted {
                Ok(reservation) => desk.complete(reservation, new).await,
                Err(error) => Err(error),
            };
            telemetry::signed_up(&outcome);
            outcome
        };
        self.under_way.spawn(telemetry::current().carry(completion)).await.map_err(Error::internal)?
    }

    async fn admit(&self, client: IpAddr, new: &NewUser) -> Result<Reservation> {
        validate(new)?;
        self.limit.count(client)?;
        let _turn = self.db.turn_to_write().await?;
        reserve(self.db.all(), new).await
    }

    async fn complete(&self, reservation: Reservation, new: NewUser) -> Result<Account> {
        let registration = Registration {
            username: &new.username,
            email: &new.email,
            password: &new.password,
            role: new.role.name(),
        };
        let registered = self.provider.register(&registration).await;
        // What came of it has to be kept, even if it is not this one's turn in time.
        let _turn = self.db.turn_to_write().await.ok();
        match registered {
            Ok(subject) => {
                if let Some(account) = bind(self.db.all(), &new.username, &subject).await? {
                    return Ok(account);
                }
                reservation.release(&self.db, true).await?;
                Err(Error::conflict("This identity belongs to another account already."))
            }
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
