//! One life: what people wish, what goes wrong and when engines work, as the dice say.

use std::collections::BTreeMap;

use anyhow::Context as _;
use auth::decide::Caller;
use auth::principal::{Permission, PermissionSet, Principal};
use domain::assignment_request::RequestType;
use domain::id::{AssignmentId, ObjectId, RequestId};
use domain::policy::RequestedSchedule;
use domain::reprocess_job::{Collection, State as JobState, Thresholds, Tracking};
use domain::submission::{Submission, TargetReference};
use domain::sweep::State as SweepState;
use domain::time::Duration;
use service::access_packages::role_scopes;
use service::reprocess_jobs::{NewJob, Order, Selection, steer};
use service::{Ctx, ServiceError, assignment_requests, reprocess, reprocess_jobs, sweeps};
use store::ledger::lease;
use uuid::Uuid;

use crate::judge::Judge;
use crate::target::Trouble;
use crate::template::{TARGETS, Template};
use crate::world::{REPLICAS, World};
use crate::{Counts, Fault, Life, Sabotage};

/// Rounds of retries after which a life that does not come to rest is a fault.
const MOST_ROUNDS: usize = 60;

/// Sweeps of a target that works again, of which one must come to its end.
const MOST_SWEEPS: usize = 3;

/// Lives the life of this number.
pub fn live(template: &mut Template, seed: u64, sabotage: Sabotage) -> Result<Life, Box<Fault>> {
    let fault = |what: String, story: Vec<String>| Box::new(Fault { seed, what, story });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| fault(error.to_string(), Vec::new()))?;
    let mut being = match Being::born(template, seed, sabotage) {
        Ok(being) => being,
        Err(error) => return Err(fault(format!("{error:#}"), Vec::new())),
    };
    match runtime.block_on(being.live()) {
        Ok(counts) => Ok(Life {
            story: being.story,
            counts,
        }),
        Err(error) => Err(fault(format!("{error:#}"), being.story)),
    }
}

struct Being {
    world: World,
    judge: Judge,
    dice: fastrand::Rng,
    operator: Ctx,
    story: Vec<String>,
    counts: Counts,
}

impl Being {
    fn born(template: &mut Template, seed: u64, sabotage: Sabotage) -> anyhow::Result<Self> {
        Ok(Self {
            world: World::begin(template, seed, sabotage)?,
            judge: Judge::default(),
            dice: fastrand::Rng::with_seed(seed),
            operator: operator(),
            story: Vec::new(),
            counts: Counts::default(),
        })
    }

    async fn live(&mut self) -> anyhow::Result<Counts> {
        for _ in 0..self.dice.usize(20..60) {
            let done = self.step().await?;
            self.story.push(done);
            self.judge.look(&self.world).await?;
        }
        self.story.push("faults end".to_owned());
        self.come_to_rest().await?;
        self.judge.look_at_the_end(&self.world).await?;
        self.counts.requests = self.world.requests().await?.len();
        self.counts.troubles = self.world.targets.iter().map(|one| one.troubles()).sum();
        Ok(self.counts)
    }

