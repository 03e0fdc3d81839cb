//! The built-in issuer of a development tenant: token endpoint, the configuration of `OpenID`, keys, and the metadata that
//! clients ask for before they ask for a token (clients.md 1 and 2).
//!
//! **Invariant:** served only where it is configured; every refusal is a 4xx in the form of OAuth, because clients
//! retry a 5xx.

mod discovery;
mod token;

use auth::keys::Keys;
use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// The issuer's own settings.
#[derive(Debug)]
pub struct Issuer {
    /// The tenant's id.
    pub tenant: String,
    /// Scheme, host and port under which clients know the issuer, such as `https://127.0.0.1:8443`.
    pub authority: String,
    /// The audience of its tokens.
    pub audience: String,
    /// What it signs with.
    pub keys: Keys,
}

impl Issuer {
    /// Whether a tenant in a path means this one.
    fn is_tenant(&self, name: &str) -> bool {
        [self.tenant.as_str(), "common", "organizations"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The `iss` of its tokens.
    pub fn url(&self) -> String {
        auth::issuer::issuer_url(&self.authority, &self.tenant)
    }
}

/// The issuer's routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token::issue))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(discovery::openid_configuration),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/discovery/instance", get(discovery::instance))
        .route("/metadata/endpoints", get(discovery::metadata))
}
