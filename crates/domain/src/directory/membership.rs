//! Whether somebody may get into a group or get an app role: one judgement for the API and for the delivery engine.

use super::{Group, ObjectKind, ServicePrincipal};
use crate::failure::FailureCode;
use crate::id::{AppRoleId, ObjectId};

/// As what somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupRole {
    /// A member.
    Member,
    /// An owner.
    Owner,
}

impl GroupRole {
    /// The name of the relation, as the wire spells it.
    pub const fn relation(self) -> &'static str {
        match self {
            Self::Member => "members",
            Self::Owner => "owners",
        }
    }
}

/// What the directory knows of an object that shall get access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStanding {
    /// It is there.
    Present(ObjectKind),
    /// It is a user who was deleted and can still be restored (AS-16).
    Deleted,
    /// It was never there, or is gone for good.
    Unknown,
}

impl MemberStanding {
    /// The kind of an object that is there; otherwise why nothing can be granted to it.
    fn kind(self) -> Result<ObjectKind, FailureCode> {
        match self {
            Self::Present(kind) => Ok(kind),
            Self::Deleted => Err(FailureCode::TargetDeleted),
            Self::Unknown => Err(FailureCode::TargetNotFound),
        }
    }
}

/// Whether `object` may be added to `group`; it is known not to be in it.
pub fn judge_addition(
    group: &Group,
    role: GroupRole,
    object: ObjectId,
    standing: MemberStanding,
) -> Result<(), FailureCode> {
    judge_modifiable(group, role)?;
    let kind = standing.kind()?;
    let fits = match role {
        // Whoever changes a group inside would change who holds the roles.
        GroupRole::Member => {
            object != group.id && !(kind == ObjectKind::Group && group.takes_roles())
        }
        // A group cannot own anything.
        GroupRole::Owner => kind != ObjectKind::Group,
    };
    if fits {
        Ok(())
    } else {
        Err(FailureCode::ConnectorError)
    }
}

/// Whether `group` lets its members or owners be changed at all: a rule decides the members of a dynamic group, and a
/// group that is mastered elsewhere is changed there.
pub fn judge_modifiable(group: &Group, role: GroupRole) -> Result<(), FailureCode> {
    let ruled = role == GroupRole::Member && group.is_dynamic();
    if ruled || group.is_mastered_elsewhere() {
        Err(FailureCode::GroupNotModifiable)
    } else {
        Ok(())
    }
}

/// Whether `role` of `application` may be granted to an object.
pub fn judge_grant(
    application: &ServicePrincipal,
    role: AppRoleId,
    standing: MemberStanding,
) -> Result<ObjectKind, FailureCode> {
    let kind = standing.kind()?;
    if application.offers(role, kind) {
        Ok(kind)
    } else {
        Err(FailureCode::RoleNotFound)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::GroupChanges;
    use super::*;
    use crate::change::Change;
    use crate::time::Timestamp;

    const GROUP: ObjectId = ObjectId::new(Uuid::from_u128(1));
    const ALICE: ObjectId = ObjectId::new(Uuid::from_u128(2));
    const USER: MemberStanding = MemberStanding::Present(ObjectKind::User);
    const NESTED: MemberStanding = MemberStanding::Present(ObjectKind::Group);

    fn group(changes: GroupChanges) -> Group {
        let changes = GroupChanges {
            display_name: Some("Sales".to_owned()),
            ..changes
        };
        Group::create(GROUP, Timestamp::from_micros(0), &changes).unwrap()
    }

    #[test]
    fn members_are_users_other_groups_and_service_principals() {
        let group = group(GroupChanges::default());

        for kind in ObjectKind::ALL.iter().copied() {
            let standing = MemberStanding::Present(kind);
            assert_eq!(
                judge_addition(&group, GroupRole::Member, ALICE, standing),
                Ok(())
            );
        }
        assert_eq!(
            judge_addition(&group, GroupRole::Member, GROUP, NESTED),
            Err(FailureCode::ConnectorError)
        );
    }

    #[test]
    fn a_group_owns_nothing() {
        let group = group(GroupChanges::default());

        assert_eq!(
            judge_addition(&group, GroupRole::Owner, ALICE, USER),
            Ok(())
        );
        assert!(judge_addition(&group, GroupRole::Owner, ALICE, NESTED).is_err());
    }

    #[test]
    fn who_is_deleted_or_unknown_gets_nothing() {
        let group = group(GroupChanges::default());

        for (standing, code) in [
            (MemberStanding::Deleted, FailureCode::TargetDeleted),
            (MemberStanding::Unknown, FailureCode::TargetNotFound),
        ] {
            assert_eq!(
                judge_addition(&group, GroupRole::Member, ALICE, standing),
                Err(code)
            );
        }
    }

    #[test]
    fn a_rule_keeps_members_but_not_owners_from_being_changed() {
        let group = group(GroupChanges {
            group_types: Some(vec!["DynamicMembership".to_owned()]),
            membership_rule: Change::Set("user.department -eq \"Sales\"".to_owned()),
            ..GroupChanges::default()
        });

        let refused = Err(FailureCode::GroupNotModifiable);
        assert_eq!(
            judge_addition(&group, GroupRole::Member, ALICE, USER),
            refused
        );
        assert_eq!(
            judge_addition(&group, GroupRole::Owner, ALICE, USER),
            Ok(())
        );
    }

    #[test]
    fn a_group_mastered_elsewhere_is_not_changed_here() {
        let group = group(GroupChanges {
            on_premises_sync_enabled: Change::Set(true),
            ..GroupChanges::default()
        });

        for role in [GroupRole::Member, GroupRole::Owner] {
            assert_eq!(
                judge_modifiable(&group, role),
                Err(FailureCode::GroupNotModifiable)
            );
        }
    }
}
