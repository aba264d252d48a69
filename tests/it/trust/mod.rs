//! Whom and what the service trusts: tokens and the keys behind them, the identity provider and its
//! failures, who is bound to which account, and what the operator sets and runs.

mod cli;
pub(crate) mod cli_servers;
mod config;
mod config_refused;
mod crashes;
mod database;
mod forge;
mod identity;
pub(crate) mod issuer;
mod jwks;
mod operator;
mod people;
pub(crate) mod program;
mod provider_answers;
mod provider_failures;
mod rate_limits;
mod sign_up;
mod signup_lease;
mod signup_names;
mod standin;
mod standin_tokens;
mod token_claims;
mod token_forms;
mod token_headers;
