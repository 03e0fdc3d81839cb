//! Targets that misbehave on purpose: a connector that does as a plan says, for development tenants, rehearsals and
//! tests (ADR 30).
//!
//! **Invariant:** without a fault in the plan the wrapped connector answers as if it stood alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Reason, Subject,
};
use domain::fault::{Fault, Stale};
use domain::id::ObjectId;
use service::faults::FaultPlan;
use tokio::time::Instant;

/// A connector with faults.
#[derive(Debug)]
pub struct Faulty {
    target: String,
    inner: Arc<dyn Connector>,
    plan: FaultPlan,
    /// What reads that lag behind still show.
    past: Mutex<HashMap<(Object, ObjectId), Past>>,
}

/// What was so before a change.
#[derive(Debug)]
struct Past {
    presence: Presence,
    shown: Shown,
}

/// For how long it is shown.
#[derive(Debug)]
enum Shown {
    Times(u32),
    Until(Instant),
}

impl Past {
    fn new(presence: Presence, stale: Stale) -> Self {
        let shown = match stale {
            Stale::Reads(reads) => Shown::Times(reads),
            Stale::For(time) => Shown::Until(Instant::now() + real(time)),
        };
        Self { presence, shown }
    }

    /// What the next read shows, while it lags behind.
    fn show(&mut self) -> Option<Presence> {
        let is_shown = match &mut self.shown {
            Shown::Times(left) => {
                let is_left = *left > 0;
                *left = left.saturating_sub(1);
                is_left
            }
            Shown::Until(instant) => Instant::now() < *instant,
        };
        is_shown.then_some(self.presence)
    }
}

impl Faulty {
    /// Wraps the connector of a target.
    pub fn new(target: impl Into<String>, inner: Arc<dyn Connector>, plan: FaultPlan) -> Self {
        Self {
            target: target.into(),
            inner,
            plan,
            past: Mutex::default(),
        }
    }

    fn next(&self) -> Option<Fault> {
        self.plan.of_target(&self.target)
    }

    fn past(&self) -> MutexGuard<'_, HashMap<(Object, ObjectId), Past>> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn apply_all(&self, change: &Change) -> Applied {
        let Some(fault) = self.next() else {
            return self.inner.apply(change).await;
        };
        match fault {
            Fault::DropAfterApply => {
                self.inner.apply(change).await;
                Applied::Whole(lost())
            }
            Fault::HalfReply => match self.inner.apply(change).await {
                Applied::Each(mut outcomes) => {
                    outcomes.truncate(change.subjects.len() / 2);
                    Applied::Each(outcomes)
                }
                Applied::Whole(_) => Applied::Whole(lost()),
            },
            Fault::Delay(by) => {
                let applied = self.inner.apply(change).await;
                tokio::time::sleep(real(by)).await;
                applied
            }
            Fault::FailFor(name) => self.apply_but(change, &name).await,
            Fault::Stale(stale) => self.apply_unseen(change, stale).await,
            fault @ (Fault::Down
            | Fault::Hang
            | Fault::Status { .. }
            | Fault::Throttle(_)
            | Fault::RefuseCredentials) => Applied::Whole(before_anything(&fault).await),
        }
    }

    /// Applies the change, and remembers what reads are to show meanwhile.
    async fn apply_unseen(&self, change: &Change, stale: Stale) -> Applied {
        let before = match self.inner.observe(&change.object, &change.subjects).await {
            Ok(before) => before,
            Err(outcome) => return Applied::Whole(outcome),
        };
        let outcomes = match self.inner.apply(change).await {
            Applied::Each(outcomes) => outcomes,
            Applied::Whole(outcome) => vec![outcome; change.subjects.len()],
        };
        let after = match change.operation {
            Operation::Add => Presence::Present,
            Operation::Remove => Presence::Absent,
        };
        let mut past = self.past();
        for ((subject, before), outcome) in change.subjects.iter().zip(before).zip(&outcomes) {
            if outcome.is_success() && before != after {
                let place = (change.object.clone(), subject.object_id);
                past.insert(place, Past::new(before, stale));
            }
        }
        drop(past);
        // An answer would prove what no read shows yet.
        let unproved = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Done { .. } => Outcome::Done { verified: false },
            other @ (Outcome::AlreadySo
            | Outcome::Retry { .. }
            | Outcome::Refused { .. }
            | Outcome::CredentialsRejected { .. }) => other,
        });
        Applied::Each(unproved.collect())
    }

    /// Reads, and shows what was before where reads lag behind.
    async fn observe_past(
        &self,
        object: &Object,
        subjects: &[Subject],
    ) -> Result<Vec<Presence>, Outcome> {
        let mut seen = self.inner.observe(object, subjects).await?;
        let mut past = self.past();
        for (seen, subject) in seen.iter_mut().zip(subjects) {
            let place = (object.clone(), subject.object_id);
            match past.get_mut(&place).map(Past::show) {
                Some(Some(shown)) => *seen = shown,
                Some(None) => {
                    past.remove(&place);
                }
                None => {}
            }
        }
        Ok(seen)
    }

    async fn observe_all(
        &self,
        object: &Object,
        subjects: &[Subject],
    ) -> Result<Vec<Presence>, Outcome> {
        match self.next() {
            Some(Fault::Stale(_)) => self.observe_past(object, subjects).await,
            Some(Fault::HalfReply) => {
                let mut seen = self.inner.observe(object, subjects).await?;
                seen.truncate(subjects.len() / 2);
                Ok(seen)
            }
            fault => {
                self.read_under(fault, self.inner.observe(object, subjects))
                    .await
            }
        }
    }

    /// A read under a fault that is not about what it says.
    async fn read_under<T>(
        &self,
        fault: Option<Fault>,
        read: impl Future<Output = Result<T, Outcome>>,
    ) -> Result<T, Outcome> {
        match fault {
            None | Some(Fault::FailFor(_) | Fault::DropAfterApply | Fault::Stale(_)) => read.await,
            Some(Fault::Delay(by)) => {
                let answer = read.await;
                tokio::time::sleep(real(by)).await;
                answer
            }
            Some(Fault::HalfReply) => read.await.and_then(|_| Err(lost())),
            Some(
                fault @ (Fault::Down
                | Fault::Hang
                | Fault::Status { .. }
                | Fault::Throttle(_)
                | Fault::RefuseCredentials),
            ) => Err(before_anything(&fault).await),
        }
    }

    /// Applies the change for everybody but one, who is refused.
    async fn apply_but(&self, change: &Change, name: &str) -> Applied {
        let is_named = |subject: &Subject| subject.user_principal_name.eq_ignore_ascii_case(name);
        let mut others = change.clone();
        others.subjects.retain(|subject| !is_named(subject));
        if others.subjects.len() == change.subjects.len() {
            return self.inner.apply(change).await;
        }
        let mut answers = if others.subjects.is_empty() {
            Vec::new()
        } else {
            match self.inner.apply(&others).await {
                Applied::Each(outcomes) => outcomes,
                Applied::Whole(outcome) => vec![outcome; others.subjects.len()],
            }
        }
        .into_iter();
        let refused = || {
            Outcome::refused(
                FailureCode::ConnectorError,
                format!("injected fault: `{name}` is refused"),
            )
        };
        let outcomes = change.subjects.iter().map(|subject| {
            if is_named(subject) {
                refused()
            } else {
                answers.next().unwrap_or_else(lost)
            }
        });
        Applied::Each(outcomes.collect())
    }
}

