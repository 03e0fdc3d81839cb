//! Notices by mail: claims those that are due, writes their text, hands them to a mail server or to the log
//! (semantics 10.2).
//!
//! How an outbox is worked off is `service::outbox`'s; here is what is done about one notice.
//!
//! **Invariant:** a notice that a mail server may have taken is not sent again by itself (NO-3).

mod sink;
mod template;

use domain::time::Timestamp;
use service::notices::{self, Mail, Outcome};
use service::outbox::{self, Outbox};
use service::{Service, ServiceError};
use tokio::sync::{Notify, watch};

pub use sink::{Encryption, Sink, SinkError, Smtp};
pub use template::{TemplateError, Templates};

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
        outbox::pass(self).await
    }

    /// Sends until told to stop; what is under way then is brought to its end.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        outbox::run(self, stop).await;
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

impl Outbox for Sender {
    type Item = Mail;
    type Outcome = Outcome;

    const WHAT: &'static str = "notices";

    fn service(&self) -> &Service {
        &self.service
    }

    fn wake(&self) -> &Notify {
        &self.service.mails
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, ServiceError> {
        notices::next_due(&self.service).await
    }

    async fn claim(&self, owner: &str, limit: i64) -> Result<Vec<Mail>, ServiceError> {
        notices::claim(&self.service, owner, limit).await
    }

    async fn perform(&self, mail: &Mail) -> Outcome {
        self.send(mail).await
    }

    async fn record(&self, owner: &str, mail: &Mail, outcome: Outcome) -> Result<(), ServiceError> {
        notices::record(&self.service, owner, mail.id, outcome).await
    }
}
