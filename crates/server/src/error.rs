//! From every way to fail to one HTTP status and one error body (R24).
//!
//! **Invariant:** each error has exactly one status and one code, decided in the matches here and nowhere else; what
//! is ours to mend is logged once, with its causes, and told to the client by its code alone.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::Write;

use auth::token::TokenError;
use domain::time::Timestamp;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use odata::accept::MetadataLevel;
use odata::batch::BatchError;
use odata::error::{ErrorBody, InnerError};
use odata::path::PathError;
use odata::query::QueryError;
use service::{Code, ServiceError};
use wire::address::AddressError;
use wire::body::InvalidField;
use wire::decode::{DecodeCode, DecodeError};
use wire::resolve::ResolveError;

use crate::call::CallIds;
use crate::reply::Reply;

/// Codes that the server answers by itself, beside those of [`Code::ALL`].
pub const OWN_CODES: &[&str] = &[
    "BadRequest",
    "FailedDependency",
    "InjectedFault",
    "InsufficientStorage",
    "InternalServerError",
    "InvalidAuthenticationToken",
    "InvalidModel",
    "MethodNotAllowed",
    "PreconditionFailed",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestUriTooLong",
    "ResourceNotFound",
    "ServiceUnavailable",
    "TooManyRequests",
    "UnsupportedMediaType",
];

/// Seconds to wait where nobody knows better.
const RETRY_SOON: u64 = 2;
/// Seconds until whoever asks a server that starts may ask again.
pub(crate) const RETRY_STARTING: u64 = 5;
/// Seconds until a limit counted by the minute lets somebody through again.
const RETRY_THROTTLED: u64 = 30;

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The use case said no.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The token is missing or refused (ER-1).
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The path cannot be read.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The path points at nothing.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A query option cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The batch as a whole cannot be read.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The request says something that cannot be meant.
    #[error("{message}")]
    BadRequest {
        /// The parameter, header or property at fault.
        target: Option<String>,
        /// One sentence.
        message: String,
    },
    /// A member of the body is not what it must be (ER-4).
    #[error("{message}")]
    InvalidModel {
        /// The property at fault.
        target: String,
        /// One sentence.
        message: String,
    },
    /// The body cannot be read.
    #[error(transparent)]
    Body(#[from] DecodeError),
    /// A policy cannot be read.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// The query options do not fit what they are asked of.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// There is nothing here, or the caller may not know.
    #[error("{0}")]
    NotFound(String),
    /// The method is not for this resource (ER-7).
    #[error("the method is not allowed here; allowed: {allow}")]
    MethodNotAllowed {
        /// Those that are, as `Allow` lists them.
        allow: String,
    },
    /// Clients know the method for this resource, and this server refuses it for a reason.
    #[error("{why}; allowed here: {allow}")]
    NotOffered {
        /// The methods that are allowed, as `Allow` lists them.
        allow: String,
        /// The reason.
        why: &'static str,
    },
    /// `If-Match` names another version (ER-9).
    #[error("the object is not the one that `If-Match` names")]
    PreconditionFailed,
    /// The body is too large (ER-10).
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: usize,
    },
    /// The body is no JSON (ER-11).
    #[error("the content type `{0}` is not supported; use `application/json`")]
    UnsupportedMediaType(String),
    /// An earlier request of the batch failed (BA-1).
    #[error("the request depends on `{0}`, which did not succeed")]
    FailedDependency(String),
    /// The headers are too many or too large.
    #[error("a request has at most {most} headers of {bytes} bytes in all")]
    HeadersTooLarge {
        /// How many there may be.
        most: usize,
        /// How large they may be together.
        bytes: usize,
    },
    /// The URL is too long.
    #[error("the URL is longer than {limit} bytes")]
    UrlTooLong {
        /// How long it may be.
        limit: usize,
    },
    /// The body did not come in time.
    #[error("the body did not arrive within {seconds} seconds")]
    BodyTooSlow {
        /// How long it may take.
        seconds: u64,
    },
    /// The caller asks too often, or too much at once (ER-12).
    #[error("there are too many requests; try again in {retry_after} seconds")]
    TooMany {
        /// When there is room again.
        retry_after: u64,
    },
    /// The server has as much to do as it may have.
    #[error("the server is busy; try again")]
    Busy,
    /// The server is not ready yet.
    #[error("the server is starting; try again soon, `/readyz` tells what it waits for")]
    Starting,
    /// It took too long.
    #[error("the request took longer than {seconds} seconds")]
    TimedOut {
        /// How long it may take.
        seconds: u64,
    },
    /// A development tenant was told to answer so.
    #[error("injected fault: the server was told to answer with {status}")]
    Injected {
        /// The status.
        status: StatusCode,
        /// When to try again, in seconds.
        retry_after: Option<u32>,
    },
    /// Ours: the cause is logged, never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// What the client sees of an error.
struct Shown {
    status: StatusCode,
    code: Cow<'static, str>,
    target: Option<String>,
}

