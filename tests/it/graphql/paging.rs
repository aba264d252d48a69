//! Lists, page by page: the root's and those of mentors and coders alike.

use funcster_api::{
    auth::Permission,
    entity::{coder, snippet},
};
use sea_orm::{EntityTrait, prelude::Expr};
use serde_json::{Value, json};

use super::{refusal::blamed, rows};
use crate::support::{Answer, App, Person};

/// A list, as a query in which `@` stands for its arguments and what is selected of it.
struct List(String);

impl List {
    async fn ask(&self, person: &Person<'_>, arguments: &str) -> Answer {
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let selection = "{ totalCount nodes { id } edges { cursor node { id } } \
                         pageInfo { hasPreviousPage hasNextPage startCursor endCursor } }";
        person.graphql(&self.0.replace('@', &format!("{arguments} {selection}"))).await
    }

    /// The ids of a page, its connection, and its first and last cursor.
    async fn page(&self, person: &Person<'_>, arguments: &str) -> (Vec<String>, Value) {
        let answer = self.ask(person, arguments).await;
        let data = answer.data();
        let page = data.get("list").unwrap_or(&data["parent"]["list"]).clone();
        let edges = page["edges"].as_array().expect("a list");
        let ids = |nodes: Vec<&Value>| -> Vec<String> {
            nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
        };
        let of_edges = ids(edges.iter().map(|edge| &edge["node"]).collect());
        assert_eq!(ids(page["nodes"].as_array().expect("a list").iter().collect()), of_edges, "{}", self.0);
        let cursor = |edge: Option<&Value>| edge.map(|edge| edge["cursor"].clone()).unwrap_or_default();
        assert_eq!(page["pageInfo"]["startCursor"], cursor(edges.first()), "{arguments}");
        assert_eq!(page["pageInfo"]["endCursor"], cursor(edges.last()), "{arguments}");
        (of_edges, page)
    }
}

