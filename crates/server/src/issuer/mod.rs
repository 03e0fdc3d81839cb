//! The built-in issuer of a development tenant: sign-in page, token endpoint, devices, sign-out, the configuration of
//! `OpenID`, keys, and the metadata that clients ask for before they ask for a token (clients.md 1 and 2).
//!
//! **Invariant:** served only where it is configured; every refusal is a 4xx, to programs in the form of OAuth, because
//! clients retry a 5xx. A browser is sent only to addresses that a client registered.

mod authorize;
mod cookies;
mod device;
mod discovery;
mod failure;
mod grants;
mod pages;
mod sign_in;
mod sign_out;
mod token;
mod visit;

use auth::issuer::Throttle;
use auth::keys::SigningKeys;
use axum::routing::{get, post};

use crate::router::Door;

/// The issuer's own settings.
#[derive(Debug)]
pub struct Issuer {
    tenant: String,
    authority: String,
    audience: String,
    keys: SigningKeys,
    guesses: Throttle,
}

impl Issuer {
    /// An issuer for the tenant of this id. `authority` is scheme, host and port under which clients know it, such as
    /// `https://127.0.0.1:8443`; `audience` is who its tokens are for.
    pub fn new(tenant: &str, authority: &str, audience: &str, keys: SigningKeys) -> Self {
        Self {
            tenant: tenant.to_owned(),
            authority: authority.trim_end_matches('/').to_owned(),
            audience: audience.to_owned(),
            keys,
            guesses: Throttle::default(),
        }
    }

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

    /// Where one of its pages is, on this server.
    fn path(&self, page: &str) -> String {
        format!("/{}/{page}", self.tenant)
    }
}

/// Where devices send people.
const DEVICE_PAGE: &str = "oauth2/deviceauth";
/// Where the sign-in form goes.
const SIGN_IN_PAGE: &str = "login";
/// Where people sign out.
const SIGN_OUT_PAGE: &str = "oauth2/v2.0/logout";

/// The issuer's pages. Nobody who comes here has a token yet: each page asks for what proves who comes.
pub(crate) const DOORS: &[Door] = &[
    ("/{tenant}/oauth2/v2.0/authorize", || {
        get(authorize::by_query).post(authorize::by_form)
    }),
    ("/{tenant}/login", || post(sign_in::submit)),
    ("/{tenant}/oauth2/v2.0/token", || post(token::issue)),
    ("/{tenant}/oauth2/v2.0/devicecode", || post(device::start)),
    ("/{tenant}/oauth2/deviceauth", || {
        get(device::page).post(device::decide)
    }),
    ("/{tenant}/oauth2/v2.0/logout", || {
        get(sign_out::by_query).post(sign_out::by_form)
    }),
    ("/{tenant}/v2.0/.well-known/openid-configuration", || {
        get(discovery::openid_configuration)
    }),
    ("/{tenant}/discovery/v2.0/keys", || get(discovery::keys)),
    ("/{tenant}/discovery/instance", || get(discovery::instance)),
    ("/metadata/endpoints", || get(discovery::metadata)),
];
