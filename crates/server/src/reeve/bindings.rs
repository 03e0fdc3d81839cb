//! `GET /bindings`, and `GET`, `PUT` and `DELETE /bindings/{objectId}`

use domain::id::ObjectId;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::directory::bindings::{self, TargetBinding};

use super::{OwnRequest, targets};
use crate::error::Error;
use crate::reply::Reply;

/// Lists what is bound to a target.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let bindings = bindings::list(request.service(), request.ctx()).await?;
    let value: Vec<Json> = bindings.iter().map(shown).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": value })))
}

/// Tells one binding.
pub(super) async fn get(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let object = request.id("objectId")?;
    let binding = bindings::get(request.service(), request.ctx(), object).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&binding)))
}

/// Binds a group or application to a target.
pub(super) async fn set(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let object_id: ObjectId = request.id("objectId")?;
    service::targets::may_switch(request.ctx())?;
    let body = request.json()?;
    let name = text(&body, "target")?.ok_or_else(|| wrong("target"))?;
    let binding = TargetBinding {
        object_id,
        target: targets::known(request, &name)?.to_owned(),
        address: text(&body, "address")?,
    };
    bindings::set(request.service(), request.ctx(), binding.clone()).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&binding)))
}

/// Unbinds it.
pub(super) async fn clear(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let object = request.id("objectId")?;
    bindings::clear(request.service(), request.ctx(), object).await?;
    Ok(Reply::no_content())
}

fn shown(binding: &TargetBinding) -> Json {
    json!({
        "objectId": binding.object_id.to_string(),
        "target": binding.target,
        "address": binding.address,
    })
}

fn text(body: &Json, name: &str) -> Result<Option<String>, Error> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name)),
    }
}

fn wrong(name: &str) -> Error {
    Error::InvalidModel {
        target: name.to_owned(),
        message: format!("`{name}` must be a text that is not empty"),
    }
}
