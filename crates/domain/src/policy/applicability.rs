//! Whom a policy is for, and which of several policies counts (sections 6.2 and 6.3).

use std::collections::BTreeSet;

use super::{Policy, TargetScope};
use crate::id::{ConnectedOrganizationId, ObjectId};
use crate::membership_rule::{Facts, Rule};
use crate::subject_set::SubjectSet;

/// What kind of identity somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A member of the directory.
    Member,
    /// A guest in the directory.
    Guest,
    /// Not in the directory yet: known by a mail address only (OM-5).
    External,
    /// A service principal.
    ServicePrincipal,
}

/// What the rules need to know about whoever a package is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Its directory object, if there is one.
    pub object_id: Option<ObjectId>,
    /// The groups it is in, also through other groups.
    pub groups: BTreeSet<ObjectId>,
    /// The connected organization it belongs to, and whether that one is configured (EX-2).
    pub organization: Option<(ConnectedOrganizationId, bool)>,
    /// What rules can ask about it; nothing, if it is no user of the directory.
    pub facts: Option<Facts>,
}

/// What of a target some policies look at. Looking it up takes time, so that nobody looks it up in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrutiny {
    /// The groups that it is in.
    pub groups: bool,
    /// What rules can ask about it.
    pub facts: bool,
}

impl Scrutiny {
    /// Everything.
    pub const ALL: Self = Self {
        groups: true,
        facts: true,
    };

    /// What the scopes of these policies look at.
    pub fn of<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Self {
        let mut wanted = Self {
            groups: false,
            facts: false,
        };
        for set in policies
            .into_iter()
            .flat_map(|policy| &policy.settings.targets)
        {
            match set {
                SubjectSet::GroupMembers(_) => wanted.groups = true,
                SubjectSet::AttributeRuleMembers { .. } => wanted.facts = true,
                SubjectSet::SingleUser(_)
                | SubjectSet::SingleServicePrincipal(_)
                | SubjectSet::ConnectedOrganizationMembers(_)
                | SubjectSet::RequestorManager { .. }
                | SubjectSet::TargetManager { .. }
                | SubjectSet::InternalSponsors
                | SubjectSet::ExternalSponsors
                | SubjectSet::TargetUserSponsors
                | SubjectSet::TargetApplicationOwners
                | SubjectSet::TargetAgentIdentitySponsorsOrOwners => {}
            }
        }
        wanted
    }
}

impl Target {
    /// Whether one of `sets` names it, itself or by a group or organization. Sets that depend on a request, such as
    /// managers, name nobody here.
    pub fn is_in_any(&self, sets: &[SubjectSet]) -> bool {
        sets.iter().any(|set| self.is_in(set))
    }

    fn is_in(&self, set: &SubjectSet) -> bool {
        match set {
            SubjectSet::SingleUser(user) => self.is_user() && self.object_id == Some(*user),
            SubjectSet::SingleServicePrincipal(object) => {
                self.kind == TargetKind::ServicePrincipal && self.object_id == Some(*object)
            }
            SubjectSet::GroupMembers(group) => self.groups.contains(group),
            SubjectSet::ConnectedOrganizationMembers(wanted) => {
                self.organization.is_some_and(|(id, _)| id == *wanted)
            }
            SubjectSet::RequestorManager { .. }
            | SubjectSet::TargetManager { .. }
            | SubjectSet::InternalSponsors
            | SubjectSet::ExternalSponsors
            | SubjectSet::TargetUserSponsors
            | SubjectSet::TargetApplicationOwners
            | SubjectSet::TargetAgentIdentitySponsorsOrOwners => false,
            SubjectSet::AttributeRuleMembers { rule } => self.facts.as_ref().is_some_and(|facts| {
                // A rule that nobody understands any more selects nobody (AU-6).
                Rule::parse(rule).is_ok_and(|rule| rule.matches(facts))
            }),
        }
    }

    const fn is_user(&self) -> bool {
        match self.kind {
            TargetKind::Member | TargetKind::Guest | TargetKind::External => true,
            TargetKind::ServicePrincipal => false,
        }
    }
}

