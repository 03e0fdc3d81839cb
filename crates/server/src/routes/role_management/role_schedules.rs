//! `GET roleSchedules(…)` and `GET roleScheduleInstances(…)`: assignments and eligibilities in one list, of which only
//! assignments exist.

use domain::query::{Kind, Predicate, Value};
use wire::address::Tail;
use wire::table::Type;
use wire::tables;

use super::argument;
use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

/// `GET roleSchedules(…)`
pub(crate) async fn schedules(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let of = &tables::ROLE_ASSIGNMENT_SCHEDULE;
    listed(request, of, "unifiedRoleScheduleBase").await
}

/// `GET roleScheduleInstances(…)`
pub(crate) async fn instances(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let of = &tables::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE;
    listed(request, of, "unifiedRoleScheduleInstanceBase").await
}

/// Each argument that has a value narrows the list.
async fn listed(request: &GraphRequest<'_>, of: &'static Type, base: &str) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    let arguments = [
        ("directoryScopeId", "directory_scope_id"),
        ("appScopeId", "app_scope_id"),
        ("principalId", "principal_id"),
        ("roleDefinitionId", "role_definition_id"),
    ];
    let mut filter = Predicate::True;
    for (name, column) in arguments {
        let wanted = argument::value(request, call, name);
        if let Some((wanted, field)) = wanted.zip(of.entity.field(column)) {
            let value = if field.kind == Kind::Id {
                wanted.to_ascii_lowercase()
            } else {
                wanted
            };
            filter = filter.and(Predicate::equals(field, Value::Text(value)));
        }
    }
    let context = format!("Collection(microsoft.graph.{base})");
    read::derived(request, of, filter, &context, call.count).await
}
