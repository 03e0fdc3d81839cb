//! What filters can look at inside of documents.

use domain::model::inside;

use crate::resolve::TEXTS;
use crate::table::{Edm, Inside, Property, Read, Type, both, instant, text};
use crate::words;

const fn of(entity: &'static domain::query::Entity, properties: &'static [Property]) -> Type {
    Type {
        entity,
        v1: None,
        beta: None,
        properties,
        navigations: &[],
        open: None,
        searched: &[],
        lacking: &[],
    }
}

/// `groupTypes`.
pub(super) static GROUP_TYPES: Inside = Inside {
    relation: &inside::GROUP_TYPES,
    of: &TEXTS,
};

/// `schedule`.
pub(super) static SCHEDULE: Inside = Inside {
    relation: &inside::SCHEDULES,
    of: &SCHEDULE_TYPE,
};

static SCHEDULE_TYPE: Type = of(
    &inside::SCHEDULE,
    &[
        instant("startDateTime", "startDateTime"),
        both(
            "expiration",
            Edm::Complex("expirationPattern", "expirationPattern"),
            Read::Column("expiration"),
        )
        .inside(&EXPIRATION),
    ],
);

/// `schedule/expiration`.
static EXPIRATION: Inside = Inside {
    relation: &inside::EXPIRATIONS,
    of: &EXPIRATION_TYPE,
};

static EXPIRATION_TYPE: Type = of(
    &inside::EXPIRATION,
    &[
        instant("endDateTime", "endDateTime"),
        text("duration", "duration"),
        both(
            "type",
            Edm::Enum(&words::EXPIRATION_TYPE),
            Read::Column("type"),
        ),
    ],
);

/// `identitySources`.
pub(super) static IDENTITY_SOURCES: Inside = Inside {
    relation: &inside::IDENTITY_SOURCES,
    of: &IDENTITY_SOURCE_TYPE,
};

static IDENTITY_SOURCE_TYPE: Type = of(
    &inside::IDENTITY_SOURCE,
    &[
        text("displayName", "displayName"),
        text("tenantId", "tenantId"),
        text("domainName", "domainName"),
        text("issuerUri", "issuerUri"),
        text("cloudInstance", "cloudInstance"),
        text("socialIdentitySourceType", "socialIdentitySourceType"),
    ],
);

/// `initiatedBy`.
pub(super) static INITIATED_BY: Inside = Inside {
    relation: &inside::INITIATORS,
    of: &INITIATOR_TYPE,
};

static INITIATOR_TYPE: Type = of(
    &inside::INITIATOR,
    &[
        both(
            "user",
            Edm::Complex("userIdentity", "auditUserIdentity"),
            Read::Column("user"),
        )
        .inside(&INITIATING_USER),
        both(
            "app",
            Edm::Complex("appIdentity", "appIdentity"),
            Read::Column("app"),
        )
        .inside(&INITIATING_APP),
    ],
);

/// `initiatedBy/user`.
static INITIATING_USER: Inside = Inside {
    relation: &inside::AUDITED_USERS,
    of: &INITIATING_USER_TYPE,
};

static INITIATING_USER_TYPE: Type = of(
    &inside::AUDITED_USER,
    &[
        text("id", "id"),
        text("displayName", "displayName"),
        text("userPrincipalName", "userPrincipalName"),
    ],
);

/// `initiatedBy/app`.
static INITIATING_APP: Inside = Inside {
    relation: &inside::AUDITED_APPS,
    of: &INITIATING_APP_TYPE,
};

static INITIATING_APP_TYPE: Type = of(
    &inside::AUDITED_APP,
    &[
        text("appId", "appId"),
        text("displayName", "displayName"),
        text("servicePrincipalId", "servicePrincipalId"),
    ],
);

/// `targetResources`.
pub(super) static TARGET_RESOURCES: Inside = Inside {
    relation: &inside::AUDITED_TARGETS,
    of: &TARGET_RESOURCE_TYPE,
};

static TARGET_RESOURCE_TYPE: Type = of(
    &inside::AUDITED_TARGET,
    &[
        text("id", "id"),
        text("displayName", "displayName"),
        text("type", "type"),
    ],
);

/// `additionalDetails`.
pub(super) static ADDITIONAL_DETAILS: Inside = Inside {
    relation: &inside::AUDITED_DETAILS,
    of: &ADDITIONAL_DETAIL_TYPE,
};

static ADDITIONAL_DETAIL_TYPE: Type = of(
    &inside::AUDITED_DETAIL,
    &[text("key", "key"), text("value", "value")],
);
