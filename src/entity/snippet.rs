//! `snippets`: the coders' libraries.

use sea_orm::{
    Condition, FromQueryResult, Iterable, QuerySelect, QueryTrait, Select, entity::prelude::*,
    sea_query::ExprTrait,
};

use super::coder;
use crate::auth::{Account, Permission, Viewer};

/// A row of `snippets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "snippets")]
pub struct Model {
    /// The snippet's number, as clients know it.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The owner; never changes.
    pub coder_id: i32,
    /// A title, 1 to 200 characters.
    pub name: String,
    /// Python, 1 byte to 100 KiB, kept byte for byte.
    pub code: String,
    /// A mentor's or the owner's notes; null in old rows.
    pub comments: Option<String>,
    /// Whether the owner asks for review.
    pub needs_review: bool,
    /// Counts the edits, from 1.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTimeUtc,
    /// When it was last edited.
    pub updated_at: DateTimeUtc,
}

/// To whom a snippet belongs.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The owner.
    #[sea_orm(belongs_to = "coder::Entity", from = "Column::CoderId", to = "coder::Column::Id")]
    Coder,
}

impl Related<coder::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Coder.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A snippet in a list, with its two long texts only where they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Listed {
    /// The snippet's number.
    pub id: i32,
    /// The owner.
    pub coder_id: i32,
    /// The title.
    pub name: String,
    /// The code, if [`Texts::code`] asked for it.
    pub code: Option<String>,
    /// The notes, if [`Texts::comments`] asked for them and the row has any.
    pub comments: Option<String>,
    /// Whether the owner asks for review.
    pub needs_review: bool,
    /// Counts the edits.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTimeUtc,
    /// When it was last edited.
    pub updated_at: DateTimeUtc,
}

impl From<Model> for Listed {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            coder_id: row.coder_id,
            name: row.name,
            code: Some(row.code),
            comments: row.comments,
            needs_review: row.needs_review,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Which of the long texts to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Texts {
    /// Read `code`.
    pub code: bool,
    /// Read `comments`.
    pub comments: bool,
}

impl Texts {
    /// Both.
    pub const ALL: Self = Self { code: true, comments: true };

    /// The columns of [`Listed`] that are read.
    pub fn columns(self) -> impl Iterator<Item = Column> {
        Column::iter().filter(move |column| match column {
            Column::Code => self.code,
            Column::Comments => self.comments,
            _ => true,
        })
    }
}

/// Snippets of which only the columns in `texts` are read.
#[must_use]
pub fn find(texts: Texts) -> Select<Entity> {
    Entity::find().select_only().columns(texts.columns())
}

/// The snippets that `viewer` may read: their own, those of the coders they took on, and, for a
/// holder of `get:coders`, everybody's.
#[must_use]
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.may(Permission::GetCoders) { Condition::all() } else { belonging_to(viewer.account()) }
}

/// The snippets that are `account`'s business: a coder's own, or those of a mentor's coders.
#[must_use]
pub fn belonging_to(account: Option<&Account>) -> Condition {
    match account {
        None => Condition::all().add(Expr::val(1).eq(0)),
        Some(Account::Coder(coder)) => Condition::all().add(Column::CoderId.eq(coder.id)),
        Some(Account::Mentor(mentor)) => Condition::all().add(
            Column::CoderId.in_subquery(
                coder::Entity::find()
                    .select_only()
                    .column(coder::Column::Id)
                    .filter(coder::Column::MentorId.eq(mentor.id))
                    .into_query(),
            ),
        ),
    }
}
