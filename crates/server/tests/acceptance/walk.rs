//! A random walk: people wish and decide, approvals escalate, time runs out, rules assign, packages change, targets fail,
//! engines crash, and somebody tampers with the targets. Beside the server there is a model that knows nothing but the
//! tables of transitions: whatever happens, no state is left by an illegal way, no command is accepted that the tables
//! refuse, and in the end access is what assignments justify.

mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use domain::assignment::{self, State as S};
use domain::assignment_request::{self as request, Event, State};
use domain::directory::GroupRole;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Access, Backend, CRM, ERP, Package, Plan, Role, Start, TestApp, V1};

const PEOPLE: [&str; 4] = ["alice", "carol", "dave", "erin"];
const STEPS: usize = 120;

/// A small generator of numbers: the same seed gives the same walk.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            return None;
        }
        from.get(self.roll(from.len()))
    }
}

/// What was seen of a request or an assignment when it was last looked at.
#[derive(Debug, Default)]
struct Seen {
    requests: BTreeMap<String, State>,
    assignments: BTreeMap<String, assignment::State>,
}

struct Walk<'a> {
    app: &'a TestApp,
    dice: Dice,
    packages: Vec<Package>,
    /// The role that comes and goes, of each package that has it now.
    moving: BTreeMap<usize, Role>,
    seen: Seen,
    /// Types of requests, and the states in which they were seen.
    ways: BTreeSet<(String, String)>,
    log: Vec<String>,
}

#[tokio::test]
async fn whatever_happens_access_ends_as_assignments_justify() {
    let seeds = seeds();
    let mut seen = BTreeSet::new();
    for seed in seeds.clone() {
        walk(Backend::Sqlite, seed, &mut seen).await;
    }
    walk(Backend::Postgres, seeds.start + 4, &mut seen).await;
    if seeds.end - seeds.start < 4 {
        return;
    }
    for (request_type, state) in [
        ("userAdd", State::Delivered),
        ("userAdd", State::Denied),
        ("userAdd", State::Canceled),
        ("userUpdate", State::Delivered),
        ("adminAdd", State::Scheduled),
        ("adminRemove", State::Delivered),
        ("systemAdd", State::Delivered),
        ("systemUpdate", State::Delivered),
        ("systemRemove", State::Delivered),
    ] {
        let way = (request_type.to_owned(), state.to_string());
        assert!(seen.contains(&way), "no walk came by {way:?}: {seen:?}");
    }
    let escalated = ("by the deputy".to_owned(), "204".to_owned());
    assert!(
        seen.contains(&escalated),
        "no approval was escalated: {seen:?}"
    );
}

/// The first of so many seeds, from `REEVE_WALKS=FIRST,COUNT`: for a longer search than a test run has time for.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("REEVE_WALKS") else {
        return 1..5;
    };
    let (first, count) = text.split_once(',').unwrap();
    let (first, count): (u64, u64) = (first.parse().unwrap(), count.parse().unwrap());
    first..first + count
}

/// Walks; adds what kinds of requests were seen in which states.
async fn walk(backend: Backend, seed: u64, seen: &mut BTreeSet<(String, String)>) {
    let Some(app) = TestApp::on(backend, Start::default()).await else {
        return;
    };
    let mut walk = Walk::begin(&app, seed).await;
    for _ in 0..STEPS {
        let wish = walk.step().await;
        walk.log.push(wish);
        walk.check_states().await;
    }
    walk.come_to_rest().await;
    seen.append(&mut walk.ways);
}

impl Drop for Walk<'_> {
    /// A walk that fell tells where it went.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.story());
        }
    }
}

impl<'a> Walk<'a> {
    /// Four packages: one with both targets, one that shares a group with it, one with approval, escalation and an end, one
    /// that a rule assigns.
    async fn begin(app: &'a TestApp, seed: u64) -> Self {
        let plans = [
            Plan::new("Wide")
                .member_of("Shared", ERP)
                .member_of("Customers", CRM),
            Plan::new("Narrow")
                .member_of("Shared", ERP)
                .owner_of("Customers", CRM),
            Plan::new("Asked")
                .member_of("Shared", ERP)
                .approval_by(&["bob"])
                .escalating_to(&[wishes::DEPUTY], "P1D")
                .approval_by(&["bob"])
                .approving_updates()
                .lasting("P3D"),
        ];
        app.add_user(wishes::DEPUTY).await;
        let mut packages = Vec::new();
        for plan in plans {
            packages.push(app.package(plan).await);
        }
        packages.push(wishes::ruled(app).await);
        app.group("Moving", Some(CRM)).await;
        Self {
            app,
            dice: Dice(seed),
            packages,
            moving: BTreeMap::new(),
            seen: Seen::default(),
            ways: BTreeSet::new(),
            log: vec![format!("seed {seed} on {:?}", app.backend())],
        }
    }

