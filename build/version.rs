//! Which release this is: `0.1.0 (3a65cfe1d2b4 2026-11-22)`, with the commit and its day in UTC.
//!
//! The same commit gives the same text, wherever and whenever it is built. What is in no repository, as in
//! an image, is told: `SOURCE_VERSION` is the commit, `SOURCE_DATE_EPOCH` its time in seconds since 1970
//! (<https://reproducible-builds.org/specs/source-date-epoch/>). What nobody tells is left out.

use std::{path::Path, process::Command};

use chrono::DateTime;

use super::variable;

const COMMIT_LENGTH: usize = 12;

/// Gives it to the code as `FUNCSTER_VERSION`.
pub(super) fn stamp() {
    for name in ["SOURCE_VERSION", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // Only releases ask the repository: a debug build is seldom of what was committed, and cargo would
    // build everything anew after each commit.
    let is_release = variable("PROFILE").as_deref() == Some("release");
    let is_own = is_release && git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let git = |arguments: &[&str]| if is_own { git(arguments) } else { None };
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).is_file()) {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = variable("SOURCE_VERSION").or_else(|| git(&["rev-parse", "HEAD"]));
    let commit = commit.map(|commit| commit.chars().take(COMMIT_LENGTH).collect());
    let time = variable("SOURCE_DATE_EPOCH").or_else(|| git(&["show", "--no-patch", "--format=%ct", "HEAD"]));
    let day = time.and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    let day = day.map(|day| day.format("%Y-%m-%d").to_string());

    let of: Vec<String> = [commit, day].into_iter().flatten().collect();
    let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join(" ")) };
    println!("cargo::rustc-env=FUNCSTER_VERSION={}{of}", env!("CARGO_PKG_VERSION"));
}

/// What git prints of the repository that the package is in; none where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}
