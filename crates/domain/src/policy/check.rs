//! Whether a policy can be stored (sections 6.2 to 6.6).
//!
//! **Invariant:** every refusal names the property at fault by its path in the v1.0 shape.

use super::{
    AnswerKind, ApprovalSettings, ApprovalStage, Expiration, PolicySettings, Question, TargetScope,
};
use crate::flaw::Flaw;
use crate::membership_rule::Rule;
use crate::subject_set::{SubjectSet, SubjectSetKind as Kind};
use crate::time::{Duration, Timestamp};

/// The member of a set that holds its rule.
pub const RULE: &str = "membershipRule";
/// Most stages of approval (AP-2).
const MOST_STAGES: usize = 3;
/// Most questions (section 6.6).
const MOST_QUESTIONS: usize = 20;
/// Alternates are asked no earlier than this (AP-6).
const SHORTEST_ESCALATION: Duration = Duration::from_days(1);
/// A stage with escalation lasts no shorter than this (AP-6).
const SHORTEST_ESCALATED_STAGE: Duration = Duration::from_days(4);

/// Whether a policy can be stored. `creating_at` is the time where it is new: an end in the past is then refused, while a
/// policy that is replaced may have died before (section 6.4).
pub fn check(
    scope: TargetScope,
    settings: &PolicySettings,
    creating_at: Option<Timestamp>,
) -> Result<(), Flaw> {
    refuse_what_nobody_carries_out(settings)?;
    check_targets(scope, &settings.targets)?;
    check_automatic(scope, settings)?;
    check_sets(
        "requestorSettings/onBehalfRequestors",
        &settings.requestors.on_behalf_requestors,
    )?;
    check_expiration(settings.expiration, creating_at)?;
    check_approval(&settings.approval)?;
    check_questions(&settings.questions)
}

/// What would be stored and then do nothing is refused: a policy that looks stricter or more generous than it is does
/// harm (VC-3).
fn refuse_what_nobody_carries_out(settings: &PolicySettings) -> Result<(), Flaw> {
    if settings.needs_verified_credentials {
        return Err(Flaw::new(
            "verifiableCredentialSettings",
            "no verifier of credentials is configured",
        ));
    }
    Ok(())
}

/// AU-1: whoever assigns by itself says by one rule to whom.
fn check_automatic(scope: TargetScope, settings: &PolicySettings) -> Result<(), Flaw> {
    if settings.automatic.is_none() {
        return Ok(());
    }
    if scope != TargetScope::SpecificDirectoryUsers {
        return Err(Flaw::new(
            "allowedTargetScope",
            "a policy that assigns by itself is for `specificDirectoryUsers`",
        ));
    }
    if settings.automatic_rule().is_none() {
        return Err(Flaw::new(
            "specificAllowedTargets",
            "a policy that assigns by itself names its targets by exactly one `attributeRuleMembers`",
        ));
    }
    Ok(())
}

fn check_targets(scope: TargetScope, targets: &[SubjectSet]) -> Result<(), Flaw> {
    let legal = legal_targets(scope);
    for (position, set) in targets.iter().enumerate() {
        let target = format!("specificAllowedTargets/{position}");
        if !legal.contains(&set.kind()) {
            return Err(Flaw::new(
                target,
                format!("`{}` does not go with the scope `{scope}`", set.kind()),
            ));
        }
        if let SubjectSet::AttributeRuleMembers { rule } = set {
            check_rule(scope, &target, rule)?;
            continue;
        }
        check_set(&target, set)?;
    }
    Ok(())
}

/// Rules select users by their attributes (AU-7).
fn check_rule(scope: TargetScope, target: &str, rule: &str) -> Result<(), Flaw> {
    if scope != TargetScope::SpecificDirectoryUsers {
        return Err(Flaw::new(
            target,
            "rules select users of the directory only",
        ));
    }
    Rule::parse(rule)
        .map(drop)
        .map_err(|wrong| Flaw::new(format!("{target}/{RULE}"), wrong.to_string()))
}

