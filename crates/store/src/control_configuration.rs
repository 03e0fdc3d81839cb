//! Control configurations: one row for each kind, made by the schema.

use domain::control_configuration::{ControlKind, InsightLevel};
use domain::id::ControlConfigurationId;
use domain::time::Timestamp;

use crate::column::{opt_instant, opt_string, parsed, word};
use crate::value::{boolean, int, opt_boolean, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, SAVE, SHOWS_APPROVERS];

const FIND: &str = "SELECT id, object_type, is_enabled, is_approval_required, minimum_risk_level, \
    related_people_insight_level, show_approver_details_to_members, created_by, created_at, modified_by, modified_at, \
    version FROM control_configuration WHERE id = $1";
const SAVE: &str = "UPDATE control_configuration SET is_enabled = $3, is_approval_required = $4, \
    minimum_risk_level = $5, related_people_insight_level = $6, show_approver_details_to_members = $7, \
    created_by = $8, created_at = $9, modified_by = $10, modified_at = $11, version = version + 1 \
    WHERE id = $1 AND version = $2";

const SHOWS_APPROVERS: &str = "SELECT show_approver_details_to_members FROM control_configuration \
    WHERE object_type = 'endUserSettings' AND is_enabled = TRUE";

/// A control configuration. What its kind does not have is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlConfiguration {
    /// Its id.
    pub id: ControlConfigurationId,
    /// What it configures.
    pub kind: ControlKind,
    /// Whether it counts.
    pub is_enabled: bool,
    /// Whether risk calls for approval.
    pub is_approval_required: Option<bool>,
    /// The risk from which on it does.
    pub minimum_risk_level: Option<String>,
    /// How much end users learn about what related people have.
    pub related_people_insight_level: Option<InsightLevel>,
    /// Whether members see who approves.
    pub show_approver_details_to_members: Option<bool>,
    /// Who configured it first.
    pub created_by: Option<String>,
    /// When; absent while it is as the schema made it.
    pub created_at: Option<Timestamp>,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// When.
    pub modified_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

/// The configuration of this id.
pub fn find(
    tx: &mut ReadTx<'_>,
    id: ControlConfigurationId,
) -> Result<Option<ControlConfiguration>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(id)])? else {
        return Ok(None);
    };
    let place = "control_configuration.related_people_insight_level";
    let level = match row.opt_text(5)? {
        Some(_) => Some(word(&row, 5, place, InsightLevel::from_name)?),
        None => None,
    };
    Ok(Some(ControlConfiguration {
        id: parsed(&row, 0, "control_configuration.id")?,
        kind: word(
            &row,
            1,
            "control_configuration.object_type",
            ControlKind::from_name,
        )?,
        is_enabled: row.boolean(2)?,
        is_approval_required: row.opt_boolean(3)?,
        minimum_risk_level: opt_string(&row, 4)?,
        related_people_insight_level: level,
        show_approver_details_to_members: row.opt_boolean(6)?,
        created_by: opt_string(&row, 7)?,
        created_at: opt_instant(&row, 8)?,
        modified_by: opt_string(&row, 9)?,
        modified_at: opt_instant(&row, 10)?,
        version: row.int(11)?,
    }))
}

/// Stores a changed configuration, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, changed: &ControlConfiguration) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(changed.id),
            int(changed.version),
            boolean(changed.is_enabled),
            opt_boolean(changed.is_approval_required),
            opt_text(changed.minimum_risk_level.as_ref()),
            opt_text(changed.related_people_insight_level),
            opt_boolean(changed.show_approver_details_to_members),
            opt_text(changed.created_by.as_ref()),
            opt_int(changed.created_at.map(Timestamp::micros)),
            opt_text(changed.modified_by.as_ref()),
            opt_int(changed.modified_at.map(Timestamp::micros)),
        ],
    )
}

/// Whether the tenant shows its members who decided about their requests (AZ-21).
pub fn shows_approvers(tx: &mut ReadTx<'_>) -> Result<bool, Error> {
    let shown = match tx.query_opt(SHOWS_APPROVERS, &[])? {
        Some(row) => row.opt_boolean(0)?,
        None => None,
    };
    Ok(shown == Some(true))
}
