//! Why a request of provisioning is not answered as asked, and how the protocol says so (RFC 7644, section 3.12).

use domain::time::Timestamp;
use http::{HeaderValue, StatusCode};
use scim::error::{ErrorType, Invalid, body};
use service::provisioning::Failure;
use service::{Code, ServiceError};

use super::JSON;
use crate::error::{Challenge, Error};
use crate::reply::Reply;

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// What the protocol forbids.
    Invalid(Invalid),
    /// What is refused elsewhere too.
    Other(Error),
    /// What is part of the protocol, but not of this server.
    NotImplemented(&'static str),
    /// The parts of the description cannot be filtered.
    Forbidden(&'static str),
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        Self::Other(Error::Service(error))
    }
}

impl From<Failure<Self>> for Fault {
    fn from(failure: Failure<Self>) -> Self {
        match failure {
            Failure::Service(error) => error.into(),
            Failure::Edit(fault) => fault,
        }
    }
}

impl Fault {
    /// A value that cannot be.
    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(ErrorType::InvalidValue, detail))
    }

    /// The resource changed since the client read it.
    pub(super) fn changed() -> Self {
        Self::Other(Error::PreconditionFailed)
    }

    /// The fault as an answer.
    pub(super) fn into_reply(self, challenge: &Challenge) -> Reply {
        let (status, error_type, detail) = match &self {
            Self::Invalid(invalid) => (
                StatusCode::BAD_REQUEST,
                Some(invalid.error_type),
                invalid.detail.clone(),
            ),
            Self::Other(error) => (error.status(), error_type(error), error.message()),
            Self::NotImplemented(what) => (StatusCode::NOT_IMPLEMENTED, None, (*what).to_owned()),
            Self::Forbidden(why) => (StatusCode::FORBIDDEN, None, (*why).to_owned()),
        };
        let body = body(status.as_u16(), error_type, &detail).to_string();
        let mut reply = Reply::typed(status, HeaderValue::from_static(JSON), body.into_bytes());
        if let Self::Other(error) = &self {
            error.log();
            error.add_headers(&mut reply.headers, challenge);
        }
        reply
    }
}

/// What a client may tell errors of one status apart by.
fn error_type(error: &Error) -> Option<ErrorType> {
    match error {
        Error::Service(ServiceError::Refused {
            code: Code::Conflict,
            target: Some(_),
            ..
        }) => Some(ErrorType::Uniqueness),
        Error::Service(ServiceError::Refused { .. })
            if error.status() == StatusCode::BAD_REQUEST =>
        {
            Some(ErrorType::InvalidValue)
        }
        Error::BadRequest { .. } => Some(ErrorType::InvalidSyntax),
        _ => None,
    }
}

/// An instant as the protocol writes it.
pub(super) fn instant(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}