    /// One thing that somebody does, or that happens.
    async fn step(&mut self) -> anyhow::Result<String> {
        if self.world.sabotage == Sabotage::Shredder {
            self.shred().await?;
        }
        match self.dice.u8(0..38) {
            0..=5 => self.assign().await,
            6..=8 => self.remove().await,
            9 => self.act_on_a_request("cancel").await,
            10..=11 => self.act_on_a_request("reprocess").await,
            12..=14 => self.enforce().await,
            15..=16 => self.change_a_package().await,
            17..=18 => Ok(self.tamper()),
            19..=21 => Ok(self.trouble()),
            22..=23 => {
                let number = self.dice.usize(0..REPLICAS);
                self.world.crash(number).await?;
                self.counts.crashes += 1;
                Ok(format!("replica {number} dies"))
            }
            24..=25 => {
                let seconds = self
                    .dice
                    .choice([1, 30, 90, 400, 5_000, 40_000])
                    .unwrap_or(1);
                self.world.pass_time(Duration::from_secs(seconds)).await;
                Ok(format!("{seconds} seconds pass"))
            }
            34 => self.sweep().await,
            35 => self.bulk().await,
            36 => self.steer().await,
            37 => Ok(self.jump_back()),
            26 => {
                self.world.settle().await?;
                Ok("everything that can be done is done".to_owned())
            }
            _ => {
                let number = self.dice.usize(0..REPLICAS);
                self.world.works(number);
                let turns = self.dice.usize(0..60);
                self.world.turns(turns).await;
                if self.dice.bool() {
                    // What waits for company is recorded meanwhile.
                    tokio::time::sleep(std::time::Duration::from_millis(15)).await;
                }
                Ok(format!("replica {number} works for {turns} turns"))
            }
        }
    }

    async fn assign(&mut self) -> anyhow::Result<String> {
        let (user, name) = self.somebody()?;
        let number = self.dice.usize(0..self.world.cast.packages.len());
        let package = self.world.cast.packages.get(number).context("no package")?;
        let mut wanted = submission(RequestType::AdminAdd);
        wanted.access_package_id = Some(package.id);
        wanted.assignment_policy_id = Some(package.policy);
        wanted.target = Some(TargetReference::Id(user));
        if self.dice.u8(0..5) == 0 {
            let later = self
                .world
                .service
                .clock
                .now()
                .plus(Duration::from_minutes(20));
            wanted.schedule.starts_at = Some(later);
        }
        let done = assignment_requests::submit(&self.world.service, &self.operator, wanted).await;
        let said = match done {
            Ok(request) => {
                self.judge.accepted(request.id.to_string());
                request.id.to_string()
            }
            Err(error) => refused(error)?,
        };
        Ok(format!("{name} is to have package {number}: {said}"))
    }

    async fn remove(&mut self) -> anyhow::Result<String> {
        let Some(id) = self.an_assignment().await? else {
            return Ok("nothing to remove".to_owned());
        };
        let mut wanted = submission(RequestType::AdminRemove);
        wanted.assignment_id = Some(id);
        let done = assignment_requests::submit(&self.world.service, &self.operator, wanted).await;
        let said = match done {
            Ok(request) => {
                self.judge.accepted(request.id.to_string());
                self.judge.unwanted(id.to_string());
                request.id.to_string()
            }
            Err(error) => refused(error)?,
        };
        Ok(format!("{id} is to be removed: {said}"))
    }

    async fn act_on_a_request(&mut self, action: &str) -> anyhow::Result<String> {
        let requests = self.world.requests().await?;
        let failed = ["deliveryFailed", "partiallyDelivered"];
        let wants_failed = self.dice.u8(0..4) > 0;
        let fits: Vec<&String> = requests
            .iter()
            .filter(|(_, row)| !wants_failed || failed.contains(&row.state.as_str()))
            .map(|(id, _)| id)
            .collect();
        let Some(id) = self.dice.choice(&fits) else {
            return Ok(format!("nothing to {action}"));
        };
        let key: RequestId = id.parse().ok().context("an id that is none")?;
        let (service, operator) = (&self.world.service, &self.operator);
        let done = if action == "cancel" {
            assignment_requests::cancel(service, operator, key).await
        } else {
            reprocess::request(service, operator, key, None).await
        };
        let said = match done {
            Ok(()) => {
                let wanted = if action == "cancel" {
                    "canceled"
                } else {
                    "delivering"
                };
                let now = self.world.requests().await?;
                let state = now.get(*id).map(|row| row.state.clone());
                anyhow::ensure!(
                    state.as_deref() == Some(wanted),
                    "{action} of {id} was taken, and it is {state:?} (RP-10)"
                );
                if let Some(row) = requests.get(*id)
                    && let Some(assignment) = &row.assignment
                    && action == "cancel"
                {
                    self.judge.unwanted(assignment.clone());
                }
                self.counts.reprocessed += usize::from(action == "reprocess");
                "taken".to_owned()
            }
            Err(error) => refused(error)?,
        };
        Ok(format!("{action} {id}: {said}"))
    }

