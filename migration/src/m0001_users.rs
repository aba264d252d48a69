//! Everybody who has an account, coder or mentor.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Users {
    Table,
    Id,
    Username,
    Auth0Sub,
    Role,
    Status,
    EmailDigest,
    LeaseExpiresAt,
    CreatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Users::Table)
                    .col(ColumnDef::new(Users::Id).integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new(Users::Username).text().not_null())
                    .col(ColumnDef::new(Users::Auth0Sub).text().unique_key())
                    .col(
                        ColumnDef::new(Users::Role)
                            .text()
                            .not_null()
                            .check(Expr::col(Users::Role).is_in(["coder", "mentor"])),
                    )
                    .col(
                        ColumnDef::new(Users::Status)
                            .text()
                            .not_null()
                            .check(Expr::col(Users::Status).is_in(["reserved", "unanswered", "active"])),
                    )
                    .col(ColumnDef::new(Users::EmailDigest).text())
                    .col(ColumnDef::new(Users::LeaseExpiresAt).timestamp_with_time_zone())
                    .col(ColumnDef::new(Users::CreatedAt).timestamp_with_time_zone().not_null())
                    .to_owned(),
            )
            .await?;
        // The target of the foreign keys that let a user be a coder or a mentor, as their role says.
        manager
            .create_index(
                Index::create()
                    .name("users_id_role_key")
                    .table(Users::Table)
                    .col(Users::Id)
                    .col(Users::Role)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .get_connection()
            .execute_unprepared("CREATE UNIQUE INDEX users_username_key ON users (lower(username))")
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}
