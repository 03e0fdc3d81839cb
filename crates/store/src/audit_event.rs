//! The audit trail: events are added, never changed (AL-3).

use domain::activity::Activity;
use domain::id::AuditEventId;
use domain::time::Timestamp;

use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[INSERT, INSERT_ALL, INSERT_ALIKE, OF_CALL];

const INSERT: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, operation_type, logged_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const INSERT_ALL: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, operation_type, logged_by) \
    SELECT JSON_OF(e.value) ->> 'a', CAST(JSON_OF(e.value) ->> 'b' AS BIGINT), JSON_OF(e.value) ->> 'c', \
    JSON_OF(e.value) ->> 'd', JSON_OF(e.value) ->> 'e', JSON_OF(e.value) ->> 'f', JSON_OF(e.value) ->> 'g', \
    JSON_OF(e.value) ->> 'h', JSON_OF(e.value) ->> 'i', JSON_OF(e.value) ->> 'j', JSON_OF(e.value) ->> 'k', \
    JSON_OF(e.value) ->> 'l', JSON_OF(e.value) ->> 'm' FROM OBJECTS($1) e";
/// Each text is the event's id (36 characters) and that of the object it is about; all else is the same for all.
const INSERT_ALIKE: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, operation_type, logged_by) \
    SELECT SUBSTR(e.value, 1, 36), CAST($2 AS BIGINT), $3, $4, $5, $6, $7, $8 || SUBSTR(e.value, 37) || $9, $10, $11, \
    SUBSTR(e.value, 37), $12, $13 FROM EACH($1) e";
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
            value::text(result(event)),
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

/// As many events that differ only by the object they are about are written by a statement of their own.
const MANY: usize = 8;
/// So many kinds of them are told apart.
const KINDS: usize = 4;