    /// One thing that somebody does, or that happens; answers what it was.
    async fn step(&mut self) -> String {
        match self.dice.roll(28) {
            0..=3 => self.ask().await,
            4 | 20 | 21 => self.decide().await,
            22 | 23 => self.extend().await,
            24 => self.assign_later().await,
            25 | 26 => self.transfer().await,
            5 => self.on_request("cancel").await,
            6 | 7 => self.remove().await,
            8 | 9 => self.on_request("reprocess").await,
            10 | 11 => self.reprocess_assignment().await,
            12 => self.change_roles().await,
            13 => self.tamper(),
            14 => self.break_or_mend(),
            15 => self.crash().await,
            16 => {
                let minutes = [1, 20, 300, 2_000, 20_000][self.dice.roll(5)];
                self.app.advance(Duration::from_minutes(minutes));
                format!("{minutes} minutes pass")
            }
            _ => {
                self.app.deliver().await;
                "the engine works".to_owned()
            }
        }
    }

    async fn ask(&mut self) -> String {
        let who = PEOPLE[self.dice.roll(PEOPLE.len())];
        let package = &self.packages[self.dice.roll(self.packages.len())];
        let reply = if self.dice.roll(2) == 0 {
            self.app.try_assign(package, who).await
        } else {
            self.app.try_ask(package, who).await
        };
        assert!([201, 400].contains(&reply.status.as_u16()), "{reply}");
        format!(
            "{who} is to have {}: {} {}",
            package.id,
            reply.status,
            reply.code()
        )
    }

    async fn on_request(&mut self, action: &str) -> String {
        let all = self.requests_in(State::ALL).await;
        let failed = self
            .requests_in(&[State::DeliveryFailed, State::PartiallyDelivered])
            .await;
        let from = if self.dice.roll(4) > 0 && !failed.is_empty() {
            failed
        } else {
            all
        };
        let Some(id) = self.dice.pick(&from) else {
            return format!("nothing to {action}");
        };
        let path = format!("{V1}/assignmentRequests/{id}/{action}");
        let before = self.app.state(id).await;
        let reply = self.app.as_operator().post_empty(&path).await;
        assert!([202, 204, 400].contains(&reply.status.as_u16()), "{reply}");
        let event = match action {
            "cancel" => Event::Canceled,
            _ => Event::Reprocessed,
        };
        let after = self.app.state(id).await;
        if reply.status == 400 {
            assert_eq!(after, before, "what is refused changes nothing: {reply}");
        } else {
            let from = State::from_name(&before).unwrap();
            let by_the_table = request::next(from, event).map(State::as_str);
            assert_eq!(
                by_the_table,
                Ok(after.as_str()),
                "{action} of what is {before}"
            );
        }
        format!("{action} {id}: {} {}", reply.status, reply.code())
    }

    async fn remove(&mut self) -> String {
        let all: Vec<String> = self.assignments().await.into_keys().collect();
        let Some(id) = self.dice.pick(&all) else {
            return "nothing to remove".to_owned();
        };
        let reply = self.app.try_remove(id).await;
        assert!([201, 400].contains(&reply.status.as_u16()), "{reply}");
        format!("remove {id}: {} {}", reply.status, reply.code())
    }

    async fn reprocess_assignment(&mut self) -> String {
        let all: Vec<String> = self.assignments().await.into_keys().collect();
        let Some(id) = self.dice.pick(&all) else {
            return "no assignment to reprocess".to_owned();
        };
        let path = format!("{V1}/assignments/{id}/reprocess");
        let reply = self.app.as_operator().post_empty(&path).await;
        assert!([202, 400].contains(&reply.status.as_u16()), "{reply}");
        format!(
            "reprocess assignment {id}: {} {}",
            reply.status,
            reply.code()
        )
    }

