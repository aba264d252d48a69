//! Names that are held while the provider is asked.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{
    ActiveEnum,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, SqlErr,
    prelude::Expr,
};

use super::NewUser;
use crate::{
    Error, Result,
    database::begin_write,
    entity::{
        now,
        user::{self, Status},
    },
};

/// How long a reservation lasts: longer than the provider may take to answer.
const LEASE: Duration = Duration::from_secs(30);
/// A name that is held while the provider is asked.
pub(super) struct Reservation {
    user_id: i32,
    /// The reservation of an earlier try that this one took over.
    earlier: Option<user::Model>,
}

/// Takes the name, or takes it over from a sign-up that came to nothing.
pub(super) async fn reserve(db: &DatabaseConnection, new: &NewUser) -> Result<Reservation> {
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
    pub(super) async fn release(self, db: &impl ConnectionTrait, is_definite: bool) -> Result<bool> {
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

fn email_digest(email: &str) -> String {
    let digest = digest::digest(&digest::SHA256, email.to_lowercase().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}
