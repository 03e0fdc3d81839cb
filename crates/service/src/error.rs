//! Why a use case did not happen, by what the caller can do about it.

use std::fmt::Display;

/// The stable code of a refusal (semantics 8.6). Its HTTP status is decided in `server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each code has its paragraph in docs/errors.md, and a test sees to it"
)]
pub enum Code {
    // The caller is nobody known.
    InvalidAuthenticationToken,
    // The caller may not.
    AccessDenied,
    FilterRequired,
    CallerNotResourceOwner,
    // It is not there, or the caller may not know that it is.
    ResourceNotFound,
    RoleNotFound,
    SubjectNotFound,
    // The body, or the state of things, does not allow it.
    BadRequest,
    InvalidModel,
    InvalidMembershipRule,
    ExistingAssignment,
    ExistingOpenRequest,
    PolicyNotApplicable,
    PolicySelectionRequired,
    PolicyRequirementsNotMet,
    PolicyDisabled,
    CatalogNotPublished,
    ExternalAccessDisabled,
    IncompatibleAccess,
    RequiredAnswerMissing,
    UnknownQuestion,
    AnswerNotEditable,
    JustificationRequired,
    VerifiedIdRequired,
    InvalidSchedule,
    TargetSignInBlocked,
    TargetNotFound,
    InvalidRequestState,
    InvalidAssignmentState,
    ReprocessWindowExpired,
    InvalidJobState,
    ThresholdExceeded,
    RequestHasAssignment,
    ActiveAssignmentsExist,
    CatalogNotEmpty,
    ConnectedOrganizationInUse,
    ConnectorInUse,
    ResourceAlreadyOnboarded,
    ResourceNotSupported,
    InvalidDeleteResourceHasEntitlements,
    RoleScopeAlreadyExists,
    ExtensionInUse,
    SubscriptionValidationFailed,
    SubscriptionLimitReached,
    CallbackMismatch,
    ExistingUploadSession,
    InvalidUploadSessionState,
    // Somebody was faster.
    Conflict,
    PreconditionFailed,
    // What was kept for the caller is gone.
    ResyncRequired,
    // Not now.
    MethodNotAllowed,
    TooManyRequests,
}

impl Code {
    /// Every code, for tables and tests.
    pub const ALL: &'static [Self] = &[
        Self::InvalidAuthenticationToken,
        Self::AccessDenied,
        Self::FilterRequired,
        Self::CallerNotResourceOwner,
        Self::ResourceNotFound,
        Self::RoleNotFound,
        Self::SubjectNotFound,
        Self::BadRequest,
        Self::InvalidModel,
        Self::InvalidMembershipRule,
        Self::ExistingAssignment,
        Self::ExistingOpenRequest,
        Self::PolicyNotApplicable,
        Self::PolicySelectionRequired,
        Self::PolicyRequirementsNotMet,
        Self::PolicyDisabled,
        Self::CatalogNotPublished,
        Self::ExternalAccessDisabled,
        Self::IncompatibleAccess,
        Self::RequiredAnswerMissing,
        Self::UnknownQuestion,
        Self::AnswerNotEditable,
        Self::JustificationRequired,
        Self::VerifiedIdRequired,
        Self::InvalidSchedule,
        Self::TargetSignInBlocked,
        Self::TargetNotFound,
        Self::InvalidRequestState,
        Self::InvalidAssignmentState,
        Self::ReprocessWindowExpired,
        Self::InvalidJobState,
        Self::ThresholdExceeded,
        Self::RequestHasAssignment,
        Self::ActiveAssignmentsExist,
        Self::CatalogNotEmpty,
        Self::ConnectedOrganizationInUse,
        Self::ConnectorInUse,
        Self::ResourceAlreadyOnboarded,
        Self::ResourceNotSupported,
        Self::InvalidDeleteResourceHasEntitlements,
        Self::RoleScopeAlreadyExists,
        Self::ExtensionInUse,
        Self::SubscriptionValidationFailed,
        Self::SubscriptionLimitReached,
        Self::CallbackMismatch,
        Self::ExistingUploadSession,
        Self::InvalidUploadSessionState,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::ResyncRequired,
        Self::MethodNotAllowed,
        Self::TooManyRequests,
    ];

    /// The code as the wire shows it: the variant's own name.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The caller can do something about it.
    #[error("{message}")]
    Refused {
        /// Stable code.
        code: Code,
        /// One sentence, lower case, naming what was expected.
        message: String,
        /// The property at fault, as the wire names it.
        target: Option<String>,
    },
    /// A limit of the tenant's own is reached.
    #[error("too many calls: try again in {retry_after} seconds")]
    Throttled {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Too much at once: try again later.
    #[error("try again later")]
    Unavailable {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// There is no room on the disk: nothing was stored, and a person has to make some.
    #[error("there is no room to store the change")]
    Full,
    /// The database went away in the middle of the commit.
    #[error(
        "it is not known whether this was done: look, or send the same call again in {retry_after} seconds"
    )]
    Undecided {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Ours: the cause is logged, never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ServiceError {
    /// A refusal without a property at fault.
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::Refused {
            code,
            message: message.into(),
            target: None,
        }
    }

    /// A refusal that names the property at fault.
    pub fn invalid(code: Code, target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused {
            code,
            message: message.into(),
            target: Some(target.into()),
        }
    }

    /// The object is not there, or the caller may not know that it is.
    pub fn not_found(what: &str, id: impl Display) -> Self {
        Self::refused(
            Code::ResourceNotFound,
            format!("{what} `{id}` does not exist"),
        )
    }

    /// A fault of ours.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(cause))
    }

    /// The code, if this is a refusal.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Undecided { .. }
            | Self::Full
            | Self::Internal(_) => None,
        }
    }
}

impl From<store::Error> for ServiceError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::StaleVersion => Self::refused(
                Code::PreconditionFailed,
                "the object changed since it was read",
            ),
            store::Error::Busy => Self::Unavailable { retry_after: 1 },
            store::Error::Full => Self::Full,
            // The store has logged that it cannot reach the database.
            store::Error::Unavailable { .. } => Self::Unavailable { retry_after: 2 },
            store::Error::Undecided { .. } => Self::Undecided { retry_after: 2 },
            store::Error::Conflict(_) => Self::refused(
                Code::Conflict,
                "the change conflicts with what is stored by now",
            ),
            other => Self::Internal(Box::new(other)),
        }
    }
}
