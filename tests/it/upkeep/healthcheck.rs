use std::net::TcpListener;

use crate::trust::{
    cli_servers::{Server, free_port},
    program::{DATABASE, Program},
};

#[tokio::test]
async fn a_server_is_asked_at_its_own_address() {
    let program = Program::new();
    program.succeed(&["migrate", "up"]);
    let port = free_port();
    let address = [("PORT", port.as_str()), ("HOST", "0.0.0.0")];
    let elsewhere = [("PORT", port.as_str()), ("HOST", "127.0.0.9")];
    let tenant =
        [DATABASE, ("AUTH0_DOMAIN", "http://127.0.0.1:1"), ("AUTH0_CLIENT_ID", "a"), ("API_IDENTIFIER", "b")];
    program.run(&address, &["healthcheck"]).assert_failed(&[&format!("http://127.0.0.1:{port}/healthz")]);

    let (server, _) = Server::start(&program, &[&address[..], &tenant].concat(), &["serve"]).await;
    let proxy = ("http_proxy", "http://127.0.0.1:1");
    let healthy = program.run(&[&address[..], &[proxy]].concat(), &["healthcheck"]);
    assert_eq!((healthy.code, healthy.out.as_str(), healthy.err.as_str()), (Some(0), "", ""));
    drop(server);
    program.run(&elsewhere, &["healthcheck"]).assert_failed(&[&format!("http://127.0.0.9:{port}/healthz")]);
}

#[test]
fn a_server_that_does_not_answer_in_time_is_not_healthy() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("its address").port().to_string();
    Program::new().run(&[("PORT", &port)], &["healthcheck"]).assert_failed(&["does not answer"]);
    Program::new().run(&[("PORT", "0")], &["healthcheck"]).assert_failed(&["PORT is malformed"]);
}
