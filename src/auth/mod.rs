//! Auth0's side: access tokens in, a [`Viewer`] out; sign-ups passed on.

mod jwks;
mod permission;
mod provider;
mod verifier;
mod viewer;

pub use jwks::Jwks;
pub use permission::{Permission, Permissions};
pub use provider::{Provider, Refusal, Registration};
pub use verifier::{Claims, Verifier};
pub use viewer::{Account, ActingCoder, ActingMentor, Authority, Viewer};
