//! Many replicas that start at once.

use std::process::Stdio;

use futures_util::future::join_all;
use migration::State;

use super::{
    old::{Old, connect},
    rest::succeed,
};
use crate::{
    support::{App, with_empty_database},
    trust::{
        cli_servers::{Server, free_port},
        program::Program,
    },
};

const REPLICAS: usize = 10;

/// Runs a command in ten processes at once, and returns what they printed. All of them succeed.
fn at_once(url: &str, arguments: &[&str]) -> Vec<String> {
    let program = Program::new();
    let start = |_| {
        let mut command = program.command(&[("DATABASE_URL", url)], arguments);
        command.stdin(Stdio::null()).spawn().expect("it starts")
    };
    let children: Vec<_> = (0..REPLICAS).map(start).collect();
    let ended = children.into_iter().map(|child| child.wait_with_output().expect("it ends"));
    let printed = ended.map(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    });
    printed.collect()
}

on_both_databases! {
    async fn of_ten_that_take_over_at_once_one_does_it(app: App) {
        with_empty_database(app.kind, async |url| {
            Old::plain().store(url, app.kind, 24).await;
            let printed = at_once(url, &["migrate", "up"]);
            assert_eq!(printed.iter().filter(|out| out.contains("Taken over")).count(), 1, "{printed:?}");
            succeed(url, &["migrate", "down", "--all"]);
            assert_eq!(Old::read(url).await, Old::plain());
        })
        .await;
    }

    async fn ten_that_start_at_once_on_an_empty_database_all_serve(app: App) {
        with_empty_database(app.kind, async |url| {
            let replicas = join_all((0..REPLICAS).map(async |_| {
                let (program, port) = (Program::new(), free_port());
                let settings = [
                    ("DATABASE_URL", url), ("AUTH0_DOMAIN", "http://127.0.0.1:1"), ("AUTH0_CLIENT_ID", "a"),
                    ("API_IDENTIFIER", "b"), ("HOST", "127.0.0.1"), ("PORT", port.as_str()),
                ];
                Server::start(&program, &settings, &["serve", "--migrate"]).await.0
            }))
            .await;
            let db = connect(url).await;
            assert_eq!(migration::state(&db).await.expect("the state"), State::Current);
            db.close().await.expect("the pool closes");
            assert_eq!(replicas.len(), REPLICAS);
        })
        .await;
    }
}
