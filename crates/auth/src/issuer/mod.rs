//! The built-in development issuer, as pure functions: requests, documents, claims, scopes,
//! refusals, passwords.
//!
//! **Invariant:** no routes, no storage, no clock; the shapes are those that real clients decode.

mod authorize;
mod challenge;
mod claims;
mod client;
mod discovery;
mod password;
mod refusal;
mod scope;
mod secret;
mod throttle;
mod tokens;

pub use authorize::{Answer, AuthorizeRequest, Prompt, ResponseMode, ReturnTo, form_source};
pub use challenge::Challenge;
pub use claims::{IdToken, Issuance, Subject, TOKEN_LIFE, access_token_claims, id_token_claims};
pub use client::{Client, Platform};
pub use discovery::{GrantType, issuer_url, openid_configuration};
pub use password::{Cost, MalformedHash, PasswordHash, random_salt, random_secret};
pub use refusal::{OAuthError, OAuthRefusal};
pub use scope::{Asked, ScopeRequest};
pub use secret::{fingerprint, is_same, random_user_code, typed_user_code};
pub use throttle::Throttle;
pub use tokens::{Tokens, client_info};
