//! Faults on demand: a connector that misbehaves as a plan says, for development tenants, rehearsals and tests.
//!
//! **Invariant:** without a fault in the plan the wrapped connector answers as if it stood alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Order, Outcome, Presence, Reason, Subject,
};

/// How a target misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `down`: it cannot be reached.
    Down,
    /// `hang`: it takes a call and never answers.
    Hang,
    /// `drop-after-apply`: it does what it is told, and the answer is lost.
    DropAfterApply,
    /// `throttle:SECONDS`: it answers "too many", with that wish.
    Throttle(u32),
    /// `refuse-credentials`: it does not accept our credentials.
    RefuseCredentials,
    /// `fail:UPN`: it refuses one subject by sign-in name.
    FailFor(String),
}

impl Fault {
    /// Reads a fault as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "down" => Some(Self::Down),
                "hang" => Some(Self::Hang),
                "drop-after-apply" => Some(Self::DropAfterApply),
                "refuse-credentials" => Some(Self::RefuseCredentials),
                _ => None,
            },
            Some(("throttle", seconds)) => seconds.parse().ok().map(Self::Throttle),
            Some(("fail", name)) if !name.is_empty() => Some(Self::FailFor(name.to_owned())),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("down"),
            Self::Hang => f.write_str("hang"),
            Self::DropAfterApply => f.write_str("drop-after-apply"),
            Self::Throttle(seconds) => write!(f, "throttle:{seconds}"),
            Self::RefuseCredentials => f.write_str("refuse-credentials"),
            Self::FailFor(name) => write!(f, "fail:{name}"),
        }
    }
}

/// Which target misbehaves how; clones are the same plan.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<RwLock<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    faults: BTreeMap<String, Fault>,
    switched: BTreeMap<String, Fault>,
}

impl FaultPlan {
    /// Makes a target misbehave, or behave.
    pub fn set(&self, target: &str, fault: Option<Fault>) {
        let mut plan = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => plan.faults.insert(target.to_owned(), fault),
            None => plan.faults.remove(target),
        };
    }

    /// Takes over the faults that the switches of targets name, as far as they changed; a fault that was set directly
    /// stays.
    pub(crate) fn follow(&self, switches: BTreeMap<String, Fault>) {
        let mut plan = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if plan.switched == switches {
            return;
        }
        let gone = std::mem::replace(&mut plan.switched, switches.clone());
        for target in gone.keys() {
            plan.faults.remove(target);
        }
        plan.faults.extend(switches);
    }

    /// How a target misbehaves now.
    pub fn of(&self, target: &str) -> Option<Fault> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .faults
            .get(target)
            .cloned()
    }
}

/// A connector with faults.
#[derive(Debug)]
pub struct Faulty {
    target: String,
    inner: Arc<dyn Connector>,
    plan: FaultPlan,
}

impl Faulty {
    /// Wraps the connector of a target.
    pub fn new(target: impl Into<String>, inner: Arc<dyn Connector>, plan: FaultPlan) -> Self {
        Self {
            target: target.into(),
            inner,
            plan,
        }
    }

    async fn apply_all(&self, change: &Change) -> Applied {
        match self.plan.of(&self.target) {
            None => self.inner.apply(change).await,
            Some(Fault::DropAfterApply) => {
                self.inner.apply(change).await;
                Applied::Whole(lost())
            }
            Some(Fault::FailFor(name)) => self.apply_but(change, &name).await,
            Some(fault) => Applied::Whole(before_anything(&fault).await),
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
        Fault::Down | Fault::DropAfterApply | Fault::FailFor(_) => Outcome::retry(
            FailureCode::OriginUnavailable,
            "injected fault: the target is down",
        ),
        Fault::Hang => std::future::pending().await,
        Fault::Throttle(seconds) => Outcome::Retry {
            after: Some(Duration::from_secs(u64::from(*seconds))),
            reason: Reason::new(
                FailureCode::OriginThrottled,
                "injected fault: too many requests",
            ),
        },
        Fault::RefuseCredentials => {
            Outcome::credentials_rejected("injected fault: the credentials are refused")
        }
    }
}

fn lost() -> Outcome {
    Outcome::retry(
        FailureCode::OriginUnavailable,
        "injected fault: the connection broke before the answer came",
    )
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
        Box::pin(async move {
            match self.plan.of(&self.target) {
                None | Some(Fault::FailFor(_) | Fault::DropAfterApply) => {
                    self.inner.observe(object, subjects).await
                }
                Some(fault) => Err(before_anything(&fault).await),
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async move {
            match self.plan.of(&self.target) {
                None | Some(Fault::FailFor(_) | Fault::DropAfterApply) => self.inner.check().await,
                Some(fault) => Err(before_anything(&fault).await),
            }
        })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        self.inner.lister().map(|_| self as &dyn Lister)
    }
}

impl Faulty {
    /// The inner lister, unless the fault keeps the call from reaching the target.
    async fn reached(&self) -> Result<&dyn Lister, Outcome> {
        match self.plan.of(&self.target) {
            None | Some(Fault::FailFor(_) | Fault::DropAfterApply) => {}
            Some(fault) => return Err(before_anything(&fault).await),
        }
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
        Box::pin(async move { self.reached().await?.list(object, from).await })
    }

    fn keys<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        Box::pin(async move { self.reached().await?.keys(object, subjects).await })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        Box::pin(async move { self.reached().await?.clues(members).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_it_is_written() {
        for fault in [
            Fault::Down,
            Fault::Hang,
            Fault::DropAfterApply,
            Fault::Throttle(30),
            Fault::RefuseCredentials,
            Fault::FailFor("carol@example.com".to_owned()),
        ] {
            assert_eq!(Fault::parse(&fault.to_string()), Some(fault));
        }
    }

    #[test]
    fn other_texts_are_no_faults() {
        for text in [
            "",
            "up",
            "throttle",
            "throttle:",
            "throttle:x",
            "fail:",
            "slow:3",
        ] {
            assert_eq!(Fault::parse(text), None, "{text}");
        }
    }
}
