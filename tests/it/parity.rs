//! Both edges give the same answer: whatever somebody tries is tried over REST on one server and over
//! GraphQL on another with equal data, and must come to the same there.

mod actions;
mod stage;

use serde_json::{Value, json};

use self::{
    actions::{Action, by_graphql, by_rest},
    stage::{ADAS, ADAS_FLAGGED, CYDS, Stage},
};
use crate::support::App;

/// Whoever holds `get:userinfo` and `get:mentors`.
const READERS: &[&str] = &[
    "ada",
    "cyd",
    "bob",
    "dan",
    "almighty ada",
    "almighty bob",
    "dan without get:coders",
    "service",
    "reader",
];
const HOLDERS_OF_GET_CODERS: &[&str] = &["bob", "dan", "almighty ada", "almighty bob", "service"];
const NOBODY: &[&str] = &[];

/// Who succeeds with what; whoever is not named must be refused, and for the same reason.
type Table = Vec<(Action, &'static [&'static str])>;

fn reads() -> Table {
    use Action::{AvailableCoders, Coders, Mentors, Read, Userinfo};
    let readers_of_adas = &["ada", "bob", "dan", "almighty ada", "almighty bob", "service"];
    let mut table: Table = vec![
        (Read(ADAS), readers_of_adas),
        (Read(ADAS_FLAGGED), readers_of_adas),
        (Read(CYDS), &["cyd", "bob", "dan", "almighty ada", "almighty bob", "service"]),
        (Coders, HOLDERS_OF_GET_CODERS),
        (AvailableCoders, HOLDERS_OF_GET_CODERS),
        (Mentors, READERS),
    ];
    table.extend(["0", "-1", "9999", "2147483648", "x", "1.0"].map(|id| (Read(id), NOBODY)));
    table.extend(["ada", "ADA", "cyd", "bob", "Bob", "dan"].map(|name| (Userinfo(name), READERS)));
    table.extend(["zoe", "ada%", "1"].map(|name| (Userinfo(name), NOBODY)));
    table
}

fn body() -> Value {
    json!({ "name": "New", "code": "print(2)\r\n", "needsReview": true, "comments": "Better?" })
}

fn writes() -> Table {
    use Action::{AddCoder, Create, Delete, SelectMentor, Update};
    let coders = &["ada", "cyd", "almighty ada"];
    let mentors = &["bob", "dan", "almighty bob", "dan without get:coders"];
    let mut table: Table = vec![
        (Create(body()), coders),
        (Create(json!({ "name": "Least", "code": "1" })), coders),
        (Update(ADAS, body()), &["ada", "bob", "almighty ada", "almighty bob"]),
        (Update(ADAS_FLAGGED, body()), &["ada", "bob", "almighty ada", "almighty bob"]),
        (Update(CYDS, body()), &["cyd"]),
        (Delete(ADAS, 1), &["ada", "almighty ada"]),
        (Delete(CYDS, 2), &["cyd"]),
        (SelectMentor(1), coders),
        (SelectMentor(2), coders),
        (AddCoder(1), mentors),
        (AddCoder(2), mentors),
    ];
    table.extend(["0", "-1", "9999", "2147483648", "x"].map(|id| (Update(id, body()), NOBODY)));
    table.extend(["0", "-1", "9999", "2147483648", "x"].map(|id| (Delete(id, 1), NOBODY)));
    for id in [0, -1, 3, 9999, 2_147_483_647, 2_147_483_648, i64::MAX] {
        table.extend([(SelectMentor(id), NOBODY), (AddCoder(id), NOBODY)]);
    }
    table
}

fn texts() -> Vec<(Value, bool)> {
    let with = |key: &str, value: &str| {
        let mut body = body();
        body[key] = value.into();
        body
    };
    vec![
        (with("name", ""), false),
        (with("name", " \n"), false),
        (with("name", "\u{3000}"), false),
        (with("name", &"é".repeat(200)), true),
        (with("name", &"é".repeat(201)), false),
        (with("name", "a\0"), false),
        (with("code", ""), false),
        (with("code", " "), true),
        (with("code", &"x".repeat(102_400)), true),
        (with("code", &"x".repeat(102_401)), false),
        (with("code", "a\0"), false),
        (with("comments", ""), true),
        (with("comments", &"é".repeat(20_000)), true),
        (with("comments", &"é".repeat(20_001)), false),
        (with("comments", "a\0"), false),
    ]
}

fn inputs() -> Table {
    use Action::{Create, Update};
    let mut table = Table::new();
    for (body, is_allowed) in texts() {
        table.push((Create(body.clone()), if is_allowed { &["ada", "cyd", "almighty ada"] } else { NOBODY }));
        let editors: &[_] = &["ada", "bob", "almighty ada", "almighty bob"];
        table.push((Update(ADAS, body), if is_allowed { editors } else { NOBODY }));
    }
    table
}

/// The input is looked at before it is looked for the snippet, and for whose it is.
fn orders() -> Table {
    let blank = json!({ "name": " ", "code": "1", "needsReview": false, "comments": "" });
    let ids = [CYDS, "9999", "0", "-1", "2147483648", "x"];
    ids.into_iter().map(|id| (Action::Update(id, blank.clone()), NOBODY)).collect()
}

async fn compare(app: &App, table: Table) {
    App::run(app.kind, async |twin: &App| {
        let (rest, graphql) = (Stage::set(app).await, Stage::set(twin).await);
        let before = rest.state().await;
        assert_eq!(before, graphql.state().await, "the two begin alike");
        let mut differences = Vec::new();
        for (action, successful) in &table {
            for (who, person) in &rest.people {
                let over_rest = by_rest(person, action).await;
                let over_graphql = by_graphql(graphql.person(who), action).await;
                let case = format!("{who}: {action}");
                if over_rest != over_graphql {
                    differences.push(format!("{case}: REST {over_rest:?}, GraphQL {over_graphql:?}"));
                }
                if over_rest.is_ok() != successful.contains(who) {
                    differences.push(format!("{case}: not as the table says: {over_rest:?}"));
                }
                let (after, after_graphql) = (rest.state().await, graphql.state().await);
                if after != after_graphql {
                    differences.push(format!("{case}: REST left {after}, GraphQL {after_graphql}"));
                }
                if over_rest.is_err() && after != before {
                    differences.push(format!("{case}: was refused, and left {after}"));
                }
                if after != before || after_graphql != before {
                    rest.reset().await;
                    graphql.reset().await;
                }
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    })
    .await;
}

on_both_databases! {
    async fn both_edges_show_the_same(app: App) {
        compare(app, reads()).await;
    }

    async fn both_edges_let_the_same_people_change_the_same(app: App) {
        compare(app, writes()).await;
    }

    async fn both_edges_take_and_refuse_the_same_input(app: App) {
        compare(app, inputs()).await;
    }

    async fn both_edges_tell_of_the_same_first(app: App) {
        compare(app, orders()).await;
    }
}
