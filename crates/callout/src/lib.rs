//! Calls of custom extensions: claims those that are due, posts them, records what came of each (semantics 10.3).
//!
//! Like the engine it takes no input: waking it is a hint. Several replicas share the calls by leases.
//!
//! **Invariant:** an address is looked at again when it is called, and what its name resolves to as well: what was allowed
//! when the extension was stored may lead elsewhere by now (CX-5).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as RealTime;

use domain::extension::check_url;
use domain::time::Timestamp;
use futures_util::future::join_all;
use reqwest::Certificate;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use service::callouts::{self, Call, Outcome, Sent, Signer, webhook_signature};
use service::clock::Clock;
use service::{Service, ServiceError};
use tokio::sync::watch;

/// Calls that are claimed, and made, at once.
const BATCH: i64 = 16;

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
        let mut made = 0;
        loop {
            let due = callouts::next_due(&self.service).await?;
            if due.is_none_or(|due| due > self.service.clock.now()) {
                return Ok(made);
            }
            let owner = self.service.moment().id(|uuid| uuid.simple().to_string());
            let calls = callouts::claim(&self.service, &owner, BATCH).await?;
            let outcomes = join_all(calls.iter().map(|call| self.call(call))).await;
            for (call, outcome) in calls.iter().zip(outcomes) {
                made += 1;
                callouts::record(&self.service, &owner, call.id, outcome).await?;
            }
        }
    }

    /// Calls until told to stop; what is under way then is brought to its end.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let poll = self.service.settings.delivery_poll_interval.micros();
        let poll = RealTime::from_micros(poll.max(1_000).unsigned_abs());
        let mut failures = 0_u32;
        while !*stop.borrow() {
            let wait = match self.pass().await {
                Ok(_) => {
                    failures = 0;
                    poll
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    log_failure(failures, &error);
                    poll.saturating_mul(1 << failures.min(5))
                }
            };
            tokio::select! {
                biased;
                told = stop.wait_for(|told| *told) => {
                    // Whoever could tell is gone: that is a reason to stop as well.
                    drop(told);
                    return;
                }
                () = self.service.calls.notified(), if failures == 0 => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
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

/// Logs the first of several failures with its cause.
fn log_failure(failures: u32, error: &ServiceError) {
    if failures == 1 {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "custom extensions could not be called; leases bring the calls back"
        );
    } else {
        tracing::debug!(
            failures,
            error = error as &dyn std::error::Error,
            "custom extensions could not be called again"
        );
    }
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
