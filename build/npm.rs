//! The third-party files of the pages, where `npm ci --prefix explorer` has brought them.

use std::{collections::BTreeSet, fs, io, path::Path};

use super::variable;

/// The pages that load files from npm: each names them, with their versions, after `{{npm}}`.
const PAGES: [&str; 2] = ["src/graphql/explorer/page.html", "src/rest/docs/page.html"];
const MODULES: &str = "explorer/node_modules";

/// Embeds all of them, or none.
pub(super) fn embed() -> io::Result<()> {
    println!("cargo::rustc-check-cfg=cfg(npm_embedded)");
    // npm writes this file whenever it has changed anything in there. A path that is missing would
    // have cargo build anew every time, so until then the folder is watched.
    let brought_by_npm = Path::new(MODULES).join(".package-lock.json");
    let watched = if brought_by_npm.is_file() { brought_by_npm } else { "explorer".into() };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut names = BTreeSet::new();
    for page in PAGES {
        println!("cargo::rerun-if-changed={page}");
        names.extend(files_named_in(&fs::read_to_string(page)?));
    }
    let files: Option<Vec<_>> = names.iter().map(|name| Some((name, brought(name)?))).collect();
    if let Some(files) = files {
        println!("cargo::rustc-cfg=npm_embedded");
        let rows = files.iter().map(|(name, path)| format!("    ({name:?}, include_str!({path:?})),\n"));
        let table = format!("&[\n{}]\n", rows.collect::<String>());
        fs::write(Path::new(&required("OUT_DIR")).join("npm_files.rs"), table)?;
    }
    Ok(())
}

/// The files that the page loads, such as `react@18.3.1/umd/react.production.min.js`.
fn files_named_in(page: &str) -> Vec<String> {
    let names = page.split("{{npm}}").skip(1).filter_map(|rest| rest.split('"').next());
    names.filter(|name| name.contains('@')).map(str::to_owned).collect()
}

/// Where npm has put the file, if it is there, and of this version: a browser refuses any other.
fn brought(name: &str) -> Option<String> {
    let (package, rest) = name.split_once('@')?;
    let (version, path) = rest.split_once('/')?;
    let package = Path::new(&required("CARGO_MANIFEST_DIR")).join(MODULES).join(package);
    let manifest = fs::read_to_string(package.join("package.json")).ok()?;
    let is_of_version = manifest.contains(&format!("\"version\": \"{version}\""));
    let path = package.join(path);
    if is_of_version && path.is_file() { path.to_str().map(str::to_owned) } else { None }
}

fn required(name: &str) -> String {
    variable(name).expect("cargo sets it")
}
