//! Approvals: stages, who may decide in them, and what a decision leads to (semantics 2.7).

use crate::id::{CustomExtensionId, ObjectId, RequestId, StageId};
use crate::time::{Duration, Timestamp};
use crate::word::words;

words! {
    /// Where a stage stands (AP-11).
    pub enum StageStatus {
        /// Its turn has not come.
        Initializing = "Initializing",
        /// Open for a decision.
        InProgress = "InProgress",
        /// Decided.
        Completed = "Completed",
        /// Nobody decided in time.
        Expired = "Expired",
    }
}

words! {
    /// What was decided (AP-11).
    pub enum Verdict {
        /// Nothing yet.
        NotReviewed = "NotReviewed",
        /// Yes.
        Approved = "Approved",
        /// No.
        Denied = "Denied",
    }
}

impl Verdict {
    /// The decision that a client writes: `Approve` or `Deny`, also `Approved` and `Denied`, in any case (AP-10).
    pub fn decision(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "approve" | "approved" => Some(Self::Approved),
            "deny" | "denied" => Some(Self::Denied),
            _ => None,
        }
    }
}

words! {
    /// In which role somebody is asked.
    pub enum Tier {
        /// Asked first.
        Primary = "primary",
        /// Asked if the primary ones resolve to nobody (AP-7).
        FallbackPrimary = "fallbackPrimary",
        /// Asked too after the escalation time (AP-6).
        Escalation = "escalation",
        /// Asked if the escalation ones resolve to nobody (AP-7).
        FallbackEscalation = "fallbackEscalation",
    }
}

/// Somebody who may decide: a user, or a group whose members may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approver {
    /// The user or group.
    pub principal_id: ObjectId,
    /// In which role.
    pub tier: Tier,
}

/// One stage of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its id.
    pub id: StageId,
    /// The request, whose id is also the approval's.
    pub request_id: RequestId,
    /// Its place, from 0.
    pub ordinal: i64,
    /// Its name.
    pub display_name: Option<String>,
    /// The extension that says who decides, once it is the stage's turn (AP-15).
    pub extension_id: Option<CustomExtensionId>,
    /// Where it stands.
    pub status: StageStatus,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether a decision needs a reason.
    pub is_approver_justification_required: bool,
    /// The reason given.
    pub justification: Option<String>,
    /// Who decided.
    pub reviewed_by: Option<ObjectId>,
    /// Their name then.
    pub reviewed_by_name: Option<String>,
    /// Their sign-in name then.
    pub reviewed_by_principal_name: Option<String>,
    /// When.
    pub reviewed_at: Option<Timestamp>,
    /// How long it stays open (AP-5).
    pub lasts_for: Duration,
    /// After what time the alternates are asked too.
    pub escalates_after: Option<Duration>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When its time is over.
    pub due_at: Option<Timestamp>,
    /// When the alternates are asked.
    pub escalates_at: Option<Timestamp>,
    /// Whether they were.
    pub is_escalated: bool,
    /// Its version.
    pub version: i64,
}

impl Stage {
    /// Opens the stage: its clocks start.
    pub fn open(&mut self, now: Timestamp) {
        self.status = StageStatus::InProgress;
        self.opened_at = Some(now);
        self.due_at = Some(now.plus(self.lasts_for));
        self.escalates_at = self.escalates_after.map(|after| now.plus(after));
    }
}

/// Why a decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecidable {
    /// Somebody has decided, or the stage is not open (AP-3, AP-10): 409.
    NotOpen,
    /// The caller is not asked, or it is their own request (AP-9): 403.
    NotAsked,
    /// The stage wants a reason (AP-10): 400.
    JustificationRequired,
}

/// Whether the caller is asked in this stage: `me` is the caller's directory id followed by the groups they are in,
/// `own` are the ids of those whose request it is (target and creator), `resolves` says whether anybody stands behind a
/// principal.
pub fn is_asked(
    stage: &Stage,
    approvers: &[Approver],
    me: &[ObjectId],
    own: &[ObjectId],
    resolves: impl Fn(ObjectId) -> bool,
) -> bool {
    if me.first().is_none_or(|caller| own.contains(caller)) {
        return false;
    }
    let asked = |tier: Tier, fallback: Tier| {
        let first: Vec<_> = of_tier(approvers, tier).collect();
        let stands = first.iter().any(|principal| resolves(*principal));
        let list = if stands {
            first
        } else {
            of_tier(approvers, fallback).collect()
        };
        list.iter().any(|principal| me.contains(principal))
    };
    asked(Tier::Primary, Tier::FallbackPrimary)
        || (stage.is_escalated && asked(Tier::Escalation, Tier::FallbackEscalation))
}

