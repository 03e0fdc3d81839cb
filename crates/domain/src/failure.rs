//! Why one delivery did not succeed (semantics 5.3).

/// The stable code kept with each failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// The resource is gone in its origin (AS-21).
    ResourceNotFoundInOriginSystem,
    /// The role is gone in its origin.
    RoleNotFound,
    /// The target of the assignment does not exist.
    TargetNotFound,
    /// The target is soft-deleted (AS-16).
    TargetDeleted,
    /// The target does not exist in the target system yet (EX-4).
    TargetNotProvisioned,
    /// An allow or block list refused the invitation (EX-3).
    InvitationBlocked,
    /// The origin refused our credentials or our rights.
    OriginAccessDenied,
    /// The origin asked us to slow down.
    OriginThrottled,
    /// The origin did not answer, or answered with a fault of its own.
    OriginUnavailable,
    /// The group cannot be changed.
    GroupNotModifiable,
    /// A quota of the origin is used up.
    QuotaExceeded,
    /// The period is longer than the origin's policy allows.
    PimPolicyConflict,
    /// An extension did not answer in time.
    ExtensionTimedOut,
    /// Anything else the connector could not do.
    ConnectorError,
}

impl FailureCode {
    /// Every code, for tables and tests.
    pub const ALL: &'static [Self] = &[
        Self::ResourceNotFoundInOriginSystem,
        Self::RoleNotFound,
        Self::TargetNotFound,
        Self::TargetDeleted,
        Self::TargetNotProvisioned,
        Self::InvitationBlocked,
        Self::OriginAccessDenied,
        Self::OriginThrottled,
        Self::OriginUnavailable,
        Self::GroupNotModifiable,
        Self::QuotaExceeded,
        Self::PimPolicyConflict,
        Self::ExtensionTimedOut,
        Self::ConnectorError,
    ];

    /// The code as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceNotFoundInOriginSystem => "ResourceNotFoundInOriginSystem",
            Self::RoleNotFound => "RoleNotFound",
            Self::TargetNotFound => "TargetNotFound",
            Self::TargetDeleted => "TargetDeleted",
            Self::TargetNotProvisioned => "TargetNotProvisioned",
            Self::InvitationBlocked => "InvitationBlocked",
            Self::OriginAccessDenied => "OriginAccessDenied",
            Self::OriginThrottled => "OriginThrottled",
            Self::OriginUnavailable => "OriginUnavailable",
            Self::GroupNotModifiable => "GroupNotModifiable",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::PimPolicyConflict => "PimPolicyConflict",
            Self::ExtensionTimedOut => "ExtensionTimedOut",
            Self::ConnectorError => "ConnectorError",
        }
    }

    /// The code that a stored text names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}
