//! What must not be in the log, whatever is asked for and however much is logged.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::served::Served;
use crate::support::{App, Socket};

const PASSWORD: &str = "Password-3b1f";
const EMAIL: &str = "email-8c2d@example.com";
const SNIPPET: &str = "snippet_text_41aa";
const COMMENT: &str = "comment_text_77f0";
const TOKEN: &str = "bad.token-90ab.xyz";
const VALUE: &str = "some_value_5e5e";

on_both_databases! {
    async fn no_line_holds_a_token_a_password_an_email_address_or_a_snippet(app: App) {
        let ada = app.coder("ada").await;
        let served = Served::start(app, &[("LOG_LEVEL", "trace"), ("GRAPHQL_INTROSPECTION", "true")]).await;
        let nobody = app.anonymous();
        let post = async |path: &str, body| served.post(&ada, path, body).await.status().as_u16();

        for (username, email, password) in [("bob", EMAIL, PASSWORD), ("bob", EMAIL, PASSWORD), ("b b", EMAIL, PASSWORD), ("carl", EMAIL, ""), ("carl", VALUE, PASSWORD)] {
            let new = json!({ "username": username, "usertype": "coder", "email": email, "password": password });
            served.post(&nobody, "/signup", new.clone()).await;
            let input = json!({ "username": username, "usertype": "MENTOR", "email": email, "password": password });
            let signup = "mutation SignUp($input: SignupInput!) { signup(input: $input) { user { id } } }";
            served.post(&nobody, "/graphql", json!({ "query": signup, "variables": { "input": input } })).await;
            let literal = format!(r#"mutation {{ signup(input: {{ usertype: CODER, username: "{username}", email: "{email}", password: "{password}" }}) {{ user {{ id }} }} }}"#);
            served.graphql(&nobody, &literal).await;
        }
        assert_eq!(post("/snippet", json!({ "name": "a", "code": SNIPPET, "comments": COMMENT })).await, 200);
        for snippet in [
            json!({ "name": "", "code": SNIPPET, "comments": COMMENT }),
            json!({ "name": "a", "code": [SNIPPET], "comments": 5 }),
            json!({ "name": "a", "code": format!("{SNIPPET}\0"), "comments": COMMENT }),
            json!({ "name": SNIPPET.repeat(100), "code": SNIPPET }),
        ] {
            post("/snippet", snippet.clone()).await;
            let create = "mutation($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { code comments } } }";
            post("/graphql", json!({ "query": create, "variables": { "input": snippet } })).await;
        }
        let created = served.graphql(&ada, &format!(r#"mutation {{ createSnippet(input: {{ name: "a", code: "{SNIPPET}", comments: "{COMMENT}" }}) {{ snippet {{ id code }} }} }}"#)).await;
        assert_eq!(created["data"]["createSnippet"]["snippet"]["code"], SNIPPET, "{created}");
        served.graphql(&ada, "{ viewer { ... on Coder { snippets { nodes { code comments } } } } }").await;
        served.graphql(&ada, &format!(r#"{{ snippet(id: "{VALUE}") {{ name }} nodes(ids: ["{VALUE}"]) {{ id }} }}"#)).await;
        served.graphql(&ada, &format!(r#"{{ userinfo(username: "{VALUE}") {{ id }} {VALUE} "#)).await;
        served.graphql(&ada, &format!("{{ viewer {{ {VALUE} }} }}")).await;

        let http = reqwest::Client::new();
        for authorization in [format!("Bearer {TOKEN}"), format!("Basic {TOKEN}"), TOKEN.to_owned(), format!("Bearer {}x", ada.token.clone().expect("a token"))] {
            for path in ["/graphql", "/coders", "/userinfo/ada"] {
                http.get(served.at(path)).header("authorization", &authorization).send().await.expect("an answer");
            }
        }
        for body in [format!("{{ \"query\": {VALUE}"), format!("{VALUE}={PASSWORD}"), format!("\"{SNIPPET}\"")] {
            for content_type in ["application/json", "application/x-www-form-urlencoded"] {
                for path in ["/graphql", "/snippet", "/signup"] {
                    let request = http.request(Method::POST, served.at(path)).header(CONTENT_TYPE, content_type);
                    request.bearer_auth(ada.token.as_deref().expect("a token")).body(body.clone()).send().await.expect("an answer");
                }
            }
        }
        for path in [format!("/graphql?query={{viewer{{id}}}}&variables={VALUE}"), format!("/userinfo/{VALUE}"), format!("/snippet/{VALUE}"), format!("/{VALUE}?token={TOKEN}"), format!("/coders?access_token={TOKEN}")] {
            http.get(served.at(&path)).bearer_auth(ada.token.as_deref().expect("a token")).send().await.expect("an answer");
        }
        let mut socket = Socket::open_at(&served.at("/graphql"), ada.token.as_deref()).await;
        socket.subscribe("1", "{ viewer { ... on Coder { snippets { nodes { code } } } } }").await;
        socket.receive().await;
        drop(socket);

        let lines = served.stop().await;
        let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
        assert!(count("answered") > 50 && count("statement") > 20, "there is much to look at: {}", lines.len());
        assert!(lines.iter().all(|line| line.get("micros").is_none_or(Value::is_u64)), "times are numbers");
        let (ada, password) = (ada.token.expect("a token"), crate::support::PASSWORD);
        let signature = ada.rsplit('.').next().expect("a signature");
        for line in lines.iter().map(ToString::to_string) {
            for secret in [PASSWORD, EMAIL, SNIPPET, COMMENT, TOKEN, VALUE, signature, &ada, password, "@example.com"] {
                assert!(!line.contains(secret), "{secret} is in the log: {line}");
            }
        }
    }
}
