//! The snippets to review are looked up without reading the others.

use sea_orm_migration::prelude::*;

use crate::m0003_snippets::Snippets;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEX: &str = "snippets_to_review_idx";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create()
            .name(INDEX)
            .table(Snippets::Table)
            .col(Snippets::CoderId)
            .col(Snippets::Id)
            .and_where(Expr::col(Snippets::NeedsReview))
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table(Snippets::Table).to_owned()).await
    }
}
