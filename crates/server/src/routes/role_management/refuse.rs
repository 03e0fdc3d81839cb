//! Actions on objects of role management that never have an effect here: an unknown object is 404, a known one is told
//! why not.

use super::known;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// `POST …Requests/{id}/cancel` and `…/updateRequest`: nothing is pending.
pub(crate) async fn settled(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    known(request).await?;
    Err(Error::bad_request(
        "the request was carried out at once, so it can neither be canceled nor updated",
    ))
}

/// `POST roleDefinitions/{id}/restore`: nothing is deleted.
pub(crate) async fn not_deleted(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    known(request).await?;
    Err(Error::bad_request(
        "the role definition is built in and not deleted",
    ))
}

/// `POST resourceNamespaces/{id}/importResourceActions`: actions are built in.
pub(crate) async fn built_in(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    known(request).await?;
    Err(Error::NotOffered {
        allow: String::new(),
        why: "the actions that roles allow are built in",
    })
}
