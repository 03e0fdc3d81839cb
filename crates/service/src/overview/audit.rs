//! The audit log, searched by time, activity, who did something and to what, the newest events first.
//!
//! **Invariant:** nobody but who may read the log is told a name here: of those who did something, and of what it was done to.

use std::collections::{BTreeSet, HashMap};

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::id::AuditEventId;
use domain::model::{self, inside};
use domain::query::{Comparison, Entity, Path, Predicate, Query, TextMatch, Value};
use domain::time::Timestamp;
use serde_json::Value as Json;
use store::ReadTx;

use super::{Part, Place};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::mine::rows::{Row, is_one_of, query};
use crate::reads::{self, scope};

/// Most objects that a name may stand for.
const MOST_NAMED: usize = 100;

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What happened.
    pub activity: Option<Activity>,
    /// Who did it: a user's id, or a part of their name or of what they sign in with.
    pub actor: Option<String>,
    /// What it was done to: an id, or a part of the name of a person, group, catalog, package, policy or resource.
    pub object: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub before: Option<Timestamp>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: AuditEventId,
    /// When it happened.
    pub happened_at: Option<Timestamp>,
    /// What happened.
    pub activity: String,
    /// Its group of activities.
    pub category: String,
    /// Whether it came to pass.
    pub succeeded: bool,
    /// Why not, or what was special.
    pub reason: Option<String>,
    /// Who did it.
    pub actor: String,
    /// Their id.
    pub actor_id: Option<String>,
    /// What it was done to.
    pub object: Option<String>,
    /// The kind of that.
    pub object_type: Option<String>,
    /// Its id.
    pub object_id: Option<String>,
    /// The id of the call.
    pub call: String,
}

/// Events that were searched for, behind a place.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    search: &Search,
    after: Option<Place>,
    limit: u64,
) -> Result<Part<Event>, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::ReadAudit)?;
    let mut wanted = events()?;
    wanted.filter = condition(service, search).await?;
    wanted.after = after.map(Place::values);
    wanted.limit = Some(limit);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let mut rows = Vec::new();
    for record in &found.rows {
        rows.push(event(Row::new(&wanted, record))?);
    }
    let nameless = rows.iter().filter(|event| event.object.is_none());
    let nameless = nameless.filter_map(|event| event.object_id.clone());
    let names = names(service, nameless.collect()).await?;
    for event in &mut rows {
        let id = event.object_id.as_ref();
        let name = id.and_then(|id| names.get(id)).cloned();
        event.object = event.object.take().or(name);
    }
    Ok(Part {
        rows,
        next: found.next.as_deref().and_then(Place::of),
    })
}

/// What has these ids, as it is called today. The log keeps a name only where it was known when it was written.
async fn names(
    service: &Service,
    ids: BTreeSet<String>,
) -> Result<HashMap<String, String>, ServiceError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut queries = Vec::new();
    for entity in NAMED {
        let mut wanted = query(entity, &["id", "display_name"])?;
        wanted.filter = is_one_of(entity, &[], "id", ids.clone())?;
        queries.push(wanted);
    }
    service
        .store
        .read(move |tx| {
            let mut names = HashMap::new();
            for wanted in &queries {
                for record in &store::list::list(tx, wanted)?.rows {
                    let row = Row::new(wanted, record);
                    names.insert(row.string("id"), row.string("display_name"));
                }
            }
            Ok(names)
        })
        .await
}

/// What events are about and is called something.
const NAMED: [&Entity; 6] = [
    &model::USER,
    &model::GROUP,
    &model::SERVICE_PRINCIPAL,
    &model::CATALOG,
    &model::ACCESS_PACKAGE,
    &model::RESOURCE,
];

fn events() -> Result<Query, ServiceError> {
    let fields = [
        "id",
        "happened_at",
        "activity",
        "category",
        "result",
        "result_reason",
        "initiated_by",
        "target_resources",
        "correlation_id",
        "object_id",
    ];
    query(&model::AUDIT_EVENT, &fields)
}

fn event(row: Row<'_>) -> Result<Event, ServiceError> {
    let document = |name: &str| -> Json {
        let text = row.text(name).unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    };
    let (by, targets) = (document("initiated_by"), document("target_resources"));
    let text = |document: &Json, pointer: &str| {
        let text = document.pointer(pointer).and_then(Json::as_str);
        text.map(str::to_owned)
    };
    let actor = [
        "/user/displayName",
        "/user/id",
        "/app/displayName",
        "/app/appId",
    ];
    let actor = actor.iter().find_map(|pointer| text(&by, pointer));
    Ok(Event {
        id: row.parsed("id")?,
        happened_at: row.instant("happened_at"),
        activity: row.string("activity"),
        category: row.string("category"),
        succeeded: row.text("result") == Some("success"),
        reason: row.owned("result_reason").filter(|why| !why.is_empty()),
        actor: actor.unwrap_or_default(),
        actor_id: text(&by, "/user/id").or_else(|| text(&by, "/app/servicePrincipalId")),
        object: text(&targets, "/0/displayName"),
        object_type: text(&targets, "/0/type"),
        object_id: row.owned("object_id"),
        call: row.string("correlation_id"),
    })
}

