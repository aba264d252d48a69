//! The database of the old Flask application, as it made it itself.

use funcster_api::database;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement, Value,
};

use crate::support::Kind;

/// What its tables hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Old {
    pub(super) mentors: Vec<Mentor>,
    pub(super) coders: Vec<Coder>,
    pub(super) snippets: Vec<Snippet>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(super) struct Mentor {
    pub(super) id: i32,
    pub(super) username: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(super) struct Coder {
    pub(super) id: i32,
    pub(super) username: Option<String>,
    pub(super) mentor_id: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[allow(clippy::struct_field_names, reason = "the old table's names")]
pub(super) struct Snippet {
    pub(super) id: i32,
    pub(super) snippet_name: Option<String>,
    pub(super) coder_id: Option<i32>,
    pub(super) code: Option<String>,
    pub(super) comments: Option<String>,
    pub(super) needs_review: Option<bool>,
}

/// As Flask-Migrate makes them; `ID` is the type of a number that the database counts up.
const TABLES: &str = "
    CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
    );
    INSERT INTO alembic_version (version_num) VALUES ('8f4d1c2a9b10');
    CREATE TABLE mentors (id ID NOT NULL, username VARCHAR(24), PRIMARY KEY (id), UNIQUE (username));
    CREATE TABLE coders (
        id ID NOT NULL, username VARCHAR(24), mentor_id INTEGER,
        PRIMARY KEY (id), FOREIGN KEY(mentor_id) REFERENCES mentors (id), UNIQUE (username)
    );
    CREATE TABLE snippet (
        id ID NOT NULL, snippet_name VARCHAR(WIDTH), coder_id INTEGER, code VARCHAR, comments VARCHAR,
        needs_review BOOLEAN, PRIMARY KEY (id), FOREIGN KEY(coder_id) REFERENCES coders (id)
    )";

/// Makes the old tables, with names of snippets of so many characters.
pub(super) async fn make_tables(db: &DatabaseConnection, kind: Kind, width: u32) {
    let id = if kind == Kind::Postgres { " SERIAL " } else { " INTEGER " };
    let tables = TABLES.replace(" ID ", id).replace("WIDTH", &width.to_string());
    db.execute_unprepared(&tables).await.expect("the old tables are made");
}

pub(super) async fn connect(url: &str) -> DatabaseConnection {
    database::connect(url, None).await.expect("the database can be opened")
}

impl Old {
    /// Makes the old tables in an empty database and fills them. More rows were there once, and are deleted.
    pub(super) async fn store(&self, url: &str, kind: Kind, width: u32) {
        let db = connect(url).await;
        make_tables(&db, kind, width).await;
        db.close().await.expect("the pool closes");
        // One connection, so that what is set for it holds for all rows.
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await.expect("the database can be opened");
        if kind == Kind::Sqlite {
            // The old application leaves it so.
            db.execute_unprepared("PRAGMA foreign_keys = OFF").await.expect("a pragma");
        }
        let run = async |table: &str, columns: &str, rows: Vec<Vec<Value>>| {
            for row in rows {
                let places: Vec<_> = (1..=row.len()).map(|place| format!("${place}")).collect();
                let insert = format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "));
                let insert = Statement::from_sql_and_values(db.get_database_backend(), insert, row);
                db.execute_raw(insert).await.unwrap_or_else(|error| panic!("{table}: {error}"));
            }
        };
        let mentors = self.mentors.iter().map(|row| vec![row.id.into(), row.username.clone().into()]);
        run("mentors", "id, username", mentors.collect()).await;
        let coders = self.coders.iter();
        let coders = coders.map(|row| vec![row.id.into(), row.username.clone().into(), row.mentor_id.into()]);
        run("coders", "id, username, mentor_id", coders.collect()).await;
        let snippets = self.snippets.iter().map(|row| {
            vec![
                row.id.into(),
                row.snippet_name.clone().into(),
                row.coder_id.into(),
                row.code.clone().into(),
                row.comments.clone().into(),
                row.needs_review.into(),
            ]
        });
        let columns = "id, snippet_name, coder_id, code, comments, needs_review";
        run("snippet", columns, snippets.collect()).await;
        if kind == Kind::Postgres {
            for (table, rows) in [
                ("mentors", &self.mentors.len()),
                ("coders", &self.coders.len()),
                ("snippet", &self.snippets.len()),
            ] {
                let next = format!(
                    "SELECT setval('{table}_id_seq', {} + (SELECT coalesce(max(id), 0) FROM {table}))",
                    rows + 7
                );
                db.execute_unprepared(&next).await.expect("the sequence is set");
            }
        }
        db.close().await.expect("the pool closes");
    }

    /// Reads the old tables.
    pub(super) async fn read(url: &str) -> Self {
        let db = connect(url).await;
        let statement = |select: &str| Statement::from_string(db.get_database_backend(), select);
        let mentors = "SELECT id, username FROM mentors ORDER BY id";
        let coders = "SELECT id, username, mentor_id FROM coders ORDER BY id";
        let snippets =
            "SELECT id, snippet_name, coder_id, code, comments, needs_review FROM snippet ORDER BY id";
        let old = Self {
            mentors: Mentor::find_by_statement(statement(mentors)).all(&db).await.expect("the mentors"),
            coders: Coder::find_by_statement(statement(coders)).all(&db).await.expect("the coders"),
            snippets: Snippet::find_by_statement(statement(snippets)).all(&db).await.expect("the snippets"),
        };
        let alembic = "SELECT version_num FROM alembic_version";
        let alembic = db.query_one_raw(statement(alembic)).await.expect("alembic's table").expect("its row");
        assert_eq!(alembic.try_get::<String>("", "version_num").as_deref(), Ok("8f4d1c2a9b10"));
        db.close().await.expect("the pool closes");
        old
    }

    /// Small, without anything odd: Bob and Cleo are mentors, Ada and Carl coders, Ada of Bob.
    pub(super) fn plain() -> Self {
        let snippet = |id, name: &str, coder_id, comments: Option<&str>, needs_review| Snippet {
            id,
            snippet_name: Some(name.to_owned()),
            coder_id: Some(coder_id),
            code: Some(format!("print({id})\n")),
            comments: comments.map(ToOwned::to_owned),
            needs_review: Some(needs_review),
        };
        Self {
            mentors: vec![mentor(2, "bob"), mentor(5, "Cleo")],
            coders: vec![coder(3, "ada", Some(2)), coder(4, "Carl", None)],
            snippets: vec![
                snippet(7, "Hello", 3, None, true),
                snippet(8, "Loop", 3, Some("Nice."), false),
                snippet(11, "Carl's", 4, Some(""), true),
            ],
        }
    }
}

pub(super) fn mentor(id: i32, username: &str) -> Mentor {
    Mentor { id, username: Some(username.to_owned()) }
}

pub(super) fn coder(id: i32, username: &str, mentor_id: Option<i32>) -> Coder {
    Coder { id, username: Some(username.to_owned()), mentor_id }
}
