use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// How long a test waits for what has to happen in a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// A headless Chromium that reaches this machine alone, with one page, steered by the Chrome
/// `DevTools` Protocol.
pub(crate) struct Browser {
    process: Child,
    connection: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
    /// What the page asked other machines for.
    pub(crate) strayed: Vec<String>,
    /// What the page complained of.
    pub(crate) complaints: Vec<String>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Starts the Chromium that the environment variable `CHROMIUM` names.
    pub(crate) async fn start() -> Self {
        let profile = TempDir::new().expect("a directory");
        let process = Command::new(chromium())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium starts");
        let port = port_in(profile.path()).await;
        let pages = reqwest::get(format!("http://127.0.0.1:{port}/json")).await.expect("Chromium answers");
        let pages: Value = pages.json().await.expect("a list of pages");
        let pages = pages.as_array().expect("a list of pages");
        let page = pages.iter().find(|page| page["type"] == "page").expect("there is a page");
        let address = page["webSocketDebuggerUrl"].as_str().expect("its address");
        let (connection, _) = connect_async(address).await.expect("the page can be steered");
        let (strayed, complaints) = (Vec::new(), Vec::new());
        let mut browser = Self { process, connection, calls: 0, strayed, complaints, _profile: profile };
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    pub(crate) async fn visit(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address })).await;
    }

    /// Types as a person does, where the focus is.
    pub(crate) async fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key alone.
    pub(crate) async fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    /// The value of a JavaScript expression in the page.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) async fn wait_until(&mut self, expression: &str) {
        let began = Instant::now();
        while self.evaluate(&format!("Boolean({expression})")).await != true {
            let page = self.evaluate("document.body.innerText.slice(0, 2000)").await;
            assert!(
                began.elapsed() < PATIENCE,
                "{expression} does not come true: {page} {:?}",
                self.complaints
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let call = json!({ "id": self.calls, "method": method, "params": parameters });
        self.connection.send(Message::text(call.to_string())).await.expect("Chromium listens");
        loop {
            let message = self.connection.next().await.expect("Chromium is there").expect("and answers");
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["id"] == self.calls {
                return message["result"].clone();
            }
            self.notice(&message);
        }
    }

    fn notice(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let address = parameters["request"]["url"].as_str().unwrap_or_default();
                if address.starts_with("http") && !address.starts_with("http://localhost:") {
                    self.strayed.push(address.to_owned());
                }
            }
            "Log.entryAdded" => self.complaints.push(parameters["entry"].to_string()),
            "Runtime.exceptionThrown" => self.complaints.push(parameters.to_string()),
            _ => {}
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "config.rs is the server's; this setting is the tests' own")]
fn chromium() -> String {
    std::env::var("CHROMIUM").expect("CHROMIUM is not set: tests/run finds one and sets it")
}

/// Chromium writes the port that it chose into its profile.
async fn port_in(profile: &Path) -> u16 {
    let began = Instant::now();
    loop {
        let file = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        match file.lines().next().and_then(|port| port.parse().ok()) {
            Some(port) => return port,
            None => assert!(began.elapsed() < PATIENCE, "Chromium does not start"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