    async fn enforce(&mut self) -> anyhow::Result<String> {
        let Some(id) = self.an_assignment().await? else {
            return Ok("nothing to enforce".to_owned());
        };
        let done = reprocess::assignment(&self.world.service, &self.operator, id).await;
        let said = match done {
            Ok(()) => {
                self.counts.reprocessed += 1;
                "taken".to_owned()
            }
            Err(error) => refused(error)?,
        };
        Ok(format!("{id} is to be enforced: {said}"))
    }

    /// Somebody asks for a sweep.
    async fn sweep(&mut self) -> anyhow::Result<String> {
        let name = self.dice.choice(TARGETS).context("no target")?;
        let (_, is_new) =
            sweeps::request(&self.world.service, &self.world.service.system(), name).await?;
        self.counts.sweeps += usize::from(is_new);
        Ok(format!("{name} is to be swept"))
    }

    /// Everything is to be reprocessed by one job.
    async fn bulk(&mut self) -> anyhow::Result<String> {
        let (collection, ids) = if self.dice.bool() {
            let ids = self.world.assignments().await?.into_keys();
            (Collection::Assignments, ids.collect())
        } else {
            let ids = self.world.requests().await?.into_keys();
            (Collection::AssignmentRequests, ids.collect())
        };
        let tracking = if collection == Collection::Assignments && self.dice.bool() {
            Tracking::Changes
        } else {
            Tracking::Everything
        };
        let wanted = NewJob {
            collection,
            tracking,
            selection: Selection::Ids(ids),
            dry_run: self.dice.u8(0..4) == 0,
            thresholds: Thresholds::default(),
            note: None,
        };
        let made = reprocess_jobs::create(&self.world.service, &self.operator, wanted).await;
        let said = match made {
            Ok(view) => {
                self.counts.jobs += 1;
                view.job.id.to_string()
            }
            Err(error) => refused(error)?,
        };
        Ok(format!("a job for all {collection}: {said}"))
    }

    /// Somebody tells a job something.
    async fn steer(&mut self) -> anyhow::Result<String> {
        let jobs = self.world.jobs().await?;
        let order =
            self.dice
                .choice([Order::Run(None), Order::Pause, Order::Resume, Order::Cancel]);
        let (Some(job), Some(order)) = (self.dice.choice(&jobs), order) else {
            return Ok("no job to steer".to_owned());
        };
        let done = steer(&self.world.service, &self.operator, job.id, order).await;
        let said = match done {
            Ok(view) => view.job.state.to_string(),
            Err(error) => refused(error)?,
        };
        Ok(format!("job {}: {order:?}: {said}", job.id))
    }

    /// The clock of the machine is set back.
    fn jump_back(&mut self) -> String {
        let seconds = self.dice.choice([1, 70, 4_000]).unwrap_or(1);
        let by = Duration::from_secs(-seconds);
        // Nobody can tell a lease of later than any can end from one that is over (R28).
        if by.micros() < -lease::LONGEST.micros() {
            for target in &self.world.targets {
                target.leases_are_void();
            }
        }
        self.world.service.clock.advance(by);
        self.counts.jumps += 1;
        format!("the clock jumps back {seconds} seconds")
    }

    /// A promise goes up in smoke.
    async fn shred(&mut self) -> anyhow::Result<()> {
        let Some(id) = self.judge.any_accepted() else {
            return Ok(());
        };
        let id: RequestId = id.parse().ok().context("an id that is none")?;
        let store = &self.world.service.store;
        let shred = store.write(move |tx| -> Result<(), store::Error> {
            match store::assignment_request::find(tx, id)? {
                Some(request) if request.state.is_terminal() => {
                    store::assignment_request::delete(tx, &request)
                }
                _ => Ok(()),
            }
        });
        Ok(shred.await?)
    }

