//! Answers are compared with what the database holds, so that nothing but right ones counts as
//! speed.

use sea_orm::{DatabaseConnection, FromQueryResult, Statement};
use serde_json::{Value, json};

use crate::{Outcome, data, workload::Asked};

/// A snippet, and whose it is.
#[derive(FromQueryResult)]
struct Row {
    id: i32,
    name: String,
    code: String,
    needs_review: bool,
    comments: String,
    coder_id: i32,
    mentor_id: Option<i32>,
}

/// Checks the answer to what was asked.
pub(crate) async fn verify(db: &DatabaseConnection, asked: Asked, body: &[u8]) -> Outcome<()> {
    let answer: Value = serde_json::from_slice(body)?;
    let answer = &answer["data"];
    let expected = match asked {
        Asked::Snippet { id } => {
            let rows = rows(db, &format!("s.id = {id}")).await?;
            json!({ "snippet": rows.first().map(whole) })
        }
        Asked::Library { coder } => {
            let rows = rows(db, &format!("c.id = {coder}")).await?;
            json!({ "userinfo": coders(&rows, whole).first() })
        }
        Asked::Queue { mentor } => {
            let rows = rows(db, &format!("c.mentor_id = {mentor} AND s.needs_review")).await?;
            json!({ "userinfo": mentors(&rows, whole).first() })
        }
        Asked::Overview => {
            let rows = rows(db, "c.mentor_id <= 100").await?;
            json!({ "mentors": { "nodes": mentors(&rows, |row| json!({ "id": id("snippet", row.id), "name": row.name })) } })
        }
        Asked::Create { coder, number } => {
            let created = &answer["createSnippet"]["snippet"]["databaseId"];
            let mut rows = rows(db, &format!("s.id = {created} AND c.id = {coder}")).await?;
            rows.retain(|row| row.code == data::code(&number.to_string()));
            json!({ "createSnippet": { "snippet": rows.first().map(whole) } })
        }
        Asked::Update { id, number } => {
            let mut rows = rows(db, &format!("s.id = {id}")).await?;
            rows.retain(|row| row.code == data::code(&number.to_string()));
            json!({ "updateSnippet": { "snippet": rows.first().map(whole) } })
        }
    };
    if *answer == expected {
        Ok(())
    } else {
        Err(format!("{asked:?} was answered {answer}\n\nbut the database holds {expected}").into())
    }
}

/// The snippets that fulfil a condition, those of one mentor together, and of one coder.
async fn rows(db: &DatabaseConnection, condition: &str) -> Outcome<Vec<Row>> {
    let select = format!(
        "SELECT s.id, s.name, s.code, s.needs_review, s.comments, s.coder_id, c.mentor_id \
         FROM snippets s JOIN coders c ON c.id = s.coder_id WHERE {condition} ORDER BY c.mentor_id, c.id, s.id"
    );
    let select = Statement::from_string(db.get_database_backend(), select);
    Ok(Row::find_by_statement(select).all(db).await?)
}

fn mentors(rows: &[Row], snippet: fn(&Row) -> Value) -> Vec<Value> {
    let mentors = rows.chunk_by(|row, next| row.mentor_id == next.mentor_id).filter_map(|rows| {
        let mentor = rows.first()?.mentor_id?;
        Some(json!({
            "id": id("mentor", mentor),
            "username": format!("mentor{mentor}"),
            "coders": { "nodes": coders(rows, snippet) },
        }))
    });
    mentors.collect()
}

fn coders(rows: &[Row], snippet: fn(&Row) -> Value) -> Vec<Value> {
    let coders = rows.chunk_by(|row, next| row.coder_id == next.coder_id).filter_map(|rows| {
        let coder = rows.first()?.coder_id;
        Some(json!({
            "id": id("coder", coder),
            "username": format!("coder{coder}"),
            "snippets": { "nodes": rows.iter().map(snippet).collect::<Vec<_>>() },
        }))
    });
    coders.collect()
}

fn whole(row: &Row) -> Value {
    json!({
        "id": id("snippet", row.id),
        "databaseId": row.id,
        "name": row.name,
        "code": row.code,
        "needsReview": row.needs_review,
        "comments": row.comments,
    })
}

fn id(kind: &str, number: i32) -> String {
    format!("{kind}_{number}")
}
