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
