//! Change notifications: who hears of what, what receivers have to answer, and what happens where they do not (ADR 20).

mod life;
mod trouble;
mod visibility;

use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{Client, Receiver, Reply, Start, TestApp};

const SUBSCRIPTIONS: &str = "/v1.0/subscriptions";
const REQUESTS: &str = "identityGovernance/entitlementManagement/assignmentRequests";
const ASSIGNMENTS: &str = "identityGovernance/entitlementManagement/assignments";

/// A tenant in which receivers on this machine may be called.
fn open() -> Start {
    let mut settings = Settings::default();
    settings.extensions.hosts.allowed_hosts = vec!["127.0.0.1".to_owned()];
    settings.extensions.hosts.allow_private_addresses = true;
    settings.extensions.hosts.allow_plain_http = true;
    Start { settings }
}

/// A subscription to all changes that lives for an hour.
fn wanted(app: &TestApp, receiver: &Receiver, resource: &str) -> Value {
    json!({
        "changeType": "created,updated,deleted",
        "resource": resource,
        "notificationUrl": receiver.url(),
        "clientState": "a secret of two",
        "expirationDateTime": app.now().plus(Duration::from_minutes(60)).to_string(),
    })
}

/// The same, with another receiver for what befalls it.
fn watched(app: &TestApp, receiver: &Receiver, lifecycle: &Receiver, resource: &str) -> Value {
    let mut wanted = wanted(app, receiver, resource);
    wanted["lifecycleNotificationUrl"] = json!(lifecycle.url());
    wanted["expirationDateTime"] = json!(app.now().plus(Duration::from_days(2)).to_string());
    wanted
}

async fn subscribe(client: &Client, wanted: Value) -> Reply {
    client.post(SUBSCRIPTIONS, wanted).await
}

/// Lets everything happen that can happen now, and has it told.
async fn settle(app: &TestApp) {
    app.deliver().await;
    app.post_changes().await;
}
