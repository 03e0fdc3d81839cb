//! Subject sets: how a policy names people without listing them.
//!
//! **Invariant:** a set says nothing about who is in it now; that is looked up each time somebody asks.

use crate::id::{ConnectedOrganizationId, ObjectId};
use crate::word::words;

/// A set of users or service principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectSet {
    /// One user.
    SingleUser(ObjectId),
    /// The members of a group, also through groups in it.
    GroupMembers(ObjectId),
    /// The manager of the requestor, so many levels up (AP-16: of the target).
    RequestorManager {
        /// 1 is the direct manager.
        level: u8,
    },
    /// The manager of the target, so many levels up.
    TargetManager {
        /// 1 is the direct manager.
        level: u8,
    },
    /// The users of a connected organization.
    ConnectedOrganizationMembers(ConnectedOrganizationId),
    /// The internal sponsors of the target's organization.
    InternalSponsors,
    /// The external sponsors of the target's organization.
    ExternalSponsors,
    /// The sponsors of the target itself.
    TargetUserSponsors,
    /// One service principal.
    SingleServicePrincipal(ObjectId),
    /// The owners of the application that is the target.
    TargetApplicationOwners,
    /// The sponsors or owners of the agent that is the target.
    TargetAgentIdentitySponsorsOrOwners,
    /// Whoever satisfies a rule over attributes.
    AttributeRuleMembers {
        /// The rule.
        rule: String,
    },
}

words! {
    /// The kind of a set: its type on the wire, without the namespace.
    pub enum SubjectSetKind {
        /// See [`SubjectSet::SingleUser`].
        SingleUser = "singleUser",
        /// See [`SubjectSet::GroupMembers`].
        GroupMembers = "groupMembers",
        /// See [`SubjectSet::RequestorManager`].
        RequestorManager = "requestorManager",
        /// See [`SubjectSet::TargetManager`].
        TargetManager = "targetManager",
        /// See [`SubjectSet::ConnectedOrganizationMembers`].
        ConnectedOrganizationMembers = "connectedOrganizationMembers",
        /// See [`SubjectSet::InternalSponsors`].
        InternalSponsors = "internalSponsors",
        /// See [`SubjectSet::ExternalSponsors`].
        ExternalSponsors = "externalSponsors",
        /// See [`SubjectSet::TargetUserSponsors`].
        TargetUserSponsors = "targetUserSponsors",
        /// See [`SubjectSet::SingleServicePrincipal`].
        SingleServicePrincipal = "singleServicePrincipal",
        /// See [`SubjectSet::TargetApplicationOwners`].
        TargetApplicationOwners = "targetApplicationOwners",
        /// See [`SubjectSet::TargetAgentIdentitySponsorsOrOwners`].
        TargetAgentIdentitySponsorsOrOwners = "targetAgentIdentitySponsorsOrOwners",
        /// See [`SubjectSet::AttributeRuleMembers`].
        AttributeRuleMembers = "attributeRuleMembers",
    }
}

impl SubjectSetKind {
    /// The kind that a type annotation names: with or without `#`, with or without the namespace, in any case.
    pub fn from_type_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix('#').unwrap_or(name);
        let bare = name.rsplit('.').next().unwrap_or(name);
        Self::from_name(bare)
    }
}

/// What a set refers to by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Referent {
    /// A user that is not deleted.
    User(ObjectId),
    /// A group.
    Group(ObjectId),
    /// A service principal.
    ServicePrincipal(ObjectId),
    /// A connected organization.
    ConnectedOrganization(ConnectedOrganizationId),
}

impl SubjectSet {
    /// Its kind.
    pub const fn kind(&self) -> SubjectSetKind {
        match self {
            Self::SingleUser(_) => SubjectSetKind::SingleUser,
            Self::GroupMembers(_) => SubjectSetKind::GroupMembers,
            Self::RequestorManager { .. } => SubjectSetKind::RequestorManager,
            Self::TargetManager { .. } => SubjectSetKind::TargetManager,
            Self::ConnectedOrganizationMembers(_) => SubjectSetKind::ConnectedOrganizationMembers,
            Self::InternalSponsors => SubjectSetKind::InternalSponsors,
            Self::ExternalSponsors => SubjectSetKind::ExternalSponsors,
            Self::TargetUserSponsors => SubjectSetKind::TargetUserSponsors,
            Self::SingleServicePrincipal(_) => SubjectSetKind::SingleServicePrincipal,
            Self::TargetApplicationOwners => SubjectSetKind::TargetApplicationOwners,
            Self::TargetAgentIdentitySponsorsOrOwners => {
                SubjectSetKind::TargetAgentIdentitySponsorsOrOwners
            }
            Self::AttributeRuleMembers { .. } => SubjectSetKind::AttributeRuleMembers,
        }
    }

    /// What has to exist for the set to make sense.
    pub const fn referent(&self) -> Option<Referent> {
        match self {
            Self::SingleUser(user) => Some(Referent::User(*user)),
            Self::GroupMembers(group) => Some(Referent::Group(*group)),
            Self::SingleServicePrincipal(object) => Some(Referent::ServicePrincipal(*object)),
            Self::ConnectedOrganizationMembers(organization) => {
                Some(Referent::ConnectedOrganization(*organization))
            }
            Self::RequestorManager { .. }
            | Self::TargetManager { .. }
            | Self::InternalSponsors
            | Self::ExternalSponsors
            | Self::TargetUserSponsors
            | Self::TargetApplicationOwners
            | Self::TargetAgentIdentitySponsorsOrOwners
            | Self::AttributeRuleMembers { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_and_without_namespace_and_hash() {
        for name in [
            "singleUser",
            "microsoft.graph.singleUser",
            "#microsoft.graph.SingleUser",
        ] {
            assert_eq!(
                SubjectSetKind::from_type_name(name),
                Some(SubjectSetKind::SingleUser),
                "{name}"
            );
        }
        assert_eq!(
            SubjectSetKind::from_type_name("#microsoft.graph.user"),
            None
        );
    }
}
