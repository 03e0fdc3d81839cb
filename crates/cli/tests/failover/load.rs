//! A steady load on several servers, and what they said yes to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::PATIENCE;
use crate::support::{Api, EM, direct};

/// Callers of each server.
const CALLERS: usize = 2;
/// How often each calls; what a server can do without effort, on any machine.
const EVERY: Duration = Duration::from_millis(300);
/// How much each server has to accept for it to be at work.
const MORE: usize = 5;

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    /// The requests that were accepted.
    pub(crate) requests: BTreeSet<String>,
    /// Reprocess calls that were accepted.
    pub(crate) reprocessed: usize,
    /// Calls that were told to try again.
    pub(crate) put_off: usize,
}

/// Callers at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<()>,
    stop: watch::Sender<bool>,
}

struct Shared {
    package: String,
    policy: String,
    people: Mutex<VecDeque<String>>,
    promises: Mutex<Promises>,
    /// How much each server has accepted.
    accepted: watch::Sender<Vec<usize>>,
}

impl Load {
    /// Starts callers of every server.
    pub(crate) fn start(
        servers: &[Api],
        package: String,
        policy: String,
        people: Vec<String>,
    ) -> Self {
        let shared = Arc::new(Shared {
            package,
            policy,
            people: Mutex::new(people.into()),
            promises: Mutex::default(),
            accepted: watch::Sender::new(vec![0; servers.len()]),
        });
        let stop = watch::Sender::new(false);
        let mut callers = JoinSet::new();
        for (number, api) in servers.iter().enumerate() {
            for _ in 0..CALLERS {
                let caller = Caller {
                    shared: Arc::clone(&shared),
                    api: api.clone(),
                    server: number,
                    known: Vec::new(),
                };
                callers.spawn(caller.run(stop.subscribe()));
            }
        }
        Self {
            shared,
            callers,
            stop,
        }
    }

    /// Waits until every server accepted some more than it has by now; `tell` has the last words if one does not.
    pub(crate) async fn until_each_accepted_more(&self, tell: impl FnOnce() -> String) {
        let mut accepted = self.shared.accepted.subscribe();
        let before = accepted.borrow_and_update().clone();
        let is_enough = |now: &Vec<usize>| {
            now.iter()
                .zip(&before)
                .all(|(now, before)| *now >= before + MORE)
        };
        let waited = tokio::time::timeout(PATIENCE, accepted.wait_for(is_enough)).await;
        assert!(
            matches!(waited, Ok(Ok(_))),
            "a server accepts nothing any more: {before:?}, {:?}, {:?}\n{}",
            self.shared.accepted.borrow(),
            self.shared.promises.lock().unwrap(),
            tell()
        );
    }

    /// Ends the callers when each has its answer.
    pub(crate) async fn end(mut self) -> Promises {
        self.stop.send_replace(true);
        while let Some(ended) = self.callers.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.shared.promises.lock().unwrap())
    }
}

/// One caller of one server.
struct Caller {
    shared: Arc<Shared>,
    api: Api,
    server: usize,
    /// The requests that it made.
    known: Vec<String>,
}

impl Caller {
    /// Calls again and again: an assignment, and then reprocessing what was assigned before, some times.
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for turn in 0_usize.. {
            tokio::select! {
                _ = stop.wait_for(|told| *told) => return,
                _ = ticks.tick() => {}
            }
            if turn % 6 == 0 {
                self.assign(&mut ticks).await;
            } else {
                self.reprocess(turn, &mut ticks).await;
            }
        }
    }

    async fn assign(&mut self, ticks: &mut tokio::time::Interval) {
        let person = self.shared.people.lock().unwrap().pop_front();
        let Some(person) = person else { return };
        let body = direct(&self.shared.package, &self.shared.policy, &person);
        let path = format!("{EM}/assignmentRequests");
        let (status, answer, tried) = self.persisting(&path, Some(&body), ticks).await;
        // What was done without an answer is not done twice, but refused.
        let is_done = matches!(
            answer["error"]["code"].as_str(),
            Some("ExistingOpenRequest" | "ExistingAssignment")
        );
        if tried > 0 && is_done {
            return;
        }
        assert_eq!(status, 201, "{answer}");
        let id = answer["id"].as_str().unwrap().to_owned();
        self.known.push(id.clone());
        self.shared.promises.lock().unwrap().requests.insert(id);
        self.accepted();
    }

    async fn reprocess(&mut self, turn: usize, ticks: &mut tokio::time::Interval) {
        if self.known.is_empty() {
            return;
        }
        let request = &self.known[turn % self.known.len()];
        let path = format!("{EM}/assignmentRequests/{request}?$expand=assignment");
        let Ok((200, shown)) = self.api.try_call(Method::GET, &path, None).await else {
            return;
        };
        if shown["assignment"]["state"] != "delivered" {
            return;
        }
        let id = shown["assignment"]["id"].as_str().unwrap();
        let path = format!("{EM}/assignments/{id}/reprocess");
        let (status, answer, tried) = self.persisting(&path, None, ticks).await;
        // The same: it is being reprocessed.
        if tried > 0 && answer["error"]["code"] == "InvalidAssignmentState" {
            return;
        }
        assert_eq!(status, 202, "{answer}");
        self.shared.promises.lock().unwrap().reprocessed += 1;
        self.accepted();
    }

    /// Calls until the answer is not to try again; also says how often it was.
    async fn persisting(
        &self,
        path: &str,
        body: Option<&Value>,
        ticks: &mut tokio::time::Interval,
    ) -> (u16, Value, usize) {
        for tried in 0.. {
            let answer = self.api.send(Method::POST, path, body).await;
            // A server that does not answer at all within the client's patience hangs.
            let answer = answer.unwrap_or_else(|error| panic!("{path}: {error:?}"));
            let status = answer.status().as_u16();
            let may_retry = answer.headers().contains_key("retry-after");
            let text = answer.text().await.unwrap();
            if status != 503 {
                assert!(status < 500, "{path}: {status} {text}");
                return (
                    status,
                    serde_json::from_str(&text).unwrap_or(Value::Null),
                    tried,
                );
            }
            assert!(may_retry, "{path}: {text}");
            self.shared.promises.lock().unwrap().put_off += 1;
            ticks.tick().await;
        }
        unreachable!("a client has more patience than that")
    }

    fn accepted(&self) {
        self.shared
            .accepted
            .send_modify(|accepted| accepted[self.server] += 1);
    }
}
