//! What cannot be carried over without the operator's decision, each with the command that decides.

use std::fmt;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use super::{decisions::MAX_USERNAME_CHARACTERS, obstacles};

/// How many problems of a kind `migrate up` shows.
pub(crate) const SHOWN: usize = 20;

/// Something that stands in the way of taking over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub what: String,
    /// The commands or SQL statements that resolve it; one of them is enough.
    pub remedies: Vec<String>,
}

/// All that stands in the way, or the first of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// Those that are shown.
    pub shown: Vec<Problem>,
    /// How many there are.
    pub total: usize,
}

/// All who have a name, coders and mentors.
pub(super) const PEOPLE: &str = "(SELECT 'mentor' AS kind, id, username FROM mentors
     UNION ALL SELECT 'coder' AS kind, id, username FROM coders) AS people";

/// Finds what cannot be carried over: at most `limit` of each kind, where there is a limit. Changes nothing.
///
/// # Errors
/// When the database cannot be asked.
pub async fn problems(db: &impl ConnectionTrait, limit: Option<usize>) -> Result<Problems, DbErr> {
    let mut problems = obstacles(db).await?;
    // The rows cannot be looked at where the tables are not what they should be.
    if problems.total == 0 {
        nameless(db, limit, &mut problems).await?;
        clashing(db, limit, &mut problems).await?;
        without_mentor(db, limit, &mut problems).await?;
        without_coder(db, limit, &mut problems).await?;
    }
    Ok(problems)
}

/// Finds what is not about rows.
pub(super) async fn obstacles(db: &impl ConnectionTrait) -> Result<Problems, DbErr> {
    let shown = obstacles::find(db).await?;
    Ok(Problems { total: shown.len(), shown })
}

impl Problems {
    /// Makes sure that there are none.
    pub(super) fn none(self) -> Result<(), Self> {
        if self.total == 0 { Ok(()) } else { Err(self) }
    }
}

#[derive(FromQueryResult)]
struct Nameless {
    kind: String,
    id: i32,
}

