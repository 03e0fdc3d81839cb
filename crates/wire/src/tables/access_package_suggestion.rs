//! `accessPackageSuggestion`. The reasons are the caller's own; the service fills them in.

use domain::model;
use serde_json::{Map, Value as Json, json};

use super::AVAILABLE_ACCESS_PACKAGE;
use crate::table::{Edm, Read, Row, Type, both, id, way};

/// An access package that the caller might want.
pub static ACCESS_PACKAGE_SUGGESTION: Type = Type {
    entity: &model::SUGGESTION,
    v1: Some("accessPackageSuggestion"),
    beta: Some("accessPackageSuggestion"),
    properties: &[
        id(),
        both(
            "reasons",
            Edm::Complexes(
                "accessPackageSuggestionReason",
                "accessPackageSuggestionReason",
            ),
            Read::Computed {
                columns: &["reasons"],
                related: None,
                value: reasons,
            },
        ),
    ],
    navigations: &[way(
        "accessPackage",
        "accessPackage",
        "access_package",
        &AVAILABLE_ACCESS_PACKAGE,
    )],
    open: None,
    searched: &["display_name"],
    lacking: &[],
};

/// Each reason under the type that its kind has on the wire.
fn reasons(row: &Row<'_>) -> Json {
    let reasons = row.document(0);
    let typed = reasons.as_array().into_iter().flatten().map(|reason| {
        let kind = match reason.get("kind").and_then(Json::as_str) {
            Some("relatedPeople") => "accessPackageSuggestionRelatedPeopleBased",
            _ => "accessPackageSuggestionSelfAssignmentHistoryBased",
        };
        let mut members = Map::new();
        members.insert(
            "@odata.type".to_owned(),
            json!(format!("#microsoft.graph.{kind}")),
        );
        let own = reason.as_object().into_iter().flatten();
        let own = own.filter(|(name, _)| name.as_str() != "kind");
        members.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        Json::Object(members)
    });
    typed.collect()
}
