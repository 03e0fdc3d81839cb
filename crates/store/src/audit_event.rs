//! The audit trail: events are added, never changed (AL-3).

use domain::id::AuditEventId;
use domain::time::Timestamp;

use crate::value;
use crate::{Error, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

const INSERT: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id) \
    VALUES ($1, $2, $3, 'EntitlementManagement', $4, $5, $6, $7, $8, $9, $10)";

/// One event.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What happened (semantics 10.1).
    pub activity: &'static str,
    /// Whether it came to pass.
    pub succeeded: bool,
    /// Why it did not, or what was special.
    pub result_reason: Option<String>,
    /// Who caused it, as a document.
    pub initiated_by: String,
    /// What it is about, as a document.
    pub target_resources: String,
    /// More, as a document.
    pub additional_details: String,
    /// The id of the call.
    pub correlation_id: String,
    /// The id of the object it is about.
    pub object_id: Option<String>,
}

/// Adds an event.
pub fn insert(tx: &mut WriteTx<'_>, event: &AuditEvent) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            value::text(event.id),
            value::int(event.happened_at.micros()),
            value::text(event.activity),
            value::text(if event.succeeded {
                "success"
            } else {
                "failure"
            }),
            value::opt_text(event.result_reason.as_ref()),
            value::text(&event.initiated_by),
            value::text(&event.target_resources),
            value::text(&event.additional_details),
            value::text(&event.correlation_id),
            value::opt_text(event.object_id.as_ref()),
        ],
    )
}
