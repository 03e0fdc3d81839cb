//! Attributes of resources: the same members under other names in each version (semantics 1.2), with derived types for
//! where the value comes from and where it goes.
//!
//! **Invariant:** an attribute is stored once, in the shape of v1.0 with its id; what either version wrote, both show.

use serde_json::{Map, Value as Json, json};

use crate::body::{InvalidField, Node};
use crate::decode::either;
use crate::policy::question;
use crate::version::Version;

const FROM_QUESTION: &str = "#microsoft.graph.accessPackageResourceAttributeQuestion";
const TO_USER: &str = "#microsoft.graph.accessPackageUserDirectoryAttributeStore";

/// Reads one attribute in the names of either version. Without an id there is null: whoever stores it gives it one.
pub(crate) fn read(
    node: &Node<'_>,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    let name = either(node, &["name", "attributeName"]);
    let mut attribute = Map::new();
    attribute.insert("id".to_owned(), json!(node.member("id").text()?));
    attribute.insert("name".to_owned(), json!(name.required_text()?));
    attribute.insert(
        "source".to_owned(),
        read_source(&either(node, &["source", "attributeSource"]), fresh_id)?,
    );
    attribute.insert(
        "destination".to_owned(),
        read_destination(&either(node, &["destination", "attributeDestination"]))?,
    );
    for name in ["isEditable", "isPersistedOnAssignmentRemoval"] {
        let value = node.member(name).flag()?.unwrap_or(false);
        attribute.insert(name.to_owned(), json!(value));
    }
    Ok(Json::Object(attribute))
}

/// A question is the only source that is published; null says nothing of a source.
fn read_source(
    node: &Node<'_>,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    expect_type(node, FROM_QUESTION)?;
    let asked = node.member("question");
    let question = match asked.object()? {
        None => Json::Null,
        Some(_) => question::read(shape_of(&asked), &asked, 0, fresh_id)?,
    };
    Ok(json!({"@odata.type": FROM_QUESTION, "question": question}))
}

fn read_destination(node: &Node<'_>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    expect_type(node, TO_USER)?;
    Ok(json!({"@odata.type": TO_USER}))
}

/// The texts of a question are plain in v1.0 and objects in beta, whichever version it was sent to.
fn shape_of(question: &Node<'_>) -> Version {
    if question.member("text").json().is_object() {
        Version::Beta
    } else {
        Version::V1
    }
}

/// The type is the only one there is, so it may be left out.
fn expect_type(node: &Node<'_>, known: &str) -> Result<(), InvalidField> {
    let named = node.member("@odata.type");
    let bare = known.trim_start_matches('#');
    match named.text()? {
        Some(name) if !name.trim_start_matches('#').eq_ignore_ascii_case(bare) => {
            Err(named.invalid(format!("must be `#{bare}`, not `{name}`")))
        }
        Some(_) | None => Ok(()),
    }
}

/// A stored attribute as `version` shows it.
pub(crate) fn show(version: Version, stored: &Json) -> Json {
    let member = |name: &str| stored.get(name).cloned().unwrap_or_default();
    let source = show_source(version, stored.get("source"));
    let (editable, persisted) = (
        member("isEditable"),
        member("isPersistedOnAssignmentRemoval"),
    );
    match version {
        Version::V1 => json!({
            "name": member("name"), "isEditable": editable, "isPersistedOnAssignmentRemoval": persisted,
            "source": source, "destination": member("destination"),
        }),
        Version::Beta => json!({
            "id": member("id"), "attributeName": member("name"), "isEditable": editable,
            "isPersistedOnAssignmentRemoval": persisted, "attributeSource": source,
            "attributeDestination": member("destination"),
        }),
    }
}

fn show_source(version: Version, stored: Option<&Json>) -> Json {
    let mut source = stored.cloned().unwrap_or_default();
    if let Some(asked) = source
        .get_mut("question")
        .filter(|question| question.is_object())
    {
        *asked = question::show(version, asked);
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(attribute: &Json) -> Result<Json, InvalidField> {
        read(&Node::root(attribute), &mut || "fresh".to_owned())
    }

    #[test]
    fn what_either_version_writes_both_show() {
        let v1 = json!({
            "name": "city",
            "source": {
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": {
                    "@odata.type": "microsoft.graph.accessPackageTextInputQuestion",
                    "text": "Which city?", "localizations": [{"languageCode": "de", "text": "Welche Stadt?"}],
                    "isRequired": true, "isSingleLineQuestion": true
                }
            },
            "destination": {"@odata.type": "microsoft.graph.accessPackageUserDirectoryAttributeStore"},
            "isEditable": true
        });
        let beta = json!({
            "attributeName": "city",
            "attributeSource": {
                "@odata.type": "microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": {
                    "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                    "text": {"defaultText": "Which city?",
                        "localizedTexts": [{"languageCode": "de", "text": "Welche Stadt?"}]},
                    "isRequired": true, "isSingleLineQuestion": true
                }
            },
            "attributeDestination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
            "isEditable": true
        });

        let kept = stored(&v1).unwrap();

        assert_eq!(kept, stored(&beta).unwrap());
        let shown = show(Version::V1, &kept);
        assert_eq!(shown["source"]["question"]["text"], "Which city?");
        assert_eq!(shown["source"]["question"]["id"], "fresh");
        assert_eq!(shown.get("id"), None);
        let shown = show(Version::Beta, &kept);
        let question = &shown["attributeSource"]["question"];
        assert_eq!(question["text"]["defaultText"], "Which city?");
        assert_eq!(shown["isPersistedOnAssignmentRemoval"], false);
        assert_eq!(stored(&shown).unwrap(), kept);
    }

    #[test]
    fn other_sources_and_destinations_are_refused_by_name() {
        for (attribute, target) in [
            (json!({}), "name"),
            (
                json!({"name": "n", "source": {"@odata.type": "#microsoft.graph.other"}}),
                "source/@odata.type",
            ),
            (
                json!({"attributeName": "n", "attributeDestination": {"@odata.type": "other"}}),
                "attributeDestination/@odata.type",
            ),
            (json!({"name": "n", "source": 7}), "source"),
            (
                json!({"name": "n", "source": {"question": {"text": 7}}}),
                "source/question/text",
            ),
        ] {
            assert_eq!(
                stored(&attribute).unwrap_err().target,
                target,
                "{attribute}"
            );
        }
    }

    #[test]
    fn an_attribute_may_say_nothing_of_source_and_destination() {
        let kept = stored(&json!({"name": "n", "source": null})).unwrap();

        assert_eq!(kept["source"], Json::Null);
        assert_eq!(
            show(Version::Beta, &kept)["attributeDestination"],
            Json::Null
        );
    }
}
