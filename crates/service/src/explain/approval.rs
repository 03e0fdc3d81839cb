//! Who decides about a request, or would: stages, tiers, the people behind them, and until when.
//!
//! **Invariant:** who is asked is what the decision itself asks (`approvals::asks_of`); an approval that is not there yet is
//! made up as routing would make it. Nobody learns a name that AZ-21 keeps from them.

use std::collections::BTreeSet;

use auth::roles::Action;
use domain::approval::{Approver, Stage, StageStatus, Tier, Verdict};
use domain::directory::ObjectKind;
use domain::id::{
    AccessPackageId, CatalogId, CustomExtensionId, ObjectId, PolicyId, RequestId, StageId,
    SubjectId,
};
use domain::policy::{AccessChange, ApprovalExemptions, ApprovalStage, Asker, Standing};
use domain::time::{Duration, Timestamp};
use store::ReadTx;
use uuid::Uuid;

use super::request::{authorize_about_others, package_asked, ranked};
use super::who;
use crate::approvals::{asks_of, names, standing};
use crate::assignment_requests::{find_with_catalog, is_known, routing, target_facts};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::reads::{reviewers, scope::Me};

/// How many people of a tier are named at most; of more it is said that there are.
pub const MOST_PEOPLE: usize = 100;

/// How many people are looked at.
const MOST_CANDIDATES: usize = 1_000;

/// The tiers, in the order in which they are asked.
const TIERS: [Tier; 4] = [
    Tier::Primary,
    Tier::FallbackPrimary,
    Tier::Escalation,
    Tier::FallbackEscalation,
];

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// About a request that was made.
    Request(RequestId),
    /// About one that somebody would make; the caller, if nobody is named.
    Imagined {
        /// Who would ask.
        principal: Option<String>,
        /// For what.
        package: AccessPackageId,
    },
}

/// A directory object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: ObjectId,
    /// What it is; none, if it is gone.
    pub kind: Option<ObjectKind>,
    /// Its name.
    pub display_name: Option<String>,
}

/// Who is asked in one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByTier {
    /// In which.
    pub tier: Tier,
    /// Whether anybody stands behind it.
    pub stands: bool,
    /// The users and groups; none where the asker may not know them.
    pub principals: Option<Vec<Named>>,
    /// Why it is asked, or not.
    pub reason: &'static str,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByStage {
    /// Its place, from 1.
    pub number: i64,
    /// Where it stands.
    pub status: StageStatus,
    /// The extension that says who decides, or has said so (AP-15).
    pub named_by: Option<CustomExtensionId>,
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided, where the asker may know it.
    pub reviewed_by: Option<ObjectId>,
    /// How long it stays open.
    pub lasts_for: Duration,
    /// Until when, once it is open.
    pub due_at: Option<Timestamp>,
    /// After what time the alternates are asked too.
    pub escalates_after: Option<Duration>,
    /// When, once it is open.
    pub escalates_at: Option<Timestamp>,
    /// Whether they are.
    pub is_escalated: bool,
    /// The roles that somebody is asked in.
    pub tiers: Vec<ByTier>,
    /// The people who may decide, or may once it is open; none where the asker may not know them.
    pub people: Option<Vec<Named>>,
    /// Whether there are more of them.
    pub has_more_people: bool,
    /// Whether there is anybody.
    pub asks_somebody: bool,
}

/// An approval by one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByPolicy {
    /// The policy; none, if the request has lost it.
    pub policy: Option<PolicyId>,
    /// Its name.
    pub display_name: Option<String>,
    /// Whether somebody has to agree.
    pub is_needed: bool,
    /// The stages, in their order.
    pub stages: Vec<ByStage>,
}

/// Whom a request is for. Graph tells it over the assignment alone, which is not there before the approval (RQ-16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whom {
    /// Entitlement management's id of them.
    pub subject: SubjectId,
    /// The directory's; none before they arrive.
    pub object: Option<ObjectId>,
    /// Their name.
    pub display_name: Option<String>,
    /// Their mail address.
    pub email: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The request, if one was made.
    pub request: Option<RequestId>,
    /// Whom it is for, if it was made.
    pub whom: Option<Whom>,
    /// The package that is asked for.
    pub package: AccessPackageId,
    /// By each policy that it could go by; by its own, if it was made.
    pub approvals: Vec<ByPolicy>,
}

