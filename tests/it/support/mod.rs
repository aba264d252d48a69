//! What tests are written with: an application of one's own, and clients that are people.

mod answer;
mod app;
mod browser;
mod cable;
mod database;
pub(crate) mod guide;
mod listening;
mod person;
mod socket;

pub(crate) use self::{
    answer::Answer,
    app::{App, PASSWORD},
    browser::Browser,
    cable::Cable,
    database::{Kind, with_empty_database},
    listening::Listening,
    person::Person,
    socket::{SUBPROTOCOL, Socket},
};

/// Runs each test on SQLite and on PostgreSQL, with an application of its own.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($app:ident: App) $body:block)+) => { $(
        mod $name {
            #[allow(unused_imports, reason = "not every test needs all that its neighbours do")]
            use super::*;

            async fn test($app: &App) $body

            #[tokio::test]
            async fn sqlite() {
                $crate::support::App::run($crate::support::Kind::Sqlite, test).await;
            }

            #[tokio::test]
            async fn postgres() {
                $crate::support::App::run($crate::support::Kind::Postgres, test).await;
            }
        }
    )+ };
}
