//! Which members of Graph's objects a file holds: what is written is what is read.
//!
//! Left out are ids, times, names of who did something, and what follows from the rest.

pub(super) const USER: &[&str] = &[
    "accountEnabled",
    "ageGroup",
    "businessPhones",
    "city",
    "companyName",
    "country",
    "department",
    "employeeId",
    "employeeType",
    "givenName",
    "identities",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "otherMails",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userType",
];

pub(super) const GROUP: &[&str] = &[
    "description",
    "groupTypes",
    "isAssignableToRole",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "securityEnabled",
    "visibility",
];

pub(super) const APPLICATION: &[&str] = &[
    "accountEnabled",
    "appId",
    "appRoleAssignmentRequired",
    "description",
    "servicePrincipalType",
    "tags",
];

pub(super) const ORGANIZATION: &[&str] = &["description", "identitySources", "state"];

pub(super) const CONNECTOR: &[&str] = &["connectionInfo", "connectorType", "description"];

pub(super) const SETTINGS: &[&str] = &[
    "durationUntilExternalUserDeletedAfterBlocked",
    "externalUserLifecycleAction",
];

pub(super) const CATALOG: &[&str] = &["description", "isExternallyVisible", "state"];

pub(super) const EXTENSION: &[&str] = &[
    "@odata.type",
    "authenticationConfiguration",
    "callbackConfiguration",
    "clientConfiguration",
    "description",
    "endpointConfiguration",
];

pub(super) const PACKAGE: &[&str] = &["description", "isHidden"];

pub(super) const POLICY: &[&str] = &[
    "allowedTargetScope",
    "automaticRequestSettings",
    "customExtensionStageSettings",
    "description",
    "expiration",
    "notificationSettings",
    "questions",
    "requestApprovalSettings",
    "requestorSettings",
    "reviewSettings",
    "specificAllowedTargets",
];
