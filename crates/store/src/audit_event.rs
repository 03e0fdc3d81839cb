//! The audit trail: events are added, never changed (AL-3).

use domain::activity::Activity;
use domain::id::AuditEventId;
use domain::time::Timestamp;

use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[INSERT, INSERT_ALL, OF_CALL];

const INSERT: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, operation_type, logged_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const INSERT_ALL: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, operation_type, logged_by) \
    SELECT JSON_OF(e.value) ->> 'a', CAST(JSON_OF(e.value) ->> 'b' AS BIGINT), JSON_OF(e.value) ->> 'c', \
    JSON_OF(e.value) ->> 'd', JSON_OF(e.value) ->> 'e', JSON_OF(e.value) ->> 'f', JSON_OF(e.value) ->> 'g', \
    JSON_OF(e.value) ->> 'h', JSON_OF(e.value) ->> 'i', JSON_OF(e.value) ->> 'j', JSON_OF(e.value) ->> 'k', \
    JSON_OF(e.value) ->> 'l', JSON_OF(e.value) ->> 'm' FROM OBJECTS($1) e";
const OF_CALL: &str = "SELECT COUNT(*) FROM audit_event WHERE LOWER(correlation_id) = LOWER($1)";

/// One event.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What happened (semantics 10.1).
    pub activity: Activity,
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
    let category = event.activity.category();
    tx.execute_one(
        INSERT,
        &[
            value::text(event.id),
            value::int(event.happened_at.micros()),
            value::text(event.activity),
            value::text(category.as_str()),
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
            value::text(event.activity.operation()),
            value::text(category.service()),
        ],
    )
}

/// Adds events, all in one statement.
pub fn insert_all(tx: &mut WriteTx<'_>, events: &[AuditEvent]) -> Result<(), Error> {
    let rows = events.iter().map(|event| {
        let category = event.activity.category();
        serde_json::json!({
            "a": event.id.to_string(),
            "b": event.happened_at.micros(),
            "c": event.activity.to_string(),
            "d": category.as_str(),
            "e": if event.succeeded { "success" } else { "failure" },
            "f": event.result_reason,
            "g": event.initiated_by,
            "h": event.target_resources,
            "i": event.additional_details,
            "j": event.correlation_id,
            "k": event.object_id,
            "l": event.activity.operation(),
            "m": category.service(),
        })
    });
    tx.execute(INSERT_ALL, &[value::objects(rows)]).map(drop)
}

/// How many events one call left.
pub fn count_of_call(tx: &mut ReadTx<'_>, correlation_id: &str) -> Result<i64, Error> {
    tx.query_one(OF_CALL, &[value::text(correlation_id)])?
        .int(0)
}
