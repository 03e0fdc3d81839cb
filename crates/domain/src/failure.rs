//! Why one delivery did not succeed (semantics 5.3).

use crate::word::words;

words! {
    /// The stable code kept with each failed attempt.
    pub enum FailureCode {
        /// The resource is gone in its origin (AS-21).
        ResourceNotFoundInOriginSystem = "ResourceNotFoundInOriginSystem",
        /// The role is gone in its origin.
        RoleNotFound = "RoleNotFound",
        /// The target of the assignment does not exist.
        TargetNotFound = "TargetNotFound",
        /// The target is soft-deleted (AS-16).
        TargetDeleted = "TargetDeleted",
        /// The target does not exist in the target system yet (EX-4).
        TargetNotProvisioned = "TargetNotProvisioned",
        /// An allow or block list refused the invitation (EX-3).
        InvitationBlocked = "InvitationBlocked",
        /// The origin refused our credentials or our rights.
        OriginAccessDenied = "OriginAccessDenied",
        /// The origin asked us to slow down.
        OriginThrottled = "OriginThrottled",
        /// The origin did not answer, or answered with a fault of its own.
        OriginUnavailable = "OriginUnavailable",
        /// The group cannot be changed.
        GroupNotModifiable = "GroupNotModifiable",
        /// A quota of the origin is used up.
        QuotaExceeded = "QuotaExceeded",
        /// The period is longer than the origin's policy allows.
        PimPolicyConflict = "PimPolicyConflict",
        /// An extension did not answer in time.
        ExtensionTimedOut = "ExtensionTimedOut",
        /// Anything else the connector could not do.
        ConnectorError = "ConnectorError",
    }
}
