use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use super::App;

/// The address that a request came from: that of the connection, or, behind a proxy, the one that
/// it names in the header that the operator has told us of. Unspecified where there is no
/// connection, as when a router is called without a server around it. Of an IPv6 address it is the network of
/// 64 bits: a client has all of that (RFC 6177), and could come from another address each time.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub IpAddr);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        // A proxy adds to what the client may have sent: only the last address is the proxy's word.
        let forwarded = app.client_address_header.as_ref().and_then(|name| {
            let header = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?;
            let address = header.rsplit(',').next()?.trim();
            // Some proxies tell the port, too, or set an IPv6 address in brackets.
            let with_port = address.parse().map(|address: SocketAddr| address.ip());
            with_port.or_else(|_| address.trim_matches(['[', ']']).parse()).ok()
        });
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(forwarded.unwrap_or(peer).into())
    }
}
