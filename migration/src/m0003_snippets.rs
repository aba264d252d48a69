//! The coders' libraries.

use sea_orm_migration::prelude::*;

use crate::m0002_coders_and_mentors::Coders;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Snippets {
    Table,
    Id,
    CoderId,
    Name,
    Code,
    Comments,
    NeedsReview,
    Version,
    CreatedAt,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Snippets::Table)
                    .col(ColumnDef::new(Snippets::Id).integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new(Snippets::CoderId).integer().not_null())
                    .col(ColumnDef::new(Snippets::Name).text().not_null())
                    .col(ColumnDef::new(Snippets::Code).text().not_null())
                    .col(ColumnDef::new(Snippets::Comments).text())
                    .col(ColumnDef::new(Snippets::NeedsReview).boolean().not_null().default(false))
                    .col(ColumnDef::new(Snippets::Version).integer().not_null().default(1))
                    .col(ColumnDef::new(Snippets::CreatedAt).timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new(Snippets::UpdatedAt).timestamp_with_time_zone().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("snippets_coder_fkey")
                            .from(Snippets::Table, Snippets::CoderId)
                            .to(Coders::Table, Coders::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("snippets_coder_id_id_idx")
                    .table(Snippets::Table)
                    .col(Snippets::CoderId)
                    .col(Snippets::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Snippets::Table).to_owned()).await
    }
}
