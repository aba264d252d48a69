//! `cargo bench --bench micro`: what a request is made of, in this process and on SQLite, each beside
//! what it took the last time.

#[expect(dead_code, reason = "it is the load's, and the load uses all of it")]
#[path = "load/data.rs"]
mod data;
#[path = "load/issuer.rs"]
mod issuer;
#[expect(dead_code, reason = "it is the load's, and the load uses all of it")]
#[path = "load/options.rs"]
mod options;
#[expect(dead_code, reason = "it is the load's, and the load uses all of it")]
#[path = "load/workload.rs"]
mod workload;

use std::{error::Error, hint::black_box};

use async_graphql::Response;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{
        Request, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use clap::Parser;
use criterion::{Criterion, Throughput};
use funcster_api::{
    app::{self, AppState},
    auth::Verifier,
    database, dev,
    entity::user::Role,
};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};
use tower::ServiceExt;

use self::{data::Size, issuer::Issuer, options::Options, workload::Asked};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    // `cargo bench -- OPTION` tells every benchmark. Whoever gives one of the load's wants the load.
    if std::env::args().len() > 2 && Options::try_parse().is_ok() {
        return Ok(());
    }
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    // Connections are given up in it, when all is over.
    let _context = runtime.enter();
    let stage = Stage::set_up(&runtime)?;
    let mut criterion = Criterion::default().configure_from_args();
    stage.measure(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// A server's router, on a database of its own.
struct Stage<'a> {
    runtime: &'a Runtime,
    verifier: Verifier,
    router: Router,
    /// A coder's token, and a mentor's.
    coder: String,
    mentor: String,
    _directory: TempDir,
}

impl<'a> Stage<'a> {
    fn set_up(runtime: &'a Runtime) -> Outcome<Self> {
        let directory = TempDir::new()?;
        let issuer = Issuer::start(runtime, directory.path())?;
        let mut config = dev::config(0, directory.path());
        config.auth0 = issuer.settings.clone();
        let state = runtime.block_on(async {
            let db = database::connect(&config.database_url, None).await?;
            migration::up(&db).await?;
            data::fill(&db, Size::SMALLEST).await?;
            let state = AppState::new(&config, db).await?;
            state.verifier.jwks().refresh().await;
            Outcome::Ok(state)
        })?;
        let (verifier, router) = (state.verifier.clone(), app::router(state));
        let coder = issuer.token(&data::subject(&data::coder_name(1)), Role::Coder)?;
        let mentor = issuer.token(&data::subject(&data::mentor_name(1)), Role::Mentor)?;
        Ok(Self { runtime, verifier, router, coder, mentor, _directory: directory })
    }

    fn measure(&self, criterion: &mut Criterion) -> Outcome<()> {
        criterion.bench_function("verify a token", |bencher| {
            bencher.iter(|| {
                self.runtime.block_on(self.verifier.verify(black_box(&self.coder))).expect("a valid token")
            });
        });
        criterion.bench_function("W1, a snippet", |bencher| {
            bencher.iter(|| self.answer(&self.coder, Asked::Snippet { id: 1 }).expect("an answer"));
        });
        let overview = self.answer(&self.mentor, Asked::Overview)?;
        let mut group = criterion.benchmark_group("W4, mentors with coders with snippets");
        group.sample_size(20).throughput(Throughput::Bytes(overview.len() as u64));
        group.bench_function("in all", |bencher| {
            bencher.iter(|| self.answer(&self.mentor, Asked::Overview).expect("an answer"));
        });
        let mut overview: serde_json::Value = serde_json::from_slice(&overview)?;
        let response = Response::new(async_graphql::Value::from_json(overview["data"].take())?);
        group.bench_function("as JSON", |bencher| bencher.iter(|| serde_json::to_vec(black_box(&response))));
        group.finish();
        Ok(())
    }

    /// The body of the answer, which has to be a success.
    fn answer(&self, token: &str, asked: Asked) -> Outcome<Bytes> {
        self.runtime.block_on(async {
            let request = Request::post("/graphql")
                .header(AUTHORIZATION, format!("Bearer {token}"))
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(asked.body()))?;
            let response = self.router.clone().oneshot(request).await?;
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await?;
            if status == StatusCode::OK && body.starts_with(b"{\"data\":") {
                Ok(body)
            } else {
                Err(String::from_utf8_lossy(&body).into())
            }
        })
    }
}
