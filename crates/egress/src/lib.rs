//! The one way out: HTTP clients that call nobody they must not.
//!
//! | | named by a client ([`Reach::Internet`]) | named by the operator ([`Reach::Configured`]) |
//! |---|---|---|
//! | scheme | https; http where the operator allows it | https or http |
//! | user name, password | refused | refused |
//! | port | any but 0 | any but 0 |
//! | addresses | out on the Internet | all but those of metadata services, links, groups and nobody |
//! | addresses in disguise (mapped, compatible, NAT64, 6to4, Teredo, decimal, octal, hexadecimal) | judged as what they are | judged as what they are |
//! | names | judged by what they resolve to, when connected | the same |
//! | redirects | not followed | not followed |
//! | proxies of the environment | not used | not used |
//!
//! **Invariant:** the address that was judged is the address that is connected to: a name is looked up once for each
//! connection, and what it may not lead to is taken out of the answer.

mod check;
mod resolver;

pub use check::{Refused, check};
pub use domain::network::Reach;
pub use resolver::{Found, Lookup, SystemLookup};

use std::sync::Arc;

use reqwest::{ClientBuilder, redirect};

use resolver::Guard;

/// The beginning of a client that reaches so far. Addresses that stand in a URL as numbers are looked up by nobody:
/// [`check`] each URL that was not built from a checked one.
pub fn builder(reach: Reach) -> ClientBuilder {
    builder_with(reach, Arc::new(SystemLookup))
}

/// The same, with names looked up elsewhere.
pub fn builder_with(reach: Reach, lookup: Arc<dyn Lookup>) -> ClientBuilder {
    // Whoever comes first in the process installs it; it is the same provider everywhere.
    let _ = rustls::crypto::CryptoProvider::install_default(
        rustls::crypto::aws_lc_rs::default_provider(),
    );
    reqwest::Client::builder()
        // A redirect would carry the call, and what proves who calls, to a place that nobody named; so would a proxy.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Guard::new(reach, lookup)))
        .user_agent(concat!("reeve/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests;
