//! What every request handler is given.

use std::fmt;
use std::sync::Arc;

use auth::callout::Signer;
use auth::token::Verifier;
use aws_lc_rs::hmac;
use prometheus_client::registry::Registry;
use service::Service;
use service::clock::Clock;

use crate::error::Challenge;
use crate::issuer::Issuer;
use crate::limits::{Gate, Limits};
use crate::metrics::Metrics;
use crate::receivers::Receivers;
use crate::reeve::Delivery;

/// The pieces an [`App`] is put together from.
#[derive(Debug)]
pub struct Parts {
    /// The use cases.
    pub service: Service,
    /// Whose tokens are accepted.
    pub verifier: Verifier,
    /// The machine's own clock, by which tokens are judged: a tenant's clock may be moved, those of its clients not.
    pub token_clock: Clock,
    /// The address in links, without a path; none: whatever address the client used.
    pub public_url: Option<String>,
    /// Where people sign in, for the challenge of a 401.
    pub authorization_uri: Option<String>,
    /// The built-in issuer of a development tenant.
    pub issuer: Option<Issuer>,
    /// The pages for people; they know nothing of the rest.
    pub portal: Option<axum::Router>,
    /// Signs callouts of custom extensions; its keys are shown to receivers.
    pub signer: Option<Arc<Signer>>,
    /// Asks the receivers of new subscriptions; without it nobody subscribes.
    pub receivers: Option<Receivers>,
    /// What is known of the delivery engine, for operators.
    pub delivery: Delivery,
    /// Whether the routes that move the clock and inject faults are served.
    pub development: bool,
    /// Signs the tokens of next pages; the same on all replicas.
    pub paging_key: [u8; 32],
    /// The counters of the HTTP side.
    pub metrics: Metrics,
    /// Everything that `/metrics` shows.
    pub registry: Arc<Registry>,
    /// How large, how slow, how often and how many at once.
    pub limits: Limits,
}

/// The state of the server; cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    paging_key: hmac::Key,
    challenge: Challenge,
    gate: Gate,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("public_url", &self.parts.public_url)
            .field("development", &self.parts.development)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Puts the pieces together.
    pub fn new(parts: Parts) -> Self {
        let challenge = Challenge {
            authorization_uri: parts.authorization_uri.clone(),
        };
        let paging_key = hmac::Key::new(hmac::HMAC_SHA256, &parts.paging_key);
        let gate = Gate::new(parts.limits.clone());
        Self(Arc::new(Inner {
            parts,
            paging_key,
            challenge,
            gate,
        }))
    }

    pub(crate) fn service(&self) -> &Service {
        &self.0.parts.service
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.parts.verifier
    }

    pub(crate) fn token_clock(&self) -> &Clock {
        &self.0.parts.token_clock
    }

    pub(crate) fn public_url(&self) -> Option<&str> {
        self.0.parts.public_url.as_deref()
    }

    pub(crate) fn issuer(&self) -> Option<&Issuer> {
        self.0.parts.issuer.as_ref()
    }

    pub(crate) fn portal(&self) -> Option<&axum::Router> {
        self.0.parts.portal.as_ref()
    }

    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.0.parts.signer.as_deref()
    }

    pub(crate) fn receivers(&self) -> Option<&Receivers> {
        self.0.parts.receivers.as_ref()
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.0.parts.delivery
    }

    pub(crate) fn is_development(&self) -> bool {
        self.0.parts.development
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.parts.metrics
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.parts.registry
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(crate) fn challenge(&self) -> &Challenge {
        &self.0.challenge
    }

    /// The keyed code of a page token.
    pub(crate) fn sign_page(&self, message: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0.paging_key, message);
        let mut code = [0; 32];
        for (to, from) in code.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        code
    }
}
