//! What is different about the old database itself, as against its rows: tables of other forms, and
//! what others have built on them.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use super::Problem;

#[derive(FromQueryResult)]
struct Obstacle {
    what: String,
    remedy: String,
}

/// Finds them all: there are never many.
pub(super) async fn find(db: &impl ConnectionTrait) -> Result<Vec<Problem>, DbErr> {
    let backend = db.get_database_backend();
    let select = match backend {
        DbBackend::Postgres => include_str!("postgres/obstacles.sql"),
        _ => include_str!("sqlite/obstacles.sql"),
    };
    let obstacles = Obstacle::find_by_statement(Statement::from_string(backend, select)).all(db).await?;
    let problem = |Obstacle { what, remedy }| Problem { what, remedies: vec![remedy] };
    Ok(obstacles.into_iter().map(problem).collect())
}
