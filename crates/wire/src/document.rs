//! Reading JSON documents that columns hold.
//!
//! A list is stored as a bare array or as `{"v":1,"items":[…]}`, an object with its members beside `"v"`.

use serde_json::{Map, Value as Json};

/// The items of a stored list; none where there is no list.
pub(crate) fn items(document: Json) -> Vec<Json> {
    match document {
        Json::Array(items) => items,
        Json::Object(mut members) => members.remove("items").map(items).unwrap_or_default(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    }
}

/// The members of a stored object, without the number of its shape.
pub(crate) fn members(document: Json) -> Json {
    let mut document = document;
    if let Some(members) = document.as_object_mut() {
        members.shift_remove("v");
    }
    document
}

/// A schedule with every member that the schema names, in both versions alike.
pub(crate) fn schedule(document: &Json) -> Json {
    if !document.is_object() {
        return Json::Null;
    }
    let mut schedule = Map::new();
    for name in ["startDateTime", "recurrence"] {
        schedule.insert(
            name.to_owned(),
            document.get(name).cloned().unwrap_or_default(),
        );
    }
    let pattern = document.get("expiration").map_or(Json::Null, expiration);
    schedule.insert("expiration".to_owned(), pattern);
    Json::Object(schedule)
}

/// An expiration with every member that the schema names.
pub(crate) fn expiration(document: &Json) -> Json {
    if !document.is_object() {
        return Json::Null;
    }
    let mut pattern = Map::new();
    for name in ["endDateTime", "duration", "type"] {
        pattern.insert(
            name.to_owned(),
            document.get(name).cloned().unwrap_or_default(),
        );
    }
    Json::Object(pattern)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_of_a_list_are_read() {
        assert_eq!(items(json!(["Unified"])), [json!("Unified")]);
        assert_eq!(
            items(json!({"v": 1, "items": [1, 2]})),
            [json!(1), json!(2)]
        );
        assert_eq!(items(Json::Null), Vec::<Json>::new());
    }

    #[test]
    fn a_schedule_names_all_its_members() {
        let stored = json!({"v": 1, "startDateTime": "2026-01-02T03:04:05Z",
            "expiration": {"type": "afterDuration", "duration": "P30D"}});

        let shown = schedule(&stored);

        assert_eq!(
            shown,
            json!({"startDateTime": "2026-01-02T03:04:05Z", "recurrence": null,
                "expiration": {"endDateTime": null, "duration": "P30D", "type": "afterDuration"}})
        );
    }
}
