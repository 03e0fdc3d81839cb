//! Secrets by which a receiver may answer without a token of the directory (RS-6).
//!
//! **Invariant:** a secret is told to one receiver in one callout, is good for the answer to that callout and for nothing
//! else, and is kept as a fingerprint alone.

use auth::issuer::{fingerprint, random_secret};
use domain::id::{AssignmentId, CalloutId, RequestId};
use store::WriteTx;
use store::callback_token;

use super::resume::{Bearer, Reply, answer};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

/// What such a secret begins with, so that nobody takes it for a token of the directory.
pub const PREFIX: &str = "rcb_";

/// Makes a secret for a callout that is about to be sent.
pub(super) fn give(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    callout: CalloutId,
) -> Result<String, ServiceError> {
    let secret = random_secret().map_err(ServiceError::internal)?;
    let token = format!("{PREFIX}{secret}");
    callback_token::insert(tx, &fingerprint(&token), callout, moment.now)?;
    Ok(token)
}

/// The callout that a secret is good for.
pub async fn holder(service: &Service, token: &str) -> Result<CalloutId, ServiceError> {
    let hash = fingerprint(token);
    let found = service
        .store
        .read(move |tx| callback_token::holder(tx, &hash))
        .await?;
    found.ok_or_else(unknown)
}

/// Takes the answer of a receiver that shows a secret.
pub async fn resume_by_token(
    service: &Service,
    ctx: &Ctx,
    token: &str,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
    reply: Reply,
) -> Result<(), ServiceError> {
    let bearer = Bearer::Secret(fingerprint(token));
    answer(service, ctx, bearer, id, of_assignment, reply).await
}

/// The refusal of a secret that is shown elsewhere.
pub fn only_for_resume() -> ServiceError {
    ServiceError::refused(
        Code::AccessDenied,
        "a callback token is good for `resume` alone",
    )
}

/// The refusal of a secret that is good for nothing, or not for this.
pub(super) fn unknown() -> ServiceError {
    ServiceError::refused(
        Code::InvalidAuthenticationToken,
        "the callback token is not known, or its callout is over",
    )
}
