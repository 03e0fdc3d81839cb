//! What documents hold that can be asked about, although it has no column of its own.
//!
//! **Invariant:** these entities are no tables: they stand behind a relation into a document, and only conditions look
//! at them.

use super::inside;
use crate::query::{Entity, Field, Kind, Relation};

/// The items of a list of texts.
pub static TEXTS: Entity = Entity {
    name: "inside.texts",
    fields: &[Field {
        name: "",
        kind: Kind::Text,
    }],
    relations: &[],
    order: &[],
};

/// The `groupTypes` of a group.
pub static GROUP_TYPES: Relation = inside("group_types", &TEXTS, "group_types", &[], true);

/// When something begins and ends, as a client said it.
pub static SCHEDULE: Entity = Entity {
    name: "inside.schedule",
    fields: &[Field {
        name: "startDateTime",
        kind: Kind::Instant,
    }],
    relations: &[],
    order: &[],
};

/// When something ends.
pub static EXPIRATION: Entity = Entity {
    name: "inside.expiration",
    fields: &[
        Field {
            name: "endDateTime",
            kind: Kind::Instant,
        },
        Field {
            name: "type",
            kind: Kind::Word,
        },
        Field {
            name: "duration",
            kind: Kind::Text,
        },
    ],
    relations: &[],
    order: &[],
};

/// The expiration in a schedule.
pub static EXPIRATIONS: Relation = inside("expiration", &EXPIRATION, "expiration", &[], false);

/// The schedule of an assignment or of a request for one.
pub static SCHEDULES: Relation = inside("schedule", &SCHEDULE, "schedule", &[], false);

/// An organisation or a domain by which a connected organisation is known.
pub static IDENTITY_SOURCE: Entity = Entity {
    name: "inside.identity_source",
    fields: &[
        Field {
            name: "@odata.type",
            kind: Kind::Text,
        },
        Field {
            name: "displayName",
            kind: Kind::Text,
        },
        Field {
            name: "tenantId",
            kind: Kind::Text,
        },
        Field {
            name: "domainName",
            kind: Kind::Text,
        },
        Field {
            name: "issuerUri",
            kind: Kind::Text,
        },
        Field {
            name: "cloudInstance",
            kind: Kind::Text,
        },
        Field {
            name: "socialIdentitySourceType",
            kind: Kind::Text,
        },
    ],
    relations: &[],
    order: &[],
};

/// The identity sources of a connected organisation.
pub static IDENTITY_SOURCES: Relation = inside(
    "identity_sources",
    &IDENTITY_SOURCE,
    "identity_sources",
    &[],
    true,
);

/// The user by whom something was done.
pub static AUDITED_USER: Entity = Entity {
    name: "inside.audited_user",
    fields: &[
        Field {
            name: "id",
            kind: Kind::Id,
        },
        Field {
            name: "displayName",
            kind: Kind::Text,
        },
        Field {
            name: "userPrincipalName",
            kind: Kind::Text,
        },
    ],
    relations: &[],
    order: &[],
};

/// The user of an initiator.
pub static AUDITED_USERS: Relation = inside("user", &AUDITED_USER, "user", &[], false);

/// The application by which something was done.
pub static AUDITED_APP: Entity = Entity {
    name: "inside.audited_app",
    fields: &[
        Field {
            name: "appId",
            kind: Kind::Text,
        },
        Field {
            name: "displayName",
            kind: Kind::Text,
        },
        Field {
            name: "servicePrincipalId",
            kind: Kind::Id,
        },
    ],
    relations: &[],
    order: &[],
};

/// The application of an initiator.
pub static AUDITED_APPS: Relation = inside("app", &AUDITED_APP, "app", &[], false);

/// By whom something was done.
pub static INITIATOR: Entity = Entity {
    name: "inside.initiator",
    fields: &[],
    relations: &[],
    order: &[],
};

/// The initiator of an audit event.
pub static INITIATORS: Relation = inside("initiator", &INITIATOR, "initiated_by", &[], false);

/// What something was done to.
pub static AUDITED_TARGET: Entity = Entity {
    name: "inside.audited_target",
    fields: &[
        Field {
            name: "id",
            kind: Kind::Text,
        },
        Field {
            name: "displayName",
            kind: Kind::Text,
        },
        Field {
            name: "type",
            kind: Kind::Text,
        },
    ],
    relations: &[],
    order: &[],
};

/// The targets of an audit event.
pub static AUDITED_TARGETS: Relation =
    inside("targets", &AUDITED_TARGET, "target_resources", &[], true);

/// One more thing about an audit event.
pub static AUDITED_DETAIL: Entity = Entity {
    name: "inside.audited_detail",
    fields: &[
        Field {
            name: "key",
            kind: Kind::Text,
        },
        Field {
            name: "value",
            kind: Kind::Text,
        },
    ],
    relations: &[],
    order: &[],
};

/// What else is said about an audit event.
pub static AUDITED_DETAILS: Relation =
    inside("details", &AUDITED_DETAIL, "additional_details", &[], true);
