//! What is asked about a request that adds, check by check in the order of RQ-6.
//!
//! **Invariant:** this is the only list of these checks. Submitting goes through it until one says no; explaining goes
//! through all of it.

use domain::id::SubjectId;
use domain::policy::{Asker, Policy, Target};
use domain::submission::Submission;
use store::ReadTx;
use store::access_package::{AccessPackage, Terms};
use store::assignment_request::InTheWay;

use super::{answers, checks};
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::{guards, user_attributes};

/// Who asks for what, for whom, by which policy.
pub(crate) struct Case<'a> {
    pub(crate) moment: &'a Moment,
    /// Who is told what came of it.
    pub(crate) ctx: &'a Ctx,
    pub(crate) asker: Asker,
    pub(crate) package: &'a AccessPackage,
    pub(crate) terms: Terms,
    /// The target; none, if nobody ever asked or got anything for it.
    pub(crate) target: Option<SubjectId>,
    pub(crate) in_the_way: InTheWay,
    pub(crate) facts: &'a Target,
    /// The policies of the package; those who ask for themselves may go by some of them only.
    pub(crate) policies: &'a [Policy],
    pub(crate) policy: &'a Policy,
    pub(crate) submission: &'a Submission,
}

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The policy is among those that count for the target.
    PolicyApplies,
    /// The catalog is open for requests.
    CatalogPublished,
    /// The policy takes requests of this kind.
    PolicyEnabled,
    /// The target is one that the policy is for.
    TargetInScope,
    /// A policy for people outside is in a catalog that is open to them.
    OpenToOutsiders,
    /// The target may sign in.
    SignInAllowed,
    /// The target has no assignment of the package.
    NotAssigned,
    /// No request of the target for the package is under way.
    NothingUnderWay,
    /// The target holds nothing that the package does not go with.
    Compatible,
    /// The dates are possible by the policy.
    Schedule,
    /// The requestor says why, where that is wanted.
    Justification,
    /// The questions of the policy are answered.
    Answers,
    /// Only administrators skip approval.
    Bypass,
}

impl Check {
    /// All of them, in their order.
    pub const ALL: [Self; 13] = [
        Self::PolicyApplies,
        Self::CatalogPublished,
        Self::PolicyEnabled,
        Self::TargetInScope,
        Self::OpenToOutsiders,
        Self::SignInAllowed,
        Self::NotAssigned,
        Self::NothingUnderWay,
        Self::Compatible,
        Self::Schedule,
        Self::Justification,
        Self::Answers,
        Self::Bypass,
    ];

    /// The rule that it stands for.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::PolicyApplies => "PO-13",
            Self::CatalogPublished => "RQ-9",
            Self::PolicyEnabled | Self::TargetInScope => "RQ-12",
            Self::OpenToOutsiders => "EX-9",
            Self::SignInAllowed => "RQ-10",
            Self::NotAssigned => "OM-3",
            Self::NothingUnderWay => "RQ-8",
            Self::Compatible => "SD-1",
            Self::Schedule => "SC-1",
            Self::Justification => "QA-7",
            Self::Answers => "QA-2",
            Self::Bypass => "AP-12",
        }
    }

    /// Its name, as JSON spells names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolicyApplies => "policyApplies",
            Self::CatalogPublished => "catalogPublished",
            Self::PolicyEnabled => "policyEnabled",
            Self::TargetInScope => "targetInScope",
            Self::OpenToOutsiders => "openToOutsiders",
            Self::SignInAllowed => "signInAllowed",
            Self::NotAssigned => "notAssigned",
            Self::NothingUnderWay => "nothingUnderWay",
            Self::Compatible => "compatible",
            Self::Schedule => "schedule",
            Self::Justification => "justification",
            Self::Answers => "answers",
            Self::Bypass => "bypassApproval",
        }
    }

    /// Whether it is about what the request says, so that the requestor can do something about it.
    pub const fn is_about_the_request(self) -> bool {
        match self {
            Self::Schedule | Self::Justification | Self::Answers | Self::Bypass => true,
            Self::PolicyApplies
            | Self::CatalogPublished
            | Self::PolicyEnabled
            | Self::TargetInScope
            | Self::OpenToOutsiders
            | Self::SignInAllowed
            | Self::NotAssigned
            | Self::NothingUnderWay
            | Self::Compatible => false,
        }
    }

    /// Says no by a refusal.
    pub(crate) fn run(self, tx: &mut ReadTx<'_>, case: &Case<'_>) -> Result<(), ServiceError> {
        let (asker, policy, facts) = (case.asker, case.policy, case.facts);
        match self {
            Self::PolicyApplies => {
                checks::for_outsiders(policy, facts)?;
                match asker {
                    Asker::User => checks::best_rank(case.policies, policy, facts),
                    Asker::Administrator => Ok(()),
                }
            }
            Self::CatalogPublished => checks::catalog_published(case.terms),
            Self::PolicyEnabled => checks::policy_open(policy, asker),
            Self::TargetInScope => checks::in_scope(policy, asker, facts),
            Self::OpenToOutsiders => checks::open_to_outsiders(case.terms, policy),
            Self::SignInAllowed => checks::not_blocked(tx, facts, asker, case.submission),
            Self::NotAssigned => checks::not_assigned(case.in_the_way),
            Self::NothingUnderWay => checks::nothing_under_way(case.in_the_way),
            Self::Compatible => compatible(tx, case),
            Self::Schedule => {
                checks::schedule(policy, case.submission, asker, case.moment.now, false).map(drop)
            }
            Self::Justification => checks::justification(policy, asker, case.submission),
            Self::Answers => {
                if !case.terms.has_questions {
                    return answers::complete(&policy.settings.questions, case.submission);
                }
                let questions = user_attributes::questions(tx, policy, facts.object_id)?;
                answers::complete(&questions, case.submission)
            }
            Self::Bypass => checks::bypass(asker, case.submission),
        }
    }
}

/// The target holds nothing that the package does not go with (SD-1); what is in the way is named to whoever may read it
/// (SD-7).
fn compatible(tx: &mut ReadTx<'_>, case: &Case<'_>) -> Result<(), ServiceError> {
    if !case.terms.has_incompatible {
        return Ok(());
    }
    let (package, facts) = (case.package.id, case.facts);
    match guards::incompatible(tx, case.moment, package, case.target, facts.object_id)? {
        Some(blocker) => Err(blocker.refusal(tx, case.ctx)?),
        None => Ok(()),
    }
}

/// Every check says yes, or the first that does not is the answer.
pub(crate) fn all(tx: &mut ReadTx<'_>, case: &Case<'_>) -> Result<(), ServiceError> {
    Check::ALL
        .into_iter()
        .try_for_each(|check| check.run(tx, case))
}
