use sea_orm::metric::Info;

use super::{metrics, record, traces};

/// A statement has been executed. What was bound to it is nobody's business but the database's.
pub(crate) fn executed(statement: &Info<'_>) {
    metrics::statement(statement);
    record::each(|record| {
        record.count_statement(statement.elapsed);
        if let Some(trace) = &record.trace {
            traces::statement(statement, trace);
        }
    });
    tracing::debug!(sql = statement.statement.sql, micros = statement.elapsed.as_micros(), "statement");
}
