//! The audit trail: every accepted write, and every refused sensitive one, leaves an event in the same transaction
//! (semantics 10.1, AL-4).

pub mod chain;
pub mod modified;
pub mod proof;
pub mod sealing;
pub mod search;

use auth::principal::Kind;
use domain::activity::Activity;
use domain::id::AuditEventId;
use serde_json::{Value as Json, json};
use store::audit_event::AuditEvent;
use store::directory::object;
use store::{Error, WriteTx};

use self::modified::Audited;
use crate::ctx::{Actor, Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

/// What happened to which object.
#[derive(Debug, Clone)]
pub struct Event {
    /// The activity, by its published name.
    pub activity: Activity,
    /// The type of the object, such as `AccessPackage`.
    pub object_type: &'static str,
    /// The object's id.
    pub object_id: String,
    /// The object's name.
    pub object_name: Option<String>,
    /// Why it did not come to pass; `None` if it did.
    pub failure: Option<String>,
    /// More, as pairs.
    pub details: Vec<(String, String)>,
    /// The properties that changed, as the log shows them.
    pub modified: Vec<Json>,
}

/// An event of something that came to pass.
pub fn success(
    activity: Activity,
    object_type: &'static str,
    object_id: impl ToString,
    object_name: Option<String>,
) -> Event {
    Event {
        activity,
        object_type,
        object_id: object_id.to_string(),
        object_name,
        failure: None,
        details: Vec::new(),
        modified: Vec::new(),
    }
}

impl Event {
    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.details.push((key.to_owned(), value.to_string()));
        self
    }

    /// The same with what differs between two states of the object.
    #[must_use]
    pub fn changing(mut self, before: Option<&dyn Audited>, after: Option<&dyn Audited>) -> Self {
        self.modified = modified::differences(before, after);
        self
    }

    /// The same of something that did not come to pass.
    #[must_use]
    pub fn failed(mut self, reason: impl ToString) -> Self {
        self.failure = Some(reason.to_string());
        self
    }
}

/// Writes the event beside what it is about.
pub fn record(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx, event: Event) -> Result<(), Error> {
    let initiated_by = initiated_by(tx, &ctx.actor)?.to_string();
    let row = row(moment, event, initiated_by, ctx.request_id.to_string());
    store::audit_event::insert(tx, &row)
}

/// Writes many events of one call.
pub(crate) fn record_by(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    events: Vec<Event>,
) -> Result<(), Error> {
    let by = initiated_by(tx, &ctx.actor)?.to_string();
    record_all(tx, moment, &by, &ctx.request_id.to_string(), events)
}

/// Writes many events of one call, whose caller is known already.
pub(crate) fn record_all(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    initiated_by: &str,
    correlation_id: &str,
    events: Vec<Event>,
) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<AuditEvent> = events
        .into_iter()
        .map(|event| {
            row(
                moment,
                event,
                initiated_by.to_owned(),
                correlation_id.to_owned(),
            )
        })
        .collect();
    store::audit_event::insert_all(tx, &rows)
}

/// Events of several calls, to be written at once. Who caused them is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Events {
    rows: Vec<AuditEvent>,
    callers: Vec<(Actor, String)>,
}

impl Events {
    /// Adds the events of one call.
    pub(crate) fn add(
        &mut self,
        tx: &mut WriteTx<'_>,
        moment: &Moment,
        ctx: &Ctx,
        events: Vec<Event>,
    ) -> Result<(), Error> {
        let known = self.callers.iter().find(|(actor, _)| actor.is(&ctx.actor));
        let initiated_by = if let Some((_, initiated_by)) = known {
            initiated_by.clone()
        } else {
            let initiated_by = initiated_by(tx, &ctx.actor)?.to_string();
            let caller = (ctx.actor.clone(), initiated_by.clone());
            self.callers.push(caller);
            initiated_by
        };
        let correlation_id = ctx.request_id.to_string();
        let rows = events
            .into_iter()
            .map(|event| row(moment, event, initiated_by.clone(), correlation_id.clone()));
        self.rows.extend(rows);
        Ok(())
    }

    /// Writes them.
    pub(crate) fn store(self, tx: &mut WriteTx<'_>) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        store::audit_event::insert_all(tx, &self.rows)
    }
}

/// The list of the objects of an event, of which there is one: written as it is, for there are many events.
fn shown(event: &Event) -> String {
    let name = event.object_name.as_deref().map_or(Json::Null, Json::from);
    format!(
        r#"[{{"id":{},"displayName":{name},"type":{},"modifiedProperties":{}}}]"#,
        Json::from(event.object_id.as_str()),
        Json::from(event.object_type),
        Json::from(event.modified.as_slice()),
    )
}

fn row(moment: &Moment, event: Event, initiated_by: String, correlation_id: String) -> AuditEvent {
    let additional_details = if event.details.is_empty() {
        "[]".to_owned()
    } else {
        let details = event.details.iter();
        let details = details.map(|(key, value)| json!({ "key": key, "value": value }));
        Json::Array(details.collect()).to_string()
    };
    let target_resources = shown(&event);
    AuditEvent {
        id: moment.id(AuditEventId::new),
        happened_at: moment.now,
        activity: event.activity,
        succeeded: event.failure.is_none(),
        result_reason: event.failure,
        initiated_by,
        target_resources,
        additional_details,
        correlation_id,
        object_id: Some(event.object_id),
    }
}

/// Who caused it, in the shape of the audit log, by the names of that moment.
pub(crate) fn initiated_by(tx: &mut WriteTx<'_>, actor: &Actor) -> Result<Json, Error> {
    let Actor::Caller(caller) = actor else {
        return Ok(json!({ "app": { "displayName": "Reeve" }, "user": null }));
    };
    match &caller.principal.kind {
        Kind::Delegated { user, .. } => {
            let known = object::find(tx, *user)?;
            let (name, sign_in_name) = known.map_or((None, None), |known| {
                (known.display_name, known.user_principal_name)
            });
            Ok(json!({
                "user": {
                    "id": user.to_string(),
                    "displayName": name,
                    "userPrincipalName": sign_in_name,
                },
                "app": null,
            }))
        }
        Kind::Application { object, client_id } => {
            let name = object::find(tx, *object)?.and_then(|known| known.display_name);
            Ok(json!({
                "app": {
                    "appId": client_id,
                    "displayName": name,
                    "servicePrincipalId": object.to_string(),
                },
                "user": null,
            }))
        }
    }
}

/// Writes that a sensitive call was refused (AL-4). What the caller may not know, or what is our own fault, is not an
/// event of the object.
pub async fn refusal(
    service: &Service,
    ctx: &Ctx,
    event: Event,
    error: &ServiceError,
) -> Result<(), ServiceError> {
    let ServiceError::Refused { code, message, .. } = error else {
        return Ok(());
    };
    if matches!(code, Code::ResourceNotFound | Code::BadRequest) {
        return Ok(());
    }
    let event = event.failed(format!("{}: {message}", code.name()));
    let (moment, ctx) = (service.moment(), ctx.clone());
    let recorded = service
        .store
        .write(move |tx| record(tx, &moment, &ctx, event.clone()))
        .await;
    recorded.map_err(ServiceError::from)
}
