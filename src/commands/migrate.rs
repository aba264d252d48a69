//! `migrate`: the database's schema, and the moving in from the old Flask application.

use clap::{Args, Subcommand};
use funcster_api::{config::Telemetry, telemetry};
use migration::{
    Down, State, Up,
    legacy::{self, Decision},
};
use sea_orm::DatabaseConnection;

use super::{AnyError, connect, print};

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply all steps that the database lacks; take over a database of the old Flask application
    ///
    /// All of it is done in one transaction, and by one process: others that are started at the same time wait, and
    /// then have nothing to do.
    Up,
    /// Take back the last step, or several. What they hold is lost
    ///
    /// In a database that was taken over from the old Flask application, the first three steps are taken back
    /// together: its old tables are there again, with all that they can hold.
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: u32,
        /// All of them
        #[arg(long, conflicts_with = "steps")]
        all: bool,
    },
    /// Tell where the database stands
    Status,
    /// Tell what keeps a database of the old Flask application from being taken over, and change nothing
    Check,
    /// Decide about rows of the old Flask application that cannot be taken over as they are
    ///
    /// All that one command says is done, or none of it. Every option may be given many times.
    Resolve(Resolve),
}

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Resolve {
    /// Give a coder or a mentor another username: coder:12=NAME, mentor:3=NAME
    #[arg(long, value_name = "PERSON=NAME", value_parser = Decision::rename)]
    rename: Vec<Decision>,
    /// Give a coder a mentor or none: coder:12=mentor:3, coder:12=none
    #[arg(long, value_name = "CODER=MENTOR", value_parser = Decision::mentor)]
    mentor: Vec<Decision>,
    /// Give a snippet to a coder: snippet:17=coder:12
    #[arg(long, value_name = "SNIPPET=CODER", value_parser = Decision::owner)]
    owner: Vec<Decision>,
    /// Delete a snippet: snippet:17
    #[arg(long, value_name = "SNIPPET", value_parser = Decision::delete)]
    delete: Vec<Decision>,
}

pub(crate) async fn run(database_url: &str, command: Migrate) -> Result<(), AnyError> {
    telemetry::init(&Telemetry::default())?;
    let db = connect(database_url, None).await?;
    match command {
        Migrate::Up => up(&db).await,
        Migrate::Down { steps, all } => match migration::down(&db, if all { u32::MAX } else { steps }).await?
        {
            Down::Migrated => status(&db).await,
            Down::GaveBack(rows) => {
                print(&format!("The old Flask application's tables are there again: {rows}.\n"))
            }
        },
        Migrate::Status => status(&db).await,
        Migrate::Check => check(&db).await,
        Migrate::Resolve(Resolve { rename, mentor, owner, delete }) => {
            let decisions = [rename, mentor, owner, delete].concat();
            legacy::decide(&db, &decisions).await?;
            decisions.iter().try_for_each(|decision| print(&format!("{decision}\n")))
        }
    }
}

/// Applies what the database lacks, and tells what was done.
pub(crate) async fn up(db: &DatabaseConnection) -> Result<(), AnyError> {
    if let Up::TookOver(rows) = migration::up(db).await? {
        print(&format!("Taken over from the old Flask application: {rows}.\n"))?;
    }
    status(db).await
}

async fn status(db: &DatabaseConnection) -> Result<(), AnyError> {
    for step in migration::steps(db).await? {
        let place = if step.is_applied { "Applied" } else { "Pending" };
        let remark = if step.is_known { "" } else { "  (of a newer release)" };
        print(&format!("{place}  {}{remark}\n", step.name))?;
    }
    match migration::state(db).await? {
        State::Legacy => print(
            "The database holds the tables of the old Flask application: `funcster-api migrate check` tells whether \
             they can be taken over as they are, `funcster-api migrate up` takes them over.\n",
        ),
        State::Ahead(ahead) if ahead.is_servable => {
            print("A newer release has migrated the database; this one can go on serving.\n")
        }
        State::Ahead(_) => {
            print("A newer release has migrated the database; this one cannot serve any more.\n")
        }
        State::Behind(_) | State::Current => Ok(()),
    }
}

async fn check(db: &DatabaseConnection) -> Result<(), AnyError> {
    if migration::state(db).await? != State::Legacy {
        return Err(migration::Unfit::NotLegacy.into());
    }
    let problems = legacy::problems(db, None).await?;
    for problem in &problems.shown {
        print(&format!("{problem}\n"))?;
    }
    if problems.total == 0 {
        return print("`funcster-api migrate up` can take the database over as it is.\n");
    }
    Err(format!("{} decisions are needed before the database can be taken over", problems.total).into())
}
