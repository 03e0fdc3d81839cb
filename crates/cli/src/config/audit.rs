//! `[audit]` and `[retention]`: how the audit log is kept.

use std::path::PathBuf;

use domain::time::Duration;
use serde::Deserialize;
use service::settings::Settings;

use super::value::Iso;

/// `[audit]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct AuditSection {
    /// The folder of the key that the log is signed with; the data folder, if not given.
    pub(crate) key_folder: Option<PathBuf>,
}

/// `[retention]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RetentionSection {
    /// How long audit events are kept; nothing: for ever.
    pub(crate) audit: Iso,
    /// How long requests are kept that are over; nothing: for ever.
    pub(crate) requests: Iso,
    /// How long assignments are kept that are over; nothing: for ever.
    pub(crate) assignments: Iso,
    /// How long bulk jobs are kept that are over; nothing: for ever.
    pub(crate) reprocess_jobs: Iso,
    /// How long a delta link is good for at most; nothing: for ever.
    pub(crate) delta: Iso,
}

impl Default for RetentionSection {
    fn default() -> Self {
        let kept = Settings::default().retention_audit;
        let read_on = Settings::default().delta_retention;
        Self {
            audit: Iso(kept.unwrap_or(FOR_EVER)),
            requests: Iso(FOR_EVER),
            assignments: Iso(FOR_EVER),
            reprocess_jobs: Iso(Settings::default().retention_jobs.unwrap_or(FOR_EVER)),
            delta: Iso(read_on.unwrap_or(FOR_EVER)),
        }
    }
}

const FOR_EVER: Duration = Duration::from_micros(0);

impl RetentionSection {
    /// How long audit events are kept; `None`: for ever.
    pub(crate) fn audit(&self) -> Option<Duration> {
        bounded(self.audit)
    }

    /// How long requests are kept that are over; `None`: for ever.
    pub(crate) fn requests(&self) -> Option<Duration> {
        bounded(self.requests)
    }

    /// How long assignments are kept that are over; `None`: for ever.
    pub(crate) fn assignments(&self) -> Option<Duration> {
        bounded(self.assignments)
    }

    /// How long bulk jobs are kept that are over; `None`: for ever.
    pub(crate) fn reprocess_jobs(&self) -> Option<Duration> {
        bounded(self.reprocess_jobs)
    }

    /// How long a delta link is good for at most; `None`: for ever.
    pub(crate) fn delta(&self) -> Option<Duration> {
        bounded(self.delta)
    }
}

fn bounded(kept: Iso) -> Option<Duration> {
    (kept.0 > FOR_EVER).then_some(kept.0)
}
