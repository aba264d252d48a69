//! docs/moving-from-flask.md, followed word for word.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, write::GzEncoder};

use super::old::{Coder, Old, Snippet, coder, mentor};
use crate::{
    support::{App, Kind, with_empty_database},
    trust::program::Program,
};

/// The old database of which the guide shows what is told.
fn shown_in_the_guide() -> Old {
    let snippet = |id, name: &str, coder_id| Snippet {
        id,
        snippet_name: Some(name.to_owned()),
        coder_id,
        code: Some("print(1)".to_owned()),
        comments: None,
        needs_review: Some(false),
    };
    Old {
        mentors: vec![mentor(1, "ada"), mentor(2, "Bob")],
        coders: vec![
            coder(1, "carl", Some(1)),
            coder(3, "ADA", None),
            Coder { id: 4, username: None, mentor_id: None },
        ],
        snippets: vec![snippet(1, "Hello", Some(1)), snippet(5, "Left over", None)],
    }
}

/// A block of the guide: what is in it, under which heading of the third level, and its language.
struct Block {
    heading: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/moving-from-flask.md");
    let guide = fs::read_to_string(path).expect("the guide");
    let (mut blocks, mut heading, mut block) = (Vec::new(), String::new(), None::<Block>);
    for line in guide.lines() {
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
fn paste(program: &Program, settings: &[(&str, &str)], text: &str) -> (bool, String) {
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

fn is_installed(name: &str) -> bool {
    Command::new(name).arg("--version").stdout(Stdio::null()).status().is_ok()
}

async fn follow(kind: Kind, old_url: &str, url: &str) {
    shown_in_the_guide().store(old_url, kind, 24).await;
    let program = Program::new();
    let export = [
        r#"{"user_id":"auth0|1","username":"ada","email":"ada@example.com"}"#,
        r#"{"user_id":"auth0|2","username":"bob","email":"bob@example.com"}"#,
        r#"{"user_id":"auth0|3","nickname":"carl","email":"carl@example.com"}"#,
    ];
    let file = fs::File::create(program.directory().join("users.json.gz")).expect("a file");
    let mut gzip = GzEncoder::new(file, Compression::default());
    gzip.write_all(export.join("\n").as_bytes())
        .and_then(|()| gzip.finish().map(drop))
        .expect("it is written");

    let old_file = PathBuf::from(old_url.trim_start_matches("sqlite://"));
    let copy = if kind == Kind::Sqlite { "sqlite://funcster.db" } else { url };
    let old_file = old_file.to_string_lossy();
    let settings = [("OLD_DATABASE_URL", old_url), ("OLD_DATABASE_FILE", &*old_file), ("DATABASE_URL", copy)];
    let heading = if kind == Kind::Sqlite { "SQLite" } else { "PostgreSQL" };
    let (mut told, mut transcript) = (String::new(), String::new());
    for block in blocks().iter().filter(|block| block.heading.is_empty() || block.heading == heading) {
        if block.language == "text" {
            assert_eq!(told.split("funcster-api: ").next().map(str::trim), Some(block.text.trim()));
            continue;
        }
        let (succeeded, printed) = paste(&program, &settings, &block.text);
        assert_eq!(succeeded, !block.text.contains("migrate check"), "{}: {printed}", block.text);
        told.clone_from(&printed);
        transcript += &printed;
    }
    for sentence in [
        "Taken over from the old Flask application: 3 coders, 2 mentors, 2 snippets.",
        "3 bound, 0 not",
        "The old Flask application's tables are there again: 3 coders, 2 mentors, 2 snippets.",
    ] {
        assert!(transcript.contains(sentence), "{sentence}: {transcript}");
    }
    let mut expected = shown_in_the_guide();
    expected.coders[1].username = Some("ADA-c3".to_owned());
    expected.coders[2].username = Some("coder-4".to_owned());
    expected.snippets[1].coder_id = Some(1);
    let copy = copy.replace("sqlite://", &format!("sqlite://{}/", program.directory().display()));
    assert_eq!(Old::read(&copy).await, expected);
    // The original is as it was.
    assert_eq!(Old::read(old_url).await, shown_in_the_guide());
}

on_both_databases! {
    async fn the_guide_leads_into_the_new_house_and_back(app: App) {
        if app.kind == Kind::Postgres && !(is_installed("pg_dump") && is_installed("psql")) {
            eprintln!("NOT TESTED: the guide on PostgreSQL, for want of pg_dump and psql on the PATH");
            return;
        }
        with_empty_database(app.kind, async |old_url| {
            with_empty_database(app.kind, async |url| follow(app.kind, old_url, url).await).await;
        })
        .await;
    }
}

#[test]
fn the_guide_has_commands_for_both_databases() {
    let blocks = blocks();
    let of = |heading: &str| {
        blocks.iter().filter(|block| block.language == "sh" && block.heading == heading).count()
    };
    assert_eq!((of("PostgreSQL"), of("SQLite")), (1, 1));
    assert!(of("") >= 5, "the others");
}
