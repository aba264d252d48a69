//! What the build puts into the binary beside its source.

mod npm;
mod version;

use std::{env, io};

fn main() -> io::Result<()> {
    version::stamp();
    npm::embed()
}

/// A variable of the build's; one that is set to nothing counts as not set.
#[allow(clippy::disallowed_methods, reason = "a build script is told by its environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
