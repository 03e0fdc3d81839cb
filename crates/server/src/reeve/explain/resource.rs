//! `GET /explain/resource`: which packages give a resource, and who has it.

use domain::id::ObjectId;
use domain::query::Value;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::explain::resource::{Explanation, Line, Package, Source, explain};

use super::{OwnRequest, wrong};
use crate::error::Error;
use crate::reply::Reply;

/// Explains it.
pub(crate) async fn resource(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let named = request
        .parameter("object")
        .map(str::trim)
        .unwrap_or_default();
    if named.is_empty() {
        let message = "name a group, an application or a resource of a catalog by its id";
        return Err(wrong("object", message));
    }
    let (after, top) = (position(request)?, request.top()?);
    let explanation = explain(
        request.service(),
        request.ctx(),
        named.to_owned(),
        after,
        top,
    )
    .await?;
    let mut body = shown(&explanation);
    if let (Some(next), Some(members)) = (explanation.next, body.as_object_mut()) {
        let link = request.next_link(&[Value::Text(next.to_string())]);
        members.insert("nextLink".to_owned(), json!(link));
    }
    Ok(Reply::json(StatusCode::OK, &body))
}

fn position(request: &OwnRequest<'_>) -> Result<Option<ObjectId>, Error> {
    let Some(position) = request.after()? else {
        return Ok(None);
    };
    match position.as_slice() {
        [Value::Text(id)] if id.parse::<ObjectId>().is_ok() => Ok(id.parse().ok()),
        _ => Err(Error::bad_parameter(
            "after",
            "`after` is not from a `nextLink` of this address",
        )),
    }
}

fn shown(explanation: &Explanation) -> Json {
    json!({
        "resource": explanation.origin,
        "accessPackages": explanation.packages.iter().map(package).collect::<Vec<Json>>(),
        "hasMoreAccessPackages": explanation.has_more_packages,
        "value": explanation.lines.iter().map(line).collect::<Vec<Json>>(),
    })
}

fn package(one: &Package) -> Json {
    let policies = one
        .policies
        .iter()
        .map(|policy| json!({"id": policy.id, "displayName": policy.display_name}));
    json!({
        "id": one.id,
        "displayName": one.display_name,
        "liveAssignments": one.assignments,
        "policies": policies.collect::<Vec<Json>>(),
    })
}

fn line(one: &Line) -> Json {
    json!({
        "id": one.holder.to_string(),
        "type": one.kind,
        "displayName": one.display_name,
        "source": match one.source {
            Source::Reeve => "reeve",
            Source::Otherwise => "otherwise",
            Source::Both => "both",
            Source::Nothing => "nothing",
        },
        "inDirectory": one.in_directory,
        "desired": one.is_desired,
        "observed": one.observed,
        "assignments": one.assignments,
    })
}
