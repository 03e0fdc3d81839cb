//! Those who do outside what transactions wrote down: call extensions, send mail, post changes.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use auth::callout::Signer;
use callout::Caller;
use feed::{Poster, PosterOptions};
use notice::Sender;
use server::Receivers;
use service::clock::Clock;
use service::{Service, ServiceError};
use tokio::sync::watch;

use super::{callouts, notices};
use crate::config::Config;

/// One for each kind of work.
#[derive(Debug, Clone)]
pub(super) struct Outboxes {
    caller: Arc<Caller>,
    sender: Option<Arc<Sender>>,
    poster: Arc<Poster>,
}

impl Outboxes {
    /// All of them, as configured.
    pub(super) fn new(
        config: &Config,
        service: &Service,
        signer: &Arc<Signer>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            caller: Arc::new(callouts::caller(config, service, signer)?),
            sender: notices::sender(config, service)?.map(Arc::new),
            poster: Arc::new(poster(config, service, signer)?),
        })
    }

    /// Who posts changes.
    pub(super) fn poster(&self) -> &Poster {
        &self.poster
    }

    /// Who asks the receivers of new subscriptions.
    pub(super) fn receivers(&self) -> Receivers {
        let poster = Arc::clone(&self.poster);
        Receivers::new(Arc::new(move |url| {
            let poster = Arc::clone(&poster);
            Box::pin(async move {
                let answer = poster.greet(&url).await;
                answer.map_err(|unanswered| unanswered.to_string())
            })
        }))
    }

    /// Does all that is due now; answers how much there was.
    pub(super) async fn pass(&self) -> Result<usize, ServiceError> {
        let called = self.caller.pass().await?;
        let sent = match &self.sender {
            Some(sender) => sender.pass().await?,
            None => 0,
        };
        Ok(called + sent + self.poster.pass().await?)
    }

    /// Works until told to stop.
    pub(super) async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.caller.run(stop.clone()),
            notices::run(self.sender.as_deref(), stop.clone()),
            self.poster.run(stop),
        );
    }
}

/// Takes up what an earlier process had claimed, where nobody else can be at work.
pub(super) async fn reclaim(service: &Service) -> anyhow::Result<()> {
    service::callouts::reclaim(service)
        .await
        .context("cannot take up calls of custom extensions")?;
    service::subscriptions::reclaim(service)
        .await
        .context("cannot take up notifications of changes")?;
    Ok(())
}

/// Receivers of changes are trusted as those of callouts are, and know the server by the same key.
fn poster(config: &Config, service: &Service, signer: &Arc<Signer>) -> anyhow::Result<Poster> {
    let ca_file = config.extensions.ca_file.as_deref();
    let read = |file: &Path| {
        std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
    };
    let options = PosterOptions {
        signer: Arc::clone(signer),
        ca_pem: ca_file.map(read).transpose()?,
        token_clock: Clock::system(),
    };
    Ok(Poster::new(service.clone(), options)?)
}
