//! Asking an issuer over HTTP: what it says of itself, and for its keys.
//!
//! **Invariant:** bounded in time and size, follows no redirect, and asks only at addresses that cannot be tampered
//! with on the way.

use std::time::Duration;

use reqwest::header::{CACHE_CONTROL, HeaderMap};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url};
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
    #[error("the answer has the status {0}")]
    Status(StatusCode),
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
    #[error("the document has no introspection_endpoint that can be trusted")]
    NoIntrospection,
    #[error("the answer does not say whether the token is active")]
    NoAnswer,
}

/// A client that trusts `authorities` only, or those of the system where there are none.
pub(super) fn client(authorities: &[Vec<u8>]) -> Result<Client, reqwest::Error> {
    let mut builder = egress::builder(egress::Reach::Configured)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    if !authorities.is_empty() {
        let mut certificates = Vec::new();
        for pem in authorities {
            certificates.extend(Certificate::from_pem_bundle(pem)?);
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build()
}

/// Keys, and for how long the issuer lets them be kept, where it says so.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    pub(super) max_age: Option<u64>,
}

/// The keys that `issuer` publishes now.
pub(super) async fn keys(client: &Client, issuer: &str) -> Result<Fetched, FetchError> {
    let address = document(client, issuer)
        .await?
        .get("jwks_uri")
        .and_then(Value::as_str)
        .and_then(trustworthy)
        .ok_or(FetchError::NoKeyAddress)?;
    let response = answered(client.get(address)).await?;
    let max_age = max_age(response.headers());
    let keys = KeySet::from_jwks(&json(response).await?);
    if keys.is_empty() {
        return Err(FetchError::NoKeys);
    }
    Ok(Fetched { keys, max_age })
}

/// Where `issuer` can be asked about tokens.
pub(super) async fn introspection_endpoint(
    client: &Client,
    issuer: &str,
) -> Result<Url, FetchError> {
    document(client, issuer)
        .await?
        .get("introspection_endpoint")
        .and_then(Value::as_str)
        .and_then(trustworthy)
        .ok_or(FetchError::NoIntrospection)
}

/// The body of a good answer.
pub(super) async fn body(request: RequestBuilder) -> Result<Vec<u8>, FetchError> {
    read(answered(request).await?).await
}

/// What `issuer` says of itself.
async fn document(client: &Client, issuer: &str) -> Result<Value, FetchError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let address = trustworthy(&address).ok_or(FetchError::NoKeyAddress)?;
    let document = json(answered(client.get(address)).await?).await?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(FetchError::OtherIssuer);
    }
    Ok(document)
}

async fn answered(request: RequestBuilder) -> Result<Response, FetchError> {
    let response = request
        .send()
        .await
        .and_then(Response::error_for_status)
        .map_err(FetchError::Http)?;
    // No redirect is followed, and nothing else that is no answer counts as one.
    if response.status() == StatusCode::OK {
        Ok(response)
    } else {
        Err(FetchError::Status(response.status()))
    }
}

async fn json(response: Response) -> Result<Value, FetchError> {
    serde_json::from_slice(&read(response).await?).map_err(FetchError::NotJson)
}

async fn read(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchError::Http)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The seconds of `Cache-Control: max-age`.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|directive| {
            let (name, seconds) = directive.split_once('=')?;
            let is_age = name.trim().eq_ignore_ascii_case("max-age");
            is_age.then(|| seconds.trim().trim_matches('"').parse().ok())?
        })
}
