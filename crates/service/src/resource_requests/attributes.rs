//! The attributes of a resource, as a request gives them (QA-6).

use domain::id::AttributeId;
use domain::resource::{NewResourceRequest, ResourceAttribute, check_attributes};
use serde_json::{Value as Json, json};

use crate::content::flawed;
use crate::ctx::Moment;
use crate::error::{Code, ServiceError};

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
            }
        })
        .collect();
    check_attributes(&named).map_err(flawed)?;
    for item in items.iter_mut().filter_map(Json::as_object_mut) {
        if item.get("id").is_none_or(Json::is_null) {
            let id = moment.id(AttributeId::new).to_string();
            item.insert("id".to_owned(), json!(id));
        }
    }
    Ok(Some(json.to_string()))
}
