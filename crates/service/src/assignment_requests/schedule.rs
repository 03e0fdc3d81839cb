//! Schedules as documents: what the wire shows of a request and an assignment.

use domain::time::{Duration, Timestamp};
use serde_json::json;

/// The schedule that a request came to, where it asked for none itself.
pub(crate) fn effective(
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    lasts_for: Option<Duration>,
) -> String {
    let kind = match (ends_at, lasts_for) {
        (Some(_), _) => "afterDateTime",
        (None, Some(_)) => "afterDuration",
        (None, None) => "noExpiration",
    };
    let duration = lasts_for.filter(|_| ends_at.is_none());
    json!({
        "v": 1,
        "startDateTime": starts_at.to_string(),
        "expiration": {
            "type": kind,
            "endDateTime": ends_at.map(|end| end.to_string()),
            "duration": duration.map(|long| long.to_string()),
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_says_more_than_a_length() {
        let start = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        let end = start.plus(Duration::from_days(1));
        let read = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();

        let both = read(effective(start, Some(end), Some(Duration::from_days(2))));
        let length = read(effective(start, None, Some(Duration::from_days(2))));

        assert_eq!(both["expiration"]["type"], "afterDateTime");
        assert_eq!(both["expiration"]["duration"], serde_json::Value::Null);
        assert_eq!(length["expiration"]["duration"], "P2D");
    }
}
