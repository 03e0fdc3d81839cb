//! The tenant as it was made, with its targets and two replicas of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration as RealTime;

use anyhow::Context as _;
use connector_api::Connector;
use delivery::{Engine, EngineOptions, PassReport, Registry, TargetOptions};
use domain::id::{ObjectId, ReprocessJobId};
use domain::ledger::{Observed, Phase};
use domain::model;
use domain::query::{Entity, Query, Value};
use domain::reprocess_job::State as JobState;
use domain::time::{Duration, Timestamp};
use service::reprocess_jobs::{self, Job, Line};
use service::sweeps::{self, extras};
use service::{Service, ServiceError};
use store::ledger::entry::{self, Entry};
use tokio::task::JoinHandle;

use crate::Sabotage;
use crate::target::{Make, Target};
use crate::template::{Cast, TARGETS, Template};

/// How long a call may take.
const DEADLINE: RealTime = RealTime::from_secs(5);
/// How long a claim holds.
pub(crate) const LEASE: Duration = Duration::from_minutes(5);
/// More jobs than a life makes.
const MOST_JOBS: i64 = 1_000;
/// The replicas.
pub(crate) const REPLICAS: usize = 2;

/// The tenant at work.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) cast: Cast,
    pub(crate) targets: Vec<Arc<Target>>,
    pub(crate) sabotage: Sabotage,
    replicas: Vec<Replica>,
}

/// An engine, and the pass it is in.
struct Replica {
    engine: Engine,
    pass: Option<JoinHandle<Result<PassReport, ServiceError>>>,
}

/// A request as it stands.
#[derive(Debug, Clone)]
pub(crate) struct RequestRow {
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) assignment: Option<String>,
    pub(crate) is_complete: bool,
}

/// An assignment as it stands.
#[derive(Debug, Clone)]
pub(crate) struct AssignmentRow {
    pub(crate) package: usize,
    pub(crate) user: ObjectId,
    pub(crate) state: String,
    pub(crate) ends_at: Option<Timestamp>,
}

/// A row of the ledger, as far as it is judged.
#[derive(Debug, Clone)]
pub(crate) struct GrantRow {
    pub(crate) target: String,
    pub(crate) role: String,
    pub(crate) user: ObjectId,
    pub(crate) desired: bool,
    pub(crate) observed: Observed,
    pub(crate) phase: Phase,
}

impl World {
    pub(crate) fn begin(
        template: &mut Template,
        seed: u64,
        sabotage: Sabotage,
    ) -> anyhow::Result<Self> {
        let service = template.anew()?;
        let mut dice = fastrand::Rng::with_seed(seed ^ 0x007a_76e7);
        let targets = [true, false].map(|proves| {
            let make = Make {
                proves,
                whole: dice.bool(),
                max_subjects: dice.usize(1..4),
            };
            Arc::new(Target::new(make, dice.u64(..), sabotage))
        });
        let mut world = Self {
            service,
            cast: template.cast.clone(),
            targets: targets.into(),
            sabotage,
            replicas: Vec::new(),
        };
        for _ in 0..REPLICAS {
            let engine = world.engine()?;
            world.replicas.push(Replica { engine, pass: None });
        }
        Ok(world)
    }

    fn engine(&self) -> anyhow::Result<Engine> {
        let mut registry = Registry::new(&self.service);
        for (name, target) in TARGETS.iter().zip(&self.targets) {
            let connector: Arc<dyn Connector> = Arc::<Target>::clone(target);
            let options = TargetOptions {
                call_deadline: DEADLINE,
                lease: LEASE,
                batch: 3,
                ..TargetOptions::default()
            };
            registry = registry.with(name, connector, options)?;
        }
        Ok(Engine::new(
            self.service.clone(),
            registry,
            EngineOptions::default(),
        ))
    }

    /// Has a replica begin a pass, unless it is in one.
    pub(crate) fn works(&mut self, number: usize) {
        if let Some(replica) = self.replicas.get_mut(number)
            && replica.pass.as_ref().is_none_or(JoinHandle::is_finished)
        {
            let engine = replica.engine.clone();
            replica.pass = Some(tokio::spawn(async move { engine.pass().await }));
        }
    }

    /// A replica dies with all that it has in hand; another one takes its place.
    pub(crate) async fn crash(&mut self, number: usize) -> anyhow::Result<()> {
        let engine = self.engine()?;
        if let Some(replica) = self.replicas.get_mut(number) {
            if let Some(pass) = replica.pass.take() {
                pass.abort();
                drop(pass.await);
            }
            replica.engine = engine;
        }
        Ok(())
    }

    /// Lets everything that is under way come as far as it does in so many turns.
    pub(crate) async fn turns(&self, count: usize) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    /// Time passes, for the rules and for whoever waits.
    pub(crate) async fn pass_time(&self, by: Duration) {
        if by.micros() >= LEASE.micros() {
            for target in &self.targets {
                target.leases_end();
            }
        }
        self.service.clock.advance(by);
        tokio::time::sleep(RealTime::from_micros(by.micros().unsigned_abs())).await;
    }