    /// A role joins a package, or leaves it.
    async fn change_a_package(&mut self) -> anyhow::Result<String> {
        let (service, operator) = (&self.world.service, &self.operator);
        let number = self.dice.usize(0..self.world.cast.packages.len());
        let place = self.dice.usize(0..self.world.cast.places.len());
        let wanted = self
            .world
            .cast
            .places
            .get(place)
            .context("no place")?
            .wanted();
        let packages = &mut self.world.cast.packages;
        let package = packages.get_mut(number).context("no package")?;
        if package.holds.remove(&place) {
            let known = package.roles.iter().find(|(known, _)| *known == place);
            let (_, role) = known.context("a role that nobody knows")?;
            role_scopes::delete(service, operator, package.id, *role).await?;
            return Ok(format!("package {number} loses place {place}"));
        }
        let role = role_scopes::create(service, operator, package.id, wanted).await?;
        package.roles.retain(|(known, _)| *known != place);
        package.roles.push((place, role));
        package.holds.insert(place);
        Ok(format!("package {number} gains place {place}"))
    }

    /// Somebody changes a target behind Reeve's back.
    fn tamper(&mut self) -> String {
        let place = self.dice.choice(&self.world.cast.places).cloned();
        let user = self.dice.choice(&self.world.cast.users).copied();
        let (Some(place), Some(user)) = (place, user) else {
            return "nothing to tamper with".to_owned();
        };
        let Some(number) = place.target else {
            return "nobody tampers with the directory".to_owned();
        };
        let access = (number, place.role.clone(), user);
        if let Some(target) = self.world.targets.get(number) {
            target.meddle(&(place.role, user));
        }
        let said = format!("somebody tampers with {access:?}");
        self.judge.tampered(access);
        said
    }

    fn trouble(&mut self) -> String {
        let number = self.dice.usize(0..self.world.targets.len());
        let Some(target) = self.world.targets.get(number) else {
            return "no trouble".to_owned();
        };
        let trouble = Trouble::any(&mut self.dice);
        match self.dice.u8(0..6) {
            0 => {
                target.always(Some(trouble));
                format!("target {number}: {trouble:?} from now on")
            }
            1 | 2 => {
                target.always(None);
                target.refuses_nobody();
                format!("target {number} works again")
            }
            3 => {
                let user = self.dice.choice(&self.world.cast.users).copied();
                if let Some(user) = user {
                    let is_refused = self.dice.bool();
                    target.refuses(user, is_refused);
                }
                format!("target {number} changes its mind about {user:?}")
            }
            _ => {
                target.will(trouble);
                format!("target {number}: {trouble:?} once")
            }
        }
    }

    /// Faults end, what was given up is retried, what was tampered with is enforced, and time passes.
    async fn come_to_rest(&mut self) -> anyhow::Result<()> {
        for target in &self.world.targets {
            target.always(None);
            target.refuses_nobody();
        }
        self.end_the_jobs().await?;
        self.run_down().await?;
        self.counts.failed = self.retry_what_failed().await?;
        self.run_down().await?;
        self.find_ways_back().await?;
        self.run_down().await?;
        let assignments = self.world.assignments().await?;
        let delivered = assignments
            .iter()
            .filter(|(_, row)| row.state == "delivered");
        for id in delivered.map(|(id, _)| id) {
            let id: AssignmentId = id.parse().ok().context("an id that is none")?;
            let enforced = reprocess::assignment(&self.world.service, &self.operator, id).await;
            if let Err(error) = enforced {
                refused(error)?;
            }
        }
        self.run_down().await?;
        self.sweep_everything().await?;
        self.story.push("all is swept".to_owned());
        self.judge.look_after_sweeps(&self.world).await?;
        self.story
            .push("what was slipped in is taken out, and all is swept again".to_owned());
        // What nobody asked for and was slipped in is no assignment's, so nothing enforces its end.
        self.forget_what_was_slipped_in().await?;
        self.sweep_everything().await
    }

