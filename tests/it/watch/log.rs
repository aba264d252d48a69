use aws_lc_rs::digest::{SHA256, digest};
use funcster_api::auth::Permission;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::served::Served;
use crate::support::{App, Kind, Socket};

fn line<'a>(lines: &'a [Value], request_id: &str) -> &'a Value {
    let of_request = |line: &&Value| line["request_id"] == request_id && line["message"] == "answered";
    let found: Vec<_> = lines.iter().filter(of_request).collect();
    assert_eq!(found.len(), 1, "one line for {request_id}: {lines:#?}");
    found[0]
}

on_both_databases! {
    async fn each_request_has_a_line_that_tells_who_did_what_and_what_came_of_it(app: App) {
        let ada = app.coder("ada").await;
        let served = Served::start(app, &[]).await;
        let send = async |id: &str, path: &str, body: Value| {
            let request = served.request(&ada, path, &body).header("x-request-id", id);
            request.send().await.expect("an answer")
        };
        let named = json!({ "query": "query Mine { viewer { username ... on Coder { snippets { totalCount } } } }" });
        send("named", "/graphql", named).await;
        send("refused", "/graphql", json!({ "query": "{ coders { totalCount } }" })).await;
        send("unparsed", "/graphql", json!({ "query": "{" })).await;
        send("rest", "/snippet", json!({ "name": "Hello", "code": "pass" })).await;
        send("missing", "/nowhere/to/be/found", json!({})).await;
        let unnamed = served.post(&app.anonymous(), "/graphql", json!({ "query": "{ viewer { id } }" })).await;
        let unnamed = unnamed.headers()["x-request-id"].to_str().expect("an id").to_owned();

        let lines = served.stop().await;
        let named = line(&lines, "named");
        let subject = digest(&SHA256, ada.subject().as_bytes());
        let first = subject.as_ref().first_chunk().copied().expect("it is long enough");
        let subject = format!("{:016x}", u64::from_be_bytes(first));
        assert_eq!(named["subject"], subject);
        assert_eq!((&named["method"], &named["route"], &named["status"]), (&json!("POST"), &json!("/graphql"), &json!(200)));
        assert_eq!((&named["operation"], &named["code"]), (&json!("Mine"), &Value::Null));
        assert!(named["statements"].as_u64() >= Some(2), "{named}");
        assert!(named["sql_micros"].as_u64() > Some(0) && named["sql_micros"].as_u64() <= named["micros"].as_u64(), "{named}");
        assert_eq!((&named["level"], &named["target"].as_str().map(|target| target.starts_with("funcster_api"))), (&json!("INFO"), &Some(true)));

        let refused = line(&lines, "refused");
        assert_eq!((&refused["code"], &refused["statements"]), (&json!("FORBIDDEN"), &json!(0)));
        assert_eq!(line(&lines, "unparsed")["code"], "GRAPHQL_PARSE_FAILED");
        let rest = line(&lines, "rest");
        assert_eq!((&rest["route"], &rest["status"], &rest["code"]), (&json!("/snippet"), &json!(200), &Value::Null));
        assert!(rest["statements"].as_u64() >= Some(1), "{rest}");
        let missing = line(&lines, "missing");
        assert_eq!((&missing["route"], &missing["status"], &missing["code"]), (&json!("none"), &json!(404), &json!("NOT_FOUND")));
        assert_eq!(line(&lines, &unnamed).get("subject"), None);
    }

    async fn the_statements_of_a_sign_up_are_counted_though_another_task_executes_them(app: App) {
        let served = Served::start(app, &[]).await;
        let ada = json!({ "username": "ada", "usertype": "coder", "email": "ada@example.com", "password": "Correct-horse-1" });
        let answer = served.request(&app.anonymous(), "/signup", &ada).header("x-request-id", "ada").send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
        let lines = served.stop().await;
        // The name is reserved by one task, and bound by the other.
        assert!(line(&lines, "ada")["statements"].as_u64() >= Some(3), "{}", line(&lines, "ada"));
    }

    async fn the_statements_of_a_list_are_counted_though_a_thread_of_its_own_reads_it(app: App) {
        let ada = app.coder("ada").await.with_permissions(&[Permission::GetCoders]);
        let served = Served::start(app, &[]).await;
        let get = async |id: &str| {
            let request = served.get_as(&ada, "/coders").header("x-request-id", id);
            request.send().await.expect("an answer").bytes().await.expect("all of it");
        };
        get("first").await;
        get("second").await;
        let lines = served.stop().await;
        // Who asks is known by then.
        assert!(line(&lines, "second")["statements"].as_u64() >= Some(2), "{}", line(&lines, "second"));
    }
}

#[tokio::test]
async fn what_fails_for_many_rows_is_logged_once() {
    App::run(Kind::Sqlite, async |app| {
        let (ada, eve) = (app.coder("ada").await, app.coder("eve").await);
        let bob = app.mentor("bob").await;
        for coder in [&ada, &eve] {
            bob.take_on(coder).await;
        }
        let reader = ada.with_permissions(&Permission::ALL);
        let served = Served::start(app, &[]).await;
        // Who asks is known by then.
        served.post(&reader, "/graphql", json!({ "query": "{ viewer { id } }" })).await;
        app.db.execute_unprepared("ALTER TABLE mentors RENAME TO elsewhere").await.expect("it is renamed");
        let query = json!({ "query": "{ coders { nodes { mentor { id } } } }" });
        let answer = served.post(&reader, "/graphql", query).await.json::<Value>().await.expect("JSON");
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(2), "{answer}");
        let lines = served.stop().await;
        assert_eq!(lines.iter().filter(|line| line["message"] == "internal error").count(), 1, "{lines:#?}");
    })
    .await;
}

#[tokio::test]
async fn each_operation_of_a_socket_has_a_line() {
    App::run(Kind::Sqlite, async |app: &App| {
        let ada = app.coder("ada").await;
        let served = Served::start(app, &[]).await;
        let mut socket = Socket::open_at(&served.at("/graphql"), ada.token.as_deref()).await;
        socket.subscribe("1", "query Here { viewer { username } }").await;
        assert_eq!(socket.next("1").await["viewer"]["username"], "ada");
        assert_eq!(socket.receive().await["type"], "complete");
        socket.subscribe("2", "subscription There { mySnippetChanged { kind } }").await;
        // It begins some time after it was sent.
        while {
            served.post(&ada, "/snippet", json!({ "name": "a", "code": "pass" })).await;
            socket.is_quiet().await
        } {}
        drop(socket);
        let lines = served.stop().await;
        let over_socket: Vec<_> = lines.iter().filter(|line| line["transport"] == "websocket").collect();
        let operations: Vec<_> = over_socket.iter().map(|line| &line["operation"]).collect();
        assert_eq!(operations, ["Here", "There"], "{lines:#?}");
        for line in over_socket {
            assert_eq!(line["subject"].as_str().map(str::len), Some(16), "{line}");
        }
    })
    .await;
}
