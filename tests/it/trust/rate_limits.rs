//! How often one address may sign people up, or show tokens that are not valid.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderName, Method, header::CONTENT_TYPE},
};
use funcster_api::auth::Permission;
use serde_json::json;

use super::{
    forge::bearing,
    sign_up::{EDGES, Edge},
};
use crate::support::{Answer, App, Kind, PASSWORD, Person};

const HERE: &str = "192.0.2.1:40000";
const THERE: &str = "[2001:db8::1]:40000";

/// Sends a request as if over a connection from this address.
async fn send_from(person: &Person<'_>, address: &str, method: Method, path: &str, body: String) -> Answer {
    let address: SocketAddr = address.parse().expect("an address");
    let request = person.request(method, path).header(CONTENT_TYPE, "application/json");
    person.send(request.extension(ConnectInfo(address)), Body::from(body)).await
}

async fn sign_up_from(app: &App, address: &str, username: &str) -> Answer {
    let body = json!({
        "username": username,
        "usertype": "coder",
        "email": format!("{username}@example.com"),
        "password": PASSWORD,
    });
    send_from(&app.anonymous(), address, Method::POST, "/signup", body.to_string()).await
}

#[track_caller]
fn assert_told_when_to_return(seconds: Option<u64>) {
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{seconds:?}");
}

#[tokio::test]
async fn one_address_signs_up_so_many_people_a_minute_through_both_edges_together() {
    App::run(Kind::Sqlite, async |app| {
        let app = app.another(|config| config.signups_per_minute = 3).await;
        for (username, edge) in [("ada", Edge::Rest), ("bob", Edge::Graphql), ("carl", Edge::Rest)] {
            let email = format!("{username}@example.com");
            edge.assert_signed_up(&edge.sign_up(&app, username, &email).await, username);
        }
        for edge in EDGES {
            let refused = edge.sign_up(&app, "dora", "dora@example.com").await;
            edge.assert_refused(&refused, 429, "one too many");
            assert_told_when_to_return(edge.retry_after(&refused));
        }
        // Nothing was reserved for her either.
        assert_eq!(sign_up_from(&app, HERE, "dora").await.status, 200, "another address");
        assert_eq!(sign_up_from(&app, THERE, "emil").await.status, 200, "and another");
        let ada = bearing(&app, app.token_from_auth0("ada").await);
        assert_eq!(ada.get("/userinfo/ada").await.status, 200, "whoever has an account is not concerned");
    })
    .await;
}

