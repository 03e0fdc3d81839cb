//! Asking an issuer for its keys over HTTP.
//!
//! **Invariant:** bounded in time and size, follows no redirect, and takes keys only from an address that cannot be
//! tampered with on the way.

use std::time::Duration;

use reqwest::{Certificate, Client, Url, redirect};
use serde_json::Value;

use super::config::trustworthy;
use super::key_set::KeySet;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 256 * 1024;

/// Why the keys could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the request failed")]
    Http(#[source] reqwest::Error),
    #[error("the answer is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the answer is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("the document is that of another issuer")]
    OtherIssuer,
    #[error("the document has no jwks_uri that can be trusted")]
    NoKeyAddress,
    #[error("the key set has no usable key")]
    NoKeys,
}

/// A client that trusts `authorities` only, or those of the system where there are none.
pub(super) fn client(authorities: &[Vec<u8>]) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none());
    if !authorities.is_empty() {
        let mut certificates = Vec::new();
        for pem in authorities {
            certificates.extend(Certificate::from_pem_bundle(pem)?);
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build()
}

/// The keys that `issuer` publishes now.
pub(super) async fn keys(client: &Client, issuer: &str) -> Result<KeySet, FetchError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let address = trustworthy(&address).ok_or(FetchError::NoKeyAddress)?;
    let document = get(client, address).await?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(FetchError::OtherIssuer);
    }
    let address = document
        .get("jwks_uri")
        .and_then(Value::as_str)
        .and_then(trustworthy)
        .ok_or(FetchError::NoKeyAddress)?;
    let keys = KeySet::from_jwks(&get(client, address).await?);
    if keys.is_empty() {
        return Err(FetchError::NoKeys);
    }
    Ok(keys)
}

async fn get(client: &Client, address: Url) -> Result<Value, FetchError> {
    let mut response = client
        .get(address)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(FetchError::Http)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchError::Http)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(FetchError::NotJson)
}
