//! Why a request to the issuer got nothing.

use auth::issuer::{OAuthError, OAuthRefusal};
use auth::keys::KeyError;
use service::ServiceError;
use service::sign_in::SignInError;

use crate::error::Error;

/// Why there is nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client's doing.
    Refused(OAuthRefusal),
    /// Anything else.
    Ours(Error),
}

impl From<OAuthRefusal> for Failure {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error.refusal)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Ours(error.into())
    }
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(refusal) => Self::Refused(refusal),
            SignInError::Failed(error) => error.into(),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Ours(Error::Internal(Box::new(error)))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}
