//! What every page is given.

use std::fmt;
use std::sync::Arc;

use auth::principal::{Permission, PermissionSet};
use auth::token::Verifier;
use futures_util::future::BoxFuture;
use service::clock::Clock;
use service::deliveries::Stuck;
use service::portal_sessions::Life;
use service::targets::Lane;
use service::{Service, ServiceError};

use crate::development::Development;
use crate::provider::Provider;

/// The pieces a [`Portal`] is put together from.
#[derive(Debug)]
pub struct Parts {
    /// The use cases.
    pub service: Service,
    /// Whose ID tokens are believed.
    pub verifier: Verifier,
    /// The machine's own clock, by which sessions end: a tenant's clock may be moved.
    pub clock: Clock,
    /// Where people sign in.
    pub provider: Provider,
    /// How long sessions last.
    pub life: Life,
    /// What is known of the targets.
    pub targets: Targets,
    /// What a development tenant has besides.
    pub development: Option<Development>,
}

/// The configured targets, and what this process knows of them.
#[derive(Clone)]
pub struct Targets {
    /// Name and kind of each, the built-in directory among them.
    pub known: Vec<(String, String)>,
    /// Tells what is known of those that were spoken to.
    pub lanes: Arc<dyn Fn() -> Vec<Lane> + Send + Sync>,
    /// Asks which objects are stuck.
    pub stuck: StuckQuery,
}

/// Asks the engine which objects are stuck (L9).
pub type StuckQuery =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<Stuck>, ServiceError>> + Send + Sync>;

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// The state of the portal; cheap to clone.
#[derive(Debug, Clone)]
pub struct Portal(Arc<Parts>);

/// What the portal may do for whoever is signed in; what they may do themselves comes on top (AZ-2).
const SCOPES: &[Permission] = &[
    Permission::EntitlementManagementReadWriteAll,
    Permission::SubjectAccessReadWrite,
    // Read by those alone whose own roles let them.
    Permission::AuditLogReadAll,
];

impl Portal {
    /// Puts the pieces together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn service(&self) -> &Service {
        &self.0.service
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn provider(&self) -> &Provider {
        &self.0.provider
    }

    pub(crate) fn life(&self) -> Life {
        self.0.life
    }

    pub(crate) fn targets(&self) -> &Targets {
        &self.0.targets
    }

    pub(crate) fn development(&self) -> Option<&Development> {
        self.0.development.as_ref()
    }

    pub(crate) fn scopes() -> PermissionSet {
        PermissionSet::of(SCOPES)
    }
}
