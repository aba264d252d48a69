//! `users`: accounts, and the people in Auth0 that they belong to.

use std::{fs::File, io};

use clap::Subcommand;
use funcster_api::domain::{
    accounts::{self, Link},
    import,
};

use super::{AnyError, connect_to_current, print};

#[derive(Subcommand)]
pub(crate) enum Users {
    /// List the accounts: username, role, status, subject
    List,
    /// Bind an account to a subject in Auth0
    Link {
        /// The account's username
        username: String,
        /// The person's `user_id` in Auth0, such as auth0|63f1a2
        subject: String,
    },
    /// Bind accounts to the people in an Auth0 user export, by username
    ///
    /// The export is newline-delimited JSON, gzipped or not, with `user_id` and `username` (or `nickname`) of each
    /// person; `email` only helps to tell people apart in the report.
    Import {
        /// The file; - is standard input
        file: String,
        /// Report what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(database_url: &str, command: Users) -> Result<(), AnyError> {
    let db = connect_to_current(database_url, None).await?;
    match command {
        Users::List => {
            for user in accounts::list(&db).await? {
                print(&format!("{user}\n"))?;
            }
            Ok(())
        }
        Users::Link { username, subject } => match accounts::link(&db, &username, &subject).await? {
            Link::Bound => print(&format!("{username} is bound to {subject}.\n")),
            refused => Err(refused.to_string().into()),
        },
        Users::Import { file, dry_run } => {
            let unreadable = |error| format!("{file} cannot be read: {error}");
            let export: Box<dyn io::Read> = if file == "-" {
                Box::new(io::stdin())
            } else {
                Box::new(File::open(&file).map_err(unreadable)?)
            };
            let export = import::read(export).map_err(unreadable)?;
            let report = import::import(&db, export, dry_run).await?;
            print(&report.to_string())?;
            if report.problems.is_empty() { Ok(()) } else { Err("not everybody could be bound".into()) }
        }
    }
}
