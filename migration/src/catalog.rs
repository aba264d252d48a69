//! What the database says about its own tables.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// The names of the table's columns; none where there is no such table.
pub(crate) async fn columns(db: &impl ConnectionTrait, table: &str) -> Result<Vec<String>, DbErr> {
    let select = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT attname::text AS name FROM pg_attribute
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped"
        }
        _ => "SELECT name FROM pragma_table_info($1)",
    };
    let statement = Statement::from_sql_and_values(db.get_database_backend(), select, [table.into()]);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "name")).collect()
}

/// Whether there is such a table.
pub(crate) async fn has_table(db: &impl ConnectionTrait, table: &str) -> Result<bool, DbErr> {
    Ok(!columns(db, table).await?.is_empty())
}
