//! Calls of custom extensions: claims those that are due, posts them, records what came of each (semantics 10.3).
//!
//! How an outbox is worked off is `service::outbox`'s; here is what is done about one call.
//!
//! **Invariant:** an address is looked at again when it is called, and what its name resolves to as well: what was allowed
//! when the extension was stored may lead elsewhere by now (CX-5).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as RealTime;

use domain::extension::check_url;
use domain::time::Timestamp;
use reqwest::Certificate;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use service::callouts::{self, Call, Outcome, Sent, Signer, webhook_signature};
use service::clock::Clock;
use service::outbox::{self, Outbox};
use service::{Service, ServiceError};
use tokio::sync::{Notify, watch};

/// Headers in which receivers tell their own id of a run, the surest first.
const RUN_ID: [&str; 3] = [
    "x-ms-workflow-run-id",
    "x-ms-correlation-id",
    "x-request-id",
];

/// Longest id of a run that is kept.
const LONGEST_RUN_ID: usize = 256;

/// What the caller of extensions is given besides the service.
#[derive(Debug)]
pub struct CallerOptions {
    /// Tells receivers who calls.
    pub signer: Arc<Signer>,
    /// Secrets that are shared with receivers, by host.
    pub webhook_secrets: BTreeMap<String, SecretString>,
    /// Authorities that receivers' certificates may come from, in PEM; the system's, if none is given.
    pub ca_pem: Option<Vec<u8>>,
    /// The machine's own clock, by which receivers judge tokens.
    pub token_clock: Clock,
}

/// Why the caller cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for custom extensions cannot be made")]
pub struct CallerError(#[source] reqwest::Error);

/// Calls extensions.
#[derive(Debug)]
pub struct Caller {
    service: Service,
    http: reqwest::Client,
    options: CallerOptions,
}

impl Caller {
    /// A caller for the service's extensions.
    pub fn new(service: Service, options: CallerOptions) -> Result<Self, CallerError> {
        let http = client(&service, &options).map_err(CallerError)?;
        Ok(Self {
            service,
            http,
            options,
        })
    }

    /// Makes every call that is due, and the attempts that follow at once; answers how many there were.
    pub async fn pass(&self) -> Result<usize, ServiceError> {
        outbox::pass(self).await
    }

    /// Calls until told to stop; what is under way then is brought to its end.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        outbox::run(self, stop).await;
    }

    /// Makes one call.
    async fn call(&self, call: &Call) -> Outcome {
        match self.post(call).await {
            Ok(run_id) => Outcome::Accepted { run_id },
            Err(reason) => Outcome::Failed { reason },
        }
    }

    async fn post(&self, call: &Call) -> Result<Option<String>, String> {
        let hosts = &self.service.settings.extensions.hosts;
        check_url(&call.url, hosts).map_err(|flaw| flaw.to_string())?;
        let url = egress::check(&call.url, hosts.reach()).map_err(|flaw| flaw.to_string())?;
        let id = call.id.to_string();
        let now = self.options.token_clock.now();
        let mut request = self
            .http
            .post(url)
            .timeout(RealTime::from_millis(call.timeout_ms))
            .header(CONTENT_TYPE, "application/json")
            .header("client-request-id", &id)
            .header("x-ms-client-request-id", &id)
            .header("x-ms-correlation-request-id", &id)
            .header("idempotency-key", &id);
        if let Some(authentication) = &call.authentication {
            let sent = Sent {
                id: &id,
                url: &call.url,
                body: call.body.as_bytes(),
            };
            let value = self
                .options
                .signer
                .authorization(authentication, &sent, now)
                .map_err(|error| error.to_string())?;
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(secret) = self.secret_of(&call.url) {
            let seconds = seconds(now);
            let code = webhook_signature(
                secret.expose_secret().as_bytes(),
                &id,
                seconds,
                call.body.as_bytes(),
            );
            request = request
                .header("webhook-id", &id)
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", code);
        }
        let response = request
            .body(call.body.clone())
            .send()
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(run_id(response.headers()));
        }
        Err(format!("the receiver answered {}", status.as_u16()))
    }

    fn secret_of(&self, url: &str) -> Option<&SecretString> {
        let url = reqwest::Url::parse(url).ok()?;
        self.options.webhook_secrets.get(url.host_str()?)
    }
}

impl Outbox for Caller {
    type Item = Call;
    type Outcome = Outcome;

    const WHAT: &'static str = "calls of custom extensions";

    fn service(&self) -> &Service {
        &self.service
    }

    fn wake(&self) -> &Notify {
        &self.service.calls
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, ServiceError> {
        callouts::next_due(&self.service).await
    }

    async fn claim(&self, owner: &str, limit: i64) -> Result<Vec<Call>, ServiceError> {
        callouts::claim(&self.service, owner, limit).await
    }

    async fn perform(&self, call: &Call) -> Outcome {
        self.call(call).await
    }

    async fn record(&self, owner: &str, call: &Call, outcome: Outcome) -> Result<(), ServiceError> {
        callouts::record(&self.service, owner, call.id, outcome).await
    }
}

fn client(service: &Service, options: &CallerOptions) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = egress::builder(service.settings.extensions.hosts.reach());
    if let Some(pem) = &options.ca_pem {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem)?);
    }
    builder.build()
}

fn run_id(headers: &HeaderMap) -> Option<String> {
    RUN_ID.iter().find_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(value.chars().take(LONGEST_RUN_ID).collect())
    })
}

fn broken(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the receiver did not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("the receiver cannot be reached: {cause}")
}

fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_header_tells_the_run() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "second".parse().unwrap());
        assert_eq!(run_id(&headers).as_deref(), Some("second"));

        headers.insert("x-ms-workflow-run-id", "first".parse().unwrap());
        assert_eq!(run_id(&headers).as_deref(), Some("first"));
    }
}
