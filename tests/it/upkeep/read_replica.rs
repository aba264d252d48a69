//! A streaming replica that is read.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use funcster_api::{auth::Permission, database};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::support::{App, Cable, Kind, Person};

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "pg_basebackup"];
const COPY: &str =
    r#"pg_basebackup -D data -R --checkpoint=fast --no-sync -d "host=127.0.0.1 port=$1 user=postgres""#;
/// What is read there is in its log. It does not wait for those who read what has to go.
const START: &str = "start -c log_statement=all -c max_standby_streaming_delay=0";

/// A migrated database, and its replica.
struct Servers {
    primary: Cluster,
    replica: Cluster,
}

impl Servers {
    async fn start() -> Option<Self> {
        let Some(primary) = Cluster::start(&PROGRAMS, "make; start", &[]) else {
            eprintln!("NOT TESTED: a replica of PostgreSQL, for want of {} on the PATH", PROGRAMS.join(", "));
            return None;
        };
        let db = database::connect(&url(&primary), None).await.expect("the primary answers");
        migration::up(&db).await.expect("the migrations run");
        db.close().await.expect("the connection closes");
        let replica = replica_of(&primary);
        Some(Self { primary, replica })
    }

    /// A server that reads at the replica.
    async fn app(&self) -> App {
        let app = self.app_with(&url(&self.replica)).await;
        until_read(&app, true).await;
        app
    }

    async fn app_with(&self, replica_url: &str) -> App {
        App::start(Kind::Postgres, &url(&self.primary), |config| {
            config.database_replica_url = Some(replica_url.to_owned());
        })
        .await
    }

    /// A way to the replica that can be cut.
    async fn cable(&self) -> Cable {
        Cable::to(SocketAddr::from(([127, 0, 0, 1], self.replica.port().parse().expect("a port")))).await
    }

    /// How many statements on a table of ours the replica has executed.
    fn statements_at_replica(&self) -> usize {
        let log = std::fs::read_to_string(self.replica.folder().join("log")).expect("the replica's log");
        log.lines().filter(|line| line.contains("execute") && line.contains("FROM ")).count()
    }
}

fn replica_of(primary: &Cluster) -> Cluster {
    let replica = Cluster::start(&PROGRAMS, COPY, &[primary.port()]).expect("the programs are there");
    replica.run(START, &[]);
    replica
}

fn url(cluster: &Cluster) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", cluster.port())
}

async fn direct(cluster: &Cluster) -> DatabaseConnection {
    Database::connect(url(cluster)).await.expect("it answers")
}

async fn readiness(app: &App) -> Value {
    let answer = app.anonymous().get("/readyz").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["replica"].clone()
}

