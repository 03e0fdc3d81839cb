//! HTTP to one SCIM service: one request in, one [`Reply`] out.

use std::fmt;
use std::sync::Arc;

use connector_api::{FailureCode, Outcome};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Certificate, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::config::{ConfigError, ScimConfig};
use crate::reply::{Reply, retry_after};

/// More than any sensible answer; a longer one is cut off.
const REPLY_LIMIT: usize = 32 * 1024 * 1024;

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One SCIM service.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
    authorization: HeaderValue,
    in_flight: Semaphore,
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'a str, String)>,
    pub(crate) if_match: Option<&'a str>,
    pub(crate) body: Option<&'a Value>,
}

impl Request<'_> {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            if_match: None,
            body: None,
        }
    }
}

impl<'a> Request<'a> {
    pub(crate) fn with_body(method: Method, path: impl Into<String>, body: &'a Value) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            if_match: None,
            body: Some(body),
        }
    }

    pub(crate) fn query(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
}

impl Client {
    pub(crate) fn new(config: &ScimConfig) -> Result<Self, ConfigError> {
        let base = config.base_url.trim_end_matches('/').to_owned();
        let usable = egress::check(&base, egress::Reach::Configured)
            .is_ok_and(|url| url.query().is_none() && url.fragment().is_none());
        if !usable {
            return Err(ConfigError::BaseUrl(config.base_url.clone()));
        }
        let token = config.token.expose_secret();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::Token);
        }
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ConfigError::Token)?;
        authorization.set_sensitive(true);
        Ok(Self {
            http: http_client(config)?,
            base,
            token: config.token.clone(),
            authorization,
            in_flight: Semaphore::new(config.max_in_flight),
        })
    }

    /// Sends; what says nothing about this request but about the target as a whole is already an outcome.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, Outcome> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = self
            .http
            .request(request.method, url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/scim+json, application/json");
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        if let Some(etag) = request.if_match {
            builder = builder.header(IF_MATCH, etag);
        }
        if let Some(body) = request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/scim+json")
                .body(body.to_string());
        }
        // The semaphore is never closed; a request without permit would do no harm.
        let _permit = self.in_flight.acquire().await.ok();
        let response = builder.send().await.map_err(|error| broken(&error))?;
        let reply = self.read(response).await?;
        match reply.verdict_on_target() {
            Some(outcome) => Err(outcome),
            None => Ok(reply),
        }
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Reply, Outcome> {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let etag = response
            .headers()
            .get(ETAG)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > REPLY_LIMIT {
                return Err(Outcome::retry(
                    FailureCode::ConnectorError,
                    format!("the target's answer is longer than {REPLY_LIMIT} bytes"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply::new(
            status,
            retry_after,
            etag,
            &body,
            self.token.expose_secret(),
        ))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// An id as one segment of a path.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

fn http_client(config: &ScimConfig) -> Result<reqwest::Client, ConfigError> {
    let mut builder = egress::builder(egress::Reach::Configured)
        .timeout(config.timeout)
        .connect_timeout(config.timeout);
    if let Some(pem) = &config.ca_pem {
        let certificates = Certificate::from_pem_bundle(pem).map_err(ConfigError::Ca)?;
        if certificates.is_empty() {
            return Err(ConfigError::NoCa);
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(ConfigError::Client)
}

/// The outcome of a request is unknown: trying again is safe because every request is idempotent.
fn broken(error: &reqwest::Error) -> Outcome {
    let message = if error.is_timeout() {
        "the target did not answer in time".to_owned()
    } else {
        format!("the connection to the target failed: {}", innermost(error))
    };
    Outcome::retry(FailureCode::OriginUnavailable, message)
}

/// The cause at the end of the chain, which is the one that tells something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The client is shared by all calls.
pub(crate) type SharedClient = Arc<Client>;