    /// A role joins a package, or leaves it again.
    async fn change_roles(&mut self) -> String {
        let number = self.dice.roll(self.packages.len());
        let package = &self.packages[number];
        if let Some(role) = self.moving.remove(&number) {
            self.app.drop_role(package, &role).await;
            return format!("{} loses a role", package.id);
        }
        let role = self
            .app
            .add_role(package, "Moving", GroupRole::Member, Some(CRM))
            .await;
        let said = format!("{} gains a role", package.id);
        self.moving.insert(number, role);
        said
    }

    /// Somebody takes access away behind Reeve's back.
    fn tamper(&mut self) -> String {
        let held: Vec<Access> = self.app.held().into_iter().collect();
        let Some((target, role, who)) = self.dice.pick(&held) else {
            return "nothing to take away".to_owned();
        };
        self.app.target(target).loses(role, *who);
        format!("{who} loses {role} in {target} by hand")
    }

    fn break_or_mend(&mut self) -> String {
        let target = [ERP, CRM][self.dice.roll(2)];
        let who = PEOPLE[self.dice.roll(PEOPLE.len())];
        match self.dice.roll(4) {
            0 => self.app.target(target).goes_down(),
            1 => self.app.target(target).refuses(self.app.id_of(who)),
            _ => {
                self.app.target(target).refuses_nobody();
                self.app.recover(&[target]);
                return format!("{target} works");
            }
        }
        format!("{target} has trouble, maybe with {who}")
    }

    /// The engine stops in the middle of a write whose answer never comes, and another one takes over.
    async fn crash(&mut self) -> String {
        let target = [ERP, CRM][self.dice.roll(2)];
        self.app.target(target).sticks_after(self.dice.roll(3));
        let engine = self.app.engine();
        let how = tokio::select! {
            report = engine.settle() => format!("after its work ({:?})", report.is_ok()),
            () = self.app.target(target).stuck() => "in the middle".to_owned(),
        };
        self.app.target(target).sticks_no_more();
        self.app.crash();
        format!("the engine dies {how}")
    }

    /// Everything as the API shows it.
    async fn requests(&self) -> Vec<Value> {
        let path = format!("{V1}/assignmentRequests?$expand=assignment&$top=999");
        self.app
            .as_operator()
            .get(&path)
            .await
            .assert_status(200)
            .rows()
    }

    async fn requests_in(&self, states: &[State]) -> Vec<String> {
        let fits = |row: &Value| {
            let state = State::from_name(row["state"].as_str().unwrap()).unwrap();
            states.contains(&state)
        };
        let mut ids: Vec<String> = self
            .requests()
            .await
            .iter()
            .filter(|row| fits(row))
            .map(id)
            .collect();
        ids.sort();
        ids
    }

    async fn assignments(&self) -> BTreeMap<String, Value> {
        let path = format!("{V1}/assignments?$expand=target,accessPackage&$top=999");
        let rows = self
            .app
            .as_operator()
            .get(&path)
            .await
            .assert_status(200)
            .rows();
        rows.into_iter().map(|row| (id(&row), row)).collect()
    }

    /// States change by legal ways only, every request that is over says when, and nobody holds a package twice (OM-3).
    async fn check_states(&mut self) {
        for row in self.requests().await {
            let state = State::from_name(row["state"].as_str().unwrap()).unwrap();
            let is_complete = !row["completedDateTime"].is_null();
            assert_eq!(state.is_terminal(), is_complete, "{row}");
            let before = self.seen.requests.insert(id(&row), state);
            let request_type = row["requestType"].as_str().unwrap();
            self.ways
                .insert((request_type.to_owned(), state.to_string()));
            let from = before.unwrap_or(State::Submitted);
            assert!(can_become(from, state), "{from} became {state}: {row}");
        }
        let mut live = BTreeSet::new();
        for (id, row) in self.assignments().await {
            let state = assignment::State::from_name(row["state"].as_str().unwrap()).unwrap();
            let before = self.seen.assignments.insert(id, state);
            let from = before.unwrap_or(assignment::State::Delivering);
            assert!(could_become(from, state), "{from} became {state}: {row}");
            if matches!(state, S::Delivering | S::Delivered | S::PartiallyDelivered) {
                let key = (
                    row["target"]["objectId"].to_string(),
                    row["accessPackage"]["id"].to_string(),
                );
                assert!(live.insert(key), "OM-3: {row}");
            }
        }
    }

