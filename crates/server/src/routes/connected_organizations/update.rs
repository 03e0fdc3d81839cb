//! `PATCH connectedOrganizations/{id}`

use domain::id::ConnectedOrganizationId;
use http::StatusCode;
use service::connected_organizations;
use wire::{decode, tables};

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes a connected organization; the answer is 202 with the changed one (section 8.3).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: ConnectedOrganizationId = request.object_id().await?;
    let change = decode::connected_organization::update(&request.json()?)?;
    connected_organizations::update(request.service(), request.ctx(), id, change).await?;
    let of = &tables::CONNECTED_ORGANIZATION;
    request
        .object(StatusCode::ACCEPTED, of, &id.to_string())
        .await
}
