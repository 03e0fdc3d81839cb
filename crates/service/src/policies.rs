//! Assignment policies: create, replace, delete (semantics 6.10).

use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::activity::Activity;
use domain::flaw::{check_description, check_name};
use domain::id::{AccessPackageId, CatalogId, PolicyId, QuestionId, StageSettingId};
use domain::membership_rule::Rule;
use domain::policy::{
    AnswerKind, ApprovalStage, PolicyDraft, PolicySettings, Question, RULE, check,
};
use domain::subject_set::{Referent, SubjectSet};
use domain::time::Timestamp;
use serde_json::Value as Json;
use store::assignment_policy::{self, AssignmentPolicy, parse};
use store::directory::{group, service_principal, user};
use store::{ReadTx, WriteTx, connected_organization, package_history};

use crate::access_packages::{cancel, refuse_while_held};
use crate::audit::modified::Audited;
use crate::audit::{self, success};
use crate::authorize;
use crate::content::{authorize_in, caller_name, flawed, package_for};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::extensions::stages;

const TYPE: &str = "AccessPackageAssignmentPolicy";

/// What a replacement builds on: the members that the caller's version of the API cannot express are kept (OM-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The package it belongs to.
    pub access_package_id: AccessPackageId,
    /// The settings as a document.
    pub settings_json: String,
    /// The version, to be given to [`replace`].
    pub version: i64,
}

/// Creates a policy of an access package.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    draft: PolicyDraft,
) -> Result<PolicyId, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    let created = service
        .store
        .write(move |tx| -> Result<PolicyId, ServiceError> {
            let package = draft.access_package_id.ok_or_else(|| {
                ServiceError::invalid(
                    Code::InvalidModel,
                    "accessPackage/id",
                    "`accessPackage/id` is required",
                )
            })?;
            let package = package_for(tx, &ctx, Action::ManagePolicies, package)?;
            let settings = checked(tx, &moment, &ctx, &draft, Some(moment.now))?;
            let settings = with_extensions(tx, &moment, package.catalog_id, settings, &[])?;
            let created = AssignmentPolicy {
                id: moment.id(PolicyId::new),
                access_package_id: package.id,
                display_name: draft.display_name.clone(),
                description: draft.description.clone(),
                allowed_target_scope: draft.allowed_target_scope,
                can_extend: draft.can_extend,
                settings,
                created_by: caller_name(&ctx),
                created_at: moment.now,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                version: 1,
            };
            assignment_policy::insert(tx, &created)?;
            let activity = Activity::CreatePolicy;
            record(tx, &moment, &ctx, activity, None, &created)?;
            Ok(created.id)
        })
        .await?;
    service.wake();
    Ok(created)
}

/// What is stored of a policy that the caller is about to replace.
pub async fn stored(service: &Service, ctx: &Ctx, id: PolicyId) -> Result<Stored, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Stored, ServiceError> {
            let stored = policy_for(tx, &ctx, id)?;
            Ok(Stored {
                access_package_id: stored.access_package_id,
                settings_json: stored.settings,
                version: stored.version,
            })
        })
        .await
}

/// Replaces a policy whole (PO-40), if it still is the version that was `read`. Its package stays what it is (PO-42), and so does every assignment (AS-6).
pub async fn replace(
    service: &Service,
    ctx: &Ctx,
    id: PolicyId,
    draft: PolicyDraft,
    read: i64,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = policy_for(tx, &ctx, id)?;
            authorize_kind(&ctx, &stored)?;
            if stored.version != read {
                return Err(store::Error::StaleVersion.into());
            }
            if draft
                .access_package_id
                .is_some_and(|named| named != stored.access_package_id)
            {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "accessPackage/id",
                    "a policy cannot move to another access package",
                ));
            }
            let settings = checked(tx, &moment, &ctx, &draft, None)?;
            let known = stages::known_ids(&stored)?;
            let catalog = catalog_of(tx, &stored)?;
            let settings = with_extensions(tx, &moment, catalog, settings, &known)?;
            let replaced = AssignmentPolicy {
                display_name: draft.display_name.clone(),
                description: draft.description.clone(),
                allowed_target_scope: draft.allowed_target_scope,
                can_extend: draft.can_extend,
                settings,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..stored.clone()
            };
            assignment_policy::save(tx, &replaced)?;
            let activity = Activity::UpdatePolicy;
            record(tx, &moment, &ctx, activity, Some(&stored), &replaced)
        })
        .await?;
    service.wake();
    Ok(())
}

