//! Who coders and their mentors are is found in indexes alone: in the tables, each of them would be on
//! another page.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{m0001_users::Users, m0002_coders_and_mentors::Coders};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const CODERS_OF_MENTORS: &str = "coders_mentor_id_id_user_id_idx";
const CODERS_OF_MENTORS_BEFORE: &str = "coders_mentor_id_id_idx";
const CODERS: &str = "coders_id_user_id_mentor_id_idx";
const USERS: &str = "users_id_username_idx";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_mentors = index_of_coders(CODERS_OF_MENTORS, [Coders::MentorId, Coders::Id, Coders::UserId]);
        manager.create_index(of_mentors).await?;
        drop_index_of_coders(manager, CODERS_OF_MENTORS_BEFORE).await?;
        // SQLite has a table in the order of its numbers, and finds the rest of a row with its number.
        if manager.get_database_backend() == DbBackend::Postgres {
            let coders = index_of_coders(CODERS, [Coders::Id, Coders::UserId, Coders::MentorId]);
            manager.create_index(coders).await?;
            let users =
                Index::create().name(USERS).table(Users::Table).col(Users::Id).col(Users::Username).take();
            manager.create_index(users).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.drop_index(Index::drop().name(USERS).table(Users::Table).to_owned()).await?;
            drop_index_of_coders(manager, CODERS).await?;
        }
        let before = index_of_coders(CODERS_OF_MENTORS_BEFORE, [Coders::MentorId, Coders::Id]);
        manager.create_index(before).await?;
        drop_index_of_coders(manager, CODERS_OF_MENTORS).await
    }
}

fn index_of_coders(name: &str, columns: impl IntoIterator<Item = Coders>) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(Coders::Table).take();
    for column in columns {
        index.col(column);
    }
    index
}

async fn drop_index_of_coders(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table(Coders::Table).to_owned()).await
}