/// Explains who decides.
pub async fn explain(
    service: &Service,
    ctx: &Ctx,
    question: Question,
) -> Result<Explanation, ServiceError> {
    let ctx = ctx.clone();
    match question {
        Question::Request(id) => service.store.read(move |tx| of_request(tx, &ctx, id)).await,
        Question::Imagined { principal, package } => {
            if principal.is_some() {
                authorize_about_others(service, &ctx, package).await?;
            }
            let asked = who::asked(service, &ctx, principal.as_deref()).await?;
            service
                .store
                .read(move |tx| imagined(tx, &ctx, &asked, package))
                .await
        }
    }
}

/// Whether the asker may know who decides in a stage (AZ-21).
struct Told {
    me: Me,
    everything: bool,
}

impl Told {
    fn of(
        tx: &mut ReadTx<'_>,
        ctx: &Ctx,
        catalog: CatalogId,
        is_asked: bool,
    ) -> Result<Self, ServiceError> {
        let by_role = authorize::catalogs(ctx, Action::ReadRequests).contains(catalog);
        Ok(Self {
            me: Me::of(tx, ctx)?,
            everything: by_role || is_asked,
        })
    }

    fn about(
        &self,
        tx: &mut ReadTx<'_>,
        stage: Option<&ApprovalStage>,
    ) -> Result<bool, ServiceError> {
        match stage {
            _ if self.everything => Ok(true),
            Some(stage) => reviewers::tells(tx, &self.me, stage),
            None => Ok(false),
        }
    }
}

fn of_request(tx: &mut ReadTx<'_>, ctx: &Ctx, id: RequestId) -> Result<Explanation, ServiceError> {
    let (request, catalog) = find_with_catalog(tx, id)?;
    if !is_known(tx, ctx, &request)? {
        return Err(ServiceError::not_found("assignment request", id));
    }
    let is_asked = match ctx.user() {
        Some(user) => names(tx, id, user)?,
        None => false,
    };
    let told = Told::of(tx, ctx, catalog, is_asked)?;
    let policy = match request.assignment_policy_id {
        Some(policy) => store::assignment_policy::find_policy(tx, policy)?,
        None => None,
    };
    let mut own = vec![request.created_by];
    let target = store::subject::find(tx, request.target_id)?;
    own.extend(target.as_ref().and_then(|one| one.object_id));
    let mut stages = Vec::new();
    for stage in store::approval::of_request(tx, id)? {
        let approvers = store::approval::approvers(tx, stage.id)?;
        let settings = routing::settings_of(tx, &request, &stage)?;
        let is_told = told.about(tx, settings.as_ref())?;
        stages.push(explained(tx, &stage, &approvers, &own, is_told)?);
    }
    Ok(Explanation {
        request: Some(id),
        whom: target.map(|target| Whom {
            subject: target.id,
            object: target.object_id,
            display_name: target.display_name,
            email: target.email,
        }),
        package: request.access_package_id,
        approvals: vec![ByPolicy {
            policy: request.assignment_policy_id,
            display_name: policy.map(|policy| policy.display_name),
            is_needed: !stages.is_empty(),
            stages,
        }],
    })
}

fn imagined(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    asked: &who::Asked,
    package: AccessPackageId,
) -> Result<Explanation, ServiceError> {
    let (package, _) = package_asked(tx, ctx, asked, package)?;
    let told = Told::of(tx, ctx, package.catalog_id, false)?;
    let policies = store::assignment_policy::of_package(tx, package.id)?;
    let mut approvals = Vec::new();
    let facts = target_facts(tx, asked.object)?;
    let counting = facts
        .iter()
        .flat_map(|facts| ranked(&policies, facts))
        .filter(|(_, standing)| *standing == Standing::Counts);
    for (policy, _) in counting {
        let is_needed = policy.settings.approval.is_needed(
            AccessChange::Add,
            Asker::User,
            ApprovalExemptions::default(),
        );
        let mut stages = Vec::new();
        let settings = policy.settings.approval.stages.iter().filter(|_| is_needed);
        for (ordinal, settings) in (0_i64..).zip(settings) {
            let nil = Uuid::nil();
            let stage =
                routing::stage_of(StageId::new(nil), RequestId::new(nil), ordinal, settings);
            let approvers = routing::approvers(tx, Some(asked.object), settings)?;
            let is_told = told.about(tx, Some(settings))?;
            stages.push(explained(tx, &stage, &approvers, &[asked.object], is_told)?);
        }
        approvals.push(ByPolicy {
            policy: Some(policy.id),
            display_name: Some(policy.display_name.clone()),
            is_needed,
            stages,
        });
    }
    Ok(Explanation {
        request: None,
        whom: None,
        package: package.id,
        approvals,
    })
}