async fn nameless(
    db: &impl ConnectionTrait,
    limit: Option<usize>,
    problems: &mut Problems,
) -> Result<(), DbErr> {
    let from = format!("{PEOPLE} WHERE username IS NULL");
    for Nameless { kind, id } in select(db, "kind, id", &from, "kind DESC, id", limit, problems).await? {
        let name = free_name(db, &kind, &format!("-{id}")).await?;
        problems.shown.push(Problem {
            what: format!("{kind} {id} has no username"),
            remedies: vec![rename(&kind, id, &name)],
        });
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Clashing {
    kind: String,
    id: i32,
    username: String,
    first_kind: String,
    first_id: i32,
    first_username: String,
}

async fn clashing(
    db: &impl ConnectionTrait,
    limit: Option<usize>,
    problems: &mut Problems,
) -> Result<(), DbErr> {
    let from = format!(
        "(SELECT kind, id, username, row_number() OVER namesakes AS place,
                 first_value(kind) OVER namesakes AS first_kind, first_value(id) OVER namesakes AS first_id,
                 first_value(username) OVER namesakes AS first_username
          FROM {PEOPLE} WHERE username IS NOT NULL
          WINDOW namesakes AS (PARTITION BY lower(username) ORDER BY kind DESC, id)) AS ordered WHERE place > 1"
    );
    let columns = "kind, id, username, first_kind, first_id, first_username";
    for row in select::<Clashing>(db, columns, &from, "kind DESC, id", limit, problems).await? {
        let Clashing { kind, id, username, first_kind, first_id, first_username } = row;
        let name = free_name(db, &username, &format!("-{}{id}", &kind[..1])).await?;
        problems.shown.push(Problem {
            what: format!(
                "{kind} {id} {username:?} and {first_kind} {first_id} {first_username:?} bear the same name, \
                 whatever the case of its letters"
            ),
            remedies: vec![rename(&kind, id, &name)],
        });
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct WithoutMentor {
    id: i32,
    mentor_id: i32,
}

async fn without_mentor(
    db: &impl ConnectionTrait,
    limit: Option<usize>,
    problems: &mut Problems,
) -> Result<(), DbErr> {
    let from = "coders WHERE mentor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM mentors WHERE mentors.id = mentor_id)";
    for row in select::<WithoutMentor>(db, "id, mentor_id", from, "id", limit, problems).await? {
        problems.shown.push(Problem {
            what: format!("coder {} has mentor {}, who does not exist", row.id, row.mentor_id),
            remedies: vec![format!("funcster-api migrate resolve --mentor coder:{}=none", row.id)],
        });
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct WithoutCoder {
    id: i32,
    coder_id: Option<i32>,
    snippet_name: Option<String>,
}

async fn without_coder(
    db: &impl ConnectionTrait,
    limit: Option<usize>,
    problems: &mut Problems,
) -> Result<(), DbErr> {
    let from = "snippet WHERE NOT EXISTS (SELECT 1 FROM coders WHERE coders.id = coder_id)";
    let columns = "id, coder_id, snippet_name";
    for row in select::<WithoutCoder>(db, columns, from, "id", limit, problems).await? {
        let name = row.snippet_name.unwrap_or_default();
        let whose = match row.coder_id {
            None => "has no coder".to_owned(),
            Some(coder_id) => format!("has coder {coder_id}, who does not exist"),
        };
        problems.shown.push(Problem {
            what: format!("snippet {} {name:?} {whose}", row.id),
            remedies: vec![
                format!("funcster-api migrate resolve --owner snippet:{}=coder:ID", row.id),
                format!("funcster-api migrate resolve --delete snippet:{}", row.id),
            ],
        });
    }
    Ok(())
}

/// Reads rows, and adds to the total how many there are beyond the limit too.
async fn select<T: FromQueryResult>(
    db: &impl ConnectionTrait,
    columns: &str,
    from: &str,
    order: &str,
    limit: Option<usize>,
    problems: &mut Problems,
) -> Result<Vec<T>, DbErr> {
    let backend = db.get_database_backend();
    let bound = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let rows = format!("SELECT {columns} FROM {from} ORDER BY {order}{bound}");
    let rows = T::find_by_statement(Statement::from_string(backend, rows)).all(db).await?;
    problems.total += if limit.is_some_and(|limit| rows.len() >= limit) {
        let count = Statement::from_string(backend, format!("SELECT count(*) AS count FROM {from}"));
        let count: i64 = db.query_one_raw(count).await?.map_or(Ok(0), |row| row.try_get("", "count"))?;
        usize::try_from(count).unwrap_or(0)
    } else {
        rows.len()
    };
    Ok(rows)
}

/// A name that nobody bears: `name`, as far as there is room, and `suffix`, which no other row has.
async fn free_name(db: &impl ConnectionTrait, name: &str, suffix: &str) -> Result<String, DbErr> {
    let backend = db.get_database_backend();
    let select = format!("SELECT 1 FROM {PEOPLE} WHERE lower(username) = lower($1)");
    let mut suffix = suffix.to_owned();
    loop {
        let room = MAX_USERNAME_CHARACTERS.saturating_sub(suffix.chars().count());
        let candidate: String = name.chars().filter(|letter| !letter.is_control()).take(room).collect();
        let candidate = candidate + &suffix;
        let statement = Statement::from_sql_and_values(backend, &select, [candidate.as_str().into()]);
        if db.query_one_raw(statement).await?.is_none() {
            return Ok(candidate);
        }
        suffix.push('_');
    }
}

fn rename(kind: &str, id: i32, name: &str) -> String {
    // As a shell reads it: nothing but the closing quote has a meaning within single quotes.
    let name = name.replace('\'', r"'\''");
    format!("funcster-api migrate resolve --rename '{kind}:{id}={name}'")
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the database of the old Flask application cannot be taken over as it is.")?;
        writeln!(f, "Nothing was changed. What needs a decision, with the command for it:\n")?;
        for problem in &self.shown {
            writeln!(f, "{problem}")?;
        }
        if self.total > self.shown.len() {
            write!(
                f,
                "and {} more: `funcster-api migrate check` tells them all. ",
                self.total - self.shown.len()
            )?;
        }
        write!(f, "In all: {}.", self.total)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        for (index, remedy) in self.remedies.iter().enumerate() {
            writeln!(f, "{}{remedy}", if index == 0 { "     " } else { "  or " })?;
        }
        Ok(())
    }
}
