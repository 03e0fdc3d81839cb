//! `GET /explain/...`: why Reeve decides as it does. Here: why somebody may do something, or may not.

mod access;
mod approval;
mod request;
mod resource;

use std::str::FromStr;

use auth::principal::Permission;
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use service::explain::authorization::{Basis, Explanation, Operation, Question, Verdict, explain};
use uuid::Uuid;

use super::OwnRequest;
use crate::error::Error;
use crate::graph;
use crate::reply::Reply;

pub(super) use access::access;
pub(super) use approval::approval;
pub(super) use request::request;
pub(super) use resource::resource;

/// What stands for a token without any permission.
const NO_PERMISSION: &str = "none";

/// Explains a decision.
pub(super) async fn authorization(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let name = request
        .parameter("operation")
        .ok_or_else(|| wrong("operation", "name an operation, such as `reprocess`"))?;
    let (operation, of_path) = operation(request, name)?;
    let object = match request.parameter("object") {
        Some(text) => Some(
            Uuid::try_parse(text)
                .map_err(|_| wrong("object", &format!("`{text}` is not a well-formed id")))?,
        ),
        None => of_path,
    };
    let question = Question {
        principal: request.parameter("principal").map(str::to_owned),
        operation,
        object,
        permissions: request
            .parameter("permissions")
            .map(permissions)
            .transpose()?,
    };
    let explanation = explain(request.service(), request.ctx(), question).await?;
    Ok(Reply::json(
        StatusCode::OK,
        &shown(operation, object, &explanation),
    ))
}

/// The operation by its name, or by the call of the Graph API that asks for it; with the object that the call names.
fn operation(request: &OwnRequest<'_>, text: &str) -> Result<(Operation, Option<Uuid>), Error> {
    let Some((method, path)) = text.trim().split_once(' ') else {
        let known = || {
            let names: Vec<String> = Operation::all().map(Operation::name).collect();
            let message = format!(
                "`operation` must be a command of the Graph API, or one of {}",
                names.join(", ")
            );
            wrong("operation", &message)
        };
        return Ok((Operation::from_name(text).ok_or_else(known)?, None));
    };
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
        .map_err(|_| wrong("operation", &format!("`{method}` is not a method")))?;
    let call = graph::asked_by(request.app(), request.ctx(), &method, path.trim())?;
    let operation = call.operation.ok_or_else(|| {
        let message =
            "what this call needs depends on more than its address: name the operation instead";
        wrong("operation", message)
    })?;
    Ok((operation, call.object))
}

fn permissions(text: &str) -> Result<Vec<Permission>, Error> {
    text.split([' ', ','])
        .filter(|name| !name.is_empty() && *name != NO_PERMISSION)
        .map(|name| {
            let unknown = || {
                wrong(
                    "permissions",
                    &format!("`{name}` is not a permission that counts here"),
                )
            };
            Permission::from_name(name).ok_or_else(unknown)
        })
        .collect()
}

/// A parameter that is an id.
fn id<T: FromStr>(request: &OwnRequest<'_>, name: &str) -> Result<Option<T>, Error> {
    let read = |text: &str| {
        let malformed = || wrong(name, &format!("`{text}` is not a well-formed id"));
        text.parse().map_err(|_| malformed())
    };
    request.parameter(name).map(read).transpose()
}

/// A parameter that is an id and has to be there.
fn needed_id<T: FromStr>(request: &OwnRequest<'_>, name: &str) -> Result<T, Error> {
    let missing = || wrong(name, &format!("`{name}` must name one by its id"));
    id(request, name)?.ok_or_else(missing)
}

fn wrong(parameter: &str, message: &str) -> Error {
    Error::bad_parameter(parameter, message.to_owned())
}

fn shown(operation: Operation, object: Option<Uuid>, explanation: &Explanation) -> Json {
    let names =
        |names: &[Permission]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let roles: Vec<&str> = explanation
        .roles
        .iter()
        .map(|role| role.display_name())
        .collect();
    json!({
        "decision": match explanation.verdict {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::NotFound => "notFound",
        },
        "reason": explanation.reason,
        "rule": explanation.rule,
        "operation": operation.name(),
        "principal": {
            "id": explanation.principal.to_string(),
            "type": if explanation.is_application { "servicePrincipal" } else { "user" },
        },
        "object": object.map(|id| json!({
            "id": id.to_string(),
            "type": explanation.kind,
            "catalogId": explanation.catalog.map(|id| id.to_string()),
        })),
        "basis": explanation.basis.as_ref().map(basis),
        "needed": {
            "permissions": names(explanation.permissions),
            "roles": roles,
            "permissionOrRole": explanation.is_application && !roles.is_empty(),
        },
    })
}

fn basis(basis: &Basis) -> Json {
    match basis {
        Basis::Permission => json!({ "type": "permission" }),
        Basis::Own => json!({ "type": "own" }),
        Basis::Role(held) => {
            let through: Vec<Json> = held
                .through
                .iter()
                .map(|group| json!({"id": group.id.to_string(), "displayName": group.display_name}))
                .collect();
            json!({
                "type": "role",
                "role": held.role.display_name(),
                "scope": held.scope.to_string(),
                "roleAssignmentId": held.assignment.map(|id| id.to_string()),
                "throughGroups": through,
                "fromToken": !held.is_recorded,
            })
        }
    }
}
