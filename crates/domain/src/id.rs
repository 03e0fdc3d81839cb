//! Typed identifiers. A bare `Uuid` or `String` id in a signature is a bug (R17).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not a GUID (ID-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed id")]
pub struct MalformedId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a GUID that the id source made.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The GUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                parse(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A catalog.
    CatalogId
    /// A resource onboarded to one catalog.
    ResourceId
    /// A role that a resource offers.
    ResourceRoleId
    /// A scope of a resource.
    ResourceScopeId
    /// A request to add, update or remove a catalog resource.
    ResourceRequestId
    /// An attribute of a resource.
    AttributeId
    /// An environment of resources.
    EnvironmentId
    /// An upload of access data.
    UploadSessionId
    /// A file of an upload.
    UploadFileId
    /// An access package.
    AccessPackageId
    /// An assignment policy.
    PolicyId
    /// A subject: an identity as entitlement management sees it.
    SubjectId
    /// An assignment request; also the id of its approval.
    RequestId
    /// An assignment.
    AssignmentId
    /// A bulk reprocess.
    ReprocessJobId
    /// A sweep of a target.
    SweepId
    /// Access that no grant accounts for.
    DriftExtraId
    /// A stage of an approval.
    StageId
    /// A row of the ledger.
    GrantId
    /// A user, group or service principal of the directory.
    ObjectId
    /// An application: its client id.
    AppId
    /// An app role of a service principal.
    AppRoleId
    /// An app role assignment.
    AppRoleAssignmentId
    /// A connected organization.
    ConnectedOrganizationId
    /// A control configuration.
    ControlConfigurationId
    /// A connector to a system outside.
    ExternalConnectorId
    /// A question of a policy.
    QuestionId
    /// A role assignment of entitlement management.
    RoleAssignmentId
    /// A role definition of entitlement management.
    RoleDefinitionId
    /// A request to assign or remove a role of entitlement management.
    RoleScheduleRequestId
    /// A custom extension.
    CustomExtensionId
    /// That a policy calls an extension at a stage.
    StageSettingId
    /// One call of an extension.
    CalloutId
    /// A notice to a person.
    NoticeId
    /// A subscription to changes.
    SubscriptionId
    /// A feed of notifications.
    FeedId
    /// An audit event.
    AuditEventId
    /// What a client of the development issuer was given in a user's name.
    SignInGrantId
}

/// Reads a GUID in its 36-character form, in either case (ID-1).
fn parse(text: &str) -> Result<Uuid, MalformedId> {
    if text.len() == 36 {
        Uuid::try_parse(text).map_err(|_| MalformedId)
    } else {
        Err(MalformedId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_either_case_and_print_lower_case() {
        let id: CatalogId = "AE79F266-94D4-4DAB-B730-FECA7E132178".parse().unwrap();

        assert_eq!(id.to_string(), "ae79f266-94d4-4dab-b730-feca7e132178");
    }

    #[test]
    fn other_spellings_of_a_guid_are_malformed() {
        for text in [
            "",
            "abc",
            "{ae79f266-94d4-4dab-b730-feca7e132178}",
            "ae79f26694d44dabb730feca7e132178",
        ] {
            assert_eq!(text.parse::<CatalogId>(), Err(MalformedId), "{text}");
        }
    }
}