#[tokio::test]
async fn one_address_is_slowed_down_after_so_many_bad_tokens_but_a_good_one_still_passes() {
    App::run(Kind::Sqlite, async |app| {
        let app = app.another(|config| config.failed_tokens_per_minute = 4).await;
        let good = app.bearer("auth0|somebody", &Permission::ALL);
        let bad = bearing(&app, "nonsense".to_owned());
        let nobody = app.anonymous();
        let query = json!({ "query": "{ coders { totalCount } }" }).to_string();
        let by_rest = |person, address| send_from(person, address, Method::GET, "/coders", String::new());
        let by_graphql =
            |person, address| send_from(person, address, Method::POST, "/graphql", query.clone());

        // Good ones do not count.
        for _ in 0..6 {
            assert_eq!(by_rest(&good, HERE).await.status, 200);
        }
        for _ in 0..2 {
            assert_eq!(by_rest(&bad, HERE).await.status, 401);
            assert_eq!(by_graphql(&bad, HERE).await.status, 401);
        }
        let rest = by_rest(&bad, HERE).await;
        rest.assert_rest_error(429);
        assert_told_when_to_return(rest.header("retry-after").parse().ok());
        let graphql = by_graphql(&bad, HERE).await;
        assert_eq!((graphql.status, graphql.code()), (429, "RATE_LIMITED"));
        assert_told_when_to_return(graphql.header("retry-after").parse().ok());

        assert_eq!(by_rest(&good, HERE).await.status, 200);
        assert_eq!(by_graphql(&good, HERE).await.data()["coders"]["totalCount"], 0);
        assert_eq!(by_rest(&nobody, HERE).await.status, 401, "no token is not a bad one");
        assert_eq!(by_rest(&bad, THERE).await.status, 401, "another address");
    })
    .await;
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address_and_so_is_an_ipv4_address_however_it_is_written() {
    const HERE_BY_IPV6: &str = "[::ffff:192.0.2.1]:40000";
    App::run(Kind::Sqlite, async |app| {
        let app = app.another(|config| config.failed_tokens_per_minute = 2).await;
        let bad = bearing(&app, "nonsense".to_owned());
        let neighbours = [THERE, "[2001:db8::2:3]:40000", "[2001:db8::ffff:0:0:1]:40000"];
        for addresses in [neighbours, [HERE, HERE_BY_IPV6, HERE_BY_IPV6]] {
            for (address, status) in addresses.into_iter().zip([401, 401, 429]) {
                let answer = send_from(&bad, address, Method::GET, "/coders", String::new()).await;
                assert_eq!(answer.status, status, "{address}");
            }
        }
        let beside = send_from(&bad, "[2001:db8:0:1::1]:40000", Method::GET, "/coders", String::new()).await;
        assert_eq!(beside.status, 401, "another network");
    })
    .await;
}

#[tokio::test]
async fn zero_means_no_limit() {
    App::run(Kind::Sqlite, async |app| {
        let app =
            app.another(|config| (config.signups_per_minute, config.failed_tokens_per_minute) = (0, 0)).await;
        let bad = bearing(&app, "nonsense".to_owned());
        for _ in 0..100 {
            assert_eq!(bad.get("/coders").await.status, 401);
        }
        for number in 0..12 {
            let username = format!("ada{number}");
            assert_eq!(sign_up_from(&app, HERE, &username).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn sign_ups_in_one_operation_count_one_by_one() {
    App::run(Kind::Sqlite, async |app| {
        let app = app.another(|config| config.signups_per_minute = 2).await;
        let fields = (0..4).map(|number| {
            let input = format!(
                r#"usertype: CODER, username: "ada{number}", email: "ada{number}@example.com", password: "{PASSWORD}""#
            );
            format!("s{number}: signup(input: {{ {input} }}) {{ user {{ username }} }}")
        });
        let mutation = format!("mutation {{ {} }}", fields.collect::<Vec<_>>().join(" "));
        let answer = app.anonymous().graphql(&mutation).await;
        assert_eq!(answer.body["data"]["s1"]["user"]["username"], "ada1", "{}", answer.body);
        let errors = answer.body["errors"].as_array().expect("errors");
        let codes: Vec<_> = errors.iter().map(|error| (&error["path"][0], &error["extensions"]["code"])).collect();
        let limited = json!("RATE_LIMITED");
        assert_eq!(codes, [(&json!("s2"), &limited), (&json!("s3"), &limited)]);
    })
    .await;
}

/// Behind a proxy every connection comes from the proxy.
#[tokio::test]
async fn the_address_is_the_one_that_the_proxy_names_if_it_is_to_be_trusted() {
    App::run(Kind::Sqlite, async |app| {
        let name = "x-forwarded-for";
        let trusting = app.another(|config| {
            config.failed_tokens_per_minute = 1;
            config.client_address_header = Some(HeaderName::from_static(name));
        });
        let trusting = trusting.await;
        let wary = app.another(|config| config.failed_tokens_per_minute = 1).await;
        let show = async |app: &App, forwarded: &[&str]| {
            let bad = bearing(app, "nonsense".to_owned());
            let address: SocketAddr = HERE.parse().expect("an address");
            let request = bad.request(Method::GET, "/coders").extension(ConnectInfo(address));
            let request = forwarded.iter().fold(request, |request, value| request.header(name, *value));
            bad.send(request, Body::empty()).await.status
        };
        assert_eq!(show(&trusting, &["198.51.100.1"]).await, 401);
        assert_eq!(show(&trusting, &["198.51.100.2"]).await, 401, "another client of the same proxy");
        assert_eq!(show(&trusting, &["198.51.100.1"]).await, 429);
        // Some proxies tell the port, too.
        assert_eq!(show(&trusting, &["198.51.100.1:5123"]).await, 429);
        assert_eq!(show(&trusting, &["[2001:db8::1]:443"]).await, 401);
        assert_eq!(show(&trusting, &["2001:db8::1"]).await, 429);
        assert_eq!(show(&trusting, &["[2001:db8::1]"]).await, 429);
        // What stands before the last address, the client may have made up.
        assert_eq!(show(&trusting, &["198.51.100.77, 198.51.100.1"]).await, 429);
        assert_eq!(show(&trusting, &["198.51.100.78", "198.51.100.1"]).await, 429);
        assert_eq!(show(&trusting, &["nonsense"]).await, 401, "the connection's, where there is none");
        assert_eq!(show(&trusting, &[]).await, 429);
        assert_eq!(show(&wary, &["198.51.100.1"]).await, 401);
        assert_eq!(show(&wary, &["198.51.100.2"]).await, 429, "nobody is believed unless told to");
    })
    .await;
}