    /// One replica works until nothing can be done now.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<()> {
        for replica in &mut self.replicas {
            if let Some(pass) = replica.pass.take() {
                pass.await??;
            }
        }
        let first = self.replicas.first().context("there is no replica")?;
        let report = first.engine.settle().await?;
        anyhow::ensure!(report.is_quiet, "the engine finds no end: {report:?}");
        Ok(())
    }

    /// Bulk jobs, the newest first.
    pub(crate) async fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let system = self.service.system();
        let views = reprocess_jobs::list(&self.service, &system, None, MOST_JOBS).await?;
        Ok(views.into_iter().map(|view| view.job).collect())
    }

    /// What became of the items of a job.
    pub(crate) async fn items(&self, job: ReprocessJobId) -> anyhow::Result<Vec<Line>> {
        let system = self.service.system();
        let items = reprocess_jobs::results(&self.service, &system, job, -1, false, i64::MAX);
        Ok(items.await?)
    }

    /// Access that sweeps found and the ledger does not know: target, role, whom the target names.
    pub(crate) async fn extras(&self) -> anyhow::Result<BTreeSet<(String, String, String)>> {
        let (service, system) = (&self.service, self.service.system());
        let wanted = extras::Wanted {
            target: String::new(),
            resource: String::new(),
            object_id: String::new(),
        };
        let (found, _) = extras::list(service, &system, wanted, None, i64::MAX).await?;
        Ok(found
            .into_iter()
            .map(|one| (one.target, one.place.role_origin_id, one.member_key))
            .collect())
    }

    /// Whether no sweep and no bulk job is under way. A job that was canceled still asks after what it began, and another
    /// replica does so only once the lease of one that died is over.
    pub(crate) async fn is_idle(&self) -> anyhow::Result<bool> {
        let (service, system) = (&self.service, self.service.system());
        let sweeps = sweeps::list(service, &system, None, None, MOST_JOBS).await?;
        let jobs = self.jobs().await?;
        let moves = |job: &Job| {
            matches!(job.state, JobState::Planning | JobState::Running)
                || job.progress.in_delivery > 0
        };
        Ok(sweeps.iter().all(|one| one.state.is_over()) && !jobs.iter().any(moves))
    }

    /// What is stuck (L9).
    pub(crate) async fn stuck(&self) -> anyhow::Result<Vec<String>> {
        let report = delivery::stuck(&self.service).await?;
        Ok(report
            .objects
            .iter()
            .map(|object| format!("{object:?}"))
            .collect())
    }

    /// Every request, by id.
    pub(crate) async fn requests(&self) -> anyhow::Result<BTreeMap<String, RequestRow>> {
        let fields = [
            "id",
            "request_type",
            "state",
            "assignment_id",
            "completed_at",
        ];
        let rows = self.rows(&model::ASSIGNMENT_REQUEST, &fields).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let request = RequestRow {
                    kind: text(&row, 1),
                    state: text(&row, 2),
                    assignment: row.get(3).and_then(Value::as_text).map(str::to_owned),
                    is_complete: row.get(4).is_some_and(|value| *value != Value::Null),
                };
                (text(&row, 0), request)
            })
            .collect())
    }

    /// Every assignment, by id.
    pub(crate) async fn assignments(&self) -> anyhow::Result<BTreeMap<String, AssignmentRow>> {
        let fields = ["id", "access_package_id", "target_id", "state", "ends_at"];
        let subjects = self.subjects().await?;
        let mut found = BTreeMap::new();
        for row in self.rows(&model::ASSIGNMENT, &fields).await? {
            let package = text(&row, 1);
            let mut packages = self.cast.packages.iter();
            let assignment = AssignmentRow {
                package: packages
                    .position(|one| one.id.to_string() == package)
                    .context("an assignment of no package")?,
                user: *subjects
                    .get(&text(&row, 2))
                    .context("an assignment of nobody")?,
                state: text(&row, 3),
                ends_at: match row.get(4) {
                    Some(Value::Int(micros)) => Some(Timestamp::from_micros(*micros)),
                    _ => None,
                },
            };
            found.insert(text(&row, 0), assignment);
        }
        Ok(found)
    }

    /// The whole ledger.
    pub(crate) async fn ledger(&self) -> anyhow::Result<Vec<GrantRow>> {
        let users = self.cast.users.clone();
        let rows = self
            .service
            .store
            .read(move |tx| -> Result<Vec<(ObjectId, Entry)>, store::Error> {
                let mut rows = Vec::new();
                for user in users {
                    if let Some(subject) = store::subject::find_by_object(tx, user)? {
                        let entries = entry::of_subject(tx, subject.id)?;
                        rows.extend(entries.into_iter().map(|entry| (user, entry)));
                    }
                }
                Ok(rows)
            })
            .await?;
        Ok(rows
            .into_iter()
            .map(|(user, entry)| GrantRow {
                target: entry.target,
                role: entry.role_origin_id,
                user,
                desired: entry.desired,
                observed: entry.observed,
                phase: entry.phase,
            })
            .collect())
    }

    async fn subjects(&self) -> anyhow::Result<BTreeMap<String, ObjectId>> {
        let users = self.cast.users.clone();
        let found = self
            .service
            .store
            .read(move |tx| -> Result<_, store::Error> {
                let mut found = BTreeMap::new();
                for user in users {
                    if let Some(subject) = store::subject::find_by_object(tx, user)? {
                        found.insert(subject.id.to_string(), user);
                    }
                }
                Ok(found)
            })
            .await?;
        Ok(found)
    }

    async fn rows(
        &self,
        entity: &'static Entity,
        fields: &[&str],
    ) -> anyhow::Result<Vec<Vec<Value>>> {
        let mut query = Query::of(entity);
        for name in fields {
            let field = entity.field(name).with_context(|| format!("no `{name}`"))?;
            query.fields.push(field);
        }
        let page = self
            .service
            .store
            .read(move |tx| store::list::list(tx, &query))
            .await?;
        Ok(page.rows.into_iter().map(|row| row.values).collect())
    }
}

fn text(row: &[Value], at: usize) -> String {
    row.get(at)
        .and_then(Value::as_text)
        .unwrap_or_default()
        .to_owned()
}
