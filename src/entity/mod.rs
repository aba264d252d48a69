//! The tables, as SeaORM sees them, and the selects that say who may see what.

pub mod coder;
pub mod mentor;
pub mod snippet;
pub mod user;

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    DbBackend, IntoSimpleExpr,
    prelude::Expr,
    sea_query::{ExprTrait, SimpleExpr, extension::postgres::PgFunc},
};

/// `column` is one of `ids`, with all of them in one parameter: a statement's text does not change
/// with their number, and no limit on parameters is ever met. One id stands for itself: PostgreSQL
/// keeps the plan of such a statement, where it would plan for each array anew.
pub fn is_any_of(column: impl IntoSimpleExpr, ids: &[i32], backend: DbBackend) -> SimpleExpr {
    let column = column.into_simple_expr();
    if let [id] = ids {
        column.eq(*id)
    } else if backend == DbBackend::Postgres {
        column.eq(PgFunc::any(Expr::val(ids.to_vec())))
    } else {
        let json = serde_json::Value::from(ids).to_string();
        Expr::cust_with_exprs("? IN (SELECT value FROM json_each(?))", [column, Expr::val(json)])
    }
}

/// The time in microseconds: what PostgreSQL keeps, so that both databases read back what was
/// written.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