/// Deletes a policy by which nobody holds the package any more (PO-43). Requests stay as a record without it; those that
/// are still open are canceled (AS-20).
pub async fn delete(service: &Service, ctx: &Ctx, id: PolicyId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = policy_for(tx, &ctx, id)?;
            authorize_kind(&ctx, &gone)?;
            refuse_while_held(package_history::count_live_of_policy(tx, id)?, "the policy")?;
            for request in package_history::open_of_policy(tx, id)? {
                cancel(tx, &moment, &ctx, request)?;
            }
            package_history::forget_policy(tx, id)?;
            assignment_policy::delete(tx, &gone)?;
            let activity = Activity::DeletePolicy;
            record(tx, &moment, &ctx, activity, Some(&gone), &gone)
        })
        .await?;
    service.wake();
    Ok(())
}

/// The policy, if the caller may manage the policies of its catalog.
pub(crate) fn policy_for(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    id: PolicyId,
) -> Result<AssignmentPolicy, ServiceError> {
    let not_found = || ServiceError::not_found("assignment policy", id);
    authorize::admitted(ctx, Action::ManagePolicies)?;
    let found = assignment_policy::find(tx, id)?.ok_or_else(not_found)?;
    let package =
        store::access_package::find(tx, found.access_package_id)?.ok_or_else(not_found)?;
    authorize_in(ctx, Action::ManagePolicies, package.catalog_id, not_found)?;
    Ok(found)
}

/// The document to store: everything in it can be carried out, everybody in it exists, every question has an id.
pub(crate) fn checked(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    draft: &PolicyDraft,
    creating_at: Option<Timestamp>,
) -> Result<String, ServiceError> {
    check_name("displayName", &draft.display_name).map_err(flawed)?;
    check_description("description", draft.description.as_deref()).map_err(flawed)?;
    let settings = parse(&draft.settings_json).map_err(flawed)?;
    if settings.automatic.is_some() {
        // Who may not have such a policy at all learns that first (AU-1).
        authorize::in_tenant(ctx, Action::ManageAutoPolicies)?;
    }
    check_rules(ctx, &settings)?;
    check(draft.allowed_target_scope, &settings, creating_at).map_err(flawed)?;
    check_patterns(&settings)?;
    check_referents(tx, &settings)?;
    with_question_ids(&draft.settings_json, &settings, moment)
}

/// A rule that cannot be read has a code of its own (AU-7). By trying rules on people one learns their attributes, so that a
/// user who writes one has to be somebody who may read them; an application governs the whole tenant.
fn check_rules(ctx: &Ctx, settings: &PolicySettings) -> Result<(), ServiceError> {
    let has_rule = |set: &SubjectSet| matches!(set, SubjectSet::AttributeRuleMembers { .. });
    if ctx.user().is_some() && settings.targets.iter().any(has_rule) {
        authorize::in_directory(ctx, DirectoryAction::ReadUsers)?;
    }
    for (position, set) in settings.targets.iter().enumerate() {
        let SubjectSet::AttributeRuleMembers { rule } = set else {
            continue;
        };
        Rule::parse(rule).map_err(|wrong| {
            ServiceError::invalid(
                Code::InvalidMembershipRule,
                format!("specificAllowedTargets/{position}/{RULE}"),
                wrong.to_string(),
            )
        })?;
    }
    Ok(())
}

/// Whoever may not make a policy that assigns by itself may not end one either (AU-1).
fn authorize_kind(ctx: &Ctx, policy: &AssignmentPolicy) -> Result<(), ServiceError> {
    if policy.to_policy()?.settings.automatic.is_some() {
        authorize::in_tenant(ctx, Action::ManageAutoPolicies)?;
    }
    Ok(())
}

/// The catalog that the package of a policy is in.
pub(crate) fn catalog_of(
    tx: &mut ReadTx<'_>,
    policy: &AssignmentPolicy,
) -> Result<CatalogId, ServiceError> {
    store::access_package::find(tx, policy.access_package_id)?
        .map(|package| package.catalog_id)
        .ok_or_else(|| ServiceError::not_found("assignment policy", policy.id))
}

/// The document to store, after looking at the extensions that it names.
fn with_extensions(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    catalog: CatalogId,
    document: String,
    known: &[StageSettingId],
) -> Result<String, ServiceError> {
    let whole = parse(&document).map_err(flawed)?;
    stages::check_dynamic(tx, catalog, &whole.approval.stages)?;
    let settings = whole.extensions;
    stages::check(tx, moment, catalog, &settings)?;
    stages::with_ids(&document, &settings, known, moment)
}

/// The patterns that answers have to match can be read (QA-2): otherwise nobody could ever answer.
fn check_patterns(settings: &PolicySettings) -> Result<(), ServiceError> {
    for (position, question) in settings.questions.iter().enumerate() {
        check_pattern(&format!("questions/{position}"), question)?;
    }
    Ok(())
}

