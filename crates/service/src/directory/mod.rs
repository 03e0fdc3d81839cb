//! Commands on the directory that Reeve keeps itself, for the API and for the delivery engine (R2).
//!
//! **Invariant:** whoever changes a membership, an app role or an object here makes what is remembered of callers stale,
//! so that the next call is judged by what is true now (AZ-12).

pub mod app_roles;
pub mod applications;
pub mod bindings;
pub mod groups;
pub mod members;
pub mod memberships;
pub mod objects;
pub(crate) mod privileged;
pub mod service_principals;
pub mod users;

use domain::failure::FailureCode;
use domain::flaw::Flaw;

use crate::error::{Code, ServiceError};

/// The direction of a change that the delivery engine asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The subjects shall have the role.
    Add,
    /// The subjects shall not have the role.
    Remove,
}

/// What became of one subject's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was changed.
    Done,
    /// It was so before (RP-36).
    AlreadySo,
    /// It cannot be so.
    Refused(FailureCode),
}

/// A flaw of a body as a refusal.
pub(crate) fn flawed(flaw: Flaw) -> ServiceError {
    ServiceError::invalid(Code::InvalidModel, flaw.target, flaw.message)
}
