//! How the database finds what requests ask for, when there is a lot.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::recorder::Recorder;
use crate::support::{App, Kind};

/// As many as it takes for PostgreSQL to prefer an index.
const MANY: &str = "
    INSERT INTO users (username, role, status, created_at)
        SELECT 'mentor' || n, 'mentor', 'active', now() FROM generate_series(1, 6000) n;
    INSERT INTO users (username, role, status, created_at)
        SELECT 'coder' || n, 'coder', 'active', now() FROM generate_series(1, 60000) n;
    INSERT INTO mentors (user_id) SELECT id FROM users WHERE username ~ '^mentor[0-9]';
    INSERT INTO coders (user_id, mentor_id)
        SELECT id, (SELECT min(id) FROM mentors) + id % 6000 FROM users WHERE username ~ '^coder[0-9]';
    INSERT INTO snippets (coder_id, name, code, comments, needs_review, version, created_at, updated_at)
        SELECT coders.id, 'snippet ' || n, repeat('pass ', 50), '', n % 3 = 0, 1, now(), now()
        FROM coders CROSS JOIN generate_series(1, 2) n;
    ANALYZE";

/// What is asked most, or on the largest tables.
const QUERIES: [&str; 10] = [
    "{ snippet(id: SNIPPET) { id name code needsReview comments } }",
    r#"{ userinfo(username: "CODER77") { ... on Coder { mentor { username } snippets { nodes { name code } } } } }"#,
    r#"{ userinfo(username: "mentor7") { ... on Mentor { coders { nodes { username
        snippets(needsReview: true) { nodes { name code } } } } } } }"#,
    "{ mentors(first: 3) { nodes { coders { nodes { snippets { nodes { id name } } } } } } }",
    "{ coders(first: 20, after: PLACE) { nodes { id username } } }",
    "{ coders(last: 20, before: PLACE) { nodes { id username } } }",
    "{ coders(last: 20) { nodes { id username } } }",
    "{ coders(first: 20) { nodes { mentor { username } snippets(last: 2) { nodes { id } } } } }",
    "mutation { updateSnippet(input: { id: SNIPPET, needsReview: true }) { snippet { version } } }",
    r#"mutation { createSnippet(input: { name: "new", code: "pass" }) { snippet { id } } }"#,
];

mod no_statement_reads_a_large_table_from_end_to_end {
    use super::*;

    #[tokio::test]
    async fn postgres() {
        App::run(Kind::Postgres, test).await;
    }

    async fn test(app: &App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let snippet = ada.graphql(QUERIES[9]).await.data()["createSnippet"]["snippet"]["id"].to_string();
        app.db.execute_unprepared(MANY).await.expect("the rows");
        let recorder = Recorder::start(app).await;
        for query in QUERIES {
            let query = query.replace("SNIPPET", &snippet).replace("PLACE", "\"aWQ6NTAwMA\"");
            let person = if query.contains("nippet(") { &ada } else { &bob };
            let (answer, statements) = recorder.graphql(person, &query).await;
            answer.data();
            check(&recorder, &query, statements).await;
        }
        let edit = |id| {
            format!("mutation {{ updateSnippet(input: {{ id: {id}, code: \"n\" }}) {{ snippet {{ id }} }} }}")
        };
        let (_, statements) = recorder.together(&ada, &[1_000, 2_000, 3_000].map(edit)).await;
        let is_shared = |statement: &Statement| statement.sql.contains("SKIP LOCKED");
        assert!(statements.iter().any(is_shared), "{statements:?}");
        check(&recorder, "edits that come at the same time", statements).await;
        recorder.db.close().await.expect("the pool closes");
    }

    async fn check(recorder: &Recorder, what: &str, statements: Vec<Statement>) {
        assert!(!statements.is_empty(), "{what}");
        for statement in statements {
            let plan = plan(recorder, statement).await;
            assert!(!plan.contains("Seq Scan"), "{what}\n{plan}");
            let is_of_queue = what.contains("needsReview: true)") && plan.contains(r#"."code""#);
            assert!(!is_of_queue || plan.contains("snippets_to_review_idx"), "{what}\n{plan}");
        }
    }

    async fn plan(recorder: &Recorder, Statement { sql, values, .. }: Statement) -> String {
        let values = values.into_iter().flat_map(|values| values.0);
        let sql = format!("EXPLAIN {sql}");
        let explain = Statement::from_sql_and_values(DbBackend::Postgres, &sql, values);
        let rows = recorder.db.query_all_raw(explain).await.expect("a plan");
        let lines = rows.iter().map(|row| row.try_get_by::<String, _>(0).expect("a line"));
        lines.fold(sql, |text, line| text + "\n" + &line)
    }
}
