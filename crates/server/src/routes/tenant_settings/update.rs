//! `PATCH settings`

use service::tenant_settings;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes the settings of the tenant.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let change = decode::entitlement_settings::update(&request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    tenant_settings::update(service, ctx, change).await?;
    Ok(Reply::no_content())
}
