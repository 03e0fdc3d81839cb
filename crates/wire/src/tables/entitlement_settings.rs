//! `entitlementManagementSettings`.

use domain::model;
use domain::time::Duration;
use serde_json::Value as Json;

use crate::table::{Edm, Read, Row, Type, both, id, only_beta, only_v1};
use crate::words;

/// The settings of the tenant: one object.
pub static ENTITLEMENT_SETTINGS: Type = Type {
    entity: &model::ENTITLEMENT_SETTINGS,
    v1: Some("entitlementManagementSettings"),
    beta: Some("entitlementManagementSettings"),
    properties: &[
        id(),
        both(
            "externalUserLifecycleAction",
            Edm::Word(&words::EXTERNAL_USER_LIFECYCLE_ACTION),
            Read::Column("external_user_lifecycle_action"),
        ),
        only_v1(
            "durationUntilExternalUserDeletedAfterBlocked",
            Edm::Duration,
            Read::Column("external_user_deleted_after"),
        ),
        only_beta(
            "daysUntilExternalUserDeletedAfterBlocked",
            Edm::Int32,
            Read::Computed {
                columns: &["external_user_deleted_after"],
                related: None,
                value: days,
            },
        ),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};

/// The length of time as the number of days that it is stored to be.
fn days(row: &Row<'_>) -> Json {
    let stored = row.columns.first().and_then(|value| value.as_int());
    stored.map_or(Json::Null, |micros| {
        Json::from(micros / Duration::from_days(1).micros())
    })
}
