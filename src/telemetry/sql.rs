use sea_orm::metric::Info;

use super::record;

/// A statement has been executed. What was bound to it is nobody's business but the database's.
pub(crate) fn executed(statement: &Info<'_>) {
    record::with(|record| record.count_statement(statement.elapsed));
    tracing::debug!(sql = statement.statement.sql, micros = statement.elapsed.as_micros(), "statement");
}
