//! The life of an assignment request (semantics 2.1-2.5).

use crate::id::{AccessPackageId, AssignmentId, ObjectId, PolicyId, RequestId, SubjectId};
use crate::time::{Duration, Timestamp};
use crate::word::words;

use Event as E;
use State as S;

words! {
    /// Where a request stands (semantics 2.3).
    pub enum State {
        /// Stored, checks passed, not routed yet.
        Submitted = "submitted",
        /// At least one approval stage is open.
        PendingApproval = "pendingApproval",
        /// Approved, the start lies in the future.
        Scheduled = "scheduled",
        /// Roles are being granted or removed.
        Delivering = "delivering",
        /// Every role is done.
        Delivered = "delivered",
        /// Some roles are done, retries used up.
        PartiallyDelivered = "partiallyDelivered",
        /// No role is done, retries used up.
        DeliveryFailed = "deliveryFailed",
        /// An approver, an extension or a time-out said no.
        Denied = "denied",
        /// Withdrawn.
        Canceled = "canceled",
    }
}

impl State {
    /// Whether the request is over; entering such a state sets `completedDateTime`.
    pub const fn is_terminal(self) -> bool {
        match self {
            S::Submitted | S::PendingApproval | S::Scheduled | S::Delivering => false,
            S::Delivered | S::PartiallyDelivered | S::DeliveryFailed | S::Denied | S::Canceled => {
                true
            }
        }
    }

    /// The `status` text that goes with the state when nothing more exact is known (semantics 2.4).
    pub const fn status(self) -> &'static str {
        match self {
            S::Submitted => "Accepted",
            S::PendingApproval => "PendingApproval",
            S::Scheduled => "PendingNotBefore",
            S::Delivering => "Delivering",
            S::Delivered => "Delivered",
            S::PartiallyDelivered => "PartiallyDelivered",
            S::DeliveryFailed => "DeliveryFailed",
            S::Denied => "Denied",
            S::Canceled => "Canceled",
        }
    }
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The policy wants somebody to decide (T3).
    ApprovalRequired,
    /// An extension was called that has to answer first (section 6.9).
    AwaitsCallback,
    /// A stage was approved and another follows (T6), or an extension said who decides in it (AP-15).
    StageApproved,
    /// The alternates are asked too (T10).
    Escalated,
    /// Nothing more to wait for: deliver (T4, T7, T11).
    Started,
    /// Approved, but the start lies in the future (T5, T7).
    StartsLater,
    /// Somebody said no (T2, T8).
    Denied,
    /// Nobody answered in time (T9).
    TimedOut,
    /// Withdrawn by a person (T12).
    Canceled,
    /// Withdrawn by the service: something it needs is gone, or a removal took precedence (T17, RP-43).
    Withdrawn,
    /// Every role is done (T13).
    AllDelivered,
    /// Some roles are done, retries used up (T14).
    SomeDelivered,
    /// No role is done, retries used up or a guard failed (T15).
    NoneDelivered,
    /// Somebody asked to try again (T16).
    Reprocessed,
}

impl Event {
    /// The `status` text that tells more than the state's own (semantics 2.4).
    const fn status(self) -> Option<&'static str> {
        match self {
            E::TimedOut => Some("Expired"),
            E::Escalated => Some("PendingApprovalEscalated"),
            E::AwaitsCallback => Some(WAITING_FOR_CALLBACK),
            E::ApprovalRequired
            | E::StageApproved
            | E::Started
            | E::StartsLater
            | E::Denied
            | E::Canceled
            | E::Withdrawn
            | E::AllDelivered
            | E::SomeDelivered
            | E::NoneDelivered
            | E::Reprocessed => None,
        }
    }
}

/// The `status` text of a request that waits for the answer of an extension.
const WAITING_FOR_CALLBACK: &str = "WaitingForCallback";

