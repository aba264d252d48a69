//! `cargo bench`: the server under load, beside what its database can do with the bare SQL.
//!
//! Everything is made for the occasion and gone afterwards: data, a PostgreSQL server, the release
//! binary as an operator runs it, an issuer of tokens. The server and its limit are measured by turns,
//! so that whatever else the machine does meets both.

#![expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^52")]

mod bench;
mod client;
mod data;
mod expected;
mod issuer;
mod memory;
mod options;
mod pgbench;
mod plot;
mod postgres;
mod report;
mod requests;
mod server;
mod sqlite;
mod verify;
mod workload;

use std::{error::Error, fs, path::Path, process::ExitCode};

use clap::Parser;
use serde_json::Value;
use tokio::runtime;

use self::{
    bench::Bench,
    options::{Kind, Options},
    postgres::Programs,
    report::Report,
};

/// The server's, for the sake of SQLite's limit, which is measured in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const NO_POSTGRES: &str = "no PostgreSQL was found: install the server and pgbench to have it measured";

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome<()> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut reports = Vec::new();
    for kind in databases(options) {
        let report = Bench::set_up(kind, options, &runtime)?.measure(options)?;
        println!("{}", report.text());
        reports.push(report);
    }
    let postgres = reports.iter().find(|report| report.kind == Kind::Postgres);
    let comparison = postgres.map(report::comparison).unwrap_or_default();
    println!("{comparison}");

    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    fs::create_dir_all(&results)?;
    let json: Value = reports.iter().map(Report::json).collect();
    fs::write(results.join("load.json"), format!("{json:#}\n"))?;
    if let Some(postgres) = postgres {
        fs::write(results.join("load.svg"), plot::svg(postgres))?;
    }
    println!("The same as data and as a picture: {}/load.*", results.display());
    if options.publish {
        publish(&reports, &comparison, &results.join("load.svg"))?;
    }
    Ok(())
}

/// The one that was chosen, or all that can be had.
fn databases(options: &Options) -> Vec<Kind> {
    match options.database {
        Some(kind) => vec![kind],
        None if Programs::find().is_some() => vec![Kind::Postgres, Kind::Sqlite],
        None => {
            progress(NO_POSTGRES);
            vec![Kind::Sqlite]
        }
    }
}

/// Puts the result into the documentation.
fn publish(reports: &[Report], comparison: &str, picture: &Path) -> Outcome<()> {
    const BEGIN: &str = "<!-- `cargo bench --bench load -- --publish` writes what follows. -->\n";
    const END: &str = "<!-- That was it. -->\n";
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = docs.join("performance.md");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("docs/performance.md has no place for the result")?;
    let (_, after) = rest.split_once(END).ok_or("the result in docs/performance.md has no end")?;
    let sections: Vec<_> = reports.iter().map(Report::text).chain([comparison.to_owned()]).collect();
    fs::write(&page, format!("{before}{BEGIN}\n{}\n{END}{after}", sections.join("\n")))?;
    fs::copy(picture, docs.join("performance.svg"))?;
    Ok(())
}

fn progress(what: &str) {
    eprintln!("load: {what}");
}
