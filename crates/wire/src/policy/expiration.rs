//! How long an assignment lasts: `expiration` in v1.0, `durationInDays` and `expirationDateTime` in beta.

use domain::time::Duration;
use serde_json::{Value as Json, json};

use crate::body::{InvalidField, Node};
use crate::document;
use crate::version::Version;
use crate::words::EXPIRATION_TYPE;

const DAY: i64 = 86_400_000_000;

/// Reads the expiration; what beta writes back as it read it keeps its stored form.
pub(super) fn read(
    version: Version,
    root: &Node<'_>,
    stored: Option<&Json>,
) -> Result<Json, InvalidField> {
    let pattern = root.member("expiration");
    if version == Version::V1 || !pattern.is_null() {
        return read_v1(&pattern);
    }
    let days_node = root.member("durationInDays");
    let days = days_node.int()?.unwrap_or(0);
    let end = root.member("expirationDateTime").instant()?;
    if let Some(stored) = stored.filter(|stored| !stored.is_null())
        && json!(days) == duration_in_days(stored)
        && json!(end.map(|end| end.to_string())) == end_date_time(stored)
    {
        return Ok(stored.clone());
    }
    if let Some(end) = end {
        return Ok(after_date_time(&end.to_string()));
    }
    match days {
        0 => Ok(json!({"type": "noExpiration", "duration": null, "endDateTime": null})),
        1..=36_500 => Ok(after_duration(Duration::from_days(days))),
        _ => Err(days_node.invalid("must be from 0 to 36500")),
    }
}

fn read_v1(node: &Node<'_>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(json!({"type": "noExpiration", "duration": null, "endDateTime": null}));
    }
    let (type_node, duration_node, end_node) = (
        node.member("type"),
        node.member("duration"),
        node.member("endDateTime"),
    );
    let duration = duration_node.duration()?;
    let end = end_node.instant()?;
    // A body may leave the type out where the other member says it.
    let implied = match (duration, end) {
        (Some(_), None) => "afterDuration",
        (None, Some(_)) => "afterDateTime",
        _ => "notSpecified",
    };
    match type_node.word(&EXPIRATION_TYPE)?.unwrap_or(implied) {
        "afterDuration" => match duration {
            None => Err(duration_node.invalid("is required for `afterDuration`")),
            Some(length) if length.micros() <= 0 => {
                Err(duration_node.invalid("must be longer than nothing"))
            }
            Some(length) => Ok(after_duration(length)),
        },
        "afterDateTime" => end
            .map(|end| after_date_time(&end.to_string()))
            .ok_or_else(|| end_node.invalid("is required for `afterDateTime`")),
        other => Ok(json!({"type": other, "duration": null, "endDateTime": null})),
    }
}

fn after_duration(length: Duration) -> Json {
    json!({"type": "afterDuration", "duration": length.to_string(), "endDateTime": null})
}

fn after_date_time(end: &str) -> Json {
    json!({"type": "afterDateTime", "duration": null, "endDateTime": end})
}

/// As v1.0 shows it.
pub(super) fn to_v1(stored: &Json) -> Json {
    document::expiration(stored)
}

/// Whole days, rounded up; 0 where it does not last for a duration.
pub(super) fn duration_in_days(stored: &Json) -> Json {
    let text = stored.get("duration").and_then(Json::as_str);
    let length = text.and_then(|text| Duration::parse(text).ok());
    json!(length.map_or(0, in_days))
}

/// A length in whole days, rounded up.
pub(super) fn in_days(length: Duration) -> i64 {
    length.micros().saturating_add(DAY - 1).div_euclid(DAY)
}

/// The date, if it ends on one.
pub(super) fn end_date_time(stored: &Json) -> Json {
    stored.get("endDateTime").cloned().unwrap_or_default()
}
