//! What makes a server without a tenant: a local stand-in for Auth0, and demo data. Reached by
//! `dev`, `seed` and the tests alone.

pub mod auth0;
pub mod demo;
mod seed;

use std::{io, net::Ipv4Addr, path::Path, time::Duration};

use url::Url;

pub use self::seed::seed;
use crate::{
    config::{Auth0, Config, Limits, Telemetry},
    entity::user::Role,
};

/// Where `dev` keeps its database, keys and users, below the working directory.
pub const DIRECTORY: &str = ".funcster";
/// The path that the stand-in is nested at.
pub const AUTH0_PATH: &str = "/auth0";
/// The audience of local tokens.
const AUDIENCE: &str = "https://api.funcster.local";
/// The application that local people sign up through.
const CLIENT_ID: &str = "funcster-local";
/// The database connection that they sign up to.
const CONNECTION: &str = "Username-Password-Authentication";
/// The claim that carries the username in local tokens.
const USERNAME_CLAIM: &str = "https://funcster.local/username";
/// The password of every demo person.
pub const DEMO_PASSWORD: &str = "Learn-2-code";

/// The settings of a local server on this port, with its data in `directory`.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "no port makes it panic")]
pub fn config(port: u16, directory: &Path) -> Config {
    let issuer = format!("http://localhost:{port}{AUTH0_PATH}/");
    Config {
        database_url: format!("sqlite://{}", directory.join("funcster.db").display()),
        database_replica_url: None,
        auth0: Auth0 {
            issuer: Url::parse(&issuer).expect("any port makes a URL"),
            client_id: CLIENT_ID.to_owned(),
            connection: CONNECTION.to_owned(),
            audience: AUDIENCE.to_owned(),
            username_claim: Some(USERNAME_CLAIM.to_owned()),
            jwks_refresh: Duration::from_mins(10),
        },
        host: Ipv4Addr::LOCALHOST.into(),
        port,
        introspection: true,
        trusted_documents: None,
        graphiql: true,
        signups_per_minute: 0,
        failed_tokens_per_minute: 0,
        cors_origins: None,
        client_address_header: None,
        shutdown_delay: Duration::ZERO,
        limits: Limits::default(),
        telemetry: Telemetry::default(),
    }
}

/// Opens the stand-in that issues tokens for a server with these settings.
///
/// # Errors
/// When its files cannot be read or written.
pub fn open_auth0(auth0: &Auth0, directory: &Path) -> io::Result<auth0::StandIn> {
    auth0::StandIn::open(auth0::Options {
        issuer: auth0.issuer.clone(),
        audience: auth0.audience.clone(),
        client_id: auth0.client_id.clone(),
        connection: auth0.connection.clone(),
        username_claim: auth0.username_claim.clone().unwrap_or_else(|| USERNAME_CLAIM.to_owned()),
        directory: directory.join("auth0"),
    })
}

/// The demo people, each with what they are; the one first who sees most.
pub fn demo_people() -> impl Iterator<Item = (&'static str, Role)> {
    let mentors = demo::MENTORS.iter().map(|mentor| (*mentor, Role::Mentor));
    mentors.chain(demo::CODERS.iter().map(|coder| (coder.username, Role::Coder)))
}

/// Registers the demo people with the stand-in.
///
/// # Errors
/// When its files cannot be written.
pub fn register_demo_people(auth0: &auth0::StandIn) -> io::Result<()> {
    for (username, role) in demo_people() {
        auth0.ensure_user(auth0::NewUser {
            username: username.to_owned(),
            email: format!("{username}@funcster.local"),
            password: DEMO_PASSWORD.into(),
            role: role.name().to_owned(),
        })?;
    }
    Ok(())
}