/// The whole life cycle (semantics 2.5). A pair that is absent is illegal.
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (S::Submitted, E::AwaitsCallback, S::Submitted),
    (S::Submitted, E::ApprovalRequired, S::PendingApproval),
    (S::Submitted, E::Started, S::Delivering),
    (S::Submitted, E::StartsLater, S::Scheduled),
    (S::Submitted, E::Denied, S::Denied),
    (S::Submitted, E::TimedOut, S::Denied),
    (S::Submitted, E::Canceled, S::Canceled),
    (S::Submitted, E::Withdrawn, S::Canceled),
    (S::PendingApproval, E::AwaitsCallback, S::PendingApproval),
    (S::PendingApproval, E::StageApproved, S::PendingApproval),
    (S::PendingApproval, E::Escalated, S::PendingApproval),
    (S::PendingApproval, E::Started, S::Delivering),
    (S::PendingApproval, E::StartsLater, S::Scheduled),
    (S::PendingApproval, E::Denied, S::Denied),
    (S::PendingApproval, E::TimedOut, S::Denied),
    (S::PendingApproval, E::Canceled, S::Canceled),
    (S::PendingApproval, E::Withdrawn, S::Canceled),
    (S::Scheduled, E::Started, S::Delivering),
    (S::Scheduled, E::Canceled, S::Canceled),
    (S::Scheduled, E::Withdrawn, S::Canceled),
    (S::Delivering, E::AwaitsCallback, S::Delivering),
    (S::Delivering, E::AllDelivered, S::Delivered),
    (S::Delivering, E::SomeDelivered, S::PartiallyDelivered),
    (S::Delivering, E::NoneDelivered, S::DeliveryFailed),
    (S::Delivering, E::Withdrawn, S::Canceled),
    (S::PartiallyDelivered, E::Reprocessed, S::Delivering),
    (S::PartiallyDelivered, E::Canceled, S::Canceled),
    (S::DeliveryFailed, E::Reprocessed, S::Delivering),
    (S::DeliveryFailed, E::Canceled, S::Canceled),
];

/// The event does not happen to a request in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from} cannot take {event:?}")]
pub struct IllegalTransition {
    /// Where the request stands.
    pub from: State,
    /// What was to happen.
    pub event: Event,
}

/// Where the request stands after the event.
pub fn next(from: State, event: Event) -> Result<State, IllegalTransition> {
    TRANSITIONS
        .iter()
        .find(|(state, happening, _)| (*state, *happening) == (from, event))
        .map(|(_, _, to)| *to)
        .ok_or(IllegalTransition { from, event })
}

words! {
    /// What a request is for (semantics 2.1).
    pub enum RequestType {
        /// The target asks for a package.
        UserAdd = "userAdd",
        /// The target asks to change its assignment.
        UserUpdate = "userUpdate",
        /// The target gives its assignment back.
        UserRemove = "userRemove",
        /// An administrator assigns directly.
        AdminAdd = "adminAdd",
        /// An administrator changes an assignment.
        AdminUpdate = "adminUpdate",
        /// An administrator ends an assignment.
        AdminRemove = "adminRemove",
        /// An approver revokes what was approved.
        ApproverRemove = "approverRemove",
        /// The service assigns by rule.
        SystemAdd = "systemAdd",
        /// The service enforces an assignment again (RP-24).
        SystemUpdate = "systemUpdate",
        /// The service ends an assignment.
        SystemRemove = "systemRemove",
    }
}

/// What a request does when it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Creates an assignment.
    Add,
    /// Changes the dates or answers of an assignment.
    Update,
    /// Enforces an assignment again.
    Enforce,
    /// Ends an assignment.
    Remove,
}

impl RequestType {
    /// What it does when it is delivered.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::UserAdd | Self::AdminAdd | Self::SystemAdd => Purpose::Add,
            Self::UserUpdate | Self::AdminUpdate => Purpose::Update,
            Self::SystemUpdate => Purpose::Enforce,
            Self::UserRemove | Self::AdminRemove | Self::ApproverRemove | Self::SystemRemove => {
                Purpose::Remove
            }
        }
    }
}

/// An assignment request as its rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentRequest {
    /// Its id, also that of its approval.
    pub id: RequestId,
    /// What it is for.
    pub request_type: RequestType,
    /// Whether an update only moves the end (RQ-3).
    pub is_extension: bool,
    /// The package.
    pub access_package_id: AccessPackageId,
    /// The policy it was made under.
    pub assignment_policy_id: Option<PolicyId>,
    /// The assignment it makes, changes or ends.
    pub assignment_id: Option<AssignmentId>,
    /// Who asked.
    pub requestor_id: SubjectId,
    /// For whom.
    pub target_id: SubjectId,
    /// The directory id of who sent it.
    pub created_by: ObjectId,
    /// Where it stands.
    pub state: State,
    /// The text beside the state.
    pub status: String,
    /// Why it was asked for.
    pub justification: Option<String>,
    /// The answers, as a document.
    pub answers: String,
    /// The schedule as asked for, as a document.
    pub schedule: String,
    /// When access begins.
    pub starts_at: Option<Timestamp>,
    /// When access ends, if that is a date.
    pub ends_at: Option<Timestamp>,
    /// How long access lasts from delivery on, if that is a length.
    pub lasts_for: Option<Duration>,
    /// Whether approval is skipped (AP-12).
    pub bypass_approval: bool,
    /// Whether the reconciler has yet to plan its deliveries.
    pub plan_due: bool,
    /// Why it did not come to its end.
    pub failure: Option<(String, String)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is delivering.
    pub delivering_since: Option<Timestamp>,
    /// When it last came to an end.
    pub completed_at: Option<Timestamp>,
    /// When it first came to an end: what the reprocess window counts from (RP-10).
    pub first_completed_at: Option<Timestamp>,
    /// Its version.
    pub version: i64,
}

