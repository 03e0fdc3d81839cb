//! Which target is spoken to by which connector, and how much of it at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Limits, Object, Outcome, Presence, Subject,
};
use domain::time::Duration;
use service::Service;
use service::faults::FaultPlan;
use store::ledger::lease;

use crate::builtin::Builtin;
use crate::faults::Faulty;

/// The target that is always there: the built-in directory.
pub const DIRECTORY: &str = "directory";

/// How much of a target is used at once (L7).
#[derive(Debug, Clone, PartialEq)]
pub struct TargetOptions {
    /// Most calls in flight; the connector's own limit, if it is lower.
    pub max_in_flight: usize,
    /// Deliveries claimed at once; up to sixteen times as many while there is a backlog that is done quickly.
    pub batch: usize,
    /// Most calls a second; no limit but a learned one, if not given.
    pub rate: Option<f64>,
    /// How long a claim holds.
    pub lease: Duration,
    /// How long a call may take, in real time, before it is given up and in doubt.
    pub call_deadline: std::time::Duration,
    /// Unanswered calls in a row that open the circuit breaker.
    pub breaker_threshold: u32,
    /// How often the target is swept by itself; not at all, if not given.
    pub sweep: Option<Duration>,
    /// How long an open breaker holds work back before a probe; at most half of the retry schedule's shortest gap.
    pub breaker_delay: Duration,
}

impl Default for TargetOptions {
    fn default() -> Self {
        Self {
            max_in_flight: 16,
            batch: 500,
            rate: None,
            lease: Duration::from_minutes(5),
            call_deadline: std::time::Duration::from_secs(30),
            sweep: None,
            breaker_threshold: 5,
            breaker_delay: Duration::from_secs(15),
        }
    }
}

impl TargetOptions {
    /// The same with leases of this length, and a deadline of calls that fits into them.
    #[must_use]
    pub fn leased_for(self, lease: Duration) -> Self {
        let quarter = u64::try_from(lease.micros() / 4).unwrap_or(0);
        Self {
            lease,
            call_deadline: self
                .call_deadline
                .min(std::time::Duration::from_micros(quarter)),
            ..self
        }
    }
}

/// Why a target cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The name belongs to the built-in directory, or was given twice.
    #[error("the target name `{0}` is taken")]
    Taken(String),
    /// Nothing could ever be delivered.
    #[error("target `{target}`: {reason}")]
    Unusable {
        /// Which target.
        target: String,
        /// What is wrong with its options.
        reason: &'static str,
    },
}

/// A connector and how it is used.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) options: TargetOptions,
}

/// The targets of a server.
#[derive(Debug, Clone)]
pub struct Registry {
    targets: BTreeMap<String, Target>,
    faults: Option<FaultPlan>,
}

impl Registry {
    /// The built-in directory alone.
    pub fn new(service: &Service) -> Self {
        let directory = Target {
            connector: Arc::new(Builtin::new(service.clone())),
            options: TargetOptions {
                max_in_flight: 4,
                ..TargetOptions::default()
            },
        };
        Self {
            targets: BTreeMap::from([(DIRECTORY.to_owned(), directory)]),
            faults: None,
        }
    }

    /// Adds a target.
    pub fn with(
        mut self,
        name: &str,
        connector: Arc<dyn Connector>,
        options: TargetOptions,
    ) -> Result<Self, RegistryError> {
        if self.targets.contains_key(name) {
            return Err(RegistryError::Taken(name.to_owned()));
        }
        if let Some(reason) = flaw(&options) {
            return Err(RegistryError::Unusable {
                target: name.to_owned(),
                reason,
            });
        }
        self.targets
            .insert(name.to_owned(), Target { connector, options });
        Ok(self)
    }

    /// Sweeps the built-in directory that often. It tells of every change as it happens, so that this finds only what
    /// came about while nobody kept the books.
    #[must_use]
    pub fn sweeping_directory(mut self, every: Option<Duration>) -> Self {
        if let Some(directory) = self.targets.get_mut(DIRECTORY) {
            directory.options.sweep = every;
        }
        self
    }

    /// How long work for the built-in directory is claimed for.
    #[must_use]
    pub fn leasing_directory(mut self, lease: Duration) -> Self {
        if let Some(directory) = self.targets.get_mut(DIRECTORY) {
            directory.options = directory.options.clone().leased_for(lease);
        }
        self
    }

    /// The targets that are swept by themselves, and how often.
    pub(crate) fn schedule(&self) -> Vec<(String, Duration)> {
        self.targets
            .iter()
            .filter_map(|(name, target)| Some((name.clone(), target.options.sweep?)))
            .collect()
    }

    /// Makes every target misbehave as the plan says; the engine keeps the plan in step with the switches of the
    /// targets. For development tenants alone.
    #[must_use]
    pub fn with_faults(mut self, plan: FaultPlan) -> Self {
        self.faults = Some(plan);
        self
    }

    /// The names of the targets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.keys().map(String::as_str)
    }

    /// Whether the configuration names a target.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.targets.contains_key(name)
    }

    /// The connector of a target, to check it.
    pub fn connector(&self, name: &str) -> Option<Arc<dyn Connector>> {
        self.targets
            .contains_key(name)
            .then(|| self.target(name).connector)
    }

    pub(crate) const fn faults(&self) -> Option<&FaultPlan> {
        self.faults.as_ref()
    }

    /// How to speak to a target. One that is not configured is one that never takes anything; work is claimed for it only
    /// when nobody else has done so for very long.
    pub(crate) fn target(&self, name: &str) -> Target {
        let Some(target) = self.targets.get(name) else {
            let connector = Arc::new(NotConfigured {
                name: name.to_owned(),
            });
            return Target {
                connector,
                options: TargetOptions::default(),
            };
        };
        let mut target = target.clone();
        if let Some(plan) = &self.faults {
            target.connector = Arc::new(Faulty::new(name, target.connector, plan.clone()));
        }
        target
    }
}

fn flaw(options: &TargetOptions) -> Option<&'static str> {
    if options.max_in_flight == 0 {
        return Some("at least one call must be allowed in flight");
    }
    if options.batch == 0 {
        return Some("a batch holds at least one delivery");
    }
    if options
        .rate
        .is_some_and(|rate| !rate.is_finite() || rate <= 0.0)
    {
        return Some("the rate must be above zero");
    }
    let deadline = i64::try_from(options.call_deadline.as_micros()).unwrap_or(i64::MAX);
    if deadline == 0 || options.lease.micros() < deadline.saturating_mul(4) {
        return Some("a lease must be at least four times as long as the deadline of a call");
    }
    if options.lease > lease::LONGEST {
        return Some("a lease must not be longer than an hour");
    }
    None
}

/// Stands in for a target that the configuration does not name.
#[derive(Debug)]
struct NotConfigured {
    name: String,
}

impl NotConfigured {
    fn outcome(&self) -> Outcome {
        // Whoever knows it had all the time that attempts may take.
        Outcome::refused(
            FailureCode::ConnectorError,
            format!(
                "the target `{}` is not configured on this server",
                self.name
            ),
        )
    }
}

impl Connector for NotConfigured {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: usize::MAX,
            max_in_flight: 1,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(async move { Applied::Each(vec![self.outcome(); change.subjects.len()]) })
    }

    fn observe<'a>(
        &'a self,
        _: &'a Object,
        _: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(async { Err(self.outcome()) })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async { Err(self.outcome()) })
    }
}
