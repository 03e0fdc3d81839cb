//! Where a thing differs from what a file says of it. What the file does not say may be anything.

use serde_json::Value;

use super::Members;

/// The longest value that is told whole.
const LONGEST: usize = 100;

/// The members that differ: what is there, and what the file says.
pub(super) fn differences(said: &Members, now: &Value) -> Vec<(String, String)> {
    said.iter()
        .filter(|(name, said)| !is_as_said(said, now.get(name.as_str()).unwrap_or(&Value::Null)))
        .map(|(name, said)| {
            let now = now.get(name).unwrap_or(&Value::Null);
            (name.clone(), told(name, said, now))
        })
        .collect()
}

/// The innermost place that differs.
fn told(place: &str, said: &Value, now: &Value) -> String {
    let inner = match (said, now) {
        (Value::Object(said), Value::Object(now)) => said.iter().find_map(|(name, said)| {
            let now = now.get(name).unwrap_or(&Value::Null);
            let differs = !is_member_as_said(name, said, now);
            differs.then(|| told(&format!("{place}/{name}"), said, now))
        }),
        (Value::Array(said), Value::Array(now)) if said.len() == now.len() => {
            let mut pairs = said.iter().zip(now).enumerate();
            let differing = pairs.find(|(_, (said, now))| !is_as_said(said, now));
            differing.map(|(at, (said, now))| told(&format!("{place}/{at}"), said, now))
        }
        _ => None,
    };
    inner.unwrap_or_else(|| format!("{place} is {}, not {}", short(now), short(said)))
}

/// A value in a line.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Whether something is as a file says. Nothing, an empty list and an absent member are one.
fn is_as_said(said: &Value, now: &Value) -> bool {
    match (said, now) {
        (Value::Object(said), Value::Object(_)) => said.iter().all(|(name, said)| {
            is_member_as_said(name, said, now.get(name).unwrap_or(&Value::Null))
        }),
        (Value::Array(said), Value::Array(now)) => are_alike(said, now),
        (Value::String(said), Value::String(now)) => is_one_text(said, now),
        _ => said == now || (is_nothing(said) && is_nothing(now)),
    }
}

fn is_member_as_said(name: &str, said: &Value, now: &Value) -> bool {
    if name == "@odata.type" {
        is_one_type(said, now)
    } else {
        is_as_said(said, now)
    }
}

/// Lists in the same order, or in any.
fn are_alike(said: &[Value], now: &[Value]) -> bool {
    if said.len() != now.len() {
        return false;
    }
    let mut left: Vec<&Value> = now.iter().collect();
    said.iter().all(|said| {
        let found = left.iter().position(|now| is_as_said(said, now));
        found.map(|at| left.remove(at)).is_some()
    })
}

/// Graph may leave out the type that is the only one there.
fn is_one_type(said: &Value, now: &Value) -> bool {
    let bare = |value: &Value| {
        value
            .as_str()
            .map(|name| name.trim_start_matches('#').to_owned())
    };
    now.is_null() || bare(said) == bare(now)
}

/// Moments, lengths of time and ids are written in more than one way.
fn is_one_text(said: &str, now: &str) -> bool {
    if said == now {
        return true;
    }
    let moments = (
        domain::time::Timestamp::parse(said),
        domain::time::Timestamp::parse(now),
    );
    if let (Ok(said), Ok(now)) = moments {
        return said == now;
    }
    let lengths = (
        domain::time::Duration::parse(said),
        domain::time::Duration::parse(now),
    );
    if let (Ok(said), Ok(now)) = lengths {
        return said == now;
    }
    let ids = (
        said.parse::<domain::id::ObjectId>(),
        now.parse::<domain::id::ObjectId>(),
    );
    matches!(ids, (Ok(said), Ok(now)) if said == now)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        // No text, and no time.
        Value::String(text) => text.is_empty() || text == "PT0S",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(said: &Value, now: &Value) -> Vec<String> {
        let said = said.as_object().unwrap();
        let found = differences(said, now).into_iter();
        found.map(|(name, _)| name).collect()
    }

    #[test]
    fn what_a_file_says_is_held_against_what_is_there_and_nothing_else() {
        let now = json!({
            "id": "1", "a": "x", "none": null, "at": "2026-01-01T00:00:00Z",
            "list": [{ "@odata.type": "#t", "n": 1, "more": 2 }, { "n": 2 }],
        });

        for same in [
            json!({}),
            json!({ "a": "x", "none": [], "absent": null }),
            json!({ "none": "PT0S", "absent": "" }),
            json!({ "at": "2026-01-01T00:00:00.0000000Z" }),
            json!({ "list": [{ "n": 2 }, { "@odata.type": "t", "n": 1 }] }),
        ] {
            assert_eq!(names(&same, &now), [""; 0], "{same}");
        }
        for (other, name) in [
            (json!({ "a": "X" }), "a"),
            (json!({ "none": "y" }), "none"),
            (json!({ "list": [{ "n": 1 }] }), "list"),
            (json!({ "list": [{ "n": 2 }, { "n": 2 }] }), "list"),
            (
                json!({ "list": [{ "@odata.type": "#u", "n": 1 }, { "n": 2 }] }),
                "list",
            ),
            (json!({ "at": "2026-01-02T00:00:00Z" }), "at"),
        ] {
            assert_eq!(names(&other, &now), [name], "{other}");
        }
        let other = json!({ "list": [{ "n": 1, "more": 3 }, { "n": 2 }] });
        let found = differences(other.as_object().unwrap(), &now);
        assert_eq!(found[0].1, "list/0/more is 2, not 3");
    }
}
