//! `PATCH` and `PUT catalogs/{id}/customWorkflowExtensions/{id}`: the page says one, the schema the other (HT-3).

use domain::id::CustomExtensionId;
use http::StatusCode;
use service::extensions;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes an extension; what the body does not name stays, whichever method it comes by.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: CustomExtensionId = request.object_id().await?;
    let change = decode::custom_extension::update(&request.json()?)?;
    extensions::update(request.service(), request.ctx(), id, change).await?;
    request
        .object(StatusCode::OK, request.address().target(), &id.to_string())
        .await
}
