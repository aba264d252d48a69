//! What PostgreSQL can do at best: the bare statements of each workload, prepared, sent by pgbench.

use std::{fs, path::Path};

use crate::{
    Outcome,
    data::{self, CODERS_OF_A_MENTOR, SNIPPETS_OF_A_CODER, Size},
    options::Load,
    postgres::Cluster,
    workload::Workload,
};

/// As [`Requests`](crate::requests::Requests) chooses them.
const RANDOM_CODER: &str = "\\set coder 1 + random(0, :coder_speakers - 1) * :coder_stride\n";
const RANDOM_MENTOR: &str = "\\set mentor 1 + random(0, :mentor_speakers - 1) * :mentor_stride\n";
const RANDOM_SNIPPET: &str = "\\set id :coder + random(0, :snippets_of_a_coder - 1) * :coders\n";

/// Transactions in a second.
pub(crate) fn run(
    cluster: &Cluster,
    directory: &Path,
    size: Size,
    workload: Workload,
    load: Load,
) -> Outcome<f64> {
    let mut command = cluster.client("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    command.arg(format!("--client={}", load.clients));
    // It knows whole seconds alone.
    command.arg(format!("--time={}", load.duration.as_secs_f64().ceil()));
    let (coders, mentors) = (size.speaking_coders(), size.speaking_mentors());
    for (name, value) in [
        ("coder_speakers", coders.count),
        ("coder_stride", coders.stride),
        ("mentor_speakers", mentors.count),
        ("mentor_stride", mentors.stride),
        ("coders", size.coders()),
        ("snippets_of_a_coder", SNIPPETS_OF_A_CODER),
    ] {
        command.arg(format!("--define={name}={value}"));
    }
    if workload == Workload::W4 {
        let mentors = 1..=100;
        let coders = mentors
            .clone()
            .flat_map(|mentor| (0..CODERS_OF_A_MENTOR).map(move |nth| size.coder_of(mentor, nth)));
        command.arg(format!("--define=mentors={}", array(mentors.clone())));
        command.arg(format!("--define=their_coders={}", array(coders)));
    }
    for (number, script) in scripts(workload, size).into_iter().enumerate() {
        let path = directory.join(format!("{}-{number}.sql", workload.name()));
        fs::write(&path, script)?;
        command.arg("--file").arg(path);
    }
    command.arg("postgres");
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let per_second =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    per_second
        .filter(|_| output.status.success() && text.contains("failed transactions: 0 "))
        .ok_or_else(|| format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// One or several, of which each transaction runs a random one.
fn scripts(workload: Workload, size: Size) -> Vec<String> {
    let code = data::code("0").replace('\'', "''").replace('\n', "' || chr(10) || '");
    match workload {
        Workload::W1 => vec![format!(
            "{RANDOM_CODER}{RANDOM_SNIPPET}\
             SELECT id, name, code, needs_review, comments FROM snippets WHERE id = :id;\n"
        )],
        Workload::W2 => vec![format!(
            "{RANDOM_CODER}\
             SELECT c.id, u.username FROM users u JOIN coders c ON c.user_id = u.id \
             WHERE lower(u.username) = lower('coder' || :coder);\n\
             SELECT id, name, code, needs_review, comments FROM snippets WHERE coder_id = :coder ORDER BY id LIMIT 21;\n"
        )],
        Workload::W3 => {
            let coders: Vec<_> =
                (0..CODERS_OF_A_MENTOR).map(|nth| format!(":mentor + {}", nth * size.mentors)).collect();
            vec![format!(
                "{RANDOM_MENTOR}\
                 SELECT m.id, u.username FROM users u JOIN mentors m ON m.user_id = u.id \
                 WHERE lower(u.username) = lower('mentor' || :mentor);\n\
                 SELECT c.id, u.username FROM coders c JOIN users u ON u.id = c.user_id \
                 WHERE c.mentor_id = :mentor ORDER BY c.id;\n\
                 SELECT id, coder_id, name, code, needs_review, comments FROM snippets \
                 WHERE coder_id IN ({}) AND needs_review;\n",
                coders.join(", ")
            )]
        }
        Workload::W4 => vec![
            "SELECT m.id, u.username FROM mentors m JOIN users u ON u.id = m.user_id ORDER BY m.id LIMIT 100;\n\
             SELECT c.id, c.mentor_id, u.username FROM coders c JOIN users u ON u.id = c.user_id \
             WHERE c.mentor_id = ANY (:mentors);\n\
             SELECT id, coder_id, name FROM snippets WHERE coder_id = ANY (:their_coders);\n"
                .to_owned(),
        ],
        Workload::W5 => vec![
            format!(
                "{RANDOM_CODER}\
                 INSERT INTO snippets (coder_id, name, code, comments, needs_review, created_at, updated_at) \
                 VALUES (:coder, 'Exercise 0, words', '{code}', '', true, now(), now()) \
                 RETURNING id, name, code, needs_review, comments;\n"
            ),
            format!(
                "{RANDOM_CODER}{RANDOM_SNIPPET}\
                 UPDATE snippets SET code = '{code}', version = version + 1, updated_at = now() \
                 WHERE id = :id AND coder_id = :coder RETURNING id, name, code, needs_review, comments;\n"
            ),
        ],
    }
}

fn array(numbers: impl Iterator<Item = u32>) -> String {
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}
