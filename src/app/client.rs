use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use super::App;

/// The address that a request came from: that of the connection, or, behind a proxy, the one that
/// it names in the header that the operator has told us of. Unspecified where there is no
/// connection, as when a router is called without a server around it.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub IpAddr);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        // A proxy adds to what the client may have sent: only the last address is the proxy's word.
        let forwarded = app.client_address_header.as_ref().and_then(|name| {
            let header = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?;
            header.rsplit(',').next()?.trim().parse().ok()
        });
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self(forwarded.unwrap_or(peer)))
    }
}
