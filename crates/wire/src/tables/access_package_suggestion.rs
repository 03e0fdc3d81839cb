//! `accessPackageSuggestion`. The reasons are the caller's own; the service fills them in.

use domain::model;
use serde_json::{Value as Json, json};

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

fn reasons(row: &Row<'_>) -> Json {
    match row.document(0) {
        Json::Null => json!([]),
        reasons => reasons,
    }
}
