//! What can be chosen.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

use crate::{data::Size, workload::Workload};

/// Puts load on the release server and on its database alone, in turns, and compares.
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a command line")]
#[derive(Parser)]
#[command(name = "cargo bench --bench load --")]
pub(crate) struct Options {
    /// Measure on this database alone
    #[arg(long, value_enum)]
    pub(crate) database: Option<Kind>,
    /// Measure these workloads alone, with commas between them
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Workload::ALL)]
    pub(crate) only: Vec<Workload>,
    /// Seconds of each run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Rounds; in each, every workload runs once on either side
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Hundreds of thousands of snippets
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    scale: u32,
    /// Clients that send too much together
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) overload_clients: u32,
    /// Run everything for a moment on little data, only to see that it works
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure GraphQL Yoga, too, on PostgreSQL; it takes Node.js and npm
    #[arg(long)]
    pub(crate) yoga: bool,
    /// A setting of the server, as NAME=VALUE; may be repeated
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// A setting of PostgreSQL, as NAME=VALUE, where its defaults are not to be measured; may be repeated
    #[arg(long = "postgres-setting", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) postgres_settings: Vec<(String, String)>,
    /// Put the result into docs/performance.md and docs/performance.svg
    #[arg(long, conflicts_with_all = ["database", "only", "quick", "settings", "postgres_settings"])]
    pub(crate) publish: bool,
    /// Where to put databases for the time, on the disk that is meant to be measured
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    pub(crate) directory: PathBuf,
    /// cargo bench says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    pub(crate) fn size(&self) -> Size {
        if self.quick { Size::SMALLEST } else { Size::of_scale(self.scale) }
    }

    /// Of a run. For a moment, a few clients are enough: the server may be a slow build.
    pub(crate) fn load(&self) -> Load {
        let (clients, duration) = if self.quick {
            (4, Duration::from_millis(200))
        } else {
            (32, Duration::from_secs(self.seconds.into()))
        };
        Load { clients, duration, rate: None, overloads: false }
    }

    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds }
    }
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("a setting is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// How many ask, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: u32,
    pub(crate) duration: Duration,
    /// How many requests all of them send in a second, answered or not, at random times; without it, everybody
    /// sends the next as soon as the last is answered.
    pub(crate) rate: Option<f64>,
    /// Whether it is more than the server can take, so that some are refused.
    pub(crate) overloads: bool,
}

/// A database that the server runs on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Postgres,
    Sqlite,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}
