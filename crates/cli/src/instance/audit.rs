//! The sealer of a running server: every second it gives new audit events their places in the chain, and removes those that
//! are older than the log is kept.
//!
//! **Invariant:** nobody waits for it. What it did not come to is committed all the same, shows in the metrics, and is
//! sealed by the next turn or the next start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use auth::keys::{Algorithm, HeadNote, Keys};
use auth::seal::Signer;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use service::audit::sealing;
use service::{Service, ServiceError};
use tokio::sync::watch;

use crate::config::Config;

/// How long events wait at most while the database answers.
const INTERVAL: Duration = Duration::from_secs(1);
/// What its key's file is named by.
const PURPOSE: &str = "audit";

/// The folder of the key that the log is signed with.
pub(crate) fn key_folder(config: &Config, data: &Path) -> PathBuf {
    let own = config.audit.key_folder.as_deref();
    own.unwrap_or(data).to_owned()
}

/// Signs the log with the key of that folder, made now where there is none.
///
/// The head is noted beside it, but for a development tenant: that goes back in time whenever it is reset.
pub(crate) fn signer(folder: &Path, dev: bool) -> anyhow::Result<Signer> {
    let keys = Keys::load_or_create_as(folder, PURPOSE, Algorithm::Es256)
        .context("cannot use the key that the audit log is signed with")?;
    let signer = Signer::new(keys);
    Ok(if dev {
        signer
    } else {
        signer.noting(HeadNote::in_folder(folder))
    })
}

/// The key of that folder, to check with: none is made, for a log that another key signed would look forged.
pub(crate) fn known_signer(folder: &Path) -> anyhow::Result<Signer> {
    let keys = Keys::load_as(folder, PURPOSE, Algorithm::Es256)
        .context("cannot read the key that the audit log is signed with")?;
    let keys = keys.with_context(|| {
        format!(
            "the key that the audit log is signed with is not in `{}`: put it back, or run `reeve audit sign`",
            folder.display()
        )
    })?;
    Ok(Signer::new(keys).noting(HeadNote::in_folder(folder)))
}

/// The sealer.
#[derive(Debug)]
pub(super) struct Sealer {
    service: Service,
    signer: Arc<Signer>,
    sealed: Counter,
    unsealed: Gauge,
    age: Gauge<f64, AtomicU64>,
    failures: Counter,
}

impl Sealer {
    pub(super) fn new(service: &Service, signer: Signer) -> Self {
        Self {
            service: service.clone(),
            signer: Arc::new(signer),
            sealed: Counter::default(),
            unsealed: Gauge::default(),
            age: Gauge::default(),
            failures: Counter::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let audit = registry.sub_registry_with_prefix("reeve_audit");
        audit.register(
            "sealed_events",
            "Audit events that this process gave their place in the chain",
            self.sealed.clone(),
        );
        audit.register(
            "unsealed_events",
            "Audit events that have no place in the chain yet",
            self.unsealed.clone(),
        );
        audit.register_with_unit(
            "unsealed_age",
            "How long the oldest of them has waited",
            Unit::Seconds,
            self.age.clone(),
        );
        audit.register(
            "sealing_failures",
            "Turns of the sealer that failed",
            self.failures.clone(),
        );
    }

    /// Works until told to stop, then once more for what was committed meanwhile.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            self.turn().await;
            tokio::select! {
                biased;
                _ = stop.wait_for(|told| *told) => break,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
        self.turn().await;
    }

    async fn turn(&self) {
        if let Err(error) = self.try_turn().await {
            self.failures.inc();
            let why = anyhow::Error::new(error);
            tracing::error!(error = format!("{why:#}"), "the audit log was not sealed");
        }
        // The backlog is what an operator looks at while sealing fails.
        if let Ok(backlog) = sealing::backlog(&self.service).await {
            let now = self.service.clock.now();
            let age = backlog
                .oldest
                .map_or(0, |oldest| now.micros().saturating_sub(oldest.micros()));
            self.unsealed.set(backlog.count);
            let age = Duration::from_micros(age.max(0).unsigned_abs());
            self.age.set(age.as_secs_f64());
        }
    }

    async fn try_turn(&self) -> Result<(), ServiceError> {
        let sealed = sealing::seal_all(&self.service, &self.signer).await?;
        self.sealed
            .inc_by(u64::try_from(sealed).unwrap_or(u64::MAX));
        let removed = sealing::expire(&self.service, &self.signer).await?;
        if removed > 0 {
            tracing::info!(removed, "removed audit events that were kept long enough");
        }
        Ok(())
    }
}
