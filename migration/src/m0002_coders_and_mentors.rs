//! The two kinds of user. Each table numbers its own rows, as clients have always known them.

use sea_orm_migration::prelude::*;

use crate::m0001_users::Users;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Mentors {
    Table,
    Id,
    UserId,
    Role,
}

#[derive(DeriveIden)]
pub(crate) enum Coders {
    Table,
    Id,
    UserId,
    Role,
    MentorId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Mentors::Table)
                    .col(ColumnDef::new(Mentors::Id).integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new(Mentors::UserId).integer().not_null().unique_key())
                    .col(constant(Mentors::Role, "mentor"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("mentors_user_fkey")
                            .from(Mentors::Table, (Mentors::UserId, Mentors::Role))
                            .to(Users::Table, (Users::Id, Users::Role)),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Coders::Table)
                    .col(ColumnDef::new(Coders::Id).integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new(Coders::UserId).integer().not_null().unique_key())
                    .col(constant(Coders::Role, "coder"))
                    .col(ColumnDef::new(Coders::MentorId).integer())
                    .foreign_key(
                        ForeignKey::create()
                            .name("coders_user_fkey")
                            .from(Coders::Table, (Coders::UserId, Coders::Role))
                            .to(Users::Table, (Users::Id, Users::Role)),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("coders_mentor_fkey")
                            .from(Coders::Table, Coders::MentorId)
                            .to(Mentors::Table, Mentors::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("coders_mentor_id_id_idx")
                    .table(Coders::Table)
                    .col(Coders::MentorId)
                    .col(Coders::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Coders::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Mentors::Table).to_owned()).await
    }
}

/// A column that always holds `value`. Together with the foreign key to `users(id, role)` it makes
/// the database refuse a user who is a coder and a mentor at once.
fn constant(column: impl IntoIden, value: &'static str) -> ColumnDef {
    let column = column.into_iden();
    ColumnDef::new(column.clone())
        .text()
        .not_null()
        .default(value)
        .check(Expr::col(column).eq(value))
        .to_owned()
}
