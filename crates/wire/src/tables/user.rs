//! `user`.

use domain::model;

use super::{APP_ROLE_ASSIGNMENT, GROUP};
use crate::table::{
    Edm, Property, Read, Shown, Type, both, flag, id, instant, lacking, only_beta, text, way,
};

const OPEN: &str = "details";

const fn texts(name: &'static str) -> Property {
    both(
        name,
        Edm::Strings,
        Read::Member {
            column: OPEN,
            member: name,
        },
    )
}

/// A list that only beta has.
const PLACES: Property = only_beta(
    "infoCatalogs",
    Edm::Strings,
    Read::Member {
        column: OPEN,
        member: "infoCatalogs",
    },
)
.shown(Shown::WhenSet);

const PROPERTIES: &[Property] = &[
    id(),
    texts("businessPhones"),
    text("displayName", "display_name"),
    text("givenName", "given_name"),
    text("jobTitle", "job_title"),
    text("mail", "mail"),
    text("mobilePhone", "mobile_phone"),
    text("officeLocation", "office_location"),
    text("preferredLanguage", "preferred_language"),
    text("surname", "surname"),
    text("userPrincipalName", "user_principal_name"),
    flag("accountEnabled", "account_enabled"),
    text("companyName", "company_name"),
    instant("createdDateTime", "created_at"),
    text("department", "department"),
    text("employeeId", "employee_id"),
    text("mailNickname", "mail_nickname"),
    text("usageLocation", "usage_location"),
    text("userType", "user_type"),
    instant("deletedDateTime", "deleted_at").shown(Shown::WhenSet),
    texts("otherMails").shown(Shown::WhenSet),
    texts("proxyAddresses").shown(Shown::WhenSet),
    texts("imAddresses").shown(Shown::WhenSet),
    PLACES,
    texts("interests").shown(Shown::WhenSet),
    texts("pastProjects").shown(Shown::WhenSet),
    texts("responsibilities").shown(Shown::WhenSet),
    texts("schools").shown(Shown::WhenSet),
    texts("skills").shown(Shown::WhenSet),
];

/// A person of the directory.
pub static USER: Type = Type {
    entity: &model::USER,
    v1: Some("user"),
    beta: Some("user"),
    properties: PROPERTIES,
    navigations: &[
        way("manager", "manager", "manager", &USER).declared("directoryObject"),
        way("directReports", "directReports", "direct_reports", &USER).declared("directoryObject"),
        way("memberOf", "memberOf", "member_of", &GROUP).declared("directoryObject"),
        way(
            "appRoleAssignments",
            "appRoleAssignments",
            "app_role_assignments",
            &APP_ROLE_ASSIGNMENT,
        ),
    ],
    open: Some(OPEN),
    searched: &["display_name", "mail", "user_principal_name"],
    lacking: &[lacking("sponsors", "users have no sponsors here")],
};

/// A person who was deleted and can be restored.
pub static DELETED_USER: Type = Type {
    entity: &model::DELETED_USER,
    v1: Some("user"),
    beta: Some("user"),
    properties: PROPERTIES,
    navigations: &[],
    open: Some(OPEN),
    searched: &["display_name", "mail", "user_principal_name"],
    lacking: &[
        lacking("directReports", NOBODY),
        lacking("manager", NOBODY),
        lacking("memberOf", NOBODY),
        lacking("sponsors", NOBODY),
        lacking("transitiveMemberOf", NOBODY),
    ],
};

const NOBODY: &str = "a deleted user is in nothing and has nobody";
