//! The life of an assignment (semantics 3.1-3.2).

use crate::id::{AccessPackageId, AssignmentId, PolicyId, SubjectId};
use crate::time::Timestamp;
use crate::word::words;

use Event as E;
use State as S;

words! {
    /// Where an assignment stands.
    pub enum State {
        /// Grant or removal work is under way.
        Delivering = "delivering",
        /// Every role is in place as far as is known.
        Delivered = "delivered",
        /// Retries used up, some roles missing.
        PartiallyDelivered = "partiallyDelivered",
        /// Retries used up, none in place.
        DeliveryFailed = "deliveryFailed",
        /// Over.
        Expired = "expired",
    }
}

impl State {
    /// The `status` text that goes with the state when nothing more exact is known (semantics 3.1).
    pub const fn status(self) -> &'static str {
        match self {
            S::Delivering => "Delivering",
            S::Delivered => "Delivered",
            S::PartiallyDelivered => "PartiallyDelivered",
            S::DeliveryFailed => "DeliveryFailed",
            S::Expired => "Expired",
        }
    }
}

/// The `status` text once the holder was told that fourteen days are left (A6).
pub const NEAR_EXPIRY_14_DAYS: &str = "NearExpiry14DayNotificationTriggered";
/// The `status` text once the holder was told that one day is left (A7).
pub const NEAR_EXPIRY_1_DAY: &str = "NearExpiry1DayNotificationTriggered";

/// What can happen to an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// All roles are in place (A2, A4, A5).
    AllDelivered,
    /// Retries used up, some roles missing (A2, A5).
    SomeDelivered,
    /// Retries used up, no role in place (A2, A5).
    NoneDelivered,
    /// Its request, or the assignment itself, is enforced again (A3, A4).
    Reprocessed,
    /// Its removal begins (A8, A9, A12).
    RemovalStarted,
    /// The last role is gone (A8, A9, AS-2).
    Removed,
    /// Its dates changed (A11).
    Updated,
}

/// The whole life cycle (semantics 3.2). A pair that is absent is illegal.
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (S::Delivering, E::AllDelivered, S::Delivered),
    (S::Delivering, E::SomeDelivered, S::PartiallyDelivered),
    (S::Delivering, E::NoneDelivered, S::DeliveryFailed),
    (S::Delivering, E::RemovalStarted, S::Delivering),
    (S::Delivering, E::Removed, S::Expired),
    (S::Delivered, E::Reprocessed, S::Delivering),
    (S::Delivered, E::SomeDelivered, S::PartiallyDelivered),
    (S::Delivered, E::NoneDelivered, S::DeliveryFailed),
    (S::Delivered, E::RemovalStarted, S::Delivering),
    (S::Delivered, E::Updated, S::Delivered),
    (S::PartiallyDelivered, E::Reprocessed, S::Delivering),
    (S::PartiallyDelivered, E::RemovalStarted, S::Delivering),
    (S::PartiallyDelivered, E::AllDelivered, S::Delivered),
    (S::PartiallyDelivered, E::Updated, S::PartiallyDelivered),
    (S::DeliveryFailed, E::Reprocessed, S::Delivering),
    (S::DeliveryFailed, E::RemovalStarted, S::Delivering),
    (S::DeliveryFailed, E::Removed, S::Expired),
];

/// The event does not happen to an assignment in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an assignment that is {from} cannot take {event:?}")]
pub struct IllegalTransition {
    /// Where the assignment stands.
    pub from: State,
    /// What was to happen.
    pub event: Event,
}

/// Where the assignment stands after the event.
pub fn next(from: State, event: Event) -> Result<State, IllegalTransition> {
    TRANSITIONS
        .iter()
        .find(|(state, happening, _)| (*state, *happening) == (from, event))
        .map(|(_, _, to)| *to)
        .ok_or(IllegalTransition { from, event })
}

/// An assignment as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// The package.
    pub access_package_id: AccessPackageId,
    /// The policy.
    pub assignment_policy_id: PolicyId,
    /// Who holds it.
    pub target_id: SubjectId,
    /// Where it stands.
    pub state: State,
    /// The text beside the state.
    pub status: String,
    /// The schedule, as a document.
    pub schedule: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends, if ever.
    pub ends_at: Option<Timestamp>,
    /// Whether its end was moved later.
    pub is_extended: bool,
    /// When it ended.
    pub expired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// Its version.
    pub version: i64,
}

impl Assignment {
    /// Moves the assignment on: the state, the text beside it and the time of its end.
    pub fn take(&mut self, event: Event, now: Timestamp) -> Result<(), IllegalTransition> {
        self.state = next(self.state, event)?;
        self.status = self.state.status().to_owned();
        self.modified_at = now;
        if self.state == S::Expired {
            self.expired_at = Some(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_state_is_reachable_and_the_end_is_final() {
        let reached: BTreeSet<_> = TRANSITIONS.iter().map(|(_, _, to)| to.as_str()).collect();

        for state in State::ALL {
            assert!(reached.contains(state.as_str()), "{state}");
        }
        assert!(!TRANSITIONS.iter().any(|(from, _, _)| *from == S::Expired));
    }

    #[test]
    fn no_pair_has_two_outcomes() {
        let pairs: BTreeSet<_> = TRANSITIONS
            .iter()
            .map(|(from, event, _)| format!("{from} {event:?}"))
            .collect();

        assert_eq!(pairs.len(), TRANSITIONS.len());
    }
}
