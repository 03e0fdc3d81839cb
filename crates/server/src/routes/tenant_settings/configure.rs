//! `PUT controlConfigurations/{id}`

use domain::id::ControlConfigurationId;
use http::StatusCode;
use service::tenant_settings;
use wire::{decode, tables};

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes a control configuration; the answer is the changed one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: ControlConfigurationId = request.object_id().await?;
    let change = decode::control_configuration::replace(&request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    tenant_settings::configure_control(service, ctx, id, change).await?;
    let of = &tables::CONTROL_CONFIGURATION;
    request.object(StatusCode::OK, of, &id.to_string()).await
}
