//! Asking a token endpoint, as clients of Graph do.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::dev_file::{DevFile, KnownClient, KnownUser};

/// A token endpoint's answer that is no token.
#[derive(Debug, thiserror::Error)]
#[error("the issuer refused: {0}")]
pub(crate) struct Refused(String);

/// A token of a client of its own.
pub(crate) async fn client(
    http: &reqwest::Client,
    dev: &DevFile,
    client: &KnownClient,
    scopes: &[String],
) -> anyhow::Result<String> {
    let scope = scope(dev, scopes);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &client.client_id),
        ("client_secret", &client.client_secret),
        ("scope", &scope),
    ];
    token(http, dev, &form).await
}

/// A token of a user, who signs in by way of the client `admin`.
pub(crate) async fn user(
    http: &reqwest::Client,
    dev: &DevFile,
    user: &KnownUser,
    scopes: &[String],
) -> anyhow::Result<String> {
    let by = dev.client("admin")?;
    let scope = scope(dev, scopes);
    let form = [
        ("grant_type", "password"),
        ("client_id", &by.client_id),
        ("client_secret", &by.client_secret),
        ("username", &user.user_principal_name),
        ("password", &user.password),
        ("scope", &scope),
    ];
    token(http, dev, &form).await
}

fn scope(dev: &DevFile, scopes: &[String]) -> String {
    if scopes.is_empty() {
        format!("{}/.default", dev.base_url)
    } else {
        scopes.join(" ")
    }
}

async fn token(
    http: &reqwest::Client,
    dev: &DevFile,
    form: &[(&str, &str)],
) -> anyhow::Result<String> {
    let url = format!("{}/{}/oauth2/v2.0/token", dev.authority, dev.tenant_id);
    let answer = http
        .post(&url)
        .form(form)
        .send()
        .await
        .with_context(|| format!("the issuer at {} does not answer", dev.authority))?;
    let status = answer.status();
    let body: Value = answer
        .json()
        .await
        .context("the issuer's answer is no JSON")?;
    if status.is_success() {
        if let Some(token) = body.get("access_token").and_then(Value::as_str) {
            return Ok(token.to_owned());
        }
        bail!("the issuer's answer holds no access token");
    }
    let told = body
        .get("error_description")
        .or_else(|| body.get("error"))
        .and_then(Value::as_str);
    Err(Refused(told.unwrap_or("no reason given").to_owned()).into())
}
