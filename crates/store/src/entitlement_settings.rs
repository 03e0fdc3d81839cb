//! The settings of the tenant: one row, made by the schema.

use domain::tenant_settings::ExternalUserAction;
use domain::time::Duration;

use crate::column::{opt_duration, word};
use crate::value::{int, opt_int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[GET, SAVE];

const GET: &str = "SELECT external_user_lifecycle_action, external_user_deleted_after, version FROM entitlement_settings";
const SAVE: &str = "UPDATE entitlement_settings SET external_user_lifecycle_action = $2, \
    external_user_deleted_after = $3, version = version + 1 WHERE version = $1";

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementSettings {
    /// What happens to a governed guest without access.
    pub external_user_action: ExternalUserAction,
    /// How long after blocking the account goes.
    pub external_user_deleted_after: Option<Duration>,
    /// Counts their changes.
    pub version: i64,
}

/// The settings as they are.
pub fn get(tx: &mut ReadTx<'_>) -> Result<EntitlementSettings, Error> {
    let row = tx.query_one(GET, &[])?;
    Ok(EntitlementSettings {
        external_user_action: word(
            &row,
            0,
            "entitlement_settings.external_user_lifecycle_action",
            ExternalUserAction::from_name,
        )?,
        external_user_deleted_after: opt_duration(&row, 1)?,
        version: row.int(2)?,
    })
}

/// Stores them, if nobody changed them since they were read.
pub fn save(tx: &mut WriteTx<'_>, settings: &EntitlementSettings) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            int(settings.version),
            text(settings.external_user_action),
            opt_int(settings.external_user_deleted_after.map(Duration::micros)),
        ],
    )
}
