//! The life of a bulk reprocess: planned first, stopped where it would take too much away, then run item by item.
//!
//! **Invariant:** a job that is over never begins another item.

use crate::word::words;

use Event as E;
use State as S;

words! {
    /// What a job is about.
    pub enum Collection {
        /// Delivered assignments, to be enforced again.
        Assignments = "assignments",
        /// Requests whose delivery failed, to be tried again.
        AssignmentRequests = "assignmentRequests",
    }
}

words! {
    /// Which items of a job leave what a single call leaves: a request that tracks it, and its events.
    pub enum Tracking {
        /// Every item.
        Everything = "everything",
        /// Those to which something is done. What is found to be as it shall be leaves its line in the report.
        Changes = "changes",
    }
}

words! {
    /// Where a job stands.
    pub enum State {
        /// Its objects are looked up and counted.
        Planning = "planning",
        /// The plan is ready and waits for somebody to run it.
        Planned = "planned",
        /// More would be removed than its thresholds allow.
        Stopped = "stopped",
        /// Its items are begun, or their deliveries are under way.
        Running = "running",
        /// Somebody holds it back.
        Paused = "paused",
        /// Somebody ended it; what was begun is delivered all the same.
        Canceled = "canceled",
        /// Every item has come to its end.
        Completed = "completed",
        /// It cannot go on.
        Failed = "failed",
    }
}

impl State {
    /// Whether nothing moves the job any more.
    pub const fn is_over(self) -> bool {
        matches!(self, S::Canceled | S::Completed | S::Failed)
    }
}

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// All objects are planned, and nobody asked for more than the plan.
    PlanReady,
    /// It begins to run, by itself after its plan or because somebody says so.
    Started,
    /// Too much would be removed.
    ThresholdExceeded,
    /// Somebody holds it back.
    Paused,
    /// It goes on planning.
    PlanningResumed,
    /// It goes on running.
    Resumed,
    /// Somebody ends it.
    Canceled,
    /// Every item has come to its end.
    AllSettled,
    /// It cannot go on.
    Failed,
}

impl Event {
    /// Every event, for tables and tests.
    pub const ALL: &'static [Self] = &[
        E::PlanReady,
        E::Started,
        E::ThresholdExceeded,
        E::Paused,
        E::PlanningResumed,
        E::Resumed,
        E::Canceled,
        E::AllSettled,
        E::Failed,
    ];
}

/// The whole life cycle. A pair that is absent is illegal.
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (S::Planning, E::PlanReady, S::Planned),
    (S::Planning, E::Started, S::Running),
    (S::Planning, E::ThresholdExceeded, S::Stopped),
    (S::Planning, E::Paused, S::Paused),
    (S::Planning, E::Canceled, S::Canceled),
    (S::Planning, E::Failed, S::Failed),
    (S::Planned, E::Started, S::Running),
    (S::Planned, E::Canceled, S::Canceled),
    (S::Stopped, E::Started, S::Running),
    (S::Stopped, E::Canceled, S::Canceled),
    (S::Running, E::ThresholdExceeded, S::Stopped),
    (S::Running, E::Paused, S::Paused),
    (S::Running, E::Canceled, S::Canceled),
    (S::Running, E::AllSettled, S::Completed),
    (S::Running, E::Failed, S::Failed),
    (S::Paused, E::PlanningResumed, S::Planning),
    (S::Paused, E::Resumed, S::Running),
    (S::Paused, E::Canceled, S::Canceled),
];

/// The event does not happen to a job in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {from} cannot take {event:?}")]
pub struct IllegalTransition {
    /// Where the job stands.
    pub from: State,
    /// What was to happen.
    pub event: Event,
}

/// Where the job stands after the event.
pub fn next(from: State, event: Event) -> Result<State, IllegalTransition> {
    TRANSITIONS
        .iter()
        .find(|(state, happening, _)| (*state, *happening) == (from, event))
        .map(|(_, _, to)| *to)
        .ok_or(IllegalTransition { from, event })
}

words! {
    /// Where an item of a job stands.
    pub enum ItemState {
        /// It will be begun.
        Planned = "planned",
        /// It was refused, with the code that a single call would get.
        Refused = "refused",
        /// It was accepted, and its delivery is under way.
        InDelivery = "inDelivery",
        /// Every role is there.
        Delivered = "delivered",
        /// Some roles are there.
        PartiallyDelivered = "partiallyDelivered",
        /// No role is there.
        DeliveryFailed = "deliveryFailed",
        /// Its request was taken back or deleted before the delivery ended.
        Superseded = "superseded",
    }
}

/// How much may be removed before a job stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// At most so many grants.
    pub max_removed: i64,
    /// At most so many in a hundred of the grants that the plan looks at.
    pub max_removed_percent: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            max_removed: 1_000,
            max_removed_percent: 10,
        }
    }
}

impl Thresholds {
    /// Why removing so many of `grants` is too much, if it is.
    pub fn exceeded_by(self, removed: i64, grants: i64) -> Option<String> {
        if removed > self.max_removed {
            return Some(format!(
                "{removed} grants would be removed, and at most {} may be",
                self.max_removed
            ));
        }
        let share = i128::from(removed) * 100;
        let allowed = i128::from(grants) * i128::from(self.max_removed_percent);
        (share > allowed).then(|| {
            format!(
                "{removed} of {grants} grants would be removed, and at most {} % may be",
                self.max_removed_percent
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_state_is_reached_and_only_those_that_are_over_have_no_way_out() {
        let mut reached = BTreeSet::from([S::Planning]);
        for _ in State::ALL {
            for (from, _, to) in TRANSITIONS {
                if reached.contains(from) {
                    reached.insert(*to);
                }
            }
        }

        assert_eq!(reached.len(), State::ALL.len());
        for state in State::ALL {
            let has_way_out = TRANSITIONS.iter().any(|(from, _, _)| from == state);
            assert_eq!(has_way_out, !state.is_over(), "{state}");
        }
    }

    #[test]
    fn a_pair_leads_to_one_state_and_a_job_that_is_over_takes_nothing() {
        for state in State::ALL {
            for event in Event::ALL {
                let ways = TRANSITIONS
                    .iter()
                    .filter(|(from, happening, _)| (from, happening) == (state, event));
                assert!(ways.count() <= 1, "{state} {event:?}");
                if state.is_over() {
                    let refused = IllegalTransition {
                        from: *state,
                        event: *event,
                    };
                    assert_eq!(next(*state, *event), Err(refused));
                }
            }
        }
    }

    #[test]
    fn thresholds_stop_above_their_bounds_and_not_at_them() {
        let thresholds = Thresholds {
            max_removed: 10,
            max_removed_percent: 10,
        };

        assert_eq!(thresholds.exceeded_by(10, 100), None);
        assert_eq!(thresholds.exceeded_by(0, 0), None);
        let many = thresholds.exceeded_by(11, 1_000).unwrap();
        assert!(many.contains("at most 10 may be"), "{many}");
        let share = thresholds.exceeded_by(3, 29).unwrap();
        assert!(
            share.contains("3 of 29") && share.contains("10 %"),
            "{share}"
        );
    }
}