async fn until_read(app: &App, is_read: bool) {
    let began = Instant::now();
    while readiness(app).await != json!(if is_read { "ok" } else { "unavailable" }) {
        assert!(began.elapsed() < Duration::from_secs(20), "read: {is_read} does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody with one snippet.
struct Owner<'a> {
    person: Person<'a>,
    snippet: String,
}

impl<'a> Owner<'a> {
    async fn new(app: &'a App, username: &str) -> Self {
        let person = app.coder(username).await;
        let stored = person.post("/snippet", json!({ "name": "Kept", "code": "pass" })).await;
        Self { person, snippet: format!("/snippet/{}", stored.body["snippet_id"]) }
    }

    async fn write(&self, comments: &str) {
        let body = json!({ "name": "Kept", "code": "pass", "comments": comments });
        let written = self.person.patch(&self.snippet, body).await;
        assert_eq!(written.status, 200, "{}", written.body);
    }

    async fn assert_reads(&self, comments: &str) {
        let snippet = self.person.get(&self.snippet).await;
        assert_eq!(snippet.body["comments"], comments, "{}", snippet.body);
        let query = "{ viewer { ... on Coder { snippets(first: 5) { nodes { comments } } } } }";
        let answer = self.person.graphql(query).await;
        assert_eq!(answer.data()["viewer"]["snippets"]["nodes"][0]["comments"], comments);
    }
}

#[tokio::test]
async fn what_was_just_written_is_read_at_the_replica() {
    let Some(servers) = Servers::start().await else { return };
    let app = servers.app().await;
    let ada = Owner::new(&app, "ada").await;
    let before = servers.statements_at_replica();
    for round in 0..50 {
        let comments = format!("round {round}");
        ada.write(&comments).await;
        ada.assert_reads(&comments).await;
    }
    let userinfo = ada.person.get("/userinfo/ada").await;
    assert_eq!(userinfo.body["snippets"][0]["comments"], "round 49", "{}", userinfo.body);
    let coders = app.mentor("bob").await.get("/coders").await;
    assert_eq!(coders.body["coders"][0]["snippets"][0]["comments"], "round 49", "{}", coders.body);
    let read = servers.statements_at_replica() - before;
    assert!(read >= 100, "{read} statements at the replica");
}

#[tokio::test]
async fn what_is_written_through_another_process_is_not_missed() {
    let Some(servers) = Servers::start().await else { return };
    let (app, other) = (servers.app().await, servers.app().await);
    let ada = Owner::new(&app, "ada").await;
    let elsewhere = other.bearer(&ada.person.subject(), &Permission::ALL);
    for round in 0..50 {
        let comments = format!("round {round}");
        ada.write(&comments).await;
        let read = elsewhere.get(&ada.snippet).await;
        assert_eq!(read.body["comments"], comments, "{}", read.body);
    }
    let replica = direct(&servers.replica).await;
    replica.execute_unprepared("SELECT pg_wal_replay_pause()").await.expect("it pauses");
    ada.write("while it pauses").await;
    let read = elsewhere.get(&ada.snippet).await;
    assert_eq!(read.body["comments"], "while it pauses", "{}", read.body);
}

#[tokio::test]
async fn a_replica_that_is_behind_is_not_read() {
    let Some(servers) = Servers::start().await else { return };
    let app = servers.app().await;
    let ada = Owner::new(&app, "ada").await;
    let replica = direct(&servers.replica).await;
    replica.execute_unprepared("SELECT pg_wal_replay_pause()").await.expect("it pauses");
    for round in 0..5 {
        let comments = format!("round {round}");
        ada.write(&comments).await;
        ada.assert_reads(&comments).await;
    }
    until_read(&app, false).await;
    replica.execute_unprepared("SELECT pg_wal_replay_resume()").await.expect("it goes on");
    until_read(&app, true).await;
    ada.assert_reads("round 4").await;
}

#[tokio::test]
async fn a_replica_that_is_gone_is_done_without_until_it_is_back() {
    let Some(servers) = Servers::start().await else { return };
    let cable = servers.cable().await;
    cable.cut().await;
    let through_cable = format!("postgres://postgres@{}/postgres", cable.address);
    // It need not be there when the server starts.
    let app = servers.app_with(&through_cable).await;
    let ada = Owner::new(&app, "ada").await;
    ada.assert_reads("").await;
    assert_eq!(readiness(&app).await, "unavailable");
    cable.mend().await;
    until_read(&app, true).await;
    ada.assert_reads("").await;

    for _ in 0..2 {
        cable.cut().await;
        join_all((0..8).map(|_| ada.assert_reads(""))).await;
        cable.mend().await;
        until_read(&app, true).await;
        cable.hold_up().await;
        let began = Instant::now();
        join_all((0..8).map(|_| ada.assert_reads(""))).await;
        assert!(began.elapsed() < Duration::from_secs(5), "it hung for {:?}", began.elapsed());
        cable.mend().await;
        until_read(&app, true).await;
    }

    servers.replica.run("pg_ctl stop -D data -m immediate", &[]);
    ada.write("without").await;
    ada.assert_reads("without").await;
    servers.replica.run(START, &[]);
    until_read(&app, true).await;
    ada.assert_reads("without").await;
}

#[tokio::test]
async fn a_statement_that_the_replica_breaks_off_is_executed_at_the_primary() {
    let Some(servers) = Servers::start().await else { return };
    let app = servers.app().await;
    let (ada, bob) = (Owner::new(&app, "ada").await, app.mentor("bob").await);
    for nth in 0..600 {
        let snippet = json!({ "name": format!("Nth {nth}"), "code": "pass" });
        assert_eq!(ada.person.post("/snippet", snippet).await.status, 200);
    }
    let disturb = async {
        let (primary, replica) = (direct(&servers.primary).await, direct(&servers.replica).await);
        for _ in 0..40 {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
            replica.execute_unprepared(end).await.expect("it ends them");
            tokio::time::sleep(Duration::from_millis(30)).await;
            // The replica has to take the table from those who read it.
            let lock = "BEGIN; LOCK TABLE snippets IN ACCESS EXCLUSIVE MODE; COMMIT";
            primary.execute_unprepared(lock).await.expect("the table is to be had");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let read = async {
        for _ in 0..60 {
            let coders = bob.get("/coders").await;
            let snippets = coders.body["coders"][0]["snippets"].as_array().map(Vec::len);
            assert_eq!((coders.status, snippets), (200, Some(601)));
            ada.assert_reads("").await;
        }
    };
    tokio::join!(disturb, read, async { join_all((0..20).map(|_| ada.assert_reads(""))).await });
    until_read(&app, true).await;
}

#[tokio::test]
async fn a_server_that_is_no_replica_of_this_one_is_never_read() {
    let Some(servers) = Servers::start().await else { return };
    let app = servers.app().await;
    let ada = Owner::new(&app, "ada").await;
    ada.write("before").await;
    ada.assert_reads("before").await;

    servers.replica.run("pg_ctl promote -w -D data", &[]);
    let promoted = direct(&servers.replica).await;
    until_read(&app, false).await;
    promoted.execute_unprepared("UPDATE snippets SET comments = 'alien'").await.expect("it takes writes");
    ada.assert_reads("before").await;

    // A replica of the one that was promoted has the same system identifier, and more in its log.
    let stranger = replica_of(&servers.replica);
    let misled = servers.app_with(&url(&stranger)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(readiness(&misled).await, "unavailable");
    let itself = servers.app_with(&url(&servers.primary)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(readiness(&itself).await, "unavailable");
}
