//! `subscriptions`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod reauthorize;
pub(super) mod update;

use service::{Code, ServiceError};

use crate::app::App;
use crate::error::Error;

/// Asks a receiver whether it is meant; `target` is the member that names it.
async fn greet(app: &App, target: &'static str, url: &str) -> Result<(), Error> {
    let Some(receivers) = app.receivers() else {
        let message = "nobody asks receivers here, so nothing can be subscribed to";
        return Err(ServiceError::refused(Code::SubscriptionValidationFailed, message).into());
    };
    Ok(receivers.greet(target, url).await?)
}
