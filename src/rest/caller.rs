use std::{net::IpAddr, ops::Deref};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::failure::Failure;
use crate::{
    app::{App, Client},
    auth::Viewer,
};

/// The viewer of a path that needs one. It is found before the body is read, so that a bad token is
/// answered whatever the body is.
pub(crate) struct Caller {
    viewer: Viewer,
    client: IpAddr,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Ok(client) = Client::from_request_parts(parts, app).await;
        Ok(Self { viewer: app.viewer(&parts.headers, client.0).await?, client: client.0 })
    }
}

impl Caller {
    /// The address that the request came from.
    pub(super) const fn client(&self) -> IpAddr {
        self.client
    }
}

impl Deref for Caller {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}
