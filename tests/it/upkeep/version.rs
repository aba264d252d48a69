use crate::trust::program::Program;

#[test]
fn the_program_tells_which_release_it_is() {
    let told = Program::new().run(&[], &["--version"]).out;
    let release = concat!("funcster-api ", env!("CARGO_PKG_VERSION"));
    let of = told.trim_end().strip_prefix(release).unwrap_or_else(|| panic!("{told:?}"));
    // A debug build knows of no commit, unless whoever builds it tells.
    let is_commit_and_day = of.starts_with(" (") && of.ends_with(')') && of.contains('-');
    assert!(of.is_empty() || is_commit_and_day, "{told:?}");
}
