//! `POST subscriptions`

use service::subscriptions;
use wire::decode;

use super::greet;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a subscription, once its receivers have sent back what they were sent.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::subscription::create(request.version(), &request.json()?)?;
    let (service, ctx) = (request.service(), request.ctx());
    subscriptions::check(service, ctx, &wanted).await?;
    greet(request.app(), "notificationUrl", &wanted.notification_url).await?;
    if let Some(url) = &wanted.lifecycle_url {
        greet(request.app(), "lifecycleNotificationUrl", url).await?;
    }
    let id = subscriptions::create(service, ctx, wanted).await?;
    request.created(&id.to_string()).await
}
