//! Resources of catalogs: which things of the directory can be one, the roles they offer, and who may bring them in.

use crate::access_package::ResourceReference;
use crate::change::Change;
use crate::directory::{AppRole, DEFAULT_ACCESS, Group, ServicePrincipal};
use crate::flaw::{Flaw, check_name};
use crate::id::{CatalogId, EnvironmentId, ExternalConnectorId, ObjectId};
use crate::time::Timestamp;
use crate::user_attribute::{BuiltIn, UserAttribute};
use crate::word::words;

words! {
    /// The systems whose things can be resources here (section 5.1).
    pub enum OriginSystem {
        /// Groups of the directory.
        AadGroup = "AadGroup",
        /// Applications of the directory.
        AadApplication = "AadApplication",
        /// Resources whose access is known elsewhere and uploaded for reviews; nothing is delivered to them.
        CustomDataProvidedResource = "CustomDataProvidedResource",
    }
}

impl OriginSystem {
    /// Whether its things are in the directory, under GUIDs, and say themselves what they are called.
    pub const fn is_directory(self) -> bool {
        match self {
            Self::AadGroup | Self::AadApplication => true,
            Self::CustomDataProvidedResource => false,
        }
    }

    /// The type of its resources, where it is derived from that of resources in general.
    pub const fn derived_type(self) -> Option<&'static str> {
        match self {
            Self::AadGroup | Self::AadApplication => None,
            Self::CustomDataProvidedResource => Some(CUSTOM_DATA_TYPE),
        }
    }
}

/// The type of resources whose access data is uploaded.
pub const CUSTOM_DATA_TYPE: &str = "customDataProvidedResource";

words! {
    /// What a resource request asks for (DL-10).
    pub enum ResourceRequestType {
        /// Bring the resource into the catalog.
        AdminAdd = "adminAdd",
        /// Replace its attributes.
        AdminUpdate = "adminUpdate",
        /// Take it out of the catalog.
        AdminRemove = "adminRemove",
    }
}

words! {
    /// What happens when drift of a resource is found.
    pub enum DriftAction {
        /// It is shown.
        Report = "report",
        /// It is undone.
        Restore = "restore",
    }
}

/// A request to add, update or remove a resource, as somebody sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResourceRequest {
    /// What to do.
    pub request_type: ResourceRequestType,
    /// In which catalog; may be left out where the resource is named by our id.
    pub catalog_id: Option<CatalogId>,
    /// With which resource.
    pub resource: ResourceReference,
    /// The attributes, as a JSON array in the v1.0 shape; `None` where the body says nothing about them.
    pub attributes_json: Option<String>,
    /// What the body says a resource is that no directory describes.
    pub description: CustomDescription,
    /// The environment that the body places the resource in.
    pub environment: Option<EnvironmentReference>,
    /// The connector to a system outside that the resource comes through.
    pub connector: Change<ExternalConnectorId>,
    /// Why.
    pub justification: Option<String>,
    /// Check everything, store nothing.
    pub is_validation_only: bool,
    /// Whether the caller did not want to wait; kept, for every request is carried out at once.
    pub execute_immediately: Option<bool>,
    /// When the request ends, as the caller said; kept, for a request that is carried out at once has no end.
    pub expires_at: Option<Timestamp>,
}

impl NewResourceRequest {
    /// A request that says nothing but what is to be done with which resource.
    pub fn about(
        request_type: ResourceRequestType,
        catalog_id: Option<CatalogId>,
        resource: ResourceReference,
    ) -> Self {
        Self {
            request_type,
            catalog_id,
            resource,
            attributes_json: None,
            description: CustomDescription::default(),
            environment: None,
            connector: Change::Keep,
            justification: None,
            is_validation_only: false,
            execute_immediately: None,
            expires_at: None,
        }
    }

    /// The same with a description of the resource.
    #[must_use]
    pub fn describing(mut self, description: CustomDescription) -> Self {
        self.description = description;
        self
    }
}

/// What a resource is called that no directory describes. Resources of the directory pass it over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomDescription {
    /// Its name.
    pub display_name: Option<String>,
    /// What it is for; absent keeps it.
    pub description: Change<String>,
    /// Who is told of decisions, as a JSON object; absent keeps it.
    pub notification_endpoint_json: Change<String>,
}