/// The last column of section 6.2.
const fn legal_targets(scope: TargetScope) -> &'static [Kind] {
    match scope {
        TargetScope::SpecificDirectoryUsers => &[
            Kind::SingleUser,
            Kind::GroupMembers,
            Kind::AttributeRuleMembers,
        ],
        TargetScope::SpecificConnectedOrganizationUsers => &[Kind::ConnectedOrganizationMembers],
        TargetScope::SpecificDirectoryServicePrincipals => {
            &[Kind::SingleServicePrincipal, Kind::AttributeRuleMembers]
        }
        TargetScope::NotSpecified
        | TargetScope::AllMemberUsers
        | TargetScope::AllDirectoryUsers
        | TargetScope::AllDirectoryServicePrincipals
        | TargetScope::AllConfiguredConnectedOrganizationUsers
        | TargetScope::AllExternalUsers
        | TargetScope::AllDirectoryAgentIdentities => &[],
    }
}

fn check_sets(target: &str, sets: &[SubjectSet]) -> Result<(), Flaw> {
    for (position, set) in sets.iter().enumerate() {
        check_set(&format!("{target}/{position}"), set)?;
    }
    Ok(())
}

/// PO-4, and rules, which are evaluated for targets alone.
fn check_set(target: &str, set: &SubjectSet) -> Result<(), Flaw> {
    let (level, highest) = match set {
        SubjectSet::RequestorManager { level } => (*level, 2),
        SubjectSet::TargetManager { level } => (*level, 4),
        SubjectSet::AttributeRuleMembers { .. } => {
            return Err(Flaw::new(
                target,
                "a membership rule says who the targets of a policy are, nothing else",
            ));
        }
        SubjectSet::SingleUser(_)
        | SubjectSet::GroupMembers(_)
        | SubjectSet::ConnectedOrganizationMembers(_)
        | SubjectSet::InternalSponsors
        | SubjectSet::ExternalSponsors
        | SubjectSet::TargetUserSponsors
        | SubjectSet::SingleServicePrincipal(_)
        | SubjectSet::TargetApplicationOwners
        | SubjectSet::TargetAgentIdentitySponsorsOrOwners => return Ok(()),
    };
    if (1..=highest).contains(&level) {
        return Ok(());
    }
    Err(Flaw::new(
        format!("{target}/managerLevel"),
        format!("`managerLevel` of `{}` must be 1 to {highest}", set.kind()),
    ))
}

fn check_expiration(expiration: Expiration, creating_at: Option<Timestamp>) -> Result<(), Flaw> {
    match expiration {
        Expiration::At(end) if creating_at.is_some_and(|now| end <= now) => Err(Flaw::new(
            "expiration/endDateTime",
            "the end date must be in the future",
        )),
        Expiration::After(long) if long <= Duration::default() => Err(Flaw::new(
            "expiration/duration",
            "the duration must be longer than zero",
        )),
        Expiration::Never | Expiration::At(_) | Expiration::After(_) => Ok(()),
    }
}

/// Section 6.5: stages count only where approval is required; otherwise they are kept as they are.
fn check_approval(approval: &ApprovalSettings) -> Result<(), Flaw> {
    const STAGES: &str = "requestApprovalSettings/stages";
    let is_required = approval.required_for_add || approval.required_for_update;
    if is_required && !(1..=MOST_STAGES).contains(&approval.stages.len()) {
        return Err(Flaw::new(
            STAGES,
            format!("approval that is required has 1 to {MOST_STAGES} stages"),
        ));
    }
    for (position, stage) in approval.stages.iter().enumerate() {
        let target = format!("{STAGES}/{position}");
        check_approvers(&target, stage)?;
        // AP-15: who decides in it, and for how long, is said when the stage begins.
        if is_required && stage.extension.is_none() {
            check_stage(&target, stage)?;
        }
    }
    Ok(())
}

/// Whether a stage that an extension answered with can be opened (AP-15); `target` is the path to it.
pub fn check_answered_stage(target: &str, stage: &ApprovalStage) -> Result<(), Flaw> {
    check_approvers(target, stage)?;
    check_stage(target, stage)
}

