//! `PATCH subscriptions/{id}`

use http::StatusCode;
use service::subscriptions;
use wire::{decode, tables};

use super::greet;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Renews a subscription, or sends it to a receiver that has sent back what it was sent.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let change = decode::subscription::update(&request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    subscriptions::check_change(service, ctx, id, &change).await?;
    if let Some(url) = &change.notification_url {
        greet(request.app(), "notificationUrl", url).await?;
    }
    subscriptions::update(service, ctx, id, change).await?;
    let of = &tables::SUBSCRIPTION;
    request.object(StatusCode::OK, of, &id.to_string()).await
}
