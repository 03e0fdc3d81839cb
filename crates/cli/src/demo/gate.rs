//! The second target of the demo: a gate that knows who may open it, in memory, behind the same trait as any connector.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use connector_api::{
    Applied, BoxFuture, Change, Connector, Limits, Object, Operation, Outcome, Presence, Subject,
};

/// Whom the gate lets through, as pairs of role and sign-in name.
#[derive(Debug, Default)]
pub(super) struct Gate {
    openers: Mutex<BTreeSet<(String, String)>>,
}

impl Gate {
    /// No code that can panic runs under this lock, so that a poisoned one is as good.
    fn openers(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.openers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(object: &Object, subject: &Subject) -> (String, String) {
    (
        object.role_origin_id.clone(),
        subject.user_principal_name.clone(),
    )
}

impl Connector for Gate {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: 50,
            max_in_flight: 2,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        let mut openers = self.openers();
        let outcomes = change
            .subjects
            .iter()
            .map(|subject| {
                let entry = entry(&change.object, subject);
                let changed = match change.operation {
                    Operation::Add => openers.insert(entry),
                    Operation::Remove => openers.remove(&entry),
                };
                if changed {
                    Outcome::Done { verified: false }
                } else {
                    Outcome::AlreadySo
                }
            })
            .collect();
        Box::pin(std::future::ready(Applied::Each(outcomes)))
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        let openers = self.openers();
        let seen = subjects
            .iter()
            .map(|subject| {
                if openers.contains(&entry(object, subject)) {
                    Presence::Present
                } else {
                    Presence::Absent
                }
            })
            .collect();
        Box::pin(std::future::ready(Ok(seen)))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(std::future::ready(Ok("the gate stands".to_owned())))
    }
}
