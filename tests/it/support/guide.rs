//! Pages of the documentation, to be followed word for word.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::trust::program::Program;

/// A block of a page: what is in it, under which heading of the third level, and its language.
pub(crate) struct Block {
    pub(crate) heading: String,
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The blocks of the page, which is named from the repository's root.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = fs::read_to_string(path).expect("the page");
    let (mut blocks, mut heading, mut block) = (Vec::new(), String::new(), None::<Block>);
    for line in page.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(block.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, Some(language)) => {
                block = Some(Block {
                    heading: heading.clone(),
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (None, None) if line.starts_with("## ") => heading.clear(),
            (None, None) => heading = line.strip_prefix("### ").map_or(heading, ToOwned::to_owned),
        }
    }
    blocks
}

/// Runs a block in a shell, where the program and PostgreSQL's own are found, and returns whether it succeeded,
/// and what it printed.
#[allow(clippy::disallowed_methods, reason = "config.rs is the server's; this is the tests' own")]
pub(crate) fn paste(program: &Program, settings: &[(&str, &str)], text: &str) -> (bool, String) {
    let folder = Path::new(env!("CARGO_BIN_EXE_funcster-api")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-euc", text])
        .envs(settings.iter().copied())
        .env("PATH", format!("{}:{path}", folder.display()))
        .current_dir(program.directory())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// Whether there is a program of that name.
pub(crate) fn is_installed(name: &str) -> bool {
    Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