async fn condition(service: &Service, search: &Search) -> Result<Predicate, ServiceError> {
    let entity = &model::AUDIT_EVENT;
    let own = |name: &str| scope::path(entity, &[], name);
    let mut condition = Predicate::True;
    if let Some(activity) = search.activity {
        condition = condition.and(Predicate::Compare {
            path: own("activity")?,
            comparison: Comparison::Eq,
            value: Value::Text(activity.name().to_owned()),
        });
    }
    if let Some(actor) = &search.actor {
        let people: &[Searched] = &[(&model::USER, "id", &["display_name", "user_principal_name"])];
        let ids = named(service, "actor", actor, people).await?;
        condition = condition.and(one_of(&by_user()?, ids));
    }
    if let Some(object) = &search.object {
        let ids = named(service, "object", object, OBJECTS).await?;
        condition = condition.and(one_of(&own("object_id")?, ids));
    }
    for (at, comparison) in [
        (search.from, Comparison::Ge),
        (search.before, Comparison::Lt),
    ] {
        let Some(at) = at else { continue };
        condition = condition.and(Predicate::Compare {
            path: own("happened_at")?,
            comparison,
            value: Value::Int(at.micros()),
        });
    }
    Ok(condition)
}

/// The id of the user who did it.
fn by_user() -> Result<Path, ServiceError> {
    let field = inside::AUDITED_USER.field("id");
    let field = field.ok_or_else(|| ServiceError::Internal("no user of an initiator".into()))?;
    Ok(Path {
        hops: vec![&inside::INITIATORS, &inside::AUDITED_USERS],
        field,
    })
}

/// One of these; a single one is asked for as such, so that its rows come in the order of the index.
fn one_of(path: &Path, mut ids: Vec<String>) -> Predicate {
    match (ids.len(), ids.pop()) {
        (1, Some(id)) => Predicate::Compare {
            path: path.clone(),
            comparison: Comparison::Eq,
            value: Value::Text(id),
        },
        (_, None) => Predicate::False,
        (_, Some(last)) => {
            ids.push(last);
            Predicate::In {
                path: path.clone(),
                values: ids.into_iter().map(Value::Text).collect(),
            }
        }
    }
}

/// An entity that is searched, the column with what the log calls it, and those with its names.
type Searched = (&'static Entity, &'static str, &'static [&'static str]);

const OBJECTS: &[Searched] = &[
    (&model::USER, "id", &["display_name", "user_principal_name"]),
    (&model::GROUP, "id", &["display_name"]),
    (&model::CATALOG, "id", &["display_name"]),
    (&model::ACCESS_PACKAGE, "id", &["display_name"]),
    (&model::ASSIGNMENT_POLICY, "id", &["display_name"]),
    (&model::RESOURCE, "id", &["display_name"]),
];

/// The ids of what has such a name; an id stands for itself.
async fn named(
    service: &Service,
    field: &'static str,
    text: &str,
    searched: &[Searched],
) -> Result<Vec<String>, ServiceError> {
    if let Ok(id) = uuid::Uuid::try_parse(text) {
        return Ok(vec![id.hyphenated().to_string()]);
    }
    let mut queries = Vec::new();
    for (entity, key, names) in searched {
        let mut wanted = query(entity, &[key])?;
        wanted.filter = Predicate::False;
        for name in *names {
            wanted.filter = wanted.filter.or(Predicate::Text {
                path: scope::path(entity, &[], name)?,
                matching: TextMatch::Contains,
                text: text.to_owned(),
            });
        }
        wanted.limit = Some(MOST_NAMED as u64);
        queries.push((wanted, *key));
    }
    let ids = service
        .store
        .read(
            move |tx: &mut ReadTx<'_>| -> Result<Vec<String>, store::Error> {
                let mut ids = Vec::new();
                for (wanted, key) in &queries {
                    let found = store::list::list(tx, wanted)?;
                    let rows = found.rows.iter();
                    ids.extend(rows.map(|row| Row::new(wanted, row).string(key)));
                    if found.next.is_some() || ids.len() > MOST_NAMED {
                        ids.truncate(MOST_NAMED);
                        // One more than are taken tells that there are too many.
                        ids.push(String::new());
                        break;
                    }
                }
                Ok(ids)
            },
        )
        .await?;
    if ids.len() > MOST_NAMED {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            field,
            format!("more than {MOST_NAMED} have such a name; write more of it"),
        ));
    }
    Ok(ids)
}
