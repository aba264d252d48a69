//! Accounts and the subjects in Auth0 that they are bound to, for good.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, QueryFilter, SqlErr,
};

use crate::{
    Error, Result,
    auth::{Account, ActingCoder, ActingMentor},
    database::begin_write,
    entity::{
        coder, mentor,
        user::{self, Role, Status},
    },
};

/// Binds the account called `username` to `subject` and completes its sign-up where that is still
/// to do. `None` when there is no such account, or when it is bound to another subject already: a
/// request never binds it anew.
///
/// # Errors
/// Those of the database.
pub async fn bind(db: &DatabaseConnection, username: &str, subject: &str) -> Result<Option<Account>> {
    let txn = begin_write(db).await?;
    let account = bind_within(&txn, username, subject).await?;
    if account.is_some() {
        txn.commit().await?;
    }
    Ok(account)
}

/// Whether there is an account called `username` that is not bound to another subject: whoever has none asks often,
/// and nothing is written for them.
///
/// # Errors
/// Those of the database.
pub async fn is_possible(db: &impl ConnectionTrait, username: &str, subject: &str) -> Result<bool> {
    let found = user::Entity::find().filter(to_be_bound(username, subject)).one(db).await?;
    Ok(found.is_some())
}

/// The account called `username`, if it is not bound to another subject.
fn to_be_bound(username: &str, subject: &str) -> Condition {
    let is_free =
        Condition::any().add(user::Column::Auth0Sub.is_null()).add(user::Column::Auth0Sub.eq(subject));
    Condition::all().add(user::is_named(username)).add(is_free)
}

/// As [`bind`], within a transaction. Where it returns `None`, PostgreSQL may have ended that.
pub(super) async fn bind_within(
    txn: &DatabaseTransaction,
    username: &str,
    subject: &str,
) -> Result<Option<Account>> {
    let bound = user::Entity::update_many()
        .set(user::ActiveModel {
            auth0_sub: Set(Some(subject.to_owned())),
            status: Set(Status::Active),
            email_digest: Set(None),
            lease_expires_at: Set(None),
            ..Default::default()
        })
        .filter(to_be_bound(username, subject))
        .exec_with_returning(txn)
        .await;
    let user = match bound {
        Ok(bound) => bound.into_iter().next(),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(user) = user else { return Ok(None) };
    make_account(txn, &user).await.map(Some)
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