impl Policy {
    /// Whether `target` is in the scope of the policy, so that it may ask for the package by it (section 6.2).
    pub fn allows(&self, target: &Target) -> bool {
        let kind = target.kind;
        match self.scope {
            TargetScope::NotSpecified | TargetScope::AllDirectoryAgentIdentities => false,
            TargetScope::SpecificDirectoryUsers => {
                matches!(kind, TargetKind::Member | TargetKind::Guest)
                    && target.is_in_any(&self.settings.targets)
            }
            TargetScope::SpecificConnectedOrganizationUsers => {
                matches!(kind, TargetKind::Guest | TargetKind::External)
                    && target.is_in_any(&self.settings.targets)
            }
            TargetScope::SpecificDirectoryServicePrincipals => {
                kind == TargetKind::ServicePrincipal && target.is_in_any(&self.settings.targets)
            }
            TargetScope::AllMemberUsers => kind == TargetKind::Member,
            TargetScope::AllDirectoryUsers => {
                matches!(kind, TargetKind::Member | TargetKind::Guest)
            }
            TargetScope::AllDirectoryServicePrincipals => kind == TargetKind::ServicePrincipal,
            TargetScope::AllConfiguredConnectedOrganizationUsers => {
                matches!(kind, TargetKind::Guest | TargetKind::External)
                    && target
                        .organization
                        .is_some_and(|(_, configured)| configured)
            }
            TargetScope::AllExternalUsers => {
                matches!(kind, TargetKind::Guest | TargetKind::External)
            }
        }
    }

    /// Whether an administrator may assign the package to `target` by this policy (RQ-12).
    pub fn allows_direct_assignment(&self, target: &Target) -> bool {
        match self.scope {
            TargetScope::NotSpecified => target.object_id.is_some(),
            TargetScope::SpecificDirectoryUsers
            | TargetScope::SpecificConnectedOrganizationUsers
            | TargetScope::SpecificDirectoryServicePrincipals
            | TargetScope::AllMemberUsers
            | TargetScope::AllDirectoryUsers
            | TargetScope::AllDirectoryServicePrincipals
            | TargetScope::AllConfiguredConnectedOrganizationUsers
            | TargetScope::AllExternalUsers
            | TargetScope::AllDirectoryAgentIdentities => self.allows(target),
        }
    }

    /// Whether anybody can ask by this policy at all: automatic policies and those for direct assignment never appear
    /// to requestors (PO-11).
    pub fn is_requestable(&self) -> bool {
        self.settings.requestors.self_add
            && self.settings.automatic.is_none()
            && rank(self.scope).is_some()
    }
}

impl TargetScope {
    /// Whether the scope is for people of other organizations (PO-2).
    pub const fn is_for_outsiders(self) -> bool {
        matches!(
            self,
            Self::SpecificConnectedOrganizationUsers
                | Self::AllConfiguredConnectedOrganizationUsers
                | Self::AllExternalUsers
        )
    }
}

/// The rank of a scope among the policies that would fit, 1 first (section 6.3); `None` if nobody can ask by it.
pub const fn rank(scope: TargetScope) -> Option<u8> {
    match scope {
        TargetScope::NotSpecified | TargetScope::AllDirectoryAgentIdentities => None,
        TargetScope::SpecificDirectoryUsers
        | TargetScope::SpecificConnectedOrganizationUsers
        | TargetScope::SpecificDirectoryServicePrincipals => Some(1),
        TargetScope::AllMemberUsers => Some(2),
        TargetScope::AllDirectoryUsers | TargetScope::AllDirectoryServicePrincipals => Some(3),
        TargetScope::AllConfiguredConnectedOrganizationUsers | TargetScope::AllExternalUsers => {
            Some(4)
        }
    }
}

/// How a policy stands when somebody wants to ask by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It counts (PO-10).
    Counts,
    /// The target is in its scope, but also in that of a policy of a better rank, which hides it (PO-10).
    Outranked,
    /// The target is not in its scope.
    OutOfScope,
    /// Nobody asks by it: it is automatic, for direct assignment, or takes no requests (PO-11).
    NotRequestable,
}

/// How each of the policies stands for `target`, in their order.
pub fn standings(policies: &[Policy], target: &Target) -> Vec<Standing> {
    let fits: Vec<Result<u8, Standing>> = policies
        .iter()
        .map(|policy| match rank(policy.scope) {
            Some(rank) if policy.is_requestable() => {
                let fits = policy.allows(target);
                fits.then_some(rank).ok_or(Standing::OutOfScope)
            }
            _ => Err(Standing::NotRequestable),
        })
        .collect();
    let best = fits.iter().flatten().min().copied();
    fits.into_iter()
        .map(|fit| match fit {
            Ok(rank) if Some(rank) == best => Standing::Counts,
            Ok(_) => Standing::Outranked,
            Err(standing) => standing,
        })
        .collect()
}

/// The policies by which `target` may ask: those of the best rank that has any (PO-10), in the order of their creation
/// (PO-11).
pub fn applicable<'p>(policies: &'p [Policy], target: &Target) -> Vec<&'p Policy> {
    let mut chosen: Vec<&Policy> = policies
        .iter()
        .zip(standings(policies, target))
        .filter_map(|(policy, standing)| (standing == Standing::Counts).then_some(policy))
        .collect();
    chosen.sort_by_key(|policy| (policy.created_at, policy.id));
    chosen
}