fn of_tier(approvers: &[Approver], tier: Tier) -> impl Iterator<Item = ObjectId> + '_ {
    approvers
        .iter()
        .filter(move |approver| approver.tier == tier)
        .map(|approver| approver.principal_id)
}

/// Whether a decision can be taken.
pub fn can_decide(
    stage: &Stage,
    asked: bool,
    justification: Option<&str>,
) -> Result<(), NotDecidable> {
    if !asked {
        return Err(NotDecidable::NotAsked);
    }
    if stage.status != StageStatus::InProgress {
        return Err(NotDecidable::NotOpen);
    }
    let reason = justification.is_some_and(|text| !text.trim().is_empty());
    if stage.is_approver_justification_required && !reason {
        return Err(NotDecidable::JustificationRequired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u128) -> ObjectId {
        ObjectId::new(uuid::Uuid::from_u128(number))
    }

    fn stage() -> Stage {
        Stage {
            id: StageId::new(uuid::Uuid::nil()),
            request_id: RequestId::new(uuid::Uuid::nil()),
            ordinal: 0,
            display_name: None,
            extension_id: None,
            status: StageStatus::InProgress,
            verdict: Verdict::NotReviewed,
            is_approver_justification_required: false,
            justification: None,
            reviewed_by: None,
            reviewed_by_name: None,
            reviewed_by_principal_name: None,
            reviewed_at: None,
            lasts_for: Duration::from_days(14),
            escalates_after: None,
            opened_at: None,
            due_at: None,
            escalates_at: None,
            is_escalated: false,
            version: 1,
        }
    }

    #[test]
    fn members_of_an_asked_group_are_asked() {
        let approvers = [Approver {
            principal_id: object(7),
            tier: Tier::Primary,
        }];

        assert!(is_asked(
            &stage(),
            &approvers,
            &[object(1), object(7)],
            &[],
            |_| true
        ));
        assert!(!is_asked(
            &stage(),
            &approvers,
            &[object(1), object(8)],
            &[],
            |_| true
        ));
    }

    #[test]
    fn nobody_is_asked_about_a_request_of_their_own() {
        let approvers = [Approver {
            principal_id: object(1),
            tier: Tier::Primary,
        }];

        assert!(
            !is_asked(&stage(), &approvers, &[object(1)], &[object(1)], |_| true),
            "AP-9"
        );
    }

    #[test]
    fn fallback_approvers_are_asked_only_when_the_first_ones_resolve_to_nobody() {
        let approvers = [
            Approver {
                principal_id: object(7),
                tier: Tier::Primary,
            },
            Approver {
                principal_id: object(1),
                tier: Tier::FallbackPrimary,
            },
        ];

        assert!(
            !is_asked(&stage(), &approvers, &[object(1)], &[], |_| true),
            "AP-7"
        );
        assert!(
            is_asked(&stage(), &approvers, &[object(1)], &[], |_| false),
            "AP-7"
        );
    }

    #[test]
    fn alternates_are_asked_once_the_stage_is_escalated() {
        let approvers = [
            Approver {
                principal_id: object(7),
                tier: Tier::Primary,
            },
            Approver {
                principal_id: object(1),
                tier: Tier::Escalation,
            },
        ];
        let mut open = stage();

        assert!(!is_asked(&open, &approvers, &[object(1)], &[], |_| true));
        open.is_escalated = true;
        assert!(
            is_asked(&open, &approvers, &[object(1)], &[], |_| true),
            "AP-6"
        );
        assert!(
            is_asked(&open, &approvers, &[object(7)], &[], |_| true),
            "AP-6"
        );
    }

    #[test]
    fn a_stage_takes_one_decision() {
        let mut done = stage();
        done.status = StageStatus::Completed;

        assert_eq!(
            can_decide(&done, true, None),
            Err(NotDecidable::NotOpen),
            "AP-3"
        );
        assert_eq!(can_decide(&done, false, None), Err(NotDecidable::NotAsked));
    }

    #[test]
    fn a_reason_is_demanded_where_the_stage_wants_one() {
        let mut strict = stage();
        strict.is_approver_justification_required = true;

        let blank = can_decide(&strict, true, Some("  "));

        assert_eq!(blank, Err(NotDecidable::JustificationRequired), "AP-10");
        assert_eq!(
            can_decide(&strict, true, Some("needed for the audit")),
            Ok(())
        );
    }
}
