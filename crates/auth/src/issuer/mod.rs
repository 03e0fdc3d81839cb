//! The built-in development issuer, as pure functions: documents, claims, scopes, refusals, passwords.
//!
//! **Invariant:** no routes, no storage, no clock; the shapes are those that real clients decode.

mod claims;
mod discovery;
mod password;
mod refusal;
mod scope;

pub use claims::{Issuance, Subject, TOKEN_LIFE, access_token_claims, token_response};
pub use discovery::{GrantType, issuer_url, openid_configuration};
pub use password::{Cost, MalformedHash, PasswordHash, random_salt, random_secret};
pub use refusal::{OAuthError, OAuthRefusal};
pub use scope::{Asked, ScopeRequest};
