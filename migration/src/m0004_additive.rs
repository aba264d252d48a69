//! Beside each step, whether a release that does not know it can serve all the same.

use sea_orm_migration::{prelude::*, seaql_migrations};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) struct Additive;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table(seaql_migrations::Entity)
                    .add_column(ColumnDef::new(Additive).boolean().not_null().default(false))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table(seaql_migrations::Entity).drop_column(Additive).to_owned();
        manager.alter_table(table).await
    }
}
