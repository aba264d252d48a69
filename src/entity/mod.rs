//! The tables, as SeaORM sees them, and the selects that say who may see what.

pub mod coder;
pub mod mentor;
pub mod snippet;
pub mod user;

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    DbBackend, IntoSimpleExpr, Value,
    prelude::Expr,
    sea_query::{ExprTrait, Func, IntoIden, Query, SimpleExpr, TableRef, extension::postgres::PgFunc},
};

/// `column` is one of `ids`, with all of them in one parameter: a statement's text does not change
/// with their number, and no limit on parameters is ever met.
pub fn is_any_of(column: impl IntoSimpleExpr, ids: &[i32], backend: DbBackend) -> SimpleExpr {
    let column = column.into_simple_expr();
    if backend == DbBackend::Postgres {
        // Without the cast, it would be one of the rows of the subquery.
        column.eq(PgFunc::any(unseen(ids).cast_as("int[]")))
    } else {
        let json = serde_json::Value::from(ids).to_string();
        Expr::cust_with_exprs("? IN (SELECT value FROM json_each(?))", [column, Expr::val(json)])
    }
}

/// `values` as an array that PostgreSQL does not look into when it plans: it keeps one plan, where it would
/// plan for each array anew.
fn unseen<T: Clone>(values: &[T]) -> SimpleExpr
where
    Vec<T>: Into<Value>,
{
    Query::select().expr(Expr::val(values.to_vec())).take().into()
}

/// `values` as rows of a table, to be joined under this `name`, and the column that they are in; with all of
/// them in one parameter, as in [`is_any_of`].
pub fn rows_of<T>(values: &[T], name: &'static str, backend: DbBackend) -> (TableRef, SimpleExpr)
where
    T: Clone + Into<serde_json::Value>,
    Vec<T>: Into<Value>,
{
    let (function, column) = if backend == DbBackend::Postgres {
        (Func::cust("unnest").arg(unseen(values)), name)
    } else {
        (Func::cust("json_each").arg(Expr::val(serde_json::Value::from(values).to_string())), "value")
    };
    (TableRef::FunctionCall(function, name.into_iden()), Expr::col((name, column)))
}

/// The time in microseconds: what PostgreSQL keeps, so that both databases read back what was
/// written.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
