//! The frame around entities: `@odata.context`, `@odata.count`, `value` and
//! `@odata.nextLink`.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::json::JsonWriter;

/// What a fragment must not contain bare.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What a response holds, as its context URL says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Many entities of a set.
    Collection,
    /// One entity of a set.
    Entity,
    /// A singleton, a complex value or a property.
    Single,
}

/// The context URL of a response (OD-10): the long spelling, from the version
/// root down, such as `identityGovernance/entitlementManagement/catalogs`.
pub fn context_url(root: &str, resource: &str, shape: Shape) -> String {
    let root = root.trim_end_matches('/');
    let resource = utf8_percent_encode(resource.trim_matches('/'), FRAGMENT);
    let suffix = match shape {
        Shape::Entity => "/$entity",
        Shape::Collection | Shape::Single => "",
    };
    format!("{root}/$metadata#{resource}{suffix}")
}

/// Opens a collection: context and count as far as given, then the array that
/// takes the rows.
pub fn begin_collection(json: &mut JsonWriter, context: Option<&str>, count: Option<u64>) {
    json.begin_object();
    if let Some(context) = context {
        json.encoded_key("\"@odata.context\":").str(context);
    }
    if let Some(count) = count {
        json.encoded_key("\"@odata.count\":").u64(count);
    }
    json.encoded_key("\"value\":").begin_array();
}

/// Closes what [`begin_collection`] opened, with a link if more rows exist.
pub fn end_collection(json: &mut JsonWriter, next_link: Option<&str>) {
    json.end_array();
    if let Some(next_link) = next_link {
        json.encoded_key("\"@odata.nextLink\":").str(next_link);
    }
    json.end_object();
}

/// Opens an entity with its context; the caller writes the members and ends
/// the object.
pub fn begin_entity(json: &mut JsonWriter, context: Option<&str>) {
    json.begin_object();
    if let Some(context) = context {
        json.encoded_key("\"@odata.context\":").str(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_10_the_context_names_the_whole_path() {
        let resource = "identityGovernance/entitlementManagement/assignmentRequests";

        assert_eq!(
            context_url("https://h/v1.0/", resource, Shape::Entity),
            "https://h/v1.0/$metadata#identityGovernance/entitlementManagement/assignmentRequests/$entity"
        );
        assert_eq!(
            context_url(
                "https://h/beta",
                "/catalogs('a b')/resources",
                Shape::Collection
            ),
            "https://h/beta/$metadata#catalogs('a%20b')/resources"
        );
        assert_eq!(
            context_url("https://h/beta", "settings", Shape::Single),
            "https://h/beta/$metadata#settings"
        );
    }

    #[test]
    fn a_collection_has_its_annotations_around_its_rows() {
        let mut json = JsonWriter::new();

        begin_collection(&mut json, Some("c"), Some(2));
        json.begin_object().key("id").str("a").end_object();
        json.begin_object().key("id").str("b").end_object();
        end_collection(&mut json, Some("n"));

        assert_eq!(
            json.into_text(),
            r#"{"@odata.context":"c","@odata.count":2,"value":[{"id":"a"},{"id":"b"}],"@odata.nextLink":"n"}"#
        );
    }

    #[test]
    fn an_empty_collection_is_an_empty_array() {
        let mut json = JsonWriter::new();

        begin_collection(&mut json, None, None);
        end_collection(&mut json, None);

        assert_eq!(json.into_text(), r#"{"value":[]}"#);
    }

    #[test]
    fn an_entity_starts_with_its_context() {
        let mut json = JsonWriter::new();

        begin_entity(&mut json, Some("c"));
        json.key("id").str("a").end_object();

        assert_eq!(json.into_text(), r#"{"@odata.context":"c","id":"a"}"#);
    }
}
