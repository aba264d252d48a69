use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// How long the collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Carries spans to the collector with the HTTP client that is here already. The exporter's thread
/// belongs to no runtime: the sending is done in the server's.
#[derive(Debug)]
pub(super) struct Carrier {
    http: reqwest::Client,
    runtime: Handle,
}

impl Carrier {
    /// To be made within the server's runtime.
    pub(super) fn new() -> Self {
        Self { http: reqwest::Client::new(), runtime: Handle::current() }
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(TIMEOUT);
        let http = self.http.clone();
        let answer = self.runtime.spawn(async move {
            let response = http.execute(request).await?;
            let (status, body) = (response.status(), response.bytes().await?);
            Ok::<_, reqwest::Error>((status, body))
        });
        match answer.await? {
            Ok((status, body)) => {
                if !status.is_success() {
                    tracing::warn!(%status, "the collector does not take traces");
                }
                Ok(Response::builder().status(status).body(body)?)
            }
            Err(error) => {
                tracing::warn!(%error, "traces do not get through");
                Err(error.into())
            }
        }
    }
}
