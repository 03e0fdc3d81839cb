//! `PATCH externalOriginResourceConnectors/{id}`

use domain::id::ExternalConnectorId;
use http::StatusCode;
use service::external_connectors;
use wire::{decode, tables};

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes a connector; the answer is the changed one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: ExternalConnectorId = request.object_id().await?;
    let change = decode::external_connector::update(&request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    external_connectors::update(service, ctx, id, change).await?;
    let of = &tables::EXTERNAL_CONNECTOR;
    request.object(StatusCode::OK, of, &id.to_string()).await
}
