//! Members of JSON objects by name, without regard to case (RFC 7643, section 2.1).

use serde_json::{Map, Value as Json};

/// The member of this name.
pub fn find<'m>(members: &'m Map<String, Json>, name: &str) -> Option<&'m Json> {
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The text of the member of this name.
pub fn text<'m>(members: &'m Map<String, Json>, name: &str) -> Option<&'m str> {
    find(members, name).and_then(Json::as_str)
}
