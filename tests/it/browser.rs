//! GraphiQL, as a person uses it who has no network but this machine.

use crate::{
    support::Browser,
    trust::{
        cli_servers::{Server, free_port},
        program::Program,
    },
};

const EDITOR: &str = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror";

/// Puts a document into the editor and runs it.
async fn run(browser: &mut Browser, document: &str) {
    browser.evaluate(&format!("{EDITOR}.setValue({document:?})")).await;
    // The editor tells the rest of the page a moment later.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    browser.evaluate("document.querySelector('.graphiql-execute-button').click()").await;
}

fn result_has(text: &str) -> String {
    format!("document.querySelector('.result-window').innerText.includes({text:?})")
}

#[tokio::test]
#[ignore = "needs Chromium, and GraphiQL's files from npm in the binary: tests/run sees to both"]
async fn somebody_explores_without_a_network() {
    let (program, port) = (Program::new(), free_port());
    let (server, _) = Server::start(&program, &[("PORT", &port)], &["dev"]).await;
    let mut browser = Browser::start().await;
    browser.visit(&server.at("/graphql")).await;
    browser.wait_until("document.querySelector('.graphiql-execute-button')").await;

    // A person is chosen, and a query is hers.
    browser.evaluate("person.value = 'coder1', person.dispatchEvent(new Event('change'))").await;
    run(&mut browser, "{ viewer { __typename username } }").await;
    browser.wait_until(&result_has("\"username\": \"coder1\"")).await;

    // The editor knows the schema.
    browser
        .evaluate(&format!(
            "{EDITOR}.setValue('{{ viewer {{  }} }}'), {EDITOR}.setCursor(0, 11), {EDITOR}.focus()"
        ))
        .await;
    browser.type_text("user").await;
    browser.press("n", 78).await;
    browser.wait_until("[...document.querySelectorAll('.CodeMirror-hint')].some((hint) => hint.innerText.includes('username'))").await;
    browser.press("Escape", 27).await;
    browser.evaluate("document.querySelector('[aria-label=\"Show Documentation Explorer\"]').click()").await;
    browser
        .wait_until("document.querySelector('.graphiql-doc-explorer').innerText.includes('Subscription')")
        .await;

    // A subscription delivers what a mutation in the same page does.
    run(&mut browser, "subscription { mySnippetChanged { kind snippet { name } } }").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let store = "fetch('/graphql', { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: 'mutation { createSnippet(input: { name: \"Seen live\", code: \"pass\" }) { snippet { id } } }' }) })
        .then((response) => response.json())";
    let stored = browser.evaluate(store).await;
    assert!(stored["data"]["createSnippet"]["snippet"]["id"].is_string(), "{stored}");
    browser.wait_until(&result_has("Seen live")).await;
    browser.evaluate("document.querySelector('.graphiql-execute-button').click()").await;

    run(
        &mut browser,
        "mutation { createSnippet(input: { name: \"By hand\", code: \"pass\" }) { snippet { name } } }",
    )
    .await;
    browser.wait_until(&result_has("By hand")).await;

    assert_eq!(browser.strayed, [] as [&str; 0]);
    assert_eq!(browser.complaints, [] as [&str; 0]);
}
