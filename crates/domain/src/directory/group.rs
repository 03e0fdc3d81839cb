//! Groups, and whether their members may be changed by hand.

use super::{DetailChanges, Details, apply_details, set};
use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_line, check_name};
use crate::id::ObjectId;
use crate::time::Timestamp;

/// The type of a group whose members a rule decides.
const DYNAMIC: &str = "DynamicMembership";

/// A group of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The directory id.
    pub id: ObjectId,
    /// Name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// The part of the mail address before the domain.
    pub mail_nickname: Option<String>,
    /// Whether the group receives mail.
    pub mail_enabled: bool,
    /// Whether the group is used to give access.
    pub security_enabled: bool,
    /// Such as `Unified` and `DynamicMembership`.
    pub group_types: Vec<String>,
    /// The rule of a dynamic group.
    pub membership_rule: Option<String>,
    /// `Public`, `Private` or `HiddenMembership`.
    pub visibility: Option<String>,
    /// Whether directory roles can be assigned to the group.
    pub is_assignable_to_role: Option<bool>,
    /// Whether the group is mastered elsewhere, so that nothing here may change its members.
    pub on_premises_sync_enabled: Option<bool>,
    /// What else is kept and served.
    pub details: Details,
    /// When the group was created.
    pub created_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

/// What a create or an update says about a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the property of `Group` with the same name"
)]
pub struct GroupChanges {
    pub display_name: Option<String>,
    pub description: Change<String>,
    pub mail_nickname: Change<String>,
    pub mail_enabled: Option<bool>,
    pub security_enabled: Option<bool>,
    pub group_types: Option<Vec<String>>,
    pub membership_rule: Change<String>,
    pub visibility: Change<String>,
    pub is_assignable_to_role: Change<bool>,
    /// Only heeded by a create: a client cannot take a group away from its master.
    pub on_premises_sync_enabled: Change<bool>,
    pub details: DetailChanges,
    /// Members to add, as `members@odata.bind` gives them.
    pub members: Vec<ObjectId>,
    /// Owners to add, as `owners@odata.bind` gives them.
    pub owners: Vec<ObjectId>,
}

impl Group {
    /// The group that `changes` describe, or why there cannot be one.
    pub fn create(id: ObjectId, now: Timestamp, changes: &GroupChanges) -> Result<Self, Flaw> {
        let mut group = Self {
            id,
            display_name: String::new(),
            description: None,
            mail: None,
            mail_nickname: None,
            mail_enabled: false,
            security_enabled: true,
            group_types: Vec::new(),
            membership_rule: None,
            visibility: None,
            is_assignable_to_role: None,
            on_premises_sync_enabled: None,
            details: Details::new(),
            created_at: now,
            version: 1,
        };
        set(
            &mut group.on_premises_sync_enabled,
            &changes.on_premises_sync_enabled,
        );
        set(
            &mut group.is_assignable_to_role,
            &changes.is_assignable_to_role,
        );
        group.change(changes)?;
        Ok(group)
    }

    /// Brings `changes` to the group, or says why they cannot be. Members and owners are not the group's own.
    pub fn change(&mut self, changes: &GroupChanges) -> Result<(), Flaw> {
        if let Some(name) = &changes.display_name {
            self.display_name.clone_from(name);
        }
        if let Some(enabled) = changes.mail_enabled {
            self.mail_enabled = enabled;
        }
        if let Some(enabled) = changes.security_enabled {
            self.security_enabled = enabled;
        }
        if let Some(types) = &changes.group_types {
            self.group_types.clone_from(types);
        }
        set(&mut self.description, &changes.description);
        set(&mut self.mail_nickname, &changes.mail_nickname);
        set(&mut self.membership_rule, &changes.membership_rule);
        set(&mut self.visibility, &changes.visibility);
        let mut is_assignable = self.is_assignable_to_role;
        set(&mut is_assignable, &changes.is_assignable_to_role);
        if (is_assignable == Some(true)) != self.takes_roles() {
            let expected = "`isAssignableToRole` is decided when the group is created";
            return Err(Flaw::new("isAssignableToRole", expected));
        }
        apply_details(&changes.details, &mut self.details)?;
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        check_line("mailNickname", self.mail_nickname.as_deref())?;
        if self.membership_rule.is_some() != self.is_dynamic() {
            let expected =
                "`membershipRule` and the type `DynamicMembership` in `groupTypes` need each other";
            return Err(Flaw::new("membershipRule", expected));
        }
        if self.takes_roles() && (self.is_dynamic() || !self.security_enabled) {
            let expected = "a group that roles can be assigned to is security-enabled, and no rule decides its members";
            return Err(Flaw::new("isAssignableToRole", expected));
        }
        Ok(())
    }

