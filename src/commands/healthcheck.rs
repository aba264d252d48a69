//! `healthcheck`: asks the server as a container's engine would, in an image without another program.

use std::{error::Error, iter, net::SocketAddr, time::Duration};

use super::AnyError;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn run(address: SocketAddr) -> Result<(), AnyError> {
    let url = format!("http://{address}/healthz");
    // The machine's proxy does not know this machine's own addresses.
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = http.get(&url).send().await.and_then(reqwest::Response::error_for_status);
    answer.map(drop).map_err(|error| {
        let causes = iter::successors(Some(&error as &dyn Error), |error| (*error).source());
        let cause = causes.last().map(ToString::to_string).unwrap_or_default();
        format!("{url} does not answer: {cause}").into()
    })
}