impl CustomDescription {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a body names an environment of resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentReference {
    /// Its id.
    pub id: Option<EnvironmentId>,
    /// Its id in the system it is of.
    pub origin_id: Option<String>,
}

/// The longest id of a thing that no directory describes.
const MAX_ORIGIN_ID: usize = 256;

/// Whether a thing that no directory describes can have this id.
pub fn check_origin_id(origin_id: &str) -> Result<(), Flaw> {
    let fits = origin_id.chars().count() <= MAX_ORIGIN_ID
        && !origin_id.trim().is_empty()
        && !origin_id.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    let message = format!("must have 1 to {MAX_ORIGIN_ID} letters and no control characters");
    Err(Flaw::new("resource/originId", message))
}

/// Why a group or an application cannot be a resource (DL-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSupported {
    /// Its members are mastered elsewhere.
    #[error("a group that is synchronised from on-premises cannot be a resource")]
    OnPremises,
    /// A rule decides about its members.
    #[error("a group with dynamic membership cannot be a resource")]
    Dynamic,
    /// It belongs to the directory's own services.
    #[error("an application of a built-in service cannot be a resource")]
    BuiltIn,
    /// It is for mail only.
    #[error("a distribution group or mail-enabled security group cannot be a resource")]
    MailGroup,
}

/// Whether a group can be a resource (DL-12).
pub fn check_group(group: &Group) -> Result<(), NotSupported> {
    if group.is_mastered_elsewhere() {
        return Err(NotSupported::OnPremises);
    }
    if group.is_dynamic() {
        return Err(NotSupported::Dynamic);
    }
    let is_unified = group
        .group_types
        .iter()
        .any(|group_type| group_type.eq_ignore_ascii_case("Unified"));
    if group.mail_enabled && !is_unified {
        return Err(NotSupported::MailGroup);
    }
    Ok(())
}

/// The client ids of built-in services that give no access by app roles: Exchange and `SharePoint`.
const BUILT_IN: [u128; 2] = [
    0x0000_0002_0000_0ff1_ce00_0000_0000_0000,
    0x0000_0003_0000_0ff1_ce00_0000_0000_0000,
];

/// Whether an application can be a resource (DL-12).
pub fn check_application(application: &ServicePrincipal) -> Result<(), NotSupported> {
    if BUILT_IN.contains(&application.app_id.uuid().as_u128()) {
        return Err(NotSupported::BuiltIn);
    }
    Ok(())
}

/// Who wants to bring a resource into a catalog, as far as rights on the resource go (DL-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the four independent sources of the right"
)]
pub struct RightsOnResource {
    /// Calls as an application, with its own permissions.
    pub is_application: bool,
    /// Owns the group.
    pub is_owner: bool,
    /// Holds a directory role that may change who is in it.
    pub holds_directory_role: bool,
    /// The token's permissions allow changing who is in it.
    pub holds_permission: bool,
}

impl RightsOnResource {
    /// Whether the resource may be brought in. A permission counts for an application only: a user's token merely
    /// lends what the user may do anyway, and that is ownership or a role.
    pub const fn suffice(self) -> bool {
        self.is_owner || self.holds_directory_role || (self.is_application && self.holds_permission)
    }
}

/// The name of the scope that every resource has (DL-1).
pub const ROOT_SCOPE_NAME: &str = "Root";
/// What is said about it.
pub const ROOT_SCOPE_DESCRIPTION: &str = "Root Scope";
/// A role that a resource offers in its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedRole {
    /// Its id there.
    pub origin_id: String,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// The roles of a group, whether used or not (DL-6).
pub fn roles_of_group(group: ObjectId) -> Vec<OfferedRole> {
    ["Member", "Owner"]
        .map(|name| OfferedRole {
            origin_id: format!("{name}_{group}"),
            display_name: name.to_owned(),
            description: None,
        })
        .to_vec()
}

/// The roles of an application that its users can hold, or its default role if it defines none.
pub fn roles_of_application(app_roles: &[AppRole]) -> Vec<OfferedRole> {
    let assignable: Vec<_> = app_roles
        .iter()
        .filter(|role| role.is_enabled && is_for_users(role))
        .map(|role| OfferedRole {
            origin_id: role.id.to_string(),
            display_name: role
                .display_name
                .clone()
                .or_else(|| role.value.clone())
                .unwrap_or_else(|| role.id.to_string()),
            description: role.description.clone(),
        })
        .collect();
    if assignable.is_empty() {
        return vec![OfferedRole {
            origin_id: DEFAULT_ACCESS.to_string(),
            display_name: "Default Access".to_owned(),
            description: None,
        }];
    }
    assignable
}

fn is_for_users(role: &AppRole) -> bool {
    role.allowed_member_types
        .iter()
        .any(|member| member.eq_ignore_ascii_case("User"))
}

/// An attribute of a resource: an answer that is written somewhere when access is delivered (QA-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceAttribute {
    /// Its name.
    pub name: String,
    /// Whether the answer is written to the property of the user that has this name.
    pub is_written: bool,
}

