//! Asking a token endpoint, as clients of Graph do.

use std::fmt;

use anyhow::{Context, bail};
use serde_json::Value;

use super::graph::whole;
use crate::dev_file::{DevFile, KnownClient, KnownUser};
use crate::output::Refused;

/// What is shown to a token endpoint for a token.
#[derive(Clone)]
pub(crate) struct Grant {
    /// The address of the endpoint.
    pub(crate) endpoint: String,
    form: Vec<(&'static str, String)>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The form holds secrets.
        f.debug_struct("Grant")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// The token endpoint of a tenant.
pub(crate) fn endpoint(authority: &str, tenant: &str, what: &str) -> String {
    format!(
        "{}/{tenant}/oauth2/v2.0/{what}",
        authority.trim_end_matches('/')
    )
}

impl Grant {
    pub(crate) fn new(endpoint: String, form: Vec<(&'static str, String)>) -> Self {
        Self { endpoint, form }
    }

    /// That of a client of its own.
    pub(crate) fn of_client(
        authority: &str,
        tenant: &str,
        client: &str,
        secret: &str,
        scope: &str,
    ) -> Self {
        Self::new(
            endpoint(authority, tenant, "token"),
            vec![
                ("grant_type", "client_credentials".to_owned()),
                ("client_id", client.to_owned()),
                ("client_secret", secret.to_owned()),
                ("scope", scope.to_owned()),
            ],
        )
    }

    /// That of a client of a development tenant.
    pub(crate) fn of_known_client(dev: &DevFile, client: &KnownClient, scopes: &[String]) -> Self {
        let scope = scope(dev, scopes);
        Self::of_client(
            &dev.authority,
            &dev.tenant_id,
            &client.client_id,
            &client.client_secret,
            &scope,
        )
    }

    /// That of a user of a development tenant, who signs in by way of the client `admin`.
    pub(crate) fn of_known_user(
        dev: &DevFile,
        user: &KnownUser,
        scopes: &[String],
    ) -> anyhow::Result<Self> {
        let by = dev.client("admin")?;
        Ok(Self::new(
            endpoint(&dev.authority, &dev.tenant_id, "token"),
            vec![
                ("grant_type", "password".to_owned()),
                ("client_id", by.client_id.clone()),
                ("client_secret", by.client_secret.clone()),
                ("username", user.user_principal_name.clone()),
                ("password", user.password.clone()),
                ("scope", scope(dev, scopes)),
            ],
        ))
    }

    /// The access token that it is worth.
    pub(crate) async fn token(&self, http: &reqwest::Client) -> anyhow::Result<String> {
        let body = self.answer(http).await?.map_err(|error| {
            let told = format!("the issuer refused: {}", error.told);
            anyhow::Error::from(Refused(told))
        })?;
        match body.get("access_token").and_then(Value::as_str) {
            Some(token) => Ok(token.to_owned()),
            None => bail!("the issuer's answer holds no access token"),
        }
    }

    /// What the endpoint says, whatever that is.
    pub(crate) async fn answer(
        &self,
        http: &reqwest::Client,
    ) -> anyhow::Result<Result<Value, NoToken>> {
        let answer = http
            .post(&self.endpoint)
            .form(&self.form)
            .send()
            .await
            .with_context(|| format!("the issuer at {} does not answer", self.endpoint))?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&whole(answer).await?)
            .context("the issuer's answer is no JSON")?;
        if status.is_success() {
            return Ok(Ok(body));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let error = text("error").unwrap_or_default();
        Ok(Err(NoToken {
            told: text("error_description").unwrap_or_else(|| {
                if error.is_empty() {
                    "no reason given".to_owned()
                } else {
                    error.clone()
                }
            }),
            error,
        }))
    }
}

/// A token endpoint's answer that is no token.
#[derive(Debug)]
pub(crate) struct NoToken {
    /// The code, such as `authorization_pending`.
    pub(crate) error: String,
    /// The reason in words.
    pub(crate) told: String,
}

fn scope(dev: &DevFile, scopes: &[String]) -> String {
    if scopes.is_empty() {
        format!("{}/.default", dev.base_url)
    } else {
        scopes.join(" ")
    }
}