impl Error {
    /// A request that cannot be meant, without a parameter at fault.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest {
            target: None,
            message: message.into(),
        }
    }

    /// A request whose parameter `target` cannot be meant.
    pub(crate) fn bad_parameter(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::BadRequest {
            target: Some(target.into()),
            message: message.into(),
        }
    }

    /// The one place where errors get status and code.
    fn shown(&self) -> Shown {
        let plain = |status, code: &'static str| Shown {
            status,
            code: Cow::Borrowed(code),
            target: None,
        };
        let aimed = |status, code: &'static str, target: &str| Shown {
            status,
            code: Cow::Borrowed(code),
            target: Some(target.to_owned()),
        };
        let unavailable = || plain(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
        let internal = || plain(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError");
        match self {
            Self::Service(ServiceError::Refused { code, target, .. }) => Shown {
                status: status_of(*code),
                code: Cow::Owned(code.name()),
                target: target.clone(),
            },
            Self::Service(ServiceError::Throttled { .. }) => {
                plain(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")
            }
            Self::TooMany { .. } => plain(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
            Self::Service(ServiceError::Unavailable { .. } | ServiceError::Undecided { .. })
            | Self::TimedOut { .. }
            | Self::Starting
            | Self::Busy => unavailable(),
            Self::Service(ServiceError::Full) => {
                plain(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage")
            }
            Self::HeadersTooLarge { .. } => plain(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RequestHeaderFieldsTooLarge",
            ),
            Self::UrlTooLong { .. } => plain(StatusCode::URI_TOO_LONG, "RequestUriTooLong"),
            Self::BodyTooSlow { .. } => plain(StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            Self::Service(ServiceError::Internal(_)) | Self::Internal(_) => internal(),
            Self::Token(error) if error.is_temporary() => unavailable(),
            Self::Token(_) => plain(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
            Self::Path(_) | Self::Address(_) => plain(StatusCode::BAD_REQUEST, "BadRequest"),
            Self::Resolve(error) => aimed(StatusCode::BAD_REQUEST, "BadRequest", error.option()),
            Self::Query(error) => aimed(StatusCode::BAD_REQUEST, "BadRequest", &error.option),
            Self::Batch(error) => aimed(StatusCode::BAD_REQUEST, "BadRequest", &error.target),
            Self::BadRequest { target, .. } => Shown {
                target: target.clone(),
                ..plain(StatusCode::BAD_REQUEST, "BadRequest")
            },
            Self::InvalidModel { target, .. } => {
                aimed(StatusCode::BAD_REQUEST, "InvalidModel", target)
            }
            Self::Body(error) => match error.code {
                DecodeCode::BadRequest => plain(StatusCode::BAD_REQUEST, "BadRequest"),
                DecodeCode::InvalidModel => {
                    aimed(StatusCode::BAD_REQUEST, "InvalidModel", &error.target)
                }
            },
            Self::Field(error) => aimed(StatusCode::BAD_REQUEST, "InvalidModel", &error.target),
            Self::NotFound(_) => plain(StatusCode::NOT_FOUND, "ResourceNotFound"),
            Self::MethodNotAllowed { .. } | Self::NotOffered { .. } => {
                plain(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed")
            }
            Self::PreconditionFailed => {
                plain(StatusCode::PRECONDITION_FAILED, "PreconditionFailed")
            }
            Self::TooLarge { .. } => plain(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::UnsupportedMediaType(_) => {
                plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType")
            }
            Self::Injected { status, .. } => plain(*status, "InjectedFault"),
            Self::FailedDependency(_) => plain(StatusCode::FAILED_DEPENDENCY, "FailedDependency"),
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.shown().status
    }

    /// The error as the document of an answer.
    pub(crate) fn body(&self, ids: &CallIds, now: Timestamp) -> ErrorBody {
        let shown = self.shown();
        let inner = InnerError {
            date: jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default(),
            request_id: ids.request.to_string(),
            client_request_id: ids.echoed(),
        };
        let mut body = ErrorBody::new(shown.code, self.message(), inner);
        body.target = shown.target;
        body
    }

    /// What the client reads; nothing about the insides.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Service(ServiceError::Internal(_)) | Self::Internal(_) => {
                "the server met an internal error; its log names the cause by the request-id"
                    .to_owned()
            }
            other => other.to_string(),
        }
    }

    /// The error as an answer.
    pub(crate) fn into_reply(self, ids: &CallIds, now: Timestamp, challenge: &Challenge) -> Reply {
        self.log();
        let status = self.shown().status;
        let body = self.body(ids, now).to_json().into_bytes();
        let mut reply = Reply::graph(status, MetadataLevel::Minimal, body);
        self.add_headers(&mut reply.headers, challenge);
        reply
    }

    pub(crate) fn add_headers(&self, headers: &mut HeaderMap, challenge: &Challenge) {
        let retry_after = match self {
            Self::Service(
                ServiceError::Unavailable { retry_after }
                | ServiceError::Undecided { retry_after }
                | ServiceError::Throttled { retry_after },
            )
            | Self::TooMany { retry_after } => Some(*retry_after),
            Self::Service(ServiceError::Refused {
                code: Code::TooManyRequests,
                ..
            }) => Some(RETRY_THROTTLED),
            Self::Injected { retry_after, .. } => retry_after.map(u64::from),
            Self::TimedOut { .. } | Self::Busy => Some(RETRY_SOON),
            Self::Starting => Some(RETRY_STARTING),
            Self::Token(error) if error.is_temporary() => Some(RETRY_SOON),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let more = match self {
            Self::Token(error) if !error.is_temporary() => {
                Some((header::WWW_AUTHENTICATE, challenge.of(&error.challenge())))
            }
            Self::Service(ServiceError::Refused {
                code: Code::InvalidAuthenticationToken,
                ..
            }) => Some((
                header::WWW_AUTHENTICATE,
                challenge.of(&TokenError::challenge_because(&self.message())),
            )),
            Self::MethodNotAllowed { allow } | Self::NotOffered { allow, .. } => {
                Some((header::ALLOW, allow.clone()))
            }
            _ => None,
        };
        if let Some((name, value)) = more
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
    }

    /// Logs what is ours, once, with every cause.
    pub(crate) fn log(&self) {
        if matches!(self, Self::Service(ServiceError::Full)) {
            tracing::error!("a change was refused because the disk of the database is full");
        }
        let (Self::Service(ServiceError::Internal(cause)) | Self::Internal(cause)) = self else {
            return;
        };
        tracing::error!(error = %chain(cause.as_ref()), "a request failed for a reason of our own");
    }
}

/// An error with all its causes in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// The HTTP status of each refusal of the service.
fn status_of(code: Code) -> StatusCode {
    match code {
        Code::InvalidAuthenticationToken => StatusCode::UNAUTHORIZED,
        Code::AccessDenied
        | Code::FilterRequired
        | Code::CallerNotResourceOwner
        | Code::SubscriptionLimitReached => StatusCode::FORBIDDEN,
        Code::ResourceNotFound | Code::RoleNotFound | Code::SubjectNotFound => {
            StatusCode::NOT_FOUND
        }
        Code::Conflict => StatusCode::CONFLICT,
        Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::ResyncRequired => StatusCode::GONE,
        Code::BadRequest
        | Code::InvalidModel
        | Code::InvalidMembershipRule
        | Code::ExistingAssignment
        | Code::ExistingOpenRequest
        | Code::PolicyNotApplicable
        | Code::PolicySelectionRequired
        | Code::PolicyRequirementsNotMet
        | Code::PolicyDisabled
        | Code::CatalogNotPublished
        | Code::ExternalAccessDisabled
        | Code::IncompatibleAccess
        | Code::RequiredAnswerMissing
        | Code::UnknownQuestion
        | Code::AnswerNotEditable
        | Code::JustificationRequired
        | Code::VerifiedIdRequired
        | Code::InvalidSchedule
        | Code::TargetSignInBlocked
        | Code::TargetNotFound
        | Code::InvalidRequestState
        | Code::InvalidAssignmentState
        | Code::ReprocessWindowExpired
        | Code::InvalidJobState
        | Code::ThresholdExceeded
        | Code::RequestHasAssignment
        | Code::ActiveAssignmentsExist
        | Code::CatalogNotEmpty
        | Code::ConnectedOrganizationInUse
        | Code::ConnectorInUse
        | Code::ResourceAlreadyOnboarded
        | Code::ResourceNotSupported
        | Code::InvalidDeleteResourceHasEntitlements
        | Code::RoleScopeAlreadyExists
        | Code::ExtensionInUse
        | Code::SubscriptionValidationFailed
        | Code::CallbackMismatch
        | Code::ExistingUploadSession
        | Code::InvalidUploadSessionState => StatusCode::BAD_REQUEST,
    }
}

/// The application that Graph is in every tenant of every cloud.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a 401 tells about where tokens come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Challenge {
    /// Where people sign in, if that is known.
    pub(crate) authorization_uri: Option<String>,
}

impl Challenge {
    /// The value of `WWW-Authenticate`. Never names `claims`, which would make clients ask for another token.
    fn of(&self, challenge: &str) -> String {
        let facts = challenge
            .strip_prefix("Bearer")
            .map(str::trim_start)
            .filter(|facts| !facts.is_empty());
        let mut value = "Bearer realm=\"\"".to_owned();
        if let Some(uri) = &self.authorization_uri {
            let _ = write!(value, ", authorization_uri=\"{uri}\"");
        }
        let _ = write!(value, ", client_id=\"{GRAPH}\"");
        if let Some(facts) = facts {
            let _ = write!(value, ", {facts}");
        }
        value
    }
}

#[cfg(test)]
mod tests;
