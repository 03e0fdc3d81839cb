//! Members of a body that its type does not have (HT-1), for servers that refuse them.
//!
//! **Invariant:** control information is never unknown; names of either version are known in both, as bodies are read.

use serde_json::Value as Json;

use crate::table::Type;
use crate::version::Version;

/// The first member that neither version of the type has, with `/` between levels. Objects behind navigations are looked
/// into; complex values are left to whoever reads them.
pub fn unknown_member(of: &'static Type, body: &Json) -> Option<String> {
    let Json::Object(members) = body else {
        return None;
    };
    members
        .iter()
        .find_map(|(name, value)| match known(of, name) {
            Known::No => Some(name.clone()),
            Known::Yes => None,
            Known::Object(there) => {
                let items = value
                    .as_array()
                    .map_or(std::slice::from_ref(value), Vec::as_slice);
                items
                    .iter()
                    .find_map(|item| unknown_member(there, item))
                    .map(|inner| format!("{name}/{inner}"))
            }
        })
}

enum Known {
    No,
    Yes,
    Object(&'static Type),
}

fn known(of: &'static Type, name: &str) -> Known {
    const BOTH: [Version; 2] = [Version::V1, Version::Beta];
    // An open type has every member that a client cares to give it.
    if name.contains('@') || of.open.is_some() {
        return Known::Yes;
    }
    let navigation = BOTH
        .iter()
        .find_map(|version| of.navigation(*version, name));
    if let Some(navigation) = navigation {
        return Known::Object(navigation.target);
    }
    let is_property = BOTH
        .iter()
        .any(|version| of.property(*version, name).is_some());
    let is_published = of
        .lacking
        .iter()
        .any(|lacking| lacking.name.eq_ignore_ascii_case(name));
    if is_property || is_published {
        Known::Yes
    } else {
        Known::No
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tables;

    #[test]
    fn ht_1_what_no_version_of_a_type_has_is_found_at_every_level() {
        let of = &tables::ACCESS_PACKAGE;
        for (body, expected) in [
            (json!({"displayName": "x", "colour": 1}), Some("colour")),
            (
                json!({"catalog": {"id": "x", "colour": 1}}),
                Some("catalog/colour"),
            ),
            (
                json!({"DISPLAYNAME": "x", "id": 7, "@odata.type": "y", "catalog@odata.bind": "z"}),
                None,
            ),
            // Beta's name in a body of v1.0 is read, and so it is known.
            (json!({"accessPackageCatalog": {"id": "x"}}), None),
            (json!([1]), None),
        ] {
            assert_eq!(unknown_member(of, &body).as_deref(), expected, "{body}");
        }
    }
}
