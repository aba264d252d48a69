//! `schema`: the GraphQL schema, and what it would break.

use std::{fs, path::PathBuf};

use clap::Args;
use funcster_api::graphql::{self, breaking};

use super::{AnyError, print};

#[derive(Args)]
pub(crate) struct Schema {
    /// The file of a schema that clients were made for: fail if this one breaks any
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// A file with the breaking changes that are meant, and why; nothing else may be in it
    #[arg(long, value_name = "FILE", requires = "check")]
    declared: Option<PathBuf>,
}

pub(crate) fn run(command: &Schema) -> Result<(), AnyError> {
    let Some(old) = &command.check else { return print(&graphql::sdl()) };
    let read = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let changes = breaking::changes(&read(old)?, &graphql::sdl())?;
    let problems = match &command.declared {
        Some(declared) => breaking::problems(&changes, &read(declared)?),
        None => changes.into_iter().collect(),
    };
    problems.iter().try_for_each(|problem| print(&format!("{problem}\n")))?;
    if problems.is_empty() { Ok(()) } else { Err("the schema breaks clients".into()) }
}