fn check_stage(target: &str, stage: &ApprovalStage) -> Result<(), Flaw> {
    if stage.primary.is_empty() && stage.fallback_primary.is_empty() {
        return Err(Flaw::new(
            format!("{target}/primaryApprovers"),
            "a stage needs primary or fallback approvers",
        ));
    }
    if stage.lasts_for <= Duration::default() {
        return Err(Flaw::new(
            format!("{target}/durationBeforeAutomaticDenial"),
            "approvers need more than no time",
        ));
    }
    let Some(escalates_after) = stage.escalates_after else {
        return Ok(());
    };
    if escalates_after < SHORTEST_ESCALATION || escalates_after >= stage.lasts_for {
        return Err(Flaw::new(
            format!("{target}/durationBeforeEscalation"),
            "escalation comes at least 1 day after the stage opens, and before it ends",
        ));
    }
    if stage.lasts_for < SHORTEST_ESCALATED_STAGE {
        return Err(Flaw::new(
            format!("{target}/durationBeforeAutomaticDenial"),
            "a stage with escalation lasts at least 4 days",
        ));
    }
    Ok(())
}

fn check_approvers(target: &str, stage: &ApprovalStage) -> Result<(), Flaw> {
    for (name, sets) in [
        ("primaryApprovers", &stage.primary),
        ("fallbackPrimaryApprovers", &stage.fallback_primary),
        ("escalationApprovers", &stage.escalation),
        ("fallbackEscalationApprovers", &stage.fallback_escalation),
    ] {
        let target = format!("{target}/{name}");
        check_sets(&target, sets)?;
        for (position, set) in sets.iter().enumerate() {
            if !is_approver(set.kind()) {
                return Err(Flaw::new(
                    format!("{target}/{position}"),
                    cannot_approve(set.kind()),
                ));
            }
        }
    }
    Ok(())
}

/// AP-16: what the directory can tell. Where it cannot, a stage would wait for nobody until its time is over.
const fn is_approver(kind: Kind) -> bool {
    match kind {
        Kind::SingleUser
        | Kind::GroupMembers
        | Kind::RequestorManager
        | Kind::TargetManager
        | Kind::InternalSponsors
        | Kind::ExternalSponsors => true,
        Kind::TargetUserSponsors
        | Kind::TargetApplicationOwners
        | Kind::TargetAgentIdentitySponsorsOrOwners
        | Kind::ConnectedOrganizationMembers
        | Kind::SingleServicePrincipal
        | Kind::AttributeRuleMembers => false,
    }
}

fn cannot_approve(kind: Kind) -> String {
    let because = match kind {
        Kind::TargetUserSponsors => ": users have no sponsors here",
        Kind::TargetApplicationOwners => ": applications have no owners here",
        Kind::TargetAgentIdentitySponsorsOrOwners => ": there are no agent identities here",
        Kind::SingleUser
        | Kind::GroupMembers
        | Kind::RequestorManager
        | Kind::TargetManager
        | Kind::InternalSponsors
        | Kind::ExternalSponsors
        | Kind::ConnectedOrganizationMembers
        | Kind::SingleServicePrincipal
        | Kind::AttributeRuleMembers => "",
    };
    format!("`{kind}` cannot approve{because}")
}

fn check_questions(questions: &[Question]) -> Result<(), Flaw> {
    if questions.len() > MOST_QUESTIONS {
        return Err(Flaw::new(
            "questions",
            format!("a policy has at most {MOST_QUESTIONS} questions"),
        ));
    }
    for (position, question) in questions.iter().enumerate() {
        let target = format!("questions/{position}");
        check_question(&target, question)?;
        if question.id.is_some()
            && questions
                .iter()
                .filter(|other| other.id == question.id)
                .count()
                > 1
        {
            return Err(Flaw::new(
                format!("{target}/id"),
                "two questions have the same id",
            ));
        }
    }
    Ok(())
}

/// Whether one question can be asked and answered; `target` is the path to it.
pub fn check_question(target: &str, question: &Question) -> Result<(), Flaw> {
    if question.text.trim().is_empty() {
        return Err(Flaw::new(
            format!("{target}/text"),
            "a question needs a text",
        ));
    }
    let AnswerKind::Choice { values, .. } = &question.answer else {
        return Ok(());
    };
    if values.is_empty() {
        return Err(Flaw::new(
            format!("{target}/choices"),
            "a question with choices needs at least one",
        ));
    }
    for (choice, value) in values.iter().enumerate() {
        if value.is_empty() || values.iter().filter(|other| *other == value).count() > 1 {
            return Err(Flaw::new(
                format!("{target}/choices/{choice}/actualValue"),
                "each choice needs a value of its own",
            ));
        }
    }
    Ok(())
}
