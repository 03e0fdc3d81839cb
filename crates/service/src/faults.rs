//! Faults on purpose, for development tenants (ADR 30): which stand, who may change them, and which call meets one.
//!
//! **Invariant:** what is injected is a row, and so it outlives a restart; how often it was met is counted by each
//! process, beginning with zero.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::roles::Action;
use domain::activity::Activity;
use domain::fault::{Fault, Injected, Place};
use domain::time::Timestamp;
use store::injected_fault;

use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{audit, authorize};

/// The faults that stand, and how often each was met. Clones are the same plan.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Vec<Standing>>>);

#[derive(Debug, Clone)]
struct Standing {
    injected: Injected,
    /// Calls that came by.
    seen: u64,
    /// Those that met it.
    met: u64,
    /// Whether it is a row.
    is_stored: bool,
}

impl FaultPlan {
    fn standing(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a target misbehave in this process alone, or behave.
    pub fn set(&self, target: &str, fault: Option<Fault>) {
        let place = Place::Target(target.to_owned());
        let mut standing = self.standing();
        standing.retain(|one| one.is_stored || one.injected.place != place);
        standing.extend(fault.map(|fault| Standing {
            injected: Injected {
                id: target.to_owned(),
                place,
                fault,
                calls: None,
                share: None,
                seed: 0,
            },
            seen: 0,
            met: 0,
            is_stored: false,
        }));
    }

    /// Takes over what is stored. What stood before goes on counting.
    pub fn follow(&self, stored: Vec<Injected>) {
        let mut standing = self.standing();
        let before = std::mem::take(&mut *standing);
        let (old, own): (Vec<_>, Vec<_>) = before.into_iter().partition(|one| one.is_stored);
        *standing = own;
        standing.extend(stored.into_iter().map(|injected| {
            let known = old.iter().find(|one| one.injected == injected);
            Standing {
                seen: known.map_or(0, |one| one.seen),
                met: known.map_or(0, |one| one.met),
                injected,
                is_stored: true,
            }
        }));
    }

    /// The fault that the next call of a target meets, if any; this is that call.
    pub fn of_target(&self, target: &str) -> Option<Fault> {
        self.take(|place| matches!(place, Place::Target(own) if own == target))
    }

    /// Whether any fault stands for such a request to the API; none counts it.
    pub fn stands_for(&self, method: &str, path: &str) -> bool {
        let is_meant =
            |place: &Place| matches!(place, Place::Route(route) if route.takes(method, path));
        self.standing()
            .iter()
            .any(|one| is_meant(&one.injected.place))
    }

    /// The fault that a request to the API meets, if any; this is that request.
    pub fn of_route(&self, method: &str, path: &str) -> Option<Fault> {
        self.take(|place| matches!(place, Place::Route(route) if route.takes(method, path)))
    }

    /// How often a fault was met in this process.
    pub fn met(&self, id: &str) -> u64 {
        let standing = self.standing();
        let found = standing.iter().find(|one| one.injected.id == id);
        found.map_or(0, |one| one.met)
    }

    /// The first fault that this call meets. Each that it comes by counts it.
    fn take(&self, is_meant: impl Fn(&Place) -> bool) -> Option<Fault> {
        let mut standing = self.standing();
        for one in standing
            .iter_mut()
            .filter(|one| is_meant(&one.injected.place))
        {
            let meets = one.injected.meets(one.seen, one.met);
            one.seen += 1;
            if meets {
                one.met += 1;
                return Some(one.injected.fault.clone());
            }
        }
        None
    }
}

/// What is to be injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFault {
    /// What misbehaves.
    pub place: Place,
    /// How.
    pub fault: Fault,
    /// For so many calls.
    pub calls: Option<i64>,
    /// For so many of a million.
    pub share: Option<i64>,
    /// What is drawn by.
    pub seed: i64,
}

/// Takes over what is stored into a plan, for whoever may miss that another process changed it.
pub async fn follow(service: &Service, plan: &FaultPlan) -> Result<(), ServiceError> {
    let stored = service.store.read(injected_fault::list).await?;
    plan.follow(stored.into_iter().map(|(injected, _)| injected).collect());
    Ok(())
}

/// The faults that stand, in the order in which they came, and how often this process met each.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
) -> Result<Vec<(Injected, Timestamp, u64)>, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let stored = service.store.read(injected_fault::list).await?;
    let met = |(injected, since): (Injected, Timestamp)| {
        let met = service.faults.met(&injected.id);
        (injected, since, met)
    };
    Ok(stored.into_iter().map(met).collect())
}

/// What targets misbehave in, for whoever may see targets: the first fault of each.
pub async fn of_targets(service: &Service) -> Result<Vec<(String, Fault)>, ServiceError> {
    let stored = service.store.read(injected_fault::list).await?;
    let named = stored
        .into_iter()
        .filter_map(|(injected, _)| match injected.place {
            Place::Target(target) => Some((target, injected.fault)),
            Place::Route(_) => None,
        });
    Ok(named.collect())
}