/// Adds events: those of which there are many alike, and all others, each in one statement.
pub fn insert_all(tx: &mut WriteTx<'_>, events: &[AuditEvent]) -> Result<(), Error> {
    let mut kinds: Vec<(Alike<'_>, Vec<&AuditEvent>)> = Vec::new();
    let mut others: Vec<&AuditEvent> = Vec::new();
    for event in events {
        if let Some((_, many)) = kinds.iter_mut().find(|(alike, _)| alike.holds(event)) {
            many.push(event);
            continue;
        }
        match Alike::of(event).filter(|_| kinds.len() < KINDS) {
            Some(alike) => kinds.push((alike, vec![event])),
            None => others.push(event),
        }
    }
    for (alike, many) in kinds {
        if many.len() < MANY {
            others.extend(many);
        } else {
            alike.insert(tx, &many)?;
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    insert_each(tx, &others)
}

fn insert_each(tx: &mut WriteTx<'_>, events: &[&AuditEvent]) -> Result<(), Error> {
    let rows = events.iter().map(|event| {
        let category = event.activity.category();
        serde_json::json!({
            "a": event.id.to_string(),
            "b": event.happened_at.micros(),
            "c": event.activity.to_string(),
            "d": category.as_str(),
            "e": result(event),
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

const fn result(event: &AuditEvent) -> &'static str {
    if event.succeeded {
        "success"
    } else {
        "failure"
    }
}

/// What events have in common that differ only by their object: the first of them, and what its document says before and
/// after the object's id.
struct Alike<'e> {
    first: &'e AuditEvent,
    before: &'e str,
    after: &'e str,
}

impl<'e> Alike<'e> {
    /// None, if the document does not name the object.
    fn of(first: &'e AuditEvent) -> Option<Self> {
        let object = first.object_id.as_deref().filter(|id| !id.is_empty())?;
        let (before, after) = first.target_resources.split_once(object)?;
        Some(Self {
            first,
            before,
            after,
        })
    }

    /// Whether an event is one of them.
    fn holds(&self, event: &AuditEvent) -> bool {
        let first = self.first;
        let middle = event
            .target_resources
            .strip_prefix(self.before)
            .and_then(|rest| rest.strip_suffix(self.after));
        middle.is_some()
            && middle == event.object_id.as_deref()
            && first.activity == event.activity
            && first.happened_at == event.happened_at
            && first.succeeded == event.succeeded
            && first.correlation_id == event.correlation_id
            && first.initiated_by == event.initiated_by
            && first.additional_details == event.additional_details
            && first.result_reason == event.result_reason
    }

    fn insert(&self, tx: &mut WriteTx<'_>, many: &[&AuditEvent]) -> Result<(), Error> {
        let first = self.first;
        let category = first.activity.category();
        let ids = many.iter().map(|event| {
            let object = event.object_id.as_deref().unwrap_or_default();
            format!("{}{object}", event.id)
        });
        let args = [
            value::list(ids),
            value::int(first.happened_at.micros()),
            value::text(first.activity),
            value::text(category.as_str()),
            value::text(result(first)),
            value::opt_text(first.result_reason.as_ref()),
            value::text(&first.initiated_by),
            value::text(self.before),
            value::text(self.after),
            value::text(&first.additional_details),
            value::text(&first.correlation_id),
            value::text(first.activity.operation()),
            value::text(category.service()),
        ];
        tx.execute(INSERT_ALIKE, &args).map(drop)
    }
}

/// How many events one call left.
pub fn count_of_call(tx: &mut ReadTx<'_>, correlation_id: &str) -> Result<i64, Error> {
    tx.query_one(OF_CALL, &[value::text(correlation_id)])?
        .int(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_chain;
    use crate::engine::tests::on_both;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn id(number: usize) -> String {
        format!("00000000-0000-0000-0000-{number:012x}")
    }

    /// An event about an object.
    fn event(number: usize, activity: Activity, document: String, object: &str) -> AuditEvent {
        AuditEvent {
            id: id(number).parse().unwrap(),
            happened_at: NOW,
            activity,
            succeeded: true,
            result_reason: None,
            initiated_by: r#"{"app":{"displayName":"Ree\"ve"},"user":null}"#.to_owned(),
            target_resources: document,
            additional_details: "[]".to_owned(),
            correlation_id: id(777),
            object_id: Some(object.to_owned()),
        }
    }

    /// Many of two kinds with others between them: one that failed, one whose document does not name its object, one that
    /// is about none, and a single one of its kind.
    fn events() -> Vec<AuditEvent> {
        let document =
            |object: &str| format!(r#"[{{"id":"{object}","displayName":"Ä","type":"Grant"}}]"#);
        let mut events: Vec<AuditEvent> = (0..40)
            .map(|number| {
                let activity = if number % 3 == 0 {
                    Activity::FulfillRequest
                } else {
                    Activity::FulfillResource
                };
                let object = id(1_000 + number);
                event(number, activity, document(&object), &object)
            })
            .collect();
        let object = id(5);
        let mut odd = event(50, Activity::FulfillRequest, document(&object), &object);
        odd.succeeded = false;
        odd.result_reason = Some("it did not".to_owned());
        events.insert(9, odd);
        let elsewhere = event(51, Activity::FulfillRequest, document("x"), &object);
        events.insert(3, elsewhere);
        let mut about_nothing = event(52, Activity::FulfillRequest, document(""), "");
        about_nothing.object_id = None;
        events.insert(0, about_nothing);
        events.push(event(
            53,
            Activity::CreateCatalog,
            document(&object),
            &object,
        ));
        events
    }

    #[test]
    fn al_3_many_events_at_once_are_stored_as_each_by_itself() {
        on_both(|store| {
            store.migrate(NOW).unwrap();
            let stored = || {
                store
                    .read_blocking(|tx| audit_chain::unsealed(tx, 100))
                    .unwrap()
            };
            let each: Result<(), Error> = store.write_blocking(|tx| {
                for event in events() {
                    insert(tx, &event)?;
                }
                Ok(())
            });
            each.unwrap();
            let one_by_one = stored();
            let emptied: Result<u64, Error> =
                store.write_blocking(|tx| tx.execute("DELETE FROM audit_event", &[]));
            emptied.unwrap();

            let statements: Result<u64, Error> = store.write_blocking(|tx| {
                let before = tx.statements();
                insert_all(tx, &events())?;
                Ok(tx.statements() - before)
            });

            assert_eq!(statements.unwrap(), 3, "two kinds, and all others");
            assert_eq!(one_by_one.len(), events().len());
            assert_eq!(stored(), one_by_one);
        });
    }
}