impl AssignmentRequest {
    /// Moves the request on: the state, the text beside it and the times of completion.
    pub fn take(&mut self, event: Event, now: Timestamp) -> Result<(), IllegalTransition> {
        let before = self.state;
        self.state = next(before, event)?;
        self.status = event.status().unwrap_or(self.state.status()).to_owned();
        if self.state.is_terminal() {
            self.completed_at = Some(now);
            self.first_completed_at.get_or_insert(now);
            self.plan_due = false;
        } else {
            self.completed_at = None;
        }
        if self.state == S::Delivering && before != S::Delivering {
            self.delivering_since = Some(now);
            self.plan_due = true;
        }
        Ok(())
    }

    /// Whether it waits for the answer of an extension.
    pub fn awaits_callback(&self) -> bool {
        !self.state.is_terminal() && self.status == WAITING_FOR_CALLBACK
    }
}

/// Why a request cannot be reprocessed (semantics 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReprocessable {
    /// Only requests that failed or were partial can.
    State(State),
    /// The window is over since then.
    WindowOver(Timestamp),
}

/// Whether a request in this state, first completed then, can be reprocessed now (RP-5, RP-10).
pub fn can_reprocess(
    state: State,
    first_completed_at: Option<Timestamp>,
    now: Timestamp,
    window: Duration,
) -> Result<(), NotReprocessable> {
    if next(state, E::Reprocessed).is_err() {
        return Err(NotReprocessable::State(state));
    }
    match first_completed_at {
        Some(completed) if now > completed.plus(window) => {
            Err(NotReprocessable::WindowOver(completed.plus(window)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_state_is_reachable() {
        let mut reached = vec![S::Submitted];
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            for (_, _, to) in TRANSITIONS.iter().filter(|(from, _, _)| *from == state) {
                if !reached.contains(to) {
                    reached.push(*to);
                }
            }
            at += 1;
        }

        for state in State::ALL {
            assert!(reached.contains(state), "{state}");
        }
    }

    #[test]
    fn final_states_have_no_exit_but_those_that_can_be_reprocessed_or_canceled() {
        for (from, event, _) in TRANSITIONS.iter().filter(|(from, _, _)| from.is_terminal()) {
            assert!(
                matches!(from, S::PartiallyDelivered | S::DeliveryFailed),
                "{from}"
            );
            assert!(matches!(event, E::Reprocessed | E::Canceled), "{event:?}");
        }
    }

    #[test]
    fn no_pair_has_two_outcomes() {
        let pairs: BTreeSet<_> = TRANSITIONS
            .iter()
            .map(|(from, event, _)| format!("{from} {event:?}"))
            .collect();

        assert_eq!(pairs.len(), TRANSITIONS.len());
    }

    #[test]
    fn names_of_states_and_types_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.as_str()), Some(*state));
        }
        for one in RequestType::ALL {
            assert_eq!(
                RequestType::from_name(&one.as_str().to_uppercase()),
                Some(*one)
            );
        }
    }

    // TR3, TR4: the window is closed on its last microsecond, and only two states are open to it.
    #[test]
    fn reprocess_wants_a_failed_or_partial_request_within_the_window() {
        let done = Timestamp::from_micros(0);
        let window = Duration::from_days(14);
        let edge = done.plus(window);

        for state in State::ALL {
            let open = matches!(state, S::DeliveryFailed | S::PartiallyDelivered);
            assert_eq!(
                can_reprocess(*state, Some(done), edge, window).is_ok(),
                open,
                "{state}"
            );
        }
        let late = edge.plus(Duration::from_micros(1));
        assert_eq!(
            can_reprocess(S::DeliveryFailed, Some(done), late, window),
            Err(NotReprocessable::WindowOver(edge))
        );
    }
}