    /// Faults end, what was given up is reprocessed, time passes: then the books balance.
    async fn come_to_rest(&mut self) {
        for target in [ERP, CRM] {
            self.app.target(target).refuses_nobody();
        }
        self.app.recover(&[ERP, CRM]);
        self.app.advance(Duration::from_minutes(10));
        self.app.wait_out_retries().await;
        let endless = self.requests_in(&[State::Submitted, State::Delivering]);
        assert_eq!(endless.await, Vec::<String>::new());
        self.reprocess_what_failed().await;
        self.wait_until_all_is_over().await;
        self.reprocess_what_failed().await;
        for (id, row) in self.assignments().await {
            if row["state"] == "delivered" {
                let path = format!("{V1}/assignments/{id}/reprocess");
                let reply = self.app.as_operator().post_empty(&path).await;
                self.log
                    .push(format!("enforce {id}: {} {}", reply.status, reply.code()));
            } else if row["state"] == "partiallyDelivered" || row["state"] == "delivering" {
                // Its failed request was canceled, or its removal failed too long ago: another removal is left (RP-13).
                let removal = self.app.try_remove(&id).await;
                assert_eq!(removal.status, 201, "{removal}");
            }
        }
        self.app.wait_out_retries().await;
        self.check_states().await;

        self.attend().await;
        let books = self.app.books(&PEOPLE).await;
        assert_eq!(books.desired(), self.justified().await, "LG-2");
        assert_eq!(self.app.held(), books.desired(), "what is held");
        let off = books.unsettled();
        assert!(off.is_empty(), "{off:?}");
    }

    async fn reprocess_what_failed(&self) {
        let failed = [State::DeliveryFailed, State::PartiallyDelivered];
        for id in self.requests_in(&failed).await {
            let path = format!("{V1}/assignmentRequests/{id}/reprocess");
            let reply = self.app.as_operator().post_empty(&path).await;
            // What was overtaken meanwhile, or failed too long ago, is refused.
            assert!([202, 400].contains(&reply.status.as_u16()), "{reply}");
            self.app.wait_out_retries().await;
        }
    }

    /// An operator tries again what was given up and nobody waits for: revocations that outlived their assignment.
    async fn attend(&self) {
        let books = self.app.books(&PEOPLE).await;
        for entry in books.unsettled() {
            let service = self.app.service();
            assert!(!entry.desired, "{entry:?}");
            let ctx = service.system();
            let retried = service::deliveries::retry(service, &ctx, entry.id);
            retried.await.unwrap();
        }
        self.app.wait_out_retries().await;
    }

    /// The access that live assignments justify by what their packages hold now.
    async fn justified(&self) -> BTreeSet<Access> {
        let mut justified = BTreeSet::new();
        for row in self.assignments().await.values() {
            let state = row["state"].as_str().unwrap();
            if !["delivering", "delivered", "partiallyDelivered"].contains(&state) {
                continue;
            }
            let package = row["accessPackage"]["id"].as_str().unwrap();
            let number = self
                .packages
                .iter()
                .position(|one| one.id == package)
                .unwrap();
            let who = row["target"]["objectId"].as_str().unwrap().parse().unwrap();
            for role in self.packages[number]
                .roles
                .iter()
                .chain(self.moving.get(&number))
            {
                let target = role.target.clone().unwrap();
                justified.insert((target, role.origin_id.clone(), who));
            }
        }
        justified
    }

    fn story(&self) -> String {
        json!(self.log).to_string().replace("\",\"", "\n")
    }
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

/// Whether any number of legal steps leads from one state to the other.
fn can_become(from: State, to: State) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        for (_, _, next) in request::TRANSITIONS
            .iter()
            .filter(|(from, _, _)| *from == state)
        {
            if !reached.contains(next) {
                reached.push(*next);
            }
        }
        at += 1;
    }
    reached.contains(&to)
}

/// The same for assignments.
fn could_become(from: assignment::State, to: assignment::State) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        for (_, _, next) in assignment::TRANSITIONS
            .iter()
            .filter(|(from, _, _)| *from == state)
        {
            if !reached.contains(next) {
                reached.push(*next);
            }
        }
        at += 1;
    }
    reached.contains(&to)
}
