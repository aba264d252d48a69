//! `users`: everybody who has an account, and the names that sign-ups in progress hold.

use sea_orm::{
    IntoSimpleExpr,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, SimpleExpr},
};

/// A person's account, or the reservation of a name while its sign-up is in progress.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The account's number; coders and mentors have numbers of their own beside it.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Unique whatever the case of its letters.
    pub username: String,
    /// The subject of the access tokens that act for this account.
    #[sea_orm(unique)]
    pub auth0_sub: Option<String>,
    /// Coder or mentor.
    pub role: Role,
    /// How far the sign-up is.
    pub status: Status,
    /// SHA-256 of the email address that a sign-up in progress was made with: tells whether a
    /// second try comes from the same person.
    pub email_digest: Option<String>,
    /// Until when a sign-up in progress holds the name.
    pub lease_expires_at: Option<DateTimeUtc>,
    /// When the account was made.
    pub created_at: DateTimeUtc,
}

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Keeps a library of snippets.
    #[sea_orm(string_value = "coder")]
    Coder,
    /// Reviews the snippets of the coders they took on.
    #[sea_orm(string_value = "mentor")]
    Mentor,
}

impl Role {
    /// The word that REST clients and the identity provider know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coder => "Coder",
            Self::Mentor => "Mentor",
        }
    }

    /// Reads the word, in any case of letters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Coder, Self::Mentor].into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }
}

/// How far a sign-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// The name is reserved; the identity provider is being asked.
    #[sea_orm(string_value = "reserved")]
    Reserved,
    /// The identity provider did not answer: it may have made the account or not.
    #[sea_orm(string_value = "unanswered")]
    Unanswered,
    /// The account is there, as a coder or a mentor.
    #[sea_orm(string_value = "active")]
    Active,
}

/// No relation is followed from here.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The account's name is `username`, whatever the case of its letters.
pub fn is_named(username: impl Into<SimpleExpr>) -> SimpleExpr {
    Expr::expr(Func::lower(Column::Username.into_simple_expr())).eq(Func::lower(username))
}
