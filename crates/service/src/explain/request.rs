//! Why a user can ask for an access package, or cannot: every check of RQ-6 in its order, by each policy.
//!
//! **Invariant:** the checks are those that a submission goes through (`assignment_requests::eligibility`), the choice of
//! the policy is its choice.

use auth::decide::Access;
use auth::roles::Action;
use domain::assignment_request::RequestType;
use domain::catalog::CatalogState;
use domain::id::{AccessPackageId, ObjectId, PolicyId};
use domain::policy::{
    Asker, Policy, RequestedSchedule, Standing, Target, TargetScope, rank, standings,
};
use domain::submission::Submission;
use store::ReadTx;
use store::access_package::AccessPackage;
use store::assignment_request::InTheWay;

use super::who::{self, Asked};
use crate::assignment_requests::eligibility::{Case, Check};
use crate::assignment_requests::{target_facts, the_policy_for};
use crate::authorize;
use crate::content::package_for;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who would ask; the caller, if nobody is named.
    pub principal: Option<String>,
    /// For what.
    pub package: AccessPackageId,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It says yes.
    Passed,
    /// It says no.
    Failed,
    /// It says no to a request that says nothing; the requestor can do something about it.
    Needed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is checked.
    pub check: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// The code that a request is refused with.
    pub code: Option<Code>,
    /// The member of the request that it is about.
    pub target: Option<String>,
    /// In one sentence why.
    pub reason: Option<String>,
}

/// How it looks by one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByPolicy {
    /// The policy.
    pub policy: PolicyId,
    /// Its name.
    pub display_name: String,
    /// Whom it is for.
    pub scope: TargetScope,
    /// The rank of that, 1 first.
    pub rank: Option<u8>,
    /// How it stands among the others.
    pub standing: Standing,
    /// What a request that names it would meet.
    pub steps: Vec<Step>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Who would ask.
    pub principal: ObjectId,
    /// For what.
    pub package: AccessPackageId,
    /// Its name.
    pub display_name: String,
    /// Whether they can, with a request that says all that is needed.
    pub is_allowed: bool,
    /// What a request that names no policy would meet, in its order.
    pub steps: Vec<Step>,
    /// The policy that it would go by.
    pub policy: Option<PolicyId>,
    /// The policies, as far as the asker may know them: those that count for themselves, or all of them.
    pub policies: Vec<ByPolicy>,
}

impl Explanation {
    /// The check that a request which says nothing would fail.
    pub fn first_failure(&self) -> Option<&Step> {
        self.steps
            .iter()
            .find(|step| step.outcome != Outcome::Passed)
    }
}

/// Explains whether somebody can ask for a package.
pub async fn explain(
    service: &Service,
    ctx: &Ctx,
    question: Question,
) -> Result<Explanation, ServiceError> {
    if question.principal.is_some() {
        // Asked before anybody is looked up: who may not ask learns nothing about who is there.
        authorize_about_others(service, ctx, question.package).await?;
    }
    let asked = who::asked(service, ctx, question.principal.as_deref()).await?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .read(move |tx| explained(tx, &moment, &ctx, &asked, question.package))
        .await
}

/// About others those are told who may read the requests and the policies of the package; who asks about themselves by
/// their own name is one of them or not.
pub(super) async fn authorize_about_others(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
) -> Result<(), ServiceError> {
    if authorize::as_requestor(ctx, Access::Read).is_ok() {
        return Ok(());
    }
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| reads_all(tx, &ctx, package).map(drop))
        .await
}

/// The package, if the caller may read all that is said about it.
pub(super) fn reads_all(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    package: AccessPackageId,
) -> Result<AccessPackage, ServiceError> {
    package_for(tx, ctx, Action::ReadPolicies, package)?;
    package_for(tx, ctx, Action::ReadRequests, package)
}

