//! The service as its clients meet it: the real router, real migrations on both databases, real
//! tokens, and the stand-in for Auth0 over HTTP.
//!
//! A test is written once, with [`support::on_both_databases`], and runs twice: as
//! `...::sqlite`, and as `...::postgres` on the server that `TEST_DATABASE_URL` names.

#[macro_use]
mod support;

mod browser;
mod concurrency;
mod documents;
mod faults;
mod graphql;
mod hostile_queries;
mod moving;
mod openapi;
mod parity;
mod rest;
mod subscriptions;
mod trust;
mod upkeep;
mod watch;
mod websocket;