    /// Every assignment that is half way, and has no request to try again, can be enforced itself, or at least removed: no
    /// state is a dead end.
    async fn find_ways_back(&mut self) -> anyhow::Result<()> {
        let half_way = ["partiallyDelivered", "deliveryFailed"];
        for (id, row) in self.world.assignments().await? {
            if !half_way.contains(&row.state.as_str()) {
                continue;
            }
            let key: AssignmentId = id.parse().ok().context("an id that is none")?;
            let service = &self.world.service;
            let enforced = reprocess::assignment(service, &self.operator, key).await;
            let why_not = match enforced {
                Ok(()) => "taken".to_owned(),
                Err(error) => refused(error)?,
            };
            self.story
                .push(format!("{id} is to be enforced at last: {why_not}"));
            if why_not != "taken" {
                let mut wanted = submission(RequestType::AdminRemove);
                wanted.assignment_id = Some(key);
                let removed = assignment_requests::submit(service, &self.operator, wanted).await;
                match removed {
                    Ok(request) => {
                        self.judge.accepted(request.id.to_string());
                        self.judge.unwanted(id);
                    }
                    Err(error) => anyhow::bail!(
                        "there is no way back for {id}, {row:?}: neither {why_not} nor {}",
                        refused(error)?
                    ),
                }
            }
            // One at a time: they may be in each other's way.
            self.run_down().await?;
        }
        Ok(())
    }

    /// Jobs go on that somebody holds back.
    async fn end_the_jobs(&mut self) -> anyhow::Result<()> {
        for job in self.world.jobs().await? {
            let order = match job.state {
                JobState::Paused => Order::Resume,
                JobState::Planned | JobState::Stopped => Order::Run(Some(Thresholds {
                    max_removed: 1_000,
                    max_removed_percent: 100,
                })),
                _ => continue,
            };
            steer(&self.world.service, &self.operator, job.id, order).await?;
        }
        self.run_down().await?;
        for job in self.world.jobs().await? {
            if !job.state.is_over() {
                // Planned only now.
                let order = Order::Cancel;
                steer(&self.world.service, &self.operator, job.id, order).await?;
            }
        }
        Ok(())
    }

    /// A sweep of every target from its beginning to its end.
    async fn sweep_everything(&mut self) -> anyhow::Result<()> {
        self.run_down().await?;
        let system = self.world.service.system();
        for name in TARGETS {
            let mut state = SweepState::Failed;
            for _ in 0..MOST_SWEEPS {
                let (sweep, _) = sweeps::request(&self.world.service, &system, name).await?;
                self.run_down().await?;
                state = sweeps::get(&self.world.service, &system, sweep.id)
                    .await?
                    .state;
                if state == SweepState::Completed {
                    break;
                }
                self.world.pass_time(Duration::from_minutes(30)).await;
            }
            anyhow::ensure!(
                state == SweepState::Completed,
                "no sweep of {name} comes to its end: {state}"
            );
        }
        Ok(())
    }

    async fn retry_what_failed(&mut self) -> anyhow::Result<usize> {
        let failed = ["deliveryFailed", "partiallyDelivered"];
        let requests: BTreeMap<_, _> = self.world.requests().await?;
        let mut count = 0;
        for (id, row) in requests {
            if !failed.contains(&row.state.as_str()) {
                continue;
            }
            count += 1;
            let key: RequestId = id.parse().ok().context("an id that is none")?;
            let retried = reprocess::request(&self.world.service, &self.operator, key, None).await;
            if let Err(error) = retried {
                let said = refused(error)?;
                let canceled =
                    assignment_requests::cancel(&self.world.service, &self.operator, key).await;
                let then = canceled.err().map(refused).transpose()?;
                self.story
                    .push(format!("reprocess {id}: {said}; cancel: {then:?}"));
            }
            self.run_down().await?;
        }
        Ok(count)
    }