/// The same of one question; `path` leads to it.
pub(crate) fn check_pattern(path: &str, question: &Question) -> Result<(), ServiceError> {
    let AnswerKind::Text {
        pattern: Some(pattern),
    } = &question.answer
    else {
        return Ok(());
    };
    if crate::assignment_requests::whole_pattern(pattern).is_some() {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::InvalidModel,
        format!("{path}/regexPattern"),
        "the pattern is not a regular expression without look-around and of bearable size",
    ))
}

/// Users, groups and service principals that the policy names have to exist.
fn check_referents(tx: &mut ReadTx<'_>, settings: &PolicySettings) -> Result<(), ServiceError> {
    let mut lists: Vec<(String, &[SubjectSet])> = vec![
        ("specificAllowedTargets".to_owned(), &settings.targets),
        (
            "requestorSettings/onBehalfRequestors".to_owned(),
            &settings.requestors.on_behalf_requestors,
        ),
    ];
    for (position, stage) in settings.approval.stages.iter().enumerate() {
        let place = format!("requestApprovalSettings/stages/{position}");
        lists.extend(approver_lists(&place, stage));
    }
    check_lists(tx, lists)
}

fn approver_lists<'s>(place: &str, stage: &'s ApprovalStage) -> [(String, &'s [SubjectSet]); 4] {
    [
        ("primaryApprovers", &stage.primary),
        ("fallbackPrimaryApprovers", &stage.fallback_primary),
        ("escalationApprovers", &stage.escalation),
        ("fallbackEscalationApprovers", &stage.fallback_escalation),
    ]
    .map(|(name, sets)| (format!("{place}/{name}"), sets.as_slice()))
}

/// Approvers that one stage names have to exist; `place` is the path to it.
pub(crate) fn check_approvers(
    tx: &mut ReadTx<'_>,
    place: &str,
    stage: &ApprovalStage,
) -> Result<(), ServiceError> {
    check_lists(tx, approver_lists(place, stage).into())
}

fn check_lists(
    tx: &mut ReadTx<'_>,
    lists: Vec<(String, &[SubjectSet])>,
) -> Result<(), ServiceError> {
    for (path, sets) in lists {
        for (position, set) in sets.iter().enumerate() {
            let Some(referent) = set.referent() else {
                continue;
            };
            if let Some(missing) = missing(tx, referent)? {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    format!("{path}/{position}"),
                    format!("{missing} does not exist"),
                ));
            }
        }
    }
    Ok(())
}

/// What is missing, if it is.
fn missing(tx: &mut ReadTx<'_>, referent: Referent) -> Result<Option<String>, ServiceError> {
    let (found, name) = match referent {
        Referent::User(id) => (
            user::find_present(tx, id)?.is_some(),
            format!("user `{id}`"),
        ),
        Referent::Group(id) => (group::find(tx, id)?.is_some(), format!("group `{id}`")),
        Referent::ConnectedOrganization(id) => (
            connected_organization::find(tx, id)?.is_some(),
            format!("connected organization `{id}`"),
        ),
        Referent::ServicePrincipal(id) => (
            service_principal::find(tx, id)?.is_some(),
            format!("service principal `{id}`"),
        ),
    };
    Ok((!found).then_some(name))
}

/// The document with an id for each question that has none (section 6.6).
fn with_question_ids(
    document: &str,
    settings: &PolicySettings,
    moment: &Moment,
) -> Result<String, ServiceError> {
    if settings
        .questions
        .iter()
        .all(|question| question.id.is_some())
    {
        return Ok(document.to_owned());
    }
    let mut json: Json = serde_json::from_str(document).map_err(ServiceError::internal)?;
    let questions = json.get_mut("questions").and_then(Json::as_array_mut);
    for (question, read) in questions.into_iter().flatten().zip(&settings.questions) {
        if let (Json::Object(members), None) = (question, read.id) {
            let id = moment.id(QuestionId::new).to_string();
            members.insert("id".to_owned(), Json::String(id));
        }
    }
    Ok(json.to_string())
}

pub(crate) fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    before: Option<&AssignmentPolicy>,
    policy: &AssignmentPolicy,
) -> Result<(), ServiceError> {
    let event = success(activity, TYPE, policy.id, Some(policy.display_name.clone()))
        .changing(before.map(|row| row as &dyn Audited), Some(policy))
        .with("accessPackage", policy.access_package_id)
        .with("allowedTargetScope", policy.allowed_target_scope);
    Ok(audit::record(tx, moment, ctx, event)?)
}
