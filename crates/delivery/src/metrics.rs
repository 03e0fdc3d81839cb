//! What the engine counts, for Prometheus.
//!
//! **Invariant:** labels are names of targets and words of closed lists, never ids.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The engine's metrics; clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    attempts: Family<Attempt, Counter>,
    in_flight: Family<Target, Gauge>,
    deliveries: Family<Depth, Gauge>,
    oldest_due: Family<Target, Gauge>,
    stuck: Family<Kind, Gauge>,
    drift_age: Family<Target, Gauge>,
    drift_to_repair: Family<Target, Histogram, fn() -> Histogram>,
    sweeps: Family<Swept, Counter>,
    reprocess_jobs: Family<JobState, Gauge>,
    passes: Histogram,
    failed_passes: Counter,
    notices: Family<Notices, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    target: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    target: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Swept {
    target: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobState {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Depth {
    target: String,
    phase: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Notices {
    state: &'static str,
}

/// A call in flight; over when dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            in_flight: Family::default(),
            deliveries: Family::default(),
            oldest_due: Family::default(),
            stuck: Family::default(),
            drift_age: Family::default(),
            drift_to_repair: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(1.0, 4.0, 12))
            }),
            sweeps: Family::default(),
            reprocess_jobs: Family::default(),
            passes: Histogram::new(exponential_buckets(0.000_5, 4.0, 10)),
            failed_passes: Counter::default(),
            notices: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes the metrics visible in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "reeve_notices",
            "Notices to people by how they stand",
            self.notices.clone(),
        );
        let delivery = registry.sub_registry_with_prefix("reeve_delivery");
        delivery.register(
            "attempts",
            "Attempts of deliveries by what they came to",
            self.attempts.clone(),
        );
        delivery.register(
            "calls_in_flight",
            "Calls to targets that are under way",
            self.in_flight.clone(),
        );
        delivery.register(
            "grants",
            "Grants of the ledger by phase",
            self.deliveries.clone(),
        );
        delivery.register_with_unit(
            "oldest_due",
            "Age of the oldest delivery that is due",
            Unit::Seconds,
            self.oldest_due.clone(),
        );
        delivery.register(
            "stuck",
            "Objects that nothing moves on, by kind",
            self.stuck.clone(),
        );
        delivery.register_with_unit(
            "drift_age",
            "Since when the oldest drift is known that is still there",
            Unit::Seconds,
            self.drift_age.clone(),
        );
        delivery.register_with_unit(
            "drift_to_repair",
            "Time from the finding of drift to its repair",
            Unit::Seconds,
            self.drift_to_repair.clone(),
        );
        delivery.register("sweeps", "Sweeps by how they ended", self.sweeps.clone());
        delivery.register(
            "reprocess_jobs",
            "Bulk reprocess jobs by state",
            self.reprocess_jobs.clone(),
        );
        delivery.register_with_unit(
            "pass",
            "Time that a pass of the engine took",
            Unit::Seconds,
            self.passes.clone(),
        );
        delivery.register(
            "failed_passes",
            "Passes of the engine that ended in an error",
            self.failed_passes.clone(),
        );
    }

    pub(crate) fn notices(&self, state: &'static str, count: i64) {
        self.notices.get_or_create(&Notices { state }).set(count);
    }

    pub(crate) fn attempted(&self, target: &str, outcome: &'static str) {
        self.attempts
            .get_or_create(&Attempt {
                target: target.to_owned(),
                outcome,
            })
            .inc();
    }

    pub(crate) fn call_started(&self, target: &str) -> InFlight {
        let gauge = self
            .in_flight
            .get_or_create(&Target {
                target: target.to_owned(),
            })
            .clone();
        gauge.inc();
        InFlight(gauge)
    }

    pub(crate) fn passed(&self, took: Duration) {
        self.passes.observe(took.as_secs_f64());
    }

    pub(crate) fn pass_failed(&self) {
        self.failed_passes.inc();
    }

    pub(crate) fn depth(&self, rows: &[(String, String, i64)]) {
        self.deliveries.clear();
        for (target, phase, count) in rows {
            let labels = Depth {
                target: target.clone(),
                phase: phase.clone(),
            };
            self.deliveries.get_or_create(&labels).set(*count);
        }
    }

    pub(crate) fn reprocess_jobs(&self, counts: &[(String, i64)]) {
        self.reprocess_jobs.clear();
        for (state, count) in counts {
            let labels = JobState {
                state: state.clone(),
            };
            self.reprocess_jobs.get_or_create(&labels).set(*count);
        }
    }

    pub(crate) fn oldest_due(&self, ages: &[(String, i64)]) {
        self.oldest_due.clear();
        for (target, seconds) in ages {
            self.oldest_due
                .get_or_create(&Target {
                    target: target.clone(),
                })
                .set(*seconds);
        }
    }

    pub(crate) fn drift_ages(&self, ages: &[(String, i64)]) {
        self.drift_age.clear();
        for (target, seconds) in ages {
            self.drift_age
                .get_or_create(&Target {
                    target: target.clone(),
                })
                .set(*seconds);
        }
    }

    pub(crate) fn repaired(&self, target: &str, after: domain::time::Duration) {
        let seconds = Duration::from_micros(after.micros().max(0).unsigned_abs());
        self.drift_to_repair
            .get_or_create(&Target {
                target: target.to_owned(),
            })
            .observe(seconds.as_secs_f64());
    }

    pub(crate) fn swept(&self, target: &str, state: domain::sweep::State) {
        self.sweeps
            .get_or_create(&Swept {
                target: target.to_owned(),
                state: state.as_str(),
            })
            .inc();
    }

    pub(crate) fn stuck(&self, kind: &'static str, count: usize) {
        self.stuck
            .get_or_create(&Kind { kind })
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
