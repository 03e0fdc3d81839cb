//! Asking for others: who may, by which policies (section 6.1).
//!
//! **Invariant:** whoever asks for somebody else is held to every check of the target's own request; only the question
//! whether targets may ask is replaced by the question whether this requestor may.

use domain::connected_organization::SponsorKind;
use domain::id::{ObjectId, SubjectId};
use domain::policy::Policy;
use domain::subject_set::SubjectSet;
use store::subject::Subject;
use store::{ReadTx, directory};

use crate::error::{Code, ServiceError};
use crate::guests;

/// The policy as it is for `requestor`, who asks for somebody else: what it lets targets do is what it lets this requestor
/// do for them.
pub(super) fn as_seen_by(
    tx: &mut ReadTx<'_>,
    mut policy: Policy,
    requestor: ObjectId,
    target: (SubjectId, Option<ObjectId>),
) -> Result<Policy, ServiceError> {
    let settings = &mut policy.settings.requestors;
    let offers = settings.on_behalf_add || settings.on_behalf_update || settings.on_behalf_remove;
    let sets = settings.on_behalf_requestors.clone();
    let is_named = offers && is_named(tx, &sets, requestor, target)?;
    policy.can_extend = is_named && settings.on_behalf_update;
    settings.self_add = is_named && settings.on_behalf_add;
    settings.self_remove = is_named && settings.on_behalf_remove;
    Ok(policy)
}

/// The policies of a package as they are for somebody who asks for `target`.
pub(crate) fn all_as_seen_by(
    tx: &mut ReadTx<'_>,
    policies: Vec<Policy>,
    requestor: ObjectId,
    target: &Subject,
) -> Result<Vec<Policy>, ServiceError> {
    let about = (target.id, target.object_id);
    policies
        .into_iter()
        .map(|policy| as_seen_by(tx, policy, requestor, about))
        .collect()
}

/// No policy lets this requestor ask for this target.
pub(super) fn refusal() -> ServiceError {
    ServiceError::invalid(
        Code::PolicyRequirementsNotMet,
        "assignment/targetId",
        "no policy lets the requestor ask for this target",
    )
}

/// Whether one of the sets names the requestor, given whom the request is for.
fn is_named(
    tx: &mut ReadTx<'_>,
    sets: &[SubjectSet],
    requestor: ObjectId,
    (subject, target): (SubjectId, Option<ObjectId>),
) -> Result<bool, ServiceError> {
    let Some(requestor_facts) = super::target_facts(tx, requestor)? else {
        return Ok(false);
    };
    for set in sets {
        let is_named = match set {
            SubjectSet::RequestorManager { level } | SubjectSet::TargetManager { level } => {
                manager_above(tx, target, *level)? == Some(requestor)
            }
            SubjectSet::InternalSponsors => {
                is_sponsor(tx, subject, SponsorKind::Internal, requestor)?
            }
            SubjectSet::ExternalSponsors => {
                is_sponsor(tx, subject, SponsorKind::External, requestor)?
            }
            SubjectSet::SingleUser(_)
            | SubjectSet::GroupMembers(_)
            | SubjectSet::ConnectedOrganizationMembers(_)
            | SubjectSet::SingleServicePrincipal(_)
            | SubjectSet::TargetUserSponsors
            | SubjectSet::TargetApplicationOwners
            | SubjectSet::TargetAgentIdentitySponsorsOrOwners
            | SubjectSet::AttributeRuleMembers { .. } => {
                requestor_facts.is_in_any(std::slice::from_ref(set))
            }
        };
        if is_named {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody speaks for the organization of the target, themselves or by a group.
fn is_sponsor(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    kind: SponsorKind,
    requestor: ObjectId,
) -> Result<bool, ServiceError> {
    let Some(organization) = guests::organization_of(tx, target)? else {
        return Ok(false);
    };
    let sponsors = store::connected_organization::sponsors(tx, organization, kind)?;
    let groups = directory::membership::transitive_groups_of(tx, requestor)?;
    let mut me = groups.into_iter().chain([requestor]);
    Ok(me.any(|one| sponsors.contains(&one)))
}

/// The manager so many levels above somebody.
pub(super) fn manager_above(
    tx: &mut ReadTx<'_>,
    somebody: Option<ObjectId>,
    level: u8,
) -> Result<Option<ObjectId>, ServiceError> {
    let mut person = somebody;
    for _ in 0..level {
        let Some(id) = person else { break };
        person = directory::user::find_present(tx, id)?.and_then(|user| user.manager_id);
    }
    Ok(person)
}
