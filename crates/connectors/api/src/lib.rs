//! What the delivery engine and a connector say to each other.
//!
//! A connector is code that speaks to one target system. It is asked for one object at a time (one role of one
//! resource) and many subjects, and it answers with **what the engine should do next** (R22), not with what went wrong.
//!
//! **Invariant:** every call is idempotent and has an end. A connector never retries, never loops over attempts and
//! keeps no state that a restart would lose.

#[cfg(feature = "contract")]
pub mod contract;
mod listing;

use std::fmt::Debug;
use std::time::Duration;

pub use domain::failure::FailureCode;
use domain::id::{ObjectId, SubjectId};
pub use futures_util::future::BoxFuture;
pub use listing::{Keys, Lister, Listing, Member, Order};

/// One role of one resource in a target: what is granted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// The kind of system, such as `AadGroup`.
    pub origin_system: String,
    /// The resource's id in its origin, such as the group id.
    pub resource_origin_id: String,
    /// The resource's name, for targets that match or create by name.
    pub resource_display_name: String,
    /// The role's id in its origin, such as `Member_{group id}`.
    pub role_origin_id: String,
    /// The role's name.
    pub role_display_name: String,
    /// The scope's id in its origin.
    pub scope_origin_id: String,
    /// Where the resource lives in the target, if it was bound to a fixed place: a DN, or a SCIM group id.
    pub address: Option<String>,
}

/// The identity that receives or loses access.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Entitlement management's own id.
    pub id: SubjectId,
    /// The directory id.
    pub object_id: ObjectId,
    /// Sign-in name.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
    /// First name, if known.
    pub given_name: Option<String>,
    /// Family name, if known.
    pub surname: Option<String>,
    /// Mail address, if known.
    pub mail: Option<String>,
    /// Whether the subject may sign in.
    pub enabled: bool,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The subjects shall have the role.
    Add,
    /// The subjects shall not have the role.
    Remove,
}

/// One write: the same operation on one object for several subjects.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is granted or taken.
    pub object: Object,
    /// Granted or taken.
    pub operation: Operation,
    /// For whom; at least one, at most [`Limits::max_subjects`].
    pub subjects: Vec<Subject>,
}

/// Why a delivery did not happen: a stable code, and a sentence for the operator without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code.
    pub code: FailureCode,
    /// One sentence, lower case, no secrets.
    pub message: String,
}

impl Reason {
    /// A reason from its parts.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// What the engine should make of one subject's change (R22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target took the change. `verified` says whether its answer already proves the effect (L2);
    /// otherwise the engine reads afterwards.
    Done {
        /// The answer itself shows the effect.
        verified: bool,
    },
    /// The target was so before: "already a member", "not a member" (RP-36). Proves the effect.
    AlreadySo,
    /// Transient: try again, not before `after` if the target named a time.
    Retry {
        /// The target's own wish (`Retry-After`).
        after: Option<Duration>,
        /// What happened.
        reason: Reason,
    },
    /// Permanent for this subject and object: trying again will not help.
    Refused {
        /// What happened.
        reason: Reason,
    },
    /// The target does not accept our credentials: nothing will work until an operator acts.
    CredentialsRejected {
        /// What happened.
        reason: Reason,
    },
}

impl Outcome {
    /// Whether the subject is now as asked.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::AlreadySo)
    }

    /// Whether the answer itself proves it (L2), so that no read is needed.
    pub const fn is_proof(&self) -> bool {
        matches!(self, Self::Done { verified: true } | Self::AlreadySo)
    }

    /// Why not, unless it is a success.
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Done { .. } | Self::AlreadySo => None,
            Self::Retry { reason, .. }
            | Self::Refused { reason }
            | Self::CredentialsRejected { reason } => Some(reason),
        }
    }

    /// Try again, no time named.
    pub fn retry(code: FailureCode, message: impl Into<String>) -> Self {
        Self::Retry {
            after: None,
            reason: Reason::new(code, message),
        }
    }

    /// Trying again will not help.
    pub fn refused(code: FailureCode, message: impl Into<String>) -> Self {
        Self::Refused {
            reason: Reason::new(code, message),
        }
    }

    /// An operator has to act on the credentials.
    pub fn credentials_rejected(message: impl Into<String>) -> Self {
        Self::CredentialsRejected {
            reason: Reason::new(FailureCode::OriginAccessDenied, message),
        }
    }
}

/// The answer to a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// One outcome a subject, in the order asked.
    Each(Vec<Outcome>),
    /// The write took or failed as a whole; a failed one is bisected by the engine until the bad subject stands alone (L6).
    Whole(Outcome),
}

/// What a read of the target saw for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The subject has the role.
    Present,
    /// The subject does not have the role.
    Absent,
}

/// What a target can take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most subjects in one [`Change`].
    pub max_subjects: usize,
    /// Most calls in flight.
    pub max_in_flight: usize,
}

/// Code that speaks to one target system.
pub trait Connector: Send + Sync + Debug {
    /// What the target can take at once.
    fn limits(&self) -> Limits;

    /// Makes the target so. Saying it twice is the same as saying it once.
    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied>;

    /// Reads whether each subject has the role, in the order asked. An `Err` is an [`Outcome`] that is not a success.
    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>>;

    /// Whether address and credentials work, without changing anything; a sentence for `reeve doctor`.
    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>>;

    /// How to list who has an object, if the target can: what cannot be listed is not swept.
    fn lister(&self) -> Option<&dyn Lister> {
        None
    }
}
