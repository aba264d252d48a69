//! `coders`: those who keep snippets.

use sea_orm::{FromQueryResult, QuerySelect, Select, entity::prelude::*};

use super::{mentor, snippet::Library, user};

/// A row of `coders`. Its constant column `role` is the database's own affair.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coders")]
pub struct Model {
    /// The coder's number, as clients know it.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The account.
    #[sea_orm(unique)]
    pub user_id: i32,
    /// The mentor who took this coder on.
    pub mentor_id: Option<i32>,
}

/// To whom a coder belongs.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The account.
    #[sea_orm(belongs_to = "user::Entity", from = "Column::UserId", to = "user::Column::Id")]
    User,
    /// The mentor.
    #[sea_orm(belongs_to = "mentor::Entity", from = "Column::MentorId", to = "mentor::Column::Id")]
    Mentor,
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A coder as others see them.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Coder {
    /// The coder's number.
    pub id: i32,
    /// Their name.
    pub username: String,
    /// The mentor who took them on.
    pub mentor_id: Option<i32>,
}

impl Coder {
    /// What this coder keeps.
    #[must_use]
    pub const fn library(&self) -> Library {
        Library { coder_id: self.id, mentor_id: self.mentor_id }
    }
}

/// Coders with their names, to be narrowed and then read as [`Coder`]s.
#[must_use]
pub fn find() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::MentorId])
        .column(user::Column::Username)
        .inner_join(user::Entity)
}
