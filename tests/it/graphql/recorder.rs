use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, http::Method};
use funcster_api::{
    app::{self, AppState},
    database::Pool,
};
use futures_util::future::join_all;
use sea_orm::{Database, DatabaseConnection, Statement};
use serde_json::json;
use tower::ServiceExt;

use crate::support::{Answer, App, Person};

/// A server on the same database that keeps the statements which it executes.
pub(super) struct Recorder {
    router: Router,
    statements: Arc<Mutex<Vec<Statement>>>,
    pub(super) db: DatabaseConnection,
}

impl Recorder {
    pub(super) async fn start(app: &App) -> Self {
        let statements = Arc::new(Mutex::new(Vec::new()));
        let db = Database::connect(&app.config.database_url).await.expect("the database is there");
        let log = Arc::clone(&statements);
        let mut state = AppState::new(&app.config, db.clone()).await.expect("the settings are sound");
        state.store.db = Pool::observed(db.clone(), move |info| {
            log.lock().expect("no panic").push(info.statement.clone());
        });
        state.verifier.jwks().refresh().await;
        Self { router: app::router(state), statements, db }
    }

    /// The answer to an operation of this person's, and the statements that it took.
    pub(super) async fn graphql(&self, person: &Person<'_>, query: &str) -> (Answer, Vec<Statement>) {
        let (mut answers, statements) = self.together(person, &[query.to_owned()]).await;
        (answers.remove(0), statements)
    }

    /// The answers to operations that this person sends at the same time, and the statements that they took.
    pub(super) async fn together(
        &self,
        person: &Person<'_>,
        queries: &[String],
    ) -> (Vec<Answer>, Vec<Statement>) {
        self.statements.lock().expect("no panic").clear();
        let answers = queries.iter().map(|query| async move {
            let request = person
                .request(Method::POST, "/graphql")
                .header("content-type", "application/json")
                .body(Body::from(json!({ "query": query }).to_string()));
            let Ok(response) = self.router.clone().oneshot(request.expect("a request")).await;
            Answer::read(response).await
        });
        let answers = join_all(answers).await;
        (answers, std::mem::take(&mut self.statements.lock().expect("no panic")))
    }
}
