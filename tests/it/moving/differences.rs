//! Many old databases, made up of everything that they may hold: told, decided as told, taken over,
//! shown by REST, and given back, row for row.

use std::{collections::HashSet, process::Command};

use funcster_api::auth::Permission;

use super::{
    old::{Coder, Mentor, Old, Snippet},
    rest::{expected, succeed},
};
use crate::{
    support::{App, Kind, with_empty_database},
    trust::program::Program,
};

const NAMES: [&str; 22] = [
    "ada",
    "Ada",
    "ADA",
    "bob",
    "BOB",
    "admin",
    "o'Neil",
    "O'NEIL",
    " ",
    "",
    "a b",
    "Müller",
    "日本語",
    "abcdefghijklmnopqrstuvwx",
    "ABCDEFGHIJKLMNOPQRSTUVWX",
    "$(id)",
    "\"quoted\"",
    "back\\slash",
    "tab\there",
    "ada-c3",
    "semi;colon",
    "100%",
];
const TEXTS: [Option<&str>; 6] =
    [None, Some(""), Some("print('hi')\n"), Some("x = \"\\n\"\r\n\t"), Some("ünï 🐍"), Some("NULL")];

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % count
    }

    fn one_of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }

    fn id(&mut self, last: i32) -> i32 {
        last + 1 + i32::try_from(self.below(3)).expect("it is small")
    }
}

/// An old database; how many decisions it needs.
fn roll(seed: u64, kind: Kind) -> (Old, usize) {
    let mut dice = Dice(seed);
    let (mut old, mut decisions) = (Old::default(), 0);
    let mut bearers: HashSet<String> = HashSet::new();
    let mut name = |dice: &mut Dice, own: &mut HashSet<String>, id: i32| {
        let name = match dice.below(10) {
            0 => None,
            1..=4 => Some(dice.one_of(&NAMES).to_owned()).filter(|name| own.insert(name.clone())),
            _ => Some(format!("person{}{id}", own.len())),
        };
        // Every namesake but the first has to be renamed, and everybody without a name.
        if name.as_ref().is_none_or(|name| !bearers.insert(name.to_ascii_lowercase())) {
            decisions += 1;
        }
        name
    };
    let (mut own, mut id) = (HashSet::new(), 0);
    for _ in 0..dice.below(6) {
        id = dice.id(id);
        old.mentors.push(Mentor { id, username: name(&mut dice, &mut own, id) });
    }
    (own, id) = (HashSet::new(), 0);
    for _ in 0..dice.below(12) {
        id = dice.id(id);
        let username = name(&mut dice, &mut own, id);
        let mentor_id = Some(dice.below(8)).and_then(|place| old.mentors.get(place)).map(|mentor| mentor.id);
        old.coders.push(Coder { id, username, mentor_id });
    }
    id = 0;
    for _ in 0..dice.below(40) {
        id = dice.id(id);
        let coder_id = Some(dice.below(15)).and_then(|place| old.coders.get(place)).map(|coder| coder.id);
        decisions += usize::from(coder_id.is_none());
        old.snippets.push(Snippet {
            id,
            snippet_name: dice.one_of(&TEXTS).map(ToOwned::to_owned),
            coder_id,
            code: dice.one_of(&TEXTS).map(ToOwned::to_owned),
            comments: dice.one_of(&TEXTS).map(ToOwned::to_owned),
            needs_review: dice.one_of(&[None, Some(false), Some(true)]),
        });
    }
    if kind == Kind::Sqlite {
        // Where foreign keys are not checked, rows may point nowhere.
        for coder in old.coders.iter_mut().filter(|coder| coder.id % 5 == 0) {
            coder.mentor_id = Some(999);
            decisions += 1;
        }
    }
    (old, decisions)
}

/// Pastes into a shell what `migrate check` tells, a decision for each problem.
fn decide_as_told(url: &str, decisions: usize) -> usize {
    let program = Program::new();
    let check = program.run(&[("DATABASE_URL", url)], &["migrate", "check"]);
    let told = check.out.split("\n\n").filter(|problem| !problem.trim().is_empty());
    let commands: Vec<_> = told
        .filter(|_| decisions > 0)
        .map(|problem| {
            let commands = problem.lines().skip(1).map(|line| line.trim_start().trim_start_matches("or "));
            commands.filter(|command| !command.ends_with(":ID")).last().expect("a command").to_owned()
        })
        .collect();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_funcster-api")).parent().expect("a folder");
    let pasted = Command::new("sh")
        .args(["-euc", &commands.join("\n")])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("DATABASE_URL", url)
        .current_dir(program.directory())
        .output()
        .expect("a shell");
    assert!(pasted.status.success(), "{commands:#?}: {}", String::from_utf8_lossy(&pasted.stderr));
    commands.len()
}

on_both_databases! {
    async fn whatever_old_databases_hold_is_carried_over_or_told_and_comes_back(app: App) {
        for seed in 1..=12 {
            with_empty_database(app.kind, async |url| {
                let (old, decisions) = roll(seed, app.kind);
                old.store(url, app.kind, if seed % 2 == 0 { 24 } else { 200 }).await;
                assert_eq!(decide_as_told(url, decisions), decisions, "of seed {seed}: {old:#?}");
                let decided = Old::read(url).await;
                assert_eq!(decided == old, decisions == 0, "of seed {seed}");
                // Nothing but what the decisions are about has changed.
                assert_eq!(decided.mentors.len(), old.mentors.len());
                assert_eq!(decided.coders.len(), old.coders.len());
                let kept = old.snippets.iter().filter(|snippet| snippet.coder_id.is_some());
                assert!(kept.eq(&decided.snippets), "of seed {seed}");

                for _ in 0..2 {
                    succeed(url, &["migrate", "up"]);
                    let server = App::start(app.kind, url, |_| {}).await;
                    let service = server.bearer("auth0|service", &Permission::ALL);
                    let (coders, mentors) = expected(&decided);
                    assert_eq!(service.get("/coders").await.body, coders, "of seed {seed}");
                    assert_eq!(service.get("/mentors").await.body, mentors, "of seed {seed}");
                    server.db.close().await.expect("the pool closes");
                    succeed(url, &["migrate", "down", "--all"]);
                    assert_eq!(Old::read(url).await, decided, "of seed {seed}");
                }
            })
            .await;
        }
    }
}