/// The package as far as the caller may ask about it, and whether they may know everything about it.
pub(super) fn package_asked(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    asked: &Asked,
    package: AccessPackageId,
) -> Result<(AccessPackage, bool), ServiceError> {
    match reads_all(tx, ctx, package) {
        Ok(found) => Ok((found, true)),
        Err(ServiceError::Refused { .. }) if asked.is_self => {
            let unknown = || ServiceError::not_found("access package", package);
            let found = store::access_package::find(tx, package)?.ok_or_else(unknown)?;
            if is_secret_to(tx, ctx, asked, &found)? {
                return Err(unknown());
            }
            Ok((found, false))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Whether the caller is not to know that there is the package: it is hidden or not published, no policy is for them, they
/// never had anything to do with it, and they do not read the catalog.
fn is_secret_to(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    asked: &Asked,
    package: &AccessPackage,
) -> Result<bool, ServiceError> {
    let catalog = store::catalog::find(tx, package.catalog_id)?;
    let is_published = catalog.is_some_and(|one| one.state == CatalogState::Published);
    if is_published && !package.is_hidden {
        return Ok(false);
    }
    if authorize::catalogs(ctx, Action::ReadCatalogContent).contains(package.catalog_id) {
        return Ok(false);
    }
    if let Some(facts) = target_facts(tx, asked.object)? {
        let policies = store::assignment_policy::of_package(tx, package.id)?;
        let is_for_them = |one| matches!(one, Standing::Counts | Standing::Outranked);
        if standings(&policies, &facts).into_iter().any(is_for_them) {
            return Ok(false);
        }
    }
    match store::subject::find_by_object(tx, asked.object)? {
        Some(subject) => Ok(!store::assignment::concerned(tx, subject.id, package.id)?),
        None => Ok(true),
    }
}

fn explained(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    asked: &Asked,
    package: AccessPackageId,
) -> Result<Explanation, ServiceError> {
    let (package, knows_all) = package_asked(tx, ctx, asked, package)?;
    let mut explanation = Explanation {
        principal: asked.object,
        package: package.id,
        display_name: package.display_name.clone(),
        is_allowed: false,
        steps: entrance(asked)?,
        policy: None,
        policies: Vec::new(),
    };
    let Some(facts) = target_facts(tx, asked.object)? else {
        let gone =
            ServiceError::refused(Code::TargetNotFound, "the target is not in the directory");
        explanation
            .steps
            .push(step("targetExists", "RQ-6", false, Err(gone))?);
        return Ok(explanation);
    };
    let unknown = || ServiceError::not_found("access package", package.id);
    let (_, terms) = store::access_package::find_with_terms(tx, package.id)?.ok_or_else(unknown)?;
    let submission = empty(package.id);
    let policies = store::assignment_policy::of_package(tx, package.id)?;
    let target = store::subject::find_by_object(tx, asked.object)?.map(|subject| subject.id);
    let in_the_way = match target {
        Some(target) => store::assignment_request::in_the_way(tx, target, package.id)?,
        None => InTheWay::default(),
    };
    let case_of = |policy| Case {
        moment,
        ctx,
        asker: Asker::User,
        package: &package,
        terms,
        target,
        in_the_way,
        facts: &facts,
        policies: &policies,
        policy,
        submission: &submission,
    };
    for (policy, standing) in ranked(&policies, &facts) {
        let steps = steps(tx, &case_of(policy))?;
        explanation.policies.push(ByPolicy {
            policy: policy.id,
            display_name: policy.display_name.clone(),
            scope: policy.scope,
            rank: rank(policy.scope),
            standing,
            steps,
        });
    }
    let gets_in = explanation
        .steps
        .iter()
        .all(|step| step.outcome == Outcome::Passed);
    let is_possible = |one: &ByPolicy| {
        one.standing == Standing::Counts
            && one.steps.iter().all(|step| step.outcome != Outcome::Failed)
    };
    explanation.is_allowed = gets_in && explanation.policies.iter().any(is_possible);

    let choice = the_policy_for(&policies, &facts);
    explanation.policy = choice.as_ref().ok().map(|policy| policy.id);
    let may_choose =
        matches!(&choice, Err(error) if error.code() == Some(Code::PolicySelectionRequired));
    explanation
        .steps
        .push(step("policyChosen", "PO-10", may_choose, choice.map(drop))?);
    let chosen = explanation.policy;
    let by_chosen = explanation
        .policies
        .iter()
        .find(|one| Some(one.policy) == chosen);
    let of_chosen = by_chosen.map(|one| one.steps.clone()).unwrap_or_default();
    explanation.steps.extend(of_chosen);
    if !knows_all {
        explanation
            .policies
            .retain(|one| one.standing == Standing::Counts);
    }
    Ok(explanation)
}

/// What everybody meets who calls: whether they are let in, and whether their token is for this.
fn entrance(asked: &Asked) -> Result<Vec<Step>, ServiceError> {
    let calls = match &asked.calls {
        Ok(calls) => calls,
        Err((code, message)) => {
            let refusal = ServiceError::refused(*code, message.clone());
            return Ok(vec![step("caller", "ER-1", false, Err(refusal))?]);
        }
    };
    let may_ask = authorize::as_requestor(calls, Access::Write).map(drop);
    Ok(vec![
        step("caller", "ER-1", false, Ok(()))?,
        step("permission", "AZ-4", false, may_ask)?,
    ])
}

/// Every check, whatever the others say.
fn steps(tx: &mut ReadTx<'_>, case: &Case<'_>) -> Result<Vec<Step>, ServiceError> {
    Check::ALL
        .into_iter()
        .map(|check| {
            let done = check.run(tx, case);
            step(
                check.name(),
                check.rule(),
                check.is_about_the_request(),
                done,
            )
        })
        .collect()
}

fn step(
    check: &'static str,
    rule: &'static str,
    can_be_mended: bool,
    done: Result<(), ServiceError>,
) -> Result<Step, ServiceError> {
    let blank = Step {
        check,
        rule,
        outcome: Outcome::Passed,
        code: None,
        target: None,
        reason: None,
    };
    match done {
        Ok(()) => Ok(blank),
        Err(ServiceError::Refused {
            code,
            message,
            target,
        }) => Ok(Step {
            outcome: if can_be_mended {
                Outcome::Needed
            } else {
                Outcome::Failed
            },
            code: Some(code),
            reason: Some(message),
            target,
            ..blank
        }),
        Err(other) => Err(other),
    }
}

/// The policies, those of the best rank first.
pub(super) fn ranked<'p>(policies: &'p [Policy], facts: &Target) -> Vec<(&'p Policy, Standing)> {
    let mut ranked: Vec<_> = policies.iter().zip(standings(policies, facts)).collect();
    ranked.sort_by_key(|(policy, standing)| {
        let order = match standing {
            Standing::Counts => 0,
            Standing::Outranked => 1,
            Standing::OutOfScope => 2,
            Standing::NotRequestable => 3,
        };
        (order, rank(policy.scope), policy.created_at, policy.id)
    });
    ranked
}

/// A request that says no more than what it is for.
fn empty(package: AccessPackageId) -> Submission {
    Submission {
        request_type: RequestType::UserAdd,
        is_extension: false,
        access_package_id: Some(package),
        assignment_policy_id: None,
        assignment_id: None,
        target: None,
        schedule: RequestedSchedule::default(),
        schedule_document: String::new(),
        answers: Vec::new(),
        answers_document: "[]".to_owned(),
        justification: None,
        bypass_approval: None,
        is_validation_only: true,
    }
}
