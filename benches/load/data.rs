//! The data. Who is whose goes by arithmetic, so that nobody has to ask.

use fastrand::Rng;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};

use crate::Outcome;

/// Each coder's snippets.
pub(crate) const SNIPPETS_OF_A_CODER: u32 = 10;
/// Each mentor's coders. A tenth of the coders have no mentor.
pub(crate) const CODERS_OF_A_MENTOR: u32 = 9;
/// At most so many people of a kind have tokens: signing one takes a millisecond, and whoever comes for the
/// first time is looked at more closely. However much data there is, it should be as often.
const MOST_SPEAKING_CODERS: u32 = 10_000;
const MOST_SPEAKING_MENTORS: u32 = 1_000;

/// How much there is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) mentors: u32,
}

impl Size {
    /// A hundred thousand snippets, so many times.
    pub(crate) const fn of_scale(scale: u32) -> Self {
        Self { mentors: 1_000 * scale }
    }

    /// As little as every workload can do with.
    pub(crate) const SMALLEST: Self = Self { mentors: 100 };

    pub(crate) const fn coders(self) -> u32 {
        10 * self.mentors
    }

    pub(crate) const fn snippets(self) -> u32 {
        SNIPPETS_OF_A_CODER * self.coders()
    }

    /// The coders who have tokens.
    pub(crate) fn speaking_coders(self) -> Speakers {
        Speakers::among(self.coders(), MOST_SPEAKING_CODERS)
    }

    /// The mentors who have tokens.
    pub(crate) fn speaking_mentors(self) -> Speakers {
        Speakers::among(self.mentors, MOST_SPEAKING_MENTORS)
    }

    /// A coder's `nth` snippet, from 0. People store snippets by turns, so that one coder's are
    /// scattered over the table.
    pub(crate) const fn snippet_of(self, coder: u32, nth: u32) -> u32 {
        coder + nth * self.coders()
    }

    /// A mentor's `nth` coder, from 0.
    pub(crate) const fn coder_of(self, mentor: u32, nth: u32) -> u32 {
        mentor + nth * self.mentors
    }
}

/// Those of a kind of people who have tokens: the first, and then every so many.
#[derive(Clone, Copy)]
pub(crate) struct Speakers {
    pub(crate) count: u32,
    pub(crate) stride: u32,
}

impl Speakers {
    fn among(people: u32, most: u32) -> Self {
        let count = people.min(most);
        Self { count, stride: people / count }
    }

    /// Their numbers in the database.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u32> {
        (0..self.count).map(move |nth| self.number(nth))
    }

    /// The how-manieth of them somebody is, from 0, and that person's number in the database.
    pub(crate) fn random(self, random: &mut Rng) -> (usize, u32) {
        let nth = random.u32(..self.count);
        (nth as usize, self.number(nth))
    }

    const fn number(self, nth: u32) -> u32 {
        1 + nth * self.stride
    }
}

pub(crate) fn coder_name(coder: u32) -> String {
    format!("coder{coder}")
}

pub(crate) fn mentor_name(mentor: u32) -> String {
    format!("mentor{mentor}")
}

/// The subject of a person's tokens.
pub(crate) fn subject(username: &str) -> String {
    format!("auth0|{username}")
}

/// The Python in snippets, with the number of each in it.
pub(crate) fn code(number: &str) -> String {
    format!(
        "def exercise_{number}(lines):\n    \"\"\"Counts the words of each line that is not a comment.\"\"\"\n    \
         counts = {{}}\n    for line in lines:\n        if line.startswith(\"#\"):\n            continue\n        \
         for word in line.split():\n            counts[word] = counts.get(word, 0) + 1\n    \
         return sorted(counts.items(), key=lambda item: item[1])\n\n\nprint(exercise_{number}(open(\"words.txt\")))\n"
    )
}

/// Fills a database that has its tables and nothing in them.
pub(crate) async fn fill(db: &DatabaseConnection, size: Size) -> Outcome<()> {
    let then = "'2026-01-01T00:00:00+00:00'";
    let (mentors, coders) = (size.mentors, size.coders());
    let mentored = CODERS_OF_A_MENTOR * mentors;
    // The text as an SQL expression, which puts the number in.
    let code = code("#").replace('\'', "''").replace('#', "' || i || '");
    let users = |role: &str| {
        format!(
            "INSERT INTO users (username, auth0_sub, role, status, created_at)
             SELECT '{role}' || i, 'auth0|{role}' || i, '{role}', 'active', {then} FROM numbers"
        )
    };
    let statements = [
        (mentors, users("mentor")),
        (coders, users("coder")),
        (mentors, "INSERT INTO mentors (user_id) SELECT i FROM numbers".to_owned()),
        (
            coders,
            format!(
                "INSERT INTO coders (user_id, mentor_id)
                 SELECT {mentors} + i, CASE WHEN i <= {mentored} THEN 1 + (i - 1) % {mentors} END FROM numbers"
            ),
        ),
        (
            size.snippets(),
            format!(
                "INSERT INTO snippets (coder_id, name, code, comments, needs_review, created_at, updated_at)
                 SELECT 1 + (i - 1) % {coders}, 'Exercise ' || i || ', words', '{code}',
                        CASE WHEN i % 2 = 0 THEN 'Reads well; and an empty file?' ELSE '' END,
                        (i + (i - 1) / {coders}) % 10 < 3, {then}, {then}
                 FROM numbers"
            ),
        ),
    ];
    for (count, statement) in statements {
        let statement = format!("WITH RECURSIVE {} {statement}", numbers(db.get_database_backend(), count));
        db.execute_unprepared(&statement).await?;
    }
    settle(db).await?;
    Ok(())
}

/// The numbers from 1 as a table.
fn numbers(backend: DbBackend, count: u32) -> String {
    if backend == DbBackend::Postgres {
        format!("numbers(i) AS (SELECT generate_series(1, {count}))")
    } else {
        format!("numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})")
    }
}

/// Takes away what writers added, and leaves the tables as if nothing had happened.
pub(crate) async fn restore(db: &DatabaseConnection, size: Size) -> Outcome<()> {
    db.execute_unprepared(&format!("DELETE FROM snippets WHERE id > {}", size.snippets())).await?;
    settle(db).await?;
    Ok(())
}

/// Does now what the database would do in the background, in somebody's measured time.
async fn settle(db: &DatabaseConnection) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("VACUUM (ANALYZE)").await?;
        db.execute_unprepared("CHECKPOINT").await?;
    } else {
        db.execute_unprepared("ANALYZE").await?;
        db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    }
    Ok(())
}
