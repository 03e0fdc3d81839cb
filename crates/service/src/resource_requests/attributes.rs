//! The attributes of a resource, as a request gives them (QA-6).
//!
//! **Invariant:** what is stored can be asked, answered and written.

use auth::roles::Action;
use domain::id::AttributeId;
use domain::policy::check_question;
use domain::resource::{NewResourceRequest, ResourceAttribute, check_attributes};
use serde_json::{Value as Json, json};

use crate::authorize;
use crate::content::flawed;
use crate::ctx::{Ctx, Moment};
use crate::error::{Code, ServiceError};
use crate::policies::check_pattern;

/// The document of a resource without attributes.
pub(super) fn none() -> String {
    json!({"v": 1, "items": []}).to_string()
}

/// The attributes of a request as a document, if it says anything about them. Those without an id get one.
pub(super) fn read(
    wanted: &NewResourceRequest,
    moment: &Moment,
) -> Result<Option<String>, ServiceError> {
    let Some(document) = &wanted.attributes_json else {
        return Ok(None);
    };
    let malformed = || {
        ServiceError::invalid(
            Code::InvalidModel,
            "resource/attributes",
            "`resource/attributes` must be a list of attributes",
        )
    };
    let mut json: Json = serde_json::from_str(document).map_err(|_| malformed())?;
    let items = json
        .get_mut("items")
        .and_then(Json::as_array_mut)
        .ok_or_else(malformed)?;
    let named: Vec<ResourceAttribute> = items
        .iter()
        .map(|item| {
            let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
            ResourceAttribute {
                name: name.to_owned(),
                is_written: is_written(item),
            }
        })
        .collect();
    check_attributes(&named).map_err(flawed)?;
    for (position, item) in items.iter().enumerate() {
        check_source(position, item)?;
    }
    for item in items.iter_mut().filter_map(Json::as_object_mut) {
        if item.get("id").is_none_or(Json::is_null) {
            let id = moment.id(AttributeId::new).to_string();
            item.insert("id".to_owned(), json!(id));
        }
    }
    Ok(Some(json.to_string()))
}

/// Whether the answer goes to a property of the user.
fn is_written(item: &Json) -> bool {
    item.get("destination").is_some_and(Json::is_object)
}

/// A question that is the source of an attribute is one that can be asked.
fn check_source(position: usize, item: &Json) -> Result<(), ServiceError> {
    let asked = item.pointer("/source/question");
    let Some(json) = asked.filter(|question| question.is_object()) else {
        return Ok(());
    };
    let path = format!("resource/attributes/{position}/source/question");
    let question = store::assignment_policy::question(&path, json).map_err(flawed)?;
    check_question(&path, &question).map_err(flawed)?;
    check_pattern(&path, &question)
}

/// Only who governs the whole tenant lets answers write to the directory: a catalog is no way to change what users are
/// elsewhere. What is stored already may be sent again by anybody who may send anything.
pub(super) fn authorize(
    ctx: &Ctx,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), ServiceError> {
    let known = written_in(before);
    if written_in(after).iter().all(|item| known.contains(item)) {
        return Ok(());
    }
    authorize::in_tenant(ctx, Action::ManageSettings)
}

/// The attributes of a document whose answers are written.
fn written_in(document: Option<&str>) -> Vec<Json> {
    let json: Option<Json> = document.and_then(|text| serde_json::from_str(text).ok());
    let items = json.as_ref().and_then(|json| json.get("items")?.as_array());
    let written = items.into_iter().flatten().filter(|item| is_written(item));
    written.cloned().collect()
}
