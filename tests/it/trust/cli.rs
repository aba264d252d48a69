//! The program as an operator runs it: its commands, and what it says when something is amiss.

use std::{fs, path::Path};

use crate::trust::program::{DATABASE, Program};

fn count(text: &str, word: &str) -> usize {
    text.lines().filter(|line| line.starts_with(word)).count()
}

#[test]
fn help_names_the_commands_and_the_schema_needs_no_settings() {
    let program = Program::new();
    let help = program.run(&[], &["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for command in ["serve", "dev", "migrate", "seed", "backup", "schema", "users", "healthcheck", ".env"] {
        assert!(help.out.contains(command), "{command}: {}", help.out);
    }
    let schema = program.run(&[], &["schema"]);
    assert_eq!((schema.code, schema.err.as_str()), (Some(0), ""));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let kept = fs::read_to_string(path).expect("schema.graphql is kept");
    assert!(schema.out == kept, "schema.graphql is not what `funcster-api schema` prints");

    for arguments in [&["nonsense"][..], &["migrate"], &["migrate", "sideways"], &["users", "link", "ada"]] {
        assert_eq!(program.run(&[], arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn what_the_schema_breaks_for_clients_of_another_is_told() {
    let program = Program::new();
    let current = program.run(&[], &["schema"]).out;
    let keep =
        |name: &str, text: &str| fs::write(program.directory().join(name), text).expect("it is written");
    keep("same.graphql", &current);
    keep("older.graphql", &current.replace("type Change {", "type Change { gone: Int"));
    keep("declared.txt", "Change.gone was removed.\n    It never held anything.\n");
    let same = program.run(&[], &["schema", "--check", "same.graphql"]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""));
    let broken = program.run(&[], &["schema", "--check", "older.graphql"]);
    assert_eq!((broken.code, broken.out.as_str()), (Some(1), "Change.gone was removed.\n"));
    let meant = ["schema", "--check", "older.graphql", "--declared", "declared.txt"];
    assert_eq!(program.run(&[], &meant).code, Some(0));
    program.run(&[], &["schema", "--check", "missing.graphql"]).assert_failed(&["missing.graphql"]);
}

#[test]
fn serve_refuses_to_start_without_its_settings_and_names_each() {
    let names = ["DATABASE_URL", "AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "API_IDENTIFIER"];
    for arguments in [&["serve"][..], &[]] {
        Program::new().run(&[], arguments).assert_failed(&names);
    }
    let program = Program::new();
    program
        .run(&[("PORT", "hunter2")], &["serve"])
        .assert_failed(&["PORT is malformed", "DATABASE_URL is not set"]);
    assert!(!program.run(&[("PORT", "hunter2")], &["serve"]).err.contains("hunter2"));
    assert_eq!(
        fs::read_dir(program.directory()).expect("the folder is read").count(),
        0,
        "nothing is left behind"
    );
    for arguments in [&["seed"][..], &["users", "list"], &["migrate", "status"]] {
        let ended = program.run(&[], arguments);
        ended.assert_failed(&["DATABASE_URL is not set"]);
        assert!(!ended.err.contains("AUTH0"), "{arguments:?} needs no tenant: {}", ended.err);
    }
}

#[test]
fn a_database_that_is_behind_is_refused_with_the_command_that_helps() {
    let program = Program::new();
    let serve =
        [DATABASE, ("AUTH0_DOMAIN", "http://127.0.0.1:1"), ("AUTH0_CLIENT_ID", "a"), ("API_IDENTIFIER", "b")];
    let remedy = "funcster-api migrate up";
    program.run(&serve, &["serve"]).assert_failed(&[remedy, "m0001_users", "m0003_snippets"]);
    assert_eq!(count(&program.succeed(&["migrate", "status"]), "Applied"), 0, "serve changed nothing");
    program.succeed(&["migrate", "up"]);
    program.succeed(&["migrate", "down"]);
    program.run(&serve, &["serve"]).assert_failed(&[remedy, "m0006_covering_indexes"]);
    for arguments in [&["seed"][..], &["users", "list"], &["users", "link", "ada", "auth0|a"]] {
        program.run(&[DATABASE], arguments).assert_failed(&[remedy]);
    }
}

#[test]
fn migrations_go_up_and_down_and_tell_where_they_are() {
    let program = Program::new();
    let states = |out: &str| (count(out, "Applied"), count(out, "Pending"));
    assert_eq!(states(&program.succeed(&["migrate", "status"])), (0, 6));
    assert_eq!(states(&program.succeed(&["migrate", "up"])), (6, 0));
    assert_eq!(states(&program.succeed(&["migrate", "up"])), (6, 0), "once more changes nothing");
    assert_eq!(states(&program.succeed(&["migrate", "down"])), (5, 1));
    assert_eq!(states(&program.succeed(&["migrate", "status"])), (5, 1));
    assert_eq!(states(&program.succeed(&["migrate", "down", "--steps", "5"])), (0, 6));
    assert_eq!(states(&program.succeed(&["migrate", "up"])), (6, 0));
}

#[test]
fn seeding_fills_an_empty_database_once() {
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    assert_eq!(program.succeed(&["users", "list"]), "");
    let first = program.succeed(&["seed"]);
    let people = program.succeed(&["users", "list"]);
    assert!(count(&people, "coder") > 1 && count(&people, "mentor") > 1, "{people}");
    assert_ne!(program.succeed(&["seed"]), first, "it says that nothing was added");
    assert_eq!(program.succeed(&["users", "list"]), people);
}

#[test]
fn accounts_are_bound_from_the_command_line() {
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    program.succeed(&["seed"]);
    let line_of = |username: &str| {
        let list = program.succeed(&["users", "list"]);
        list.lines().find(|line| line.starts_with(username)).unwrap_or_default().to_owned()
    };
    let unbound = line_of("coder1");
    assert!(unbound.contains("users link 'coder1'"), "it says what to do: {unbound}");
    let linked = program.succeed(&["users", "link", "Coder1", "auth0|c1"]);
    assert!(linked.contains("auth0|c1"), "{linked}");
    assert!(line_of("coder1").ends_with("auth0|c1"), "{}", line_of("coder1"));
    let link =
        |username: &str, subject: &str| program.run(&[DATABASE], &["users", "link", username, subject]);
    assert_eq!(link("coder1", "auth0|c1").code, Some(0), "again");
    link("nobody", "auth0|x").assert_failed(&["nobody"]);
    link("coder1", "auth0|x").assert_failed(&["coder1", "another"]);
    link("coder2", "auth0|c1").assert_failed(&["auth0|c1", "coder1"]);

    let export = concat!(
        r#"{"user_id":"auth0|c2","username":"coder2"}"#,
        "\n",
        r#"{"user_id":"auth0|m1","nickname":"mentor1"}"#,
        "\n",
        r#"{"user_id":"auth0|x","username":"nobody"}"#,
        "\n",
        "nonsense\n",
    );
    fs::write(program.directory().join("export.json"), export).expect("the export is written");
    let report = program.run(&[DATABASE], &["users", "import", "export.json"]).out;
    assert!(
        report.contains("line 3:") && report.contains("line 4:") && report.contains("2 bound, 2 not"),
        "{report}"
    );
    assert!(line_of("mentor1").ends_with("auth0|m1"));

    let mut from_stdin = program.command(&[DATABASE], &["users", "import", "-"]);
    fs::write(program.directory().join("more.json"), r#"{"user_id":"auth0|m2","username":"mentor2"}"#)
        .expect("it is written");
    from_stdin.stdin(fs::File::open(program.directory().join("more.json")).expect("it is opened"));
    let ended = Program::finish(from_stdin);
    assert!(ended.out.contains("1 bound, 0 not"), "{}{}", ended.out, ended.err);
    program
        .run(&[DATABASE], &["users", "import", "missing.json"])
        .assert_failed(&["missing.json cannot be read"]);
}

#[test]
fn settings_in_a_file_count_unless_the_environment_has_them() {
    let program = Program::new();
    let dot_env = |text: &str| fs::write(program.directory().join(".env"), text).expect(".env is written");
    dot_env("# The database\nDATABASE_URL='sqlite://from-file.db'\nPORT=hunter2\n");
    assert_eq!(program.run(&[], &["migrate", "up"]).code, Some(0));
    assert!(program.directory().join("from-file.db").exists());
    assert_eq!(program.run(&[DATABASE], &["migrate", "up"]).code, Some(0));
    assert!(program.directory().join("funcster.db").exists());
    program.run(&[], &["dev"]).assert_failed(&["PORT is malformed"]);
}

#[test]
fn a_file_of_settings_that_cannot_be_read_is_told_without_what_is_in_it() {
    let program = Program::new();
    let text = "DATABASE_URL=postgres://funcster:hunter2@db/funcster oops\n";
    fs::write(program.directory().join(".env"), text).expect(".env is written");
    let ended = program.run(&[], &["migrate", "status"]);
    ended.assert_failed(&[".env cannot be read"]);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
}

#[test]
fn a_database_that_cannot_be_reached_is_told_without_its_password() {
    let program = Program::new();
    for url in ["postgres://funcster:hunter2@127.0.0.1:1/funcster", "sqlite://missing/folder/hunter2.db"] {
        let ended = program.run(&[("DATABASE_URL", url)], &["migrate", "up"]);
        ended.assert_failed(&["funcster-api: "]);
        assert!(url.starts_with("sqlite") || !ended.err.contains("hunter2"), "{}", ended.err);
    }
}
