//! The few filters and paths that a provisioning client sends: `a eq "x"` joined by `or`, and `members[value eq "x"]`.

use serde_json::Value;

/// One comparison with `eq`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Equals {
    pub(super) attribute: String,
    pub(super) value: String,
}

impl Equals {
    pub(super) fn holds_for(&self, resource: &Value) -> bool {
        let Some(found) = resource.get(&self.attribute).and_then(Value::as_str) else {
            return false;
        };
        // RFC 7643: userName and displayName ignore case, id and externalId do not.
        if matches!(self.attribute.as_str(), "id" | "externalId") {
            found == self.value
        } else {
            found.eq_ignore_ascii_case(&self.value)
        }
    }
}

/// The comparisons of which one has to hold; `None` if the text is anything else.
pub(super) fn any_of(filter: &str) -> Option<Vec<Equals>> {
    let mut rest = filter;
    let mut found = Vec::new();
    loop {
        let (equals, after) = one(rest.trim_start())?;
        found.push(equals);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(found);
        }
        rest = after.strip_prefix("or ")?;
    }
}

/// The member id of `members[value eq "id"]`.
pub(super) fn member_of_path(path: &str) -> Option<String> {
    let inner = path.strip_prefix("members[")?.strip_suffix(']')?;
    let (equals, rest) = one(inner)?;
    (equals.attribute == "value" && rest.is_empty()).then_some(equals.value)
}

fn one(text: &str) -> Option<(Equals, &str)> {
    let (attribute, rest) = text.split_once(" eq ")?;
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let value = stream.next()?.ok()?;
    let rest = rest.get(stream.byte_offset()..)?;
    let attribute = attribute.trim().to_owned();
    Some((Equals { attribute, value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_split_at_or_outside_quotes() {
        let found = any_of(r#"userName eq "a or b" or userName eq "c\"d""#).unwrap();

        assert_eq!(found[0].value, "a or b");
        assert_eq!(found[1].value, "c\"d");
    }

    #[test]
    fn anything_else_is_no_filter() {
        assert_eq!(any_of("userName sw \"a\""), None);
        assert_eq!(any_of("userName eq a"), None);
        assert_eq!(any_of("userName eq \"a\" and active eq true"), None);
    }

    #[test]
    fn a_member_path_names_one_id() {
        assert_eq!(
            member_of_path(r#"members[value eq "u1"]"#),
            Some("u1".to_owned())
        );
        assert_eq!(member_of_path("members"), None);
    }
}
