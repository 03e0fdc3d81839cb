//! Notices by mail: claims those that are due, writes their text, hands them to a mail server or to the log
//! (semantics 10.2).
//!
//! Like the engine it takes no input: waking it is a hint. Several replicas share the notices by leases.
//!
//! **Invariant:** a notice that a mail server may have taken is not sent again by itself (NO-3).

mod sink;
mod template;

use std::time::Duration as RealTime;

use domain::time::Timestamp;
use futures_util::future::join_all;
use service::notices::{self, Mail, Outcome};
use service::{Service, ServiceError};
use tokio::sync::watch;

pub use sink::{Encryption, Sink, SinkError, Smtp};
pub use template::{TemplateError, Templates};

/// Notices that are claimed, and sent, at once.
const BATCH: i64 = 16;

/// Sends notices.
#[derive(Debug)]
pub struct Sender {
    service: Service,
    sink: Sink,
    templates: Templates,
}

impl Sender {
    /// A sender for the service's notices.
    pub fn new(service: Service, sink: Sink, templates: Templates) -> Self {
        Self {
            service,
            sink,
            templates,
        }
    }

    /// Sends what is due; answers how many notices there were.
    pub async fn pass(&self) -> Result<usize, ServiceError> {
        let mut sent = 0;
        loop {
            let due: Option<Timestamp> = notices::next_due(&self.service).await?;
            if due.is_none_or(|due| due > self.service.clock.now()) {
                return Ok(sent);
            }
            let owner = self.service.moment().id(|uuid| uuid.simple().to_string());
            let mails = notices::claim(&self.service, &owner, BATCH).await?;
            let outcomes = join_all(mails.iter().map(|mail| self.send(mail))).await;
            for (mail, outcome) in mails.iter().zip(outcomes) {
                sent += 1;
                notices::record(&self.service, &owner, mail.id, outcome).await?;
            }
        }
    }

    /// Sends until told to stop; what is under way then is brought to its end.
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
                    tracing::error!(error = %error, failures, "notices cannot be sent now");
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
                () = self.service.mails.notified(), if failures == 0 => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn send(&self, mail: &Mail) -> Outcome {
        match self.templates.render(mail) {
            Ok(text) => self.sink.send(mail, &text).await,
            Err(error) => Outcome::Refused {
                reason: error.to_string(),
            },
        }
    }
}
