//! `users import`: what an export may look like, and what the report says.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};

use super::{
    old::{Old, coder},
    rest::succeed,
};
use crate::{
    support::{App, with_empty_database},
    trust::program::{Ended, Program},
};

/// Imports what is written to a file.
fn import(url: &str, export: &[u8], options: &[&str]) -> Ended {
    let program = Program::new();
    fs::write(program.directory().join("users"), export).expect("the export is written");
    program.run(&[("DATABASE_URL", url)], &[&["users", "import", "users"], options].concat())
}

fn line_of(url: &str, username: &str) -> String {
    let list = succeed(url, &["users", "list"]);
    list.lines().find(|line| line.starts_with(username)).expect("an account").to_owned()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).expect("it is compressed");
    gzip.finish().expect("it is compressed")
}

on_both_databases! {
    async fn a_dry_run_reports_the_same_and_changes_nothing(app: App) {
        with_empty_database(app.kind, async |url| {
            Old::plain().store(url, app.kind, 24).await;
            succeed(url, &["migrate", "up"]);
            succeed(url, &["users", "link", "cleo", "auth0|cleo"]);
            let export = concat!(
                "\u{feff}", r#"{"user_id":"auth0|ada","username":"Ada","email":"ada@example.com"}"#, "\r\n",
                r#"{"user_id":"auth0|bob","nickname":"bob"}"#, "\n",
                r#"{"user_id":"auth0|cleo","username":"cleo"}"#, "\n",
                r#"{"user_id":"auth0|zoe","username":"zoe"}"#,
            );
            let before = succeed(url, &["users", "list"]);
            let tried = import(url, &gzipped(export), &["--dry-run"]);
            assert_eq!(succeed(url, &["users", "list"]), before);
            let done = import(url, &gzipped(export), &[]);
            assert_eq!((tried.code, done.code), (Some(1), Some(1)), "there is no Zoe");
            assert_eq!(tried.out, format!("{}This was a dry run: nothing was changed.\n", done.out));
            for sentence in [
                "line 1: Ada auth0|ada <ada@example.com>\n",
                "line 2: bob auth0|bob (a nickname)\n",
                "line 4: not bound: there is no account called zoe\n",
                "3 bound, 1 not. Bound before: 1.\n",
                "1 accounts are bound to nobody",
            ] {
                assert!(done.out.contains(sentence), "{sentence}: {}", done.out);
            }
            for (username, subject) in [("ada", "auth0|ada"), ("bob", "auth0|bob"), ("Cleo", "auth0|cleo")] {
                assert!(line_of(url, username).ends_with(subject), "{username}");
            }
            let again = import(url, export.as_bytes(), &[]);
            assert!(again.out.contains("3 bound, 1 not. Bound before: 3."), "{}", again.out);
        })
        .await;
    }

    async fn whoever_cannot_be_told_apart_is_left_to_the_operator(app: App) {
        with_empty_database(app.kind, async |url| {
            let mut old = Old::plain();
            old.coders.push(coder(9, "o'Neil", None));
            old.store(url, app.kind, 24).await;
            succeed(url, &["migrate", "up"]);
            let export = concat!(
                r#"{"user_id":"google|1","nickname":"ada","email":"other@example.com"}"#, "\n",
                r#"{"user_id":"auth0|ada","username":"ada"}"#, "\n",
                r#"{"user_id":"auth0|ada","username":"ada"}"#, "\n",
                r#"{"user_id":"auth0|o1","username":"o'neil"}"#, "\n",
                r#"{"user_id":"auth0|o2","username":"O'NEIL"}"#, "\n",
                r#"{"user_id":"auth0|b1","nickname":"bob"}"#, "\n",
                r#"{"user_id":"auth0|b2","nickname":"Bob"}"#, "\n",
                r#"{"user_id":"auth0|c","username":"Carl"}"#, "\n",
                r#"{"user_id":"auth0|c","username":"Cleo"}"#,
            );
            let ended = import(url, export.as_bytes(), &[]);
            for sentence in [
                "line 1: not bound: ada google|1 <other@example.com> (a nickname) bears the name of line 2",
                "line 2: ada auth0|ada\n",
                r"line 4: not bound: o'neil auth0|o1 bears the name of line 4, 5: funcster-api users link 'o'\''neil' 'auth0|o1'",
                "line 5: not bound:",
                "line 6: not bound:",
                "line 7: not bound:",
                "line 8: Carl auth0|c\n",
                "line 9: not bound: auth0|c",
            ] {
                assert!(ended.out.contains(sentence), "{sentence}: {}", ended.out);
            }
            assert!(ended.out.contains("6 not."), "a line that stands there twice is no problem: {}", ended.out);
            for unbound in ["bob", "o'Neil", "Cleo"] {
                assert!(line_of(url, unbound).contains("not bound yet"), "{unbound}");
            }
        })
        .await;
    }

    async fn many_are_imported_in_one_go(app: App) {
        with_empty_database(app.kind, async |url| {
            let mut old = Old::plain();
            old.coders.extend((100..1300).map(|id| coder(id, &format!("person{id}"), None)));
            old.store(url, app.kind, 24).await;
            succeed(url, &["migrate", "up"]);
            let lines = (100..1300).map(|id| format!("{{\"user_id\":\"auth0|{id}\",\"username\":\"PERSON{id}\"}}\n"));
            let ended = import(url, &gzipped(&lines.collect::<String>()), &[]);
            assert_eq!(ended.code, Some(0), "{}", ended.err);
            assert!(ended.out.contains("1200 bound, 0 not"), "{}", ended.out);
            assert!(line_of(url, "person1299").ends_with("auth0|1299"));
        })
        .await;
    }
}

#[test]
fn an_export_that_breaks_off_is_told() {
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    let mut export = gzipped(r#"{"user_id":"auth0|a","username":"ada"}"#);
    export.truncate(20);
    fs::write(program.directory().join("users"), export).expect("the export is written");
    let ended = program.run(&[crate::trust::program::DATABASE], &["users", "import", "users"]);
    ended.assert_failed(&["users cannot be read"]);
}