/// Injects a fault beside those that stand.
pub async fn inject(
    service: &Service,
    ctx: &Ctx,
    new: NewFault,
) -> Result<(Injected, Timestamp), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let injected = Injected {
        id: moment.id(|uuid| uuid.to_string()),
        place: new.place,
        fault: new.fault,
        calls: new.calls,
        share: new.share,
        seed: new.seed,
    };
    let (row, since) = (injected.clone(), moment.now);
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            injected_fault::insert(tx, &row, moment.now)?;
            record(tx, &moment, &ctx, &row.place, &row.fault.to_string())
        })
        .await?;
    changed(service).await?;
    Ok((injected, since))
}

/// Makes a target misbehave in one way alone, or behave.
pub async fn set_of_target(
    service: &Service,
    ctx: &Ctx,
    target: &str,
    fault: Option<Fault>,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx, target) = (service.moment(), ctx.clone(), target.to_owned());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            injected_fault::delete_of_target(tx, &target)?;
            let place = Place::Target(target.clone());
            let words = fault.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(fault) = fault.clone() {
                let row = Injected {
                    id: moment.id(|uuid| uuid.to_string()),
                    place: place.clone(),
                    fault,
                    calls: None,
                    share: None,
                    seed: 0,
                };
                injected_fault::insert(tx, &row, moment.now)?;
            }
            record(tx, &moment, &ctx, &place, &words)
        })
        .await?;
    changed(service).await
}

/// Takes back a fault by its id, or all of a target by its name; false if there is no such fault.
pub async fn take_back(service: &Service, ctx: &Ctx, name: &str) -> Result<bool, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx, name) = (service.moment(), ctx.clone(), name.to_owned());
    let was_there = service
        .store
        .write(move |tx| -> Result<bool, store::Error> {
            let gone = injected_fault::delete(tx, &name)?
                || injected_fault::delete_of_target(tx, &name)? > 0;
            if gone {
                record(tx, &moment, &ctx, &Place::Target(name.clone()), "")?;
            }
            Ok(gone)
        })
        .await?;
    changed(service).await?;
    Ok(was_there)
}

/// Takes all faults back.
pub async fn take_all_back(service: &Service, ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            injected_fault::delete_all(tx)?;
            record(tx, &moment, &ctx, &Place::Target("*".to_owned()), "")
        })
        .await?;
    changed(service).await
}

async fn changed(service: &Service) -> Result<(), ServiceError> {
    follow(service, &service.faults).await?;
    service.wake();
    Ok(())
}

fn record(
    tx: &mut store::WriteTx<'_>,
    moment: &crate::ctx::Moment,
    ctx: &Ctx,
    place: &Place,
    fault: &str,
) -> Result<(), store::Error> {
    let (kind, name) = match place {
        Place::Target(target) => ("Target", target.clone()),
        Place::Route(route) => ("Route", route.to_string()),
    };
    let event = audit::success(Activity::UpdateSetting, kind, &name, Some(name.clone()));
    audit::record(tx, moment, ctx, event.with("fault", fault.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(id: &str, fault: Fault, calls: Option<i64>) -> Injected {
        Injected {
            id: id.to_owned(),
            place: Place::Target("crm".to_owned()),
            fault,
            calls,
            share: None,
            seed: 0,
        }
    }

    #[test]
    fn the_next_fault_follows_when_one_is_used_up() {
        let plan = FaultPlan::default();
        plan.follow(vec![
            injected("1", Fault::Down, Some(1)),
            injected("2", Fault::Hang, Some(1)),
        ]);

        let met: Vec<_> = (0..3).map(|_| plan.of_target("crm")).collect();

        assert_eq!(met, [Some(Fault::Down), Some(Fault::Hang), None]);
        assert_eq!((plan.met("1"), plan.met("2")), (1, 1));
        assert_eq!(plan.of_target("hr"), None);
    }

    #[test]
    fn counting_goes_on_while_others_come_and_go() {
        let plan = FaultPlan::default();
        let first = injected("1", Fault::Down, Some(1));
        plan.follow(vec![first.clone()]);
        plan.of_target("crm");

        plan.follow(vec![first, injected("2", Fault::Hang, None)]);

        assert_eq!(plan.of_target("crm"), Some(Fault::Hang));
        plan.follow(Vec::new());
        assert_eq!(plan.of_target("crm"), None);
    }

    #[test]
    fn what_was_set_in_the_process_is_not_what_is_stored() {
        let plan = FaultPlan::default();
        plan.set("crm", Some(Fault::Down));

        plan.follow(Vec::new());
        assert_eq!(plan.of_target("crm"), Some(Fault::Down));
        plan.set("crm", None);

        assert_eq!(plan.of_target("crm"), None);
    }
}
