//! `mentors`: those who review.

use sea_orm::{FromQueryResult, QuerySelect, Select, entity::prelude::*};

use super::user;

/// A row of `mentors`. Its constant column `role` is the database's own affair.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mentors")]
pub struct Model {
    /// The mentor's number, as clients know it.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The account.
    #[sea_orm(unique)]
    pub user_id: i32,
}

/// To whom a mentor belongs.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The account.
    #[sea_orm(belongs_to = "user::Entity", from = "Column::UserId", to = "user::Column::Id")]
    User,
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A mentor as others see them.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Mentor {
    /// The mentor's number.
    pub id: i32,
    /// Their name.
    pub username: String,
}

/// Mentors with their names, to be narrowed and then read as [`Mentor`]s.
#[must_use]
pub fn find() -> Select<Entity> {
    Entity::find().select_only().column(Column::Id).column(user::Column::Username).inner_join(user::Entity)
}