/// Whether attributes can be stored: each has a name, no other has it, and what is to be written somewhere has a place.
pub fn check_attributes(attributes: &[ResourceAttribute]) -> Result<(), Flaw> {
    for (position, attribute) in attributes.iter().enumerate() {
        let target = format!("resource/attributes/{position}/name");
        check_name(&target, &attribute.name)?;
        if attribute.is_written && UserAttribute::from_name(&attribute.name).is_none() {
            let known: Vec<_> = BuiltIn::ALL.iter().map(|known| known.as_str()).collect();
            return Err(Flaw::new(
                target,
                format!(
                    "no answer can be written to `{}` of a user; expected one of {} or the name of an extension property",
                    attribute.name,
                    known.join(", ")
                ),
            ));
        }
        let same = attributes
            .iter()
            .filter(|other| other.name.eq_ignore_ascii_case(&attribute.name))
            .count();
        if same > 1 {
            return Err(Flaw::new(
                target,
                format!("the attribute `{}` is named more than once", attribute.name),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::directory::Details;
    use crate::id::AppRoleId;
    use crate::time::Timestamp;

    fn group() -> Group {
        Group {
            id: ObjectId::new(Uuid::from_u128(7)),
            display_name: "Accountants".to_owned(),
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
            created_at: Timestamp::from_micros(0),
            version: 1,
        }
    }

    #[test]
    fn groups_offer_member_and_owner() {
        let group = ObjectId::new(Uuid::from_u128(7));

        let roles = roles_of_group(group);

        let ids: Vec<_> = roles.iter().map(|role| role.origin_id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "Member_00000000-0000-0000-0000-000000000007",
                "Owner_00000000-0000-0000-0000-000000000007"
            ]
        );
    }

    #[test]
    fn applications_offer_the_roles_that_users_can_hold() {
        let role = |number, is_enabled, member: &str| AppRole {
            id: AppRoleId::new(Uuid::from_u128(number)),
            display_name: None,
            description: None,
            value: Some(format!("role{number}")),
            is_enabled,
            allowed_member_types: vec![member.to_owned()],
        };

        let roles = roles_of_application(&[
            role(1, true, "User"),
            role(2, false, "User"),
            role(3, true, "Application"),
        ]);

        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0].display_name, "role1");
    }

    #[test]
    fn an_application_without_roles_offers_default_access() {
        let roles = roles_of_application(&[]);

        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0].origin_id, "00000000-0000-0000-0000-000000000000");
        assert_eq!(roles[0].display_name, "Default Access");
    }

    #[test]
    fn synchronised_dynamic_and_mail_groups_are_no_resources_dl_12() {
        let of_type = |name: &str| Group {
            group_types: vec![name.to_owned()],
            ..group()
        };
        let synchronised = Group {
            on_premises_sync_enabled: Some(true),
            ..group()
        };
        let mail = Group {
            mail_enabled: true,
            ..group()
        };
        let unified = Group {
            mail_enabled: true,
            ..of_type("Unified")
        };

        assert_eq!(check_group(&group()), Ok(()));
        assert_eq!(check_group(&unified), Ok(()));
        assert_eq!(check_group(&synchronised), Err(NotSupported::OnPremises));
        assert_eq!(
            check_group(&of_type("DynamicMembership")),
            Err(NotSupported::Dynamic)
        );
        assert_eq!(check_group(&mail), Err(NotSupported::MailGroup));
    }

    #[test]
    fn users_need_ownership_or_a_role_and_applications_may_use_a_permission_dl_13() {
        let nothing = RightsOnResource::default();
        let owner = RightsOnResource {
            is_owner: true,
            ..nothing
        };
        let role = RightsOnResource {
            holds_directory_role: true,
            ..nothing
        };
        let permitted_user = RightsOnResource {
            holds_permission: true,
            ..nothing
        };
        let permitted_application = RightsOnResource {
            is_application: true,
            ..permitted_user
        };
        let bare_application = RightsOnResource {
            is_application: true,
            ..nothing
        };

        assert!(owner.suffice());
        assert!(role.suffice());
        assert!(permitted_application.suffice());
        assert!(!permitted_user.suffice());
        assert!(!bare_application.suffice());
        assert!(!nothing.suffice());
    }

    #[test]
    fn attributes_are_named_once() {
        let named = |name: &str| ResourceAttribute {
            name: name.to_owned(),
            is_written: false,
        };

        assert!(check_attributes(&[named("country"), named("city")]).is_ok());
        for wrong in [vec![named(" ")], vec![named("city"), named("City")]] {
            assert!(check_attributes(&wrong).is_err());
        }
    }

    #[test]
    fn qa_6_an_answer_is_written_to_what_users_have_and_nowhere_else() {
        let written = |name: &str| {
            [ResourceAttribute {
                name: name.to_owned(),
                is_written: true,
            }]
        };

        assert_eq!(check_attributes(&written("city")), Ok(()));
        assert_eq!(check_attributes(&written("extension_a_b")), Ok(()));
        for name in ["userPrincipalName", "shoeSize"] {
            let flaw = check_attributes(&written(name)).unwrap_err();
            assert_eq!(flaw.target, "resource/attributes/0/name");
        }
    }
}
