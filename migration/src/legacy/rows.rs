//! The rows of the old tables that cannot be carried over as they are, kind by kind.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use super::{
    decisions::MAX_USERNAME_CHARACTERS,
    problems::{Problem, Problems},
};

/// All who have a name, coders and mentors.
pub(super) const PEOPLE: &str = "(SELECT 'mentor' AS kind, id, username FROM mentors
     UNION ALL SELECT 'coder' AS kind, id, username FROM coders) AS people";

#[derive(FromQueryResult)]
struct Nameless {
    kind: String,
    id: i32,
}

pub(super) async fn nameless(
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

pub(super) async fn clashing(
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

pub(super) async fn without_mentor(
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

pub(super) async fn without_coder(
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
