//! docs/moving-from-flask.md, followed word for word.

use std::{fs, io::Write, path::PathBuf};

use flate2::{Compression, write::GzEncoder};

use super::old::{Coder, Old, Snippet, coder, mentor};
use crate::{
    support::{App, Kind, guide, with_empty_database},
    trust::program::Program,
};

const GUIDE: &str = "docs/moving-from-flask.md";

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
    for block in
        guide::blocks(GUIDE).iter().filter(|block| block.heading.is_empty() || block.heading == heading)
    {
        if block.language == "text" {
            assert_eq!(told.split("funcster-api: ").next().map(str::trim), Some(block.text.trim()));
            continue;
        }
        let (succeeded, printed) = guide::paste(&program, &settings, &block.text);
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
        if app.kind == Kind::Postgres && !(guide::is_installed("pg_dump") && guide::is_installed("psql")) {
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
    let blocks = guide::blocks(GUIDE);
    let of = |heading: &str| {
        blocks.iter().filter(|block| block.language == "sh" && block.heading == heading).count()
    };
    assert_eq!((of("PostgreSQL"), of("SQLite")), (1, 1));
    assert!(of("") >= 5, "the others");
}
