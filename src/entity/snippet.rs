//! `snippets`: the coders' libraries.

use sea_orm::{
    Condition, Iterable, QueryResult, QuerySelect, QueryTrait, Select, TryGetable, entity::prelude::*,
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

impl Model {
    /// How long its texts are, in bytes.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.name.len() + self.code.len() + self.comments.as_ref().map_or(0, String::len)
    }
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

/// A snippet in a list, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The snippet's number.
    pub id: i32,
    /// The owner.
    pub coder_id: i32,
    /// The title.
    pub name: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// The notes; none in old rows too.
    pub comments: Option<String>,
    /// Whether the owner asks for review.
    pub needs_review: Option<bool>,
    /// Counts the edits.
    pub version: Option<i32>,
    /// When it was stored.
    pub created_at: Option<DateTimeUtc>,
    /// When it was last edited.
    pub updated_at: Option<DateTimeUtc>,
}

impl From<Model> for Listed {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            coder_id: row.coder_id,
            name: Some(row.name),
            code: Some(row.code),
            comments: row.comments,
            needs_review: Some(row.needs_review),
            version: Some(row.version),
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
        }
    }
}

impl Listed {
    /// Reads a row of [`find`] with the same columns.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(row: &QueryResult, columns: Columns) -> Result<Self, DbErr> {
        let mut cells = Cells { row, columns, position: 0 };
        let missing = || DbErr::Type("a snippet has a number and an owner".to_owned());
        Ok(Self {
            id: cells.next(Column::Id)?.ok_or_else(missing)?,
            coder_id: cells.next(Column::CoderId)?.ok_or_else(missing)?,
            name: cells.next(Column::Name)?,
            code: cells.next(Column::Code)?,
            comments: cells.next(Column::Comments)?.flatten(),
            needs_review: cells.next(Column::NeedsReview)?,
            version: cells.next(Column::Version)?,
            created_at: cells.next(Column::CreatedAt)?,
            updated_at: cells.next(Column::UpdatedAt)?,
        })
    }
}

/// Reads a row from left to right: to look a column up by its name costs more than to read it.
struct Cells<'a> {
    row: &'a QueryResult,
    columns: Columns,
    position: usize,
}

impl Cells<'_> {
    fn next<T: TryGetable>(&mut self, column: Column) -> Result<Option<T>, DbErr> {
        if !self.columns.contains(column) {
            return Ok(None);
        }
        let cell = self.row.try_get_by(self.position)?;
        self.position += 1;
        Ok(Some(cell))
    }
}

/// Which columns to read: a snippet's number and its owner's, and what is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(u16);

impl Columns {
    /// All of them.
    pub const ALL: Self = Self(u16::MAX);

    /// These and the others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    const fn contains(self, column: Column) -> bool {
        self.0 & 1 << column as u16 != 0
    }
}

impl FromIterator<Column> for Columns {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        let columns = [Column::Id, Column::CoderId].into_iter().chain(columns);
        Self(columns.fold(0, |bits, column| bits | 1 << column as u16))
    }
}

/// Snippets of which only these columns are read.
#[must_use]
pub fn find(columns: Columns) -> Select<Entity> {
    Entity::find().select_only().columns(Column::iter().filter(move |column| columns.contains(*column)))
}

/// A coder's library: whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Library {
    /// The owner.
    pub coder_id: i32,
    /// The owner's mentor.
    pub mentor_id: Option<i32>,
}

impl Library {
    /// Whether `viewer` may read it: it is their own or that of a coder whom they took on, or they hold
    /// `get:coders`, with which everybody's may be read.
    #[must_use]
    pub fn is_visible_to(self, viewer: &Viewer) -> bool {
        viewer.may(Permission::GetCoders) || viewer.account().is_some_and(|account| self.belongs_to(account))
    }

    /// Whether it is `account`'s business: a coder's own, or that of one of a mentor's coders.
    #[must_use]
    pub fn belongs_to(self, account: &Account) -> bool {
        match account {
            Account::Coder(coder) => self.coder_id == coder.id,
            Account::Mentor(mentor) => self.mentor_id == Some(mentor.id),
        }
    }
}

/// The snippets of libraries that are [visible to](Library::is_visible_to) `viewer` when the statement is
/// executed.
#[must_use]
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.may(Permission::GetCoders) {
        return Condition::all();
    }
    viewer.account().map_or_else(|| Condition::all().add(Expr::val(1).eq(0)), belonging_to)
}

/// The snippets of libraries that [belong to](Library::belongs_to) `account` when the statement is executed.
#[must_use]
pub fn belonging_to(account: &Account) -> Condition {
    Condition::all().add(match account {
        Account::Coder(coder) => Column::CoderId.eq(coder.id),
        Account::Mentor(mentor) => Column::CoderId.in_subquery(
            coder::Entity::find()
                .select_only()
                .column(coder::Column::Id)
                .filter(coder::Column::MentorId.eq(mentor.id))
                .into_query(),
        ),
    })
}

/// As [`belonging_to`], where the statement joins the owners, and has the number of whoever acts in one of two
/// columns: in the one for coders or the one for mentors, and null in the other.
#[must_use]
pub fn of_coder_or_mentor(acting_coder: Expr, acting_mentor: Expr) -> Condition {
    Condition::any()
        .add(coder::Column::Id.into_expr().eq(acting_coder))
        .add(coder::Column::MentorId.into_expr().eq(acting_mentor))
}