/// What a call comes to that never reaches the target.
async fn before_anything(fault: &Fault) -> Outcome {
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::Throttle(seconds) => answered(429, Some(*seconds)),
        Fault::Status {
            status,
            retry_after,
        } => answered(*status, *retry_after),
        Fault::RefuseCredentials => answered(401, None),
        Fault::Down
        | Fault::DropAfterApply
        | Fault::HalfReply
        | Fault::Delay(_)
        | Fault::FailFor(_)
        | Fault::Stale(_) => Outcome::retry(
            FailureCode::OriginUnavailable,
            "injected fault: the target is down",
        ),
    }
}

/// What a status means, as the connectors that speak HTTP understand it.
fn answered(status: u16, retry_after: Option<u32>) -> Outcome {
    let message = format!("injected fault: the target answered with {status}");
    let code = match status {
        401 => return Outcome::credentials_rejected(message),
        403 => return Outcome::refused(FailureCode::OriginAccessDenied, message),
        413 => return Outcome::refused(FailureCode::QuotaExceeded, message),
        400 | 404 | 405 | 410 | 422 | 501 => {
            return Outcome::refused(FailureCode::ConnectorError, message);
        }
        429 => FailureCode::OriginThrottled,
        408 | 425 | 500..=599 => FailureCode::OriginUnavailable,
        _ => FailureCode::ConnectorError,
    };
    Outcome::Retry {
        after: retry_after.map(|seconds| Duration::from_secs(u64::from(seconds))),
        reason: Reason::new(code, message),
    }
}

fn lost() -> Outcome {
    Outcome::retry(
        FailureCode::OriginUnavailable,
        "injected fault: the connection broke before the answer came",
    )
}

/// Networks live in real time, whatever the clock of the tenant says.
fn real(length: domain::time::Duration) -> Duration {
    Duration::from_micros(length.micros().max(0).unsigned_abs())
}

impl Connector for Faulty {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(self.apply_all(change))
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(self.observe_all(object, subjects))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async move { self.read_under(self.next(), self.inner.check()).await })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        self.inner.lister().map(|_| self as &dyn Lister)
    }
}

impl Faulty {
    fn inner_lister(&self) -> Result<&dyn Lister, Outcome> {
        self.inner
            .lister()
            .ok_or_else(|| Outcome::refused(FailureCode::ConnectorError, "the target cannot list"))
    }
}

impl Lister for Faulty {
    fn order(&self) -> Order {
        self.inner.lister().map_or(Order::Any, Lister::order)
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(async move {
            let lister = self.inner_lister()?;
            self.read_under(self.next(), lister.list(object, from))
                .await
        })
    }

    fn keys<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        Box::pin(async move {
            let lister = self.inner_lister()?;
            self.read_under(self.next(), lister.keys(object, subjects))
                .await
        })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        Box::pin(async move {
            let lister = self.inner_lister()?;
            self.read_under(self.next(), lister.clues(members)).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_means_what_it_means_to_connectors() {
        let named = |status| match answered(status, Some(7)) {
            Outcome::Retry { after, reason } => (after.is_some(), reason.code.as_str().to_owned()),
            Outcome::Refused { reason } | Outcome::CredentialsRejected { reason } => {
                (false, reason.code.as_str().to_owned())
            }
            Outcome::Done { .. } | Outcome::AlreadySo => (false, "success".to_owned()),
        };

        assert_eq!(named(429), (true, "OriginThrottled".to_owned()));
        assert_eq!(named(503), (true, "OriginUnavailable".to_owned()));
        assert_eq!(named(409), (true, "ConnectorError".to_owned()));
        assert_eq!(named(404), (false, "ConnectorError".to_owned()));
        assert_eq!(named(401), (false, "OriginAccessDenied".to_owned()));
    }
}