fn explained(
    tx: &mut ReadTx<'_>,
    stage: &Stage,
    approvers: &[Approver],
    own: &[ObjectId],
    is_told: bool,
) -> Result<ByStage, ServiceError> {
    let stands = standing(tx, approvers)?;
    let of_tier = |tier: Tier| {
        approvers
            .iter()
            .filter(move |one| one.tier == tier)
            .map(|one| one.principal_id)
    };
    let has = |tier: Tier| of_tier(tier).any(|principal| stands.contains(&principal));
    let is_unnamed = stage.extension_id.is_some() && stage.opened_at.is_none();
    let mut tiers = Vec::new();
    for tier in TIERS {
        let mut principals = Vec::new();
        for principal in of_tier(tier) {
            principals.push(object(tx, principal)?);
        }
        tiers.push(ByTier {
            tier,
            stands: has(tier),
            principals: is_told.then_some(principals),
            reason: if is_unnamed {
                "an extension says who decides when the stage begins (AP-15)"
            } else {
                reason(tier, stage.is_escalated, &has)
            },
        });
    }
    // Whoever could be asked, each judged as the decision would be.
    let mut people = Vec::new();
    let candidates = candidates(tx, approvers)?;
    let mut has_more = candidates.len() == MOST_CANDIDATES;
    for candidate in candidates {
        if !asks_of(tx, stage, approvers, own, candidate)? {
            continue;
        }
        if people.len() == MOST_PEOPLE {
            has_more = true;
            break;
        }
        people.push(object(tx, candidate)?);
    }
    Ok(ByStage {
        number: stage.ordinal + 1,
        status: stage.status,
        named_by: stage.extension_id,
        verdict: stage.verdict,
        reviewed_by: stage.reviewed_by.filter(|_| is_told),
        lasts_for: stage.lasts_for,
        due_at: stage.due_at,
        escalates_after: stage.escalates_after,
        escalates_at: stage.escalates_at,
        is_escalated: stage.is_escalated,
        tiers,
        asks_somebody: !people.is_empty(),
        people: is_told.then_some(people),
        has_more_people: has_more && is_told,
    })
}

fn reason(tier: Tier, is_escalated: bool, has: &impl Fn(Tier) -> bool) -> &'static str {
    match tier {
        Tier::Primary if has(Tier::Primary) => "asked first",
        Tier::Primary => "nobody stands behind the first approvers",
        Tier::FallbackPrimary if has(Tier::Primary) => {
            "not asked, because there are first approvers (AP-7)"
        }
        Tier::FallbackPrimary => "asked, because nobody stands behind the first approvers (AP-7)",
        Tier::Escalation | Tier::FallbackEscalation if !is_escalated => {
            "not asked before the time of escalation (AP-6)"
        }
        Tier::Escalation if has(Tier::Escalation) => {
            "asked too since the time of escalation (AP-6)"
        }
        Tier::Escalation => "nobody stands behind the alternates",
        Tier::FallbackEscalation if has(Tier::Escalation) => {
            "not asked, because there are alternates (AP-7)"
        }
        Tier::FallbackEscalation => "asked, because nobody stands behind the alternates (AP-7)",
    }
}

/// The people whom the approvers are, or are groups of: those of the first tiers first, and not all of a large group.
fn candidates(tx: &mut ReadTx<'_>, approvers: &[Approver]) -> Result<Vec<ObjectId>, ServiceError> {
    let (mut seen, mut people) = (BTreeSet::new(), Vec::new());
    for tier in TIERS {
        for approver in approvers.iter().filter(|approver| approver.tier == tier) {
            let mut behind = vec![approver.principal_id];
            behind.extend(store::directory::membership::transitive_members(
                tx,
                approver.principal_id,
            )?);
            for one in behind {
                if people.len() == MOST_CANDIDATES {
                    return Ok(people);
                }
                if seen.insert(one) && store::directory::user::find_present(tx, one)?.is_some() {
                    people.push(one);
                }
            }
        }
    }
    Ok(people)
}

fn object(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Named, ServiceError> {
    let found = store::directory::object::find(tx, id)?;
    Ok(Named {
        id,
        kind: found.as_ref().map(|one| one.kind),
        display_name: found.and_then(|one| one.display_name),
    })
}