    /// Whether directory roles can be assigned to the group.
    pub fn takes_roles(&self) -> bool {
        self.is_assignable_to_role == Some(true)
    }

    /// Whether a rule decides who is a member.
    pub fn is_dynamic(&self) -> bool {
        self.group_types
            .iter()
            .any(|name| name.eq_ignore_ascii_case(DYNAMIC))
    }

    /// Whether the group is mastered elsewhere.
    pub fn is_mastered_elsewhere(&self) -> bool {
        self.on_premises_sync_enabled == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn create(changes: &GroupChanges) -> Result<Group, Flaw> {
        Group::create(
            ObjectId::new(Uuid::from_u128(1)),
            Timestamp::from_micros(0),
            changes,
        )
    }

    fn named() -> GroupChanges {
        GroupChanges {
            display_name: Some("Sales".to_owned()),
            ..GroupChanges::default()
        }
    }

    #[test]
    fn a_group_needs_a_name() {
        assert!(create(&named()).is_ok());
        assert_eq!(
            create(&GroupChanges::default()).unwrap_err().target,
            "displayName"
        );
    }

    #[test]
    fn a_rule_and_the_dynamic_type_need_each_other() {
        let rule = Change::Set("user.department -eq \"Sales\"".to_owned());
        let dynamic = Some(vec!["DynamicMembership".to_owned()]);

        let both = GroupChanges {
            membership_rule: rule.clone(),
            group_types: dynamic.clone(),
            ..named()
        };
        let rule_only = GroupChanges {
            membership_rule: rule,
            ..named()
        };
        let type_only = GroupChanges {
            group_types: dynamic,
            ..named()
        };

        assert!(create(&both).unwrap().is_dynamic());
        assert_eq!(create(&rule_only).unwrap_err().target, "membershipRule");
        assert_eq!(create(&type_only).unwrap_err().target, "membershipRule");
    }

    #[test]
    fn whether_roles_can_be_assigned_to_a_group_is_decided_when_it_is_created() {
        let for_roles = GroupChanges {
            is_assignable_to_role: Change::Set(true),
            ..named()
        };
        let mut plain = create(&named()).unwrap();
        let mut taking = create(&for_roles).unwrap();
        assert!(taking.takes_roles() && !plain.takes_roles());

        assert_eq!(
            plain.change(&for_roles).unwrap_err().target,
            "isAssignableToRole"
        );
        let cleared = GroupChanges {
            is_assignable_to_role: Change::Clear,
            ..named()
        };
        assert!(taking.change(&cleared).is_err());
        assert!(taking.change(&for_roles).is_ok());
        assert!(plain.change(&cleared).is_ok());
    }

    #[test]
    fn a_group_that_roles_can_be_assigned_to_is_for_security_and_has_no_rule() {
        let ruled = GroupChanges {
            is_assignable_to_role: Change::Set(true),
            membership_rule: Change::Set("user.department -eq \"Sales\"".to_owned()),
            group_types: Some(vec!["DynamicMembership".to_owned()]),
            ..named()
        };
        let open = GroupChanges {
            is_assignable_to_role: Change::Set(true),
            security_enabled: Some(false),
            ..named()
        };

        for changes in [ruled, open] {
            assert_eq!(create(&changes).unwrap_err().target, "isAssignableToRole");
        }
    }

    #[test]
    fn an_update_cannot_take_a_group_from_its_master() {
        let synced = GroupChanges {
            on_premises_sync_enabled: Change::Set(true),
            ..named()
        };
        let mut group = create(&synced).unwrap();

        let free = GroupChanges {
            on_premises_sync_enabled: Change::Clear,
            ..GroupChanges::default()
        };
        group.change(&free).unwrap();

        assert!(group.is_mastered_elsewhere());
    }
}
