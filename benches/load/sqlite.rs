//! What SQLite can do at best: the bare statements of each workload, prepared, in this process.

use std::time::Instant;

use fastrand::Rng;
use funcster_api::{config::Limits, database};
use sea_orm::sqlx::{self, Row, SqlitePool, sqlite::SqliteRow};
use tokio::{runtime, task::JoinSet};

use crate::{
    Outcome,
    data::{self, SNIPPETS_OF_A_CODER, Size},
    options::Load,
    workload::Workload,
};

/// Transactions in a second, by as many tasks as there are clients otherwise, on a pool like the server's.
pub(crate) fn run(url: &str, size: Size, workload: Workload, load: Load) -> Outcome<f64> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let db = database::connect(url, Some(&Limits::default())).await?;
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..load.clients {
            let pool = db.get_sqlite_connection_pool().clone();
            tasks.spawn(async move {
                let mut random = Rng::new();
                let mut count = 0_u32;
                while began.elapsed() < load.duration {
                    transact(&pool, size, workload, &mut random).await?;
                    count += 1;
                }
                Ok::<_, sqlx::Error>(count)
            });
        }
        let mut count = 0;
        while let Some(done) = tasks.join_next().await {
            count += done??;
        }
        let per_second = f64::from(count) / began.elapsed().as_secs_f64();
        db.close().await?;
        Ok(per_second)
    })
}

async fn transact(pool: &SqlitePool, size: Size, workload: Workload, random: &mut Rng) -> sqlx::Result<()> {
    let (_, coder) = size.speaking_coders().random(random);
    let (_, mentor) = size.speaking_mentors().random(random);
    let id = size.snippet_of(coder, random.u32(..SNIPPETS_OF_A_CODER));
    match workload {
        Workload::W1 => {
            const FIND: &str = "SELECT id, name, code, needs_review, comments FROM snippets WHERE id = ?";
            sqlx::query(FIND).bind(id).fetch_one(pool).await?;
        }
        Workload::W2 => {
            const PERSON: &str = "SELECT c.id, u.username FROM users u JOIN coders c ON c.user_id = u.id
                WHERE lower(u.username) = lower(?)";
            const LIBRARY: &str = "SELECT id, name, code, needs_review, comments FROM snippets
                WHERE coder_id = ? ORDER BY id LIMIT 21";
            sqlx::query(PERSON).bind(data::coder_name(coder)).fetch_one(pool).await?;
            sqlx::query(LIBRARY).bind(coder).fetch_all(pool).await?;
        }
        Workload::W3 => {
            const PERSON: &str = "SELECT m.id, u.username FROM users u JOIN mentors m ON m.user_id = u.id
                WHERE lower(u.username) = lower(?)";
            const CODERS: &str = "SELECT c.id, u.username FROM coders c JOIN users u ON u.id = c.user_id
                WHERE c.mentor_id = ? ORDER BY c.id";
            const FLAGGED: &str = "SELECT id, coder_id, name, code, needs_review, comments FROM snippets
                WHERE coder_id IN (SELECT value FROM json_each(?)) AND needs_review";
            sqlx::query(PERSON).bind(data::mentor_name(mentor)).fetch_one(pool).await?;
            let coders = sqlx::query(CODERS).bind(mentor).fetch_all(pool).await?;
            sqlx::query(FLAGGED).bind(ids(&coders)).fetch_all(pool).await?;
        }
        Workload::W4 => {
            const MENTORS: &str = "SELECT m.id, u.username FROM mentors m JOIN users u ON u.id = m.user_id
                ORDER BY m.id LIMIT 100";
            const CODERS: &str =
                "SELECT c.id, c.mentor_id, u.username FROM coders c JOIN users u ON u.id = c.user_id
                WHERE c.mentor_id IN (SELECT value FROM json_each(?))";
            const SNIPPETS: &str = "SELECT id, coder_id, name FROM snippets
                WHERE coder_id IN (SELECT value FROM json_each(?))";
            let mentors = sqlx::query(MENTORS).fetch_all(pool).await?;
            let coders = sqlx::query(CODERS).bind(ids(&mentors)).fetch_all(pool).await?;
            sqlx::query(SNIPPETS).bind(ids(&coders)).fetch_all(pool).await?;
        }
        Workload::W5 if random.bool() => {
            const INSERT: &str = "INSERT INTO snippets
                (coder_id, name, code, comments, needs_review, created_at, updated_at)
                VALUES (?, 'Exercise 0, words', ?, '', true, datetime(), datetime())
                RETURNING id, name, code, needs_review, comments";
            sqlx::query(INSERT).bind(coder).bind(data::code("0")).fetch_one(pool).await?;
        }
        Workload::W5 => {
            const UPDATE: &str =
                "UPDATE snippets SET code = ?, version = version + 1, updated_at = datetime()
                WHERE id = ? AND coder_id = ? RETURNING id, name, code, needs_review, comments";
            sqlx::query(UPDATE).bind(data::code("0")).bind(id).bind(coder).fetch_one(pool).await?;
        }
    }
    Ok(())
}

/// The first column, as `json_each` takes it.
fn ids(rows: &[SqliteRow]) -> String {
    let ids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    serde_json::Value::from(ids).to_string()
}
