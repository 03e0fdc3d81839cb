//! `accessPackageQuestion`: an entity in v1.0, and a complex value within the policy in beta.

use domain::model;
use serde_json::Value as Json;

use crate::table::{Edm, Property, Read, Row, Shown, Type, id, only_v1};

const fn column(name: &'static str, edm: Edm, column: &'static str) -> Property {
    only_v1(name, edm, Read::Column(column))
}

/// A question to requestors. Which of the two kinds it is says `@odata.type`; members of the other kind are not printed.
pub static POLICY_QUESTION: Type = Type {
    entity: &model::POLICY_QUESTION,
    v1: Some("accessPackageQuestion"),
    beta: None,
    properties: &[
        id(),
        column("isRequired", Edm::Boolean, "is_required"),
        column("isAnswerEditable", Edm::Boolean, "is_answer_editable"),
        column("sequence", Edm::Int32, "sequence"),
        column("text", Edm::String, "question_text"),
        only_v1(
            "localizations",
            Edm::Complexes("accessPackageLocalizedText", "accessPackageLocalizedText"),
            Read::Computed {
                columns: &["localizations"],
                related: None,
                value: localizations,
            },
        ),
        column("isSingleLineQuestion", Edm::Boolean, "is_single_line").shown(Shown::WhenSet),
        column("regexPattern", Edm::String, "regex_pattern").shown(Shown::WhenSet),
        column(
            "isMultipleSelectionAllowed",
            Edm::Boolean,
            "is_multiple_choice",
        )
        .shown(Shown::WhenSet),
        only_v1(
            "choices",
            Edm::Complexes("accessPackageAnswerChoice", "accessPackageAnswerChoice"),
            Read::Computed {
                columns: &["choices"],
                related: None,
                value: choices,
            },
        )
        .shown(Shown::WhenSet),
    ],
    navigations: &[],
    open: None,
    searched: &["question_text"],
    lacking: &[],
};

/// Only questions with choices have any.
fn choices(row: &Row<'_>) -> Json {
    let stored = row.document(0);
    if stored.is_null() {
        return stored;
    }
    Json::Array(crate::document::items(stored))
}

fn localizations(row: &Row<'_>) -> Json {
    Json::Array(crate::document::items(row.document(0)))
}
