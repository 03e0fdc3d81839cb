//! Change notifications: asks new receivers whether they are meant, and posts what waits in the feeds (ADR 20).
//!
//! How an outbox is worked off is `service::outbox`'s; here is what is said to a receiver and what its answer means.
//!
//! **Invariant:** an address is looked at each time it is called, and what its name resolves to as well; what an answer
//! redirects to is not called.

mod greeting;
mod metrics;

use std::sync::Arc;
use std::time::Duration as RealTime;

use auth::callout::Signer;
use domain::extension::check_url;
use domain::time::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, StatusCode, Url};
use serde_json::json;
use service::clock::Clock;
use service::outbox::{self, Outbox};
use service::subscriptions::{self, Outcome, Parcel};
use service::{Service, ServiceError};
use tokio::sync::{Notify, watch};

pub use greeting::Unanswered;
pub use metrics::Metrics;

/// How long a receiver has.
const TIME: RealTime = RealTime::from_secs(10);

/// What the poster is given besides the service.
#[derive(Debug)]
pub struct PosterOptions {
    /// Tells receivers who posts; the key of callouts.
    pub signer: Arc<Signer>,
    /// Authorities that receivers' certificates may come from, in PEM; the system's, if none is given.
    pub ca_pem: Option<Vec<u8>>,
    /// The machine's own clock, by which receivers judge tokens.
    pub token_clock: Clock,
}

/// Why the poster cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for change notifications cannot be made")]
pub struct PosterError(#[source] reqwest::Error);

/// Posts change notifications.
#[derive(Debug)]
pub struct Poster {
    service: Service,
    http: reqwest::Client,
    signer: Arc<Signer>,
    token_clock: Clock,
    metrics: Metrics,
}

impl Poster {
    /// A poster for the service's feeds.
    pub fn new(service: Service, options: PosterOptions) -> Result<Self, PosterError> {
        let reach = service.settings.extensions.hosts.reach();
        let mut builder = egress::builder(reach).timeout(TIME);
        if let Some(pem) = &options.ca_pem {
            let authorities = Certificate::from_pem_bundle(pem).map_err(PosterError)?;
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            http: builder.build().map_err(PosterError)?,
            service,
            signer: options.signer,
            token_clock: options.token_clock,
            metrics: Metrics::default(),
        })
    }

    /// What was posted so far.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Posts all that is due; answers how many posts there were.
    pub async fn pass(&self) -> Result<usize, ServiceError> {
        outbox::pass(self).await
    }

    /// Posts until told to stop; what is under way then is brought to its end.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        outbox::run(self, stop).await;
    }

    /// The address, if it may be called now.
    fn checked(&self, url: &str) -> Result<Url, String> {
        let hosts = &self.service.settings.extensions.hosts;
        check_url(url, hosts).map_err(|flaw| flaw.to_string())?;
        egress::check(url, hosts.reach()).map_err(|flaw| flaw.to_string())
    }

    async fn post(&self, parcel: &Parcel) -> Result<StatusCode, String> {
        let url = self.checked(parcel.url())?;
        let token = self
            .signer
            .notification_token(parcel.audience(), &parcel.id(), self.token_clock.now())
            .map_err(|error| error.to_string())?;
        let body = json!({
            "value": parcel.notifications,
            "validationTokens": [token],
        });
        let response = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(|error| broken(&error))?;
        Ok(response.status())
    }
}

impl Outbox for Poster {
    type Item = Parcel;
    type Outcome = Outcome;

    const WHAT: &'static str = "change notifications";
    // Each subscriber takes a few of them at most (`subscriptions::claim`).
    const PLACES: usize = 64;

    fn service(&self) -> &Service {
        &self.service
    }

    fn wake(&self) -> &Notify {
        &self.service.feeds
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, ServiceError> {
        subscriptions::next_due(&self.service).await
    }

    async fn claim(&self, owner: &str, limit: i64) -> Result<Vec<Parcel>, ServiceError> {
        subscriptions::claim(&self.service, owner, limit).await
    }

    async fn perform(&self, parcel: &Parcel) -> Outcome {
        if parcel.notifications.is_empty() {
            return Outcome::Taken;
        }
        let outcome = match self.post(parcel).await {
            Ok(status) => meaning(status),
            Err(reason) => Outcome::Failed { reason },
        };
        self.metrics.count(parcel.notifications.len(), &outcome);
        if let Outcome::Failed { reason } = &outcome {
            tracing::debug!(
                feed = parcel.id(),
                reason,
                "a receiver did not take notifications"
            );
        }
        outcome
    }

    async fn record(
        &self,
        owner: &str,
        parcel: &Parcel,
        outcome: Outcome,
    ) -> Result<(), ServiceError> {
        subscriptions::record(&self.service, owner, parcel, outcome).await
    }
}

/// What a receiver's answer means.
fn meaning(status: StatusCode) -> Outcome {
    if status.is_success() {
        Outcome::Taken
    } else if status == StatusCode::GONE {
        Outcome::Gone
    } else {
        Outcome::Failed {
            reason: format!("the receiver answered {}", status.as_u16()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_takes_and_only_gone_ends() {
        assert_eq!(meaning(StatusCode::ACCEPTED), Outcome::Taken);
        assert_eq!(meaning(StatusCode::GONE), Outcome::Gone);
        for status in [
            StatusCode::FOUND,
            StatusCode::UNAUTHORIZED,
            StatusCode::NOT_FOUND,
            StatusCode::INTERNAL_SERVER_ERROR,
        ] {
            assert!(
                matches!(meaning(status), Outcome::Failed { .. }),
                "{status}"
            );
        }
    }
}