/// Calls `check` with each kind of list, ten rows long.
async fn each_list_of_ten(app: &App, check: impl AsyncFn(&Person<'_>, &List)) {
    let reader = app.bearer("auth0|reader", &Permission::ALL);
    let mentor = rows::mentors(app, 10).await[0];
    let coder = rows::coders(app, 10, None).await[0];
    rows::snippets(app, &[coder; 10]).await;
    for list in ["{ list: coders@ }", "{ list: availableCoders@ }", "{ list: mentors@ }"] {
        check(&reader, &List(list.to_owned())).await;
    }
    let snippets =
        format!("{{ parent: node(id: \"coder_{coder}\") {{ ... on Coder {{ list: snippets@ }} }} }}");
    check(&reader, &List(snippets)).await;
    let take_on = coder::Entity::update_many().col_expr(coder::Column::MentorId, Expr::value(mentor));
    take_on.exec(&app.db).await.expect("the coders have a mentor now");
    let coders =
        format!("{{ parent: node(id: \"mentor_{mentor}\") {{ ... on Mentor {{ list: coders@ }} }} }}");
    check(&reader, &List(coders)).await;
}

on_both_databases! {
    async fn every_page_is_the_part_of_the_list_that_its_arguments_ask_for(app: App) {
        each_list_of_ten(app, async |reader, list| {
            let (all, everything) = list.page(reader, "first: 100").await;
            assert_eq!(all.len(), 10);
            let mut sorted = all.clone();
            sorted.sort_by_key(|id| id.rsplit('_').next().and_then(|number| number.parse::<i32>().ok()));
            sorted.dedup();
            assert_eq!(all, sorted, "{}", list.0);
            // The page, whether there is more before it, and after it. Which of these a page says
            // that was not looked for from that side is left to the server.
            for (arguments, range, has_previous, has_next) in [
                ("", 0..10, Some(false), Some(false)),
                ("first: 3", 0..3, Some(false), Some(true)),
                ("first: 10", 0..10, Some(false), Some(false)),
                ("first: 3, after: 2", 3..6, Some(true), Some(true)),
                ("first: 4, after: 5", 6..10, Some(true), Some(false)),
                ("first: 5, after: 9", 10..10, Some(true), Some(false)),
                ("first: 3, before: 5", 0..3, Some(false), Some(true)),
                ("first: 9, after: 2, before: 6", 3..6, Some(true), None),
                ("first: 0", 0..0, Some(false), Some(true)),
                ("first: null, after: null, last: null, before: null", 0..10, Some(false), Some(false)),
                ("after: 7", 8..10, Some(true), Some(false)),
                ("before: 2", 0..2, Some(false), None),
                ("last: 3", 7..10, Some(true), Some(false)),
                ("last: 10", 0..10, Some(false), Some(false)),
                ("last: 3, before: 5", 2..5, Some(true), Some(true)),
                ("last: 3, after: 5", 7..10, Some(true), Some(false)),
                ("last: 9, after: 2, before: 6", 3..6, None, Some(true)),
                ("last: 2, before: 0", 0..0, Some(false), Some(true)),
                ("last: 0", 0..0, Some(true), Some(false)),
                ("first: 5, after: 6, before: 2", 0..0, None, None),
            ] {
                let with_cursors = (0..10).fold(arguments.to_owned(), |arguments, index| {
                    ["after", "before"].iter().fold(arguments, |arguments, argument| {
                        let cursor = &everything["edges"][index]["cursor"];
                        arguments.replace(&format!("{argument}: {index}"), &format!("{argument}: {cursor}"))
                    })
                });
                let (ids, page) = list.page(reader, &with_cursors).await;
                assert_eq!(ids, all[range], "{} {arguments}", list.0);
                assert_eq!(page["totalCount"], 10, "{} {arguments}", list.0);
                for (flag, expected) in [("hasPreviousPage", has_previous), ("hasNextPage", has_next)] {
                    let said = page["pageInfo"][flag].as_bool().expect("a flag");
                    assert_eq!(said, expected.unwrap_or(said), "{flag} of {} {arguments}", list.0);
                }
            }
        })
        .await;
    }

    async fn page_after_page_everything_comes_once_from_either_end(app: App) {
        each_list_of_ten(app, async |reader, list| {
            let (all, _) = list.page(reader, "first: 100").await;
            let (mut forward, mut backward) = (Vec::new(), Vec::new());
            let mut arguments = "first: 3".to_owned();
            for number in 0..4 {
                let (ids, page) = list.page(reader, &arguments).await;
                forward.extend(ids);
                assert_eq!(page["pageInfo"]["hasNextPage"], number < 3);
                arguments = format!("first: 3, after: {}", page["pageInfo"]["endCursor"]);
            }
            "last: 3".clone_into(&mut arguments);
            for number in 0..4 {
                let (ids, page) = list.page(reader, &arguments).await;
                backward.splice(0..0, ids);
                assert_eq!(page["pageInfo"]["hasPreviousPage"], number < 3);
                arguments = format!("last: 3, before: {}", page["pageInfo"]["startCursor"]);
            }
            assert_eq!((&forward, &backward), (&all, &all), "{}", list.0);
        })
        .await;
    }

    async fn a_page_that_cannot_be_is_bad_user_input(app: App) {
        each_list_of_ten(app, async |reader, list| {
            for (arguments, field) in [
                ("first: 101", "first"),
                ("first: -1", "first"),
                ("last: 101", "last"),
                ("last: -1", "last"),
                ("first: 1, last: 1", "last"),
                ("first: 0, last: 0", "last"),
                ("after: \"\"", "after"),
                ("after: \"1\"", "after"),
                ("first: 1, after: \"nonsense\"", "after"),
                ("before: \"nonsense\"", "before"),
                // These are base64 of something that is not a place.
                ("after: \"aWQ6eA\"", "after"),
                ("before: \"aWQ6OTk5OTk5OTk5OTk\"", "before"),
            ] {
                let answer = list.ask(reader, arguments).await;
                assert_eq!(blamed(&answer), field, "{} {arguments}", list.0);
                let root = if list.0.contains("parent") { "parent" } else { "list" };
                assert_eq!(answer.body["data"], json!({ root: null }), "{} {arguments}", list.0);
            }
        })
        .await;
    }

    async fn a_page_has_twenty_rows_unless_asked_otherwise_and_at_most_a_hundred(app: App) {
        let reader = app.bearer("auth0|reader", &Permission::ALL);
        let mentor = rows::mentors(app, 1).await[0];
        let coder = rows::coders(app, 101, Some(mentor)).await[0];
        rows::snippets(app, &[coder; 101]).await;
        for list in [
            "{ list: coders@ }".to_owned(),
            format!("{{ parent: node(id: \"mentor_{mentor}\") {{ ... on Mentor {{ list: coders@ }} }} }}"),
            format!("{{ parent: node(id: \"coder_{coder}\") {{ ... on Coder {{ list: snippets@ }} }} }}"),
        ] {
            for (arguments, length) in [("", 20), ("first: 100", 100), ("last: 100", 100)] {
                let (ids, page) = List(list.clone()).page(&reader, arguments).await;
                assert_eq!((ids.len(), &page["totalCount"]), (length, &json!(101)), "{list} {arguments}");
            }
        }
    }

    async fn a_library_can_be_narrowed_to_what_does_or_does_not_ask_for_review(app: App) {
        let ada = app.coder("ada").await;
        let ids = rows::snippets(app, &[ada.id; 7]).await;
        let list = List("{ parent: viewer { ... on Coder { list: snippets@ } } }".to_owned());
        let every_other =
            |from| ids.iter().skip(from).step_by(2).map(|id| format!("snippet_{id}")).collect::<Vec<_>>();
        for (flag, expected) in [("true", every_other(0)), ("false", every_other(1))] {
            let (first, page) = list.page(&ada, &format!("needsReview: {flag}, first: 2")).await;
            let rest = format!("needsReview: {flag}, after: {}", page["pageInfo"]["endCursor"]);
            let (rest, rest_page) = list.page(&ada, &rest).await;
            assert_eq!([first, rest].concat(), expected);
            assert_eq!(
                (&page["totalCount"], &rest_page["totalCount"]),
                (&json!(expected.len()), &json!(expected.len()))
            );
        }
        assert_eq!(list.page(&ada, "needsReview: null").await.0.len(), 7);
    }

    async fn a_cursor_is_a_place_even_when_its_row_is_gone(app: App) {
        let ada = app.coder("ada").await;
        let ids = rows::snippets(app, &[ada.id; 5]).await;
        let list = List("{ parent: viewer { ... on Coder { list: snippets@ } } }".to_owned());
        let (_, page) = list.page(&ada, "first: 3").await;
        let cursor = &page["pageInfo"]["endCursor"];
        snippet::Entity::delete_by_id(ids[2]).exec(&app.db).await.expect("it is deleted");
        let names = |ids: &[i32]| ids.iter().map(|id| format!("snippet_{id}")).collect::<Vec<_>>();
        assert_eq!(list.page(&ada, &format!("first: 3, after: {cursor}")).await.0, names(&ids[3..]));
        assert_eq!(list.page(&ada, &format!("last: 3, before: {cursor}")).await.0, names(&ids[..2]));
    }
}