    /// Takes out of the targets what the ledger does not know, or knows to be absent and not desired.
    async fn forget_what_was_slipped_in(&mut self) -> anyhow::Result<()> {
        let ledger = self.world.ledger().await?;
        for (number, (target, name)) in self.world.targets.iter().zip(TARGETS).enumerate() {
            for grant in target.grants() {
                let is_desired = ledger.iter().any(|row| {
                    row.desired
                        && row.target == name
                        && (&row.role, &row.user) == (&grant.0, &grant.1)
                });
                let was_seen = ledger.iter().any(|row| {
                    row.target == name && (&row.role, &row.user) == (&grant.0, &grant.1)
                });
                if !is_desired && (!was_seen || self.judge.was_tampered(name, &grant)) {
                    target.meddle(&grant);
                    self.judge.tampered((number, grant.0, grant.1));
                }
            }
        }
        Ok(())
    }

    /// Works and lets time pass until nothing waits any more.
    async fn run_down(&mut self) -> anyhow::Result<()> {
        for _ in 0..MOST_ROUNDS {
            self.world.settle().await?;
            self.judge.look(&self.world).await?;
            let requests = self.world.requests().await?;
            if requests.values().all(|row| row.is_complete) && self.is_at_rest().await? {
                return Ok(());
            }
            self.world.pass_time(Duration::from_minutes(30)).await;
        }
        anyhow::bail!("no rest: {:?}", self.world.requests().await?)
    }

    async fn is_at_rest(&self) -> anyhow::Result<bool> {
        use domain::ledger::Phase;
        let ledger = self.world.ledger().await?;
        Ok(ledger
            .iter()
            .all(|row| matches!(row.phase, Phase::Settled | Phase::NeedsAttention))
            && self.world.is_idle().await?)
    }

    fn somebody(&mut self) -> anyhow::Result<(ObjectId, usize)> {
        let number = self.dice.usize(0..self.world.cast.users.len());
        let user = self.world.cast.users.get(number).context("nobody")?;
        Ok((*user, number))
    }

    async fn an_assignment(&mut self) -> anyhow::Result<Option<AssignmentId>> {
        let ids: Vec<String> = self.world.assignments().await?.into_keys().collect();
        let id = self.dice.choice(&ids);
        Ok(id.and_then(|id| id.parse().ok()))
    }
}

/// What was refused: the code. Anything but a refusal is a fault of the server.
fn refused(error: ServiceError) -> anyhow::Result<String> {
    match error {
        ServiceError::Refused { code, .. } => Ok(format!("{code:?}")),
        other => Err(anyhow::Error::new(other).context("a use case failed")),
    }
}

/// An application that may administer everything.
fn operator() -> Ctx {
    let permissions = PermissionSet::of(&[
        Permission::EntitlementManagementReadWriteAll,
        Permission::GroupReadWriteAll,
        Permission::ApplicationReadWriteAll,
    ]);
    let id = ObjectId::new(Uuid::from_u128(0xa0));
    let caller = Caller {
        principal: Principal::application(id, "operator", permissions).into(),
        directory_roles: std::iter::empty().collect(),
        em_roles: Vec::new(),
    };
    Ctx::of_caller(caller.into(), Uuid::from_u128(1), None)
}

fn submission(request_type: RequestType) -> Submission {
    Submission {
        request_type,
        is_extension: false,
        access_package_id: None,
        assignment_policy_id: None,
        assignment_id: None,
        target: None,
        schedule: RequestedSchedule::default(),
        schedule_document: "null".to_owned(),
        answers: Vec::new(),
        answers_document: "[]".to_owned(),
        justification: None,
        bypass_approval: None,
        is_validation_only: false,
    }
}
