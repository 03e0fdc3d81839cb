//! Reading JSON documents that columns hold.
//!
//! A list is stored as a bare array or as `{"v":1,"items":[…]}`, an object with its members beside `"v"`.

use odata::json::JsonWriter;
use serde::Deserialize;
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

/// The schedules that nearly all rows have: no recurrence, and texts without escapes, which are taken as they stand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainSchedule<'s> {
    #[serde(borrow)]
    start_date_time: Option<&'s str>,
    /// Nothing but null can be read here.
    recurrence: Option<()>,
    #[serde(borrow)]
    expiration: Option<PlainExpiration<'s>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainExpiration<'s> {
    end_date_time: Option<&'s str>,
    duration: Option<&'s str>,
    #[serde(rename = "type")]
    kind: Option<&'s str>,
}

/// Prints what [`schedule`] makes of a stored text; for plain ones without making it.
pub(crate) fn print_schedule(stored: &str, out: &mut JsonWriter) {
    let plain = serde_json::from_str(stored).ok();
    let Some(PlainSchedule {
        start_date_time,
        recurrence: None,
        expiration,
    }) = plain.filter(|_| stored.starts_with('{'))
    else {
        let document = serde_json::from_str(stored).unwrap_or(Json::Null);
        out.value(&schedule(&document));
        return;
    };
    out.begin_object();
    text_member(out, r#""startDateTime":"#, start_date_time);
    out.encoded_key(r#""recurrence":"#).null();
    out.encoded_key(r#""expiration":"#);
    match expiration {
        Some(pattern) => {
            out.begin_object();
            text_member(out, r#""endDateTime":"#, pattern.end_date_time);
            text_member(out, r#""duration":"#, pattern.duration);
            text_member(out, r#""type":"#, pattern.kind);
            out.end_object();
        }
        None => {
            out.null();
        }
    }
    out.end_object();
}

fn text_member(out: &mut JsonWriter, key: &str, text: Option<&str>) {
    out.encoded_key(key);
    match text {
        Some(text) => out.str(text),
        None => out.null(),
    };
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
    fn a_schedule_is_printed_as_it_is_made() {
        for stored in [
            r#"{"v":1,"startDateTime":"2026-01-02T03:04:05Z","expiration":{"type":"noExpiration"}}"#,
            r#"{"expiration":{"duration":"P30D","type":"afterDuration","more":[1]},"startDateTime":null}"#,
            r#"{"startDateTime":"2026","recurrence":{"pattern":{"type":"weekly"}},"expiration":null}"#,
            r#"{"startDateTime":"a\u0022b","expiration":{"endDateTime":"x\\y"}}"#,
            r#"{"startDateTime":7,"expiration":[]}"#,
            r#"{"expiration":"never"}"#,
            r#"["2026-01-02T03:04:05Z",null,{}]"#,
            "{}",
            "null",
            "",
            "{",
        ] {
            let mut out = JsonWriter::new();
            print_schedule(stored, &mut out);

            let document = serde_json::from_str(stored).unwrap_or(Json::Null);
            assert_eq!(out.into_text(), schedule(&document).to_string(), "{stored}");
        }
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
