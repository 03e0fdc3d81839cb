//! `customCalloutExtension` with the types derived from it, and where policies call them.

use domain::model;
use domain::query::{Record, Value};
use serde_json::{Value as Json, json};

use crate::table::{
    Edm, Property, Read, Row, Type, both, id, instant, only_beta, text, way, way_beta,
};
use crate::words;

/// A configuration that is stored as it is shown.
const fn stored(name: &'static str, of: &'static str, column: &'static [&'static str]) -> Property {
    both(
        name,
        Edm::Complex(of, of),
        Read::Computed {
            columns: column,
            related: None,
            value: |row| row.document(0),
        },
    )
}

const ENDPOINT: Property = stored(
    "endpointConfiguration",
    "customExtensionEndpointConfiguration",
    &["endpoint"],
);
const AUTHENTICATION: Property = stored(
    "authenticationConfiguration",
    "customExtensionAuthenticationConfiguration",
    &["authentication"],
);
const CLIENT: Property = stored(
    "clientConfiguration",
    "customExtensionClientConfiguration",
    &["client"],
);

/// A receiver outside that is called at stages. Its own type is in `@odata.type`.
pub static CUSTOM_EXTENSION: Type = Type {
    entity: &model::CUSTOM_EXTENSION,
    v1: Some("customCalloutExtension"),
    beta: Some("customCalloutExtension"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        ENDPOINT,
        AUTHENTICATION,
        CLIENT,
        stored(
            "callbackConfiguration",
            "customExtensionCallbackConfiguration",
            &["callback"],
        ),
        text("createdBy", "created_by"),
        instant("createdDateTime", "created_at"),
        text("lastModifiedBy", "modified_by"),
        instant("lastModifiedDateTime", "modified_at"),
    ],
    navigations: &[],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};

/// An extension of the older type of beta.
pub static LEGACY_CUSTOM_EXTENSION: Type = Type {
    entity: &model::LEGACY_CUSTOM_EXTENSION,
    v1: None,
    beta: Some("customAccessPackageWorkflowExtension"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        ENDPOINT,
        AUTHENTICATION,
        CLIENT,
        only_beta("createdDateTime", Edm::Instant, Read::Column("created_at")),
        only_beta(
            "lastModifiedDateTime",
            Edm::Instant,
            Read::Column("modified_at"),
        ),
    ],
    navigations: &[],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};

/// That a policy calls an extension at a stage.
pub static EXTENSION_STAGE: Type = Type {
    entity: &model::EXTENSION_STAGE,
    v1: Some("customExtensionStageSetting"),
    beta: Some("customExtensionStageSetting"),
    properties: &[
        id(),
        both(
            "stage",
            Edm::Enum(&words::EXTENSION_STAGE),
            Read::Column("stage"),
        ),
    ],
    navigations: &[way(
        "customExtension",
        "customExtension",
        "custom_extension",
        &CUSTOM_EXTENSION,
    )],
    open: None,
    searched: &[],
    lacking: &[],
};

/// The same, said the older way of beta.
pub static EXTENSION_HANDLER: Type = Type {
    entity: &model::EXTENSION_HANDLER,
    v1: None,
    beta: Some("customExtensionHandler"),
    properties: &[
        id(),
        both(
            "stage",
            Edm::Enum(&words::EXTENSION_STAGE),
            Read::Column("stage"),
        ),
    ],
    navigations: &[way_beta(
        "customExtension",
        "custom_extension",
        &LEGACY_CUSTOM_EXTENSION,
    )],
    open: None,
    searched: &[],
    lacking: &[],
};

/// The callouts of a request or an assignment.
pub(super) const CALLOUT_INSTANCES: Property = both(
    "customExtensionCalloutInstances",
    Edm::Complexes(
        "customExtensionCalloutInstance",
        "customExtensionCalloutInstance",
    ),
    Read::Computed {
        columns: &[],
        related: Some((
            "callouts",
            &[
                "id",
                "custom_extension_id",
                "external_correlation_id",
                "status",
                "detail",
                "is_handler",
            ],
        )),
        value: instances,
    },
);

/// Those that the older way of beta led to.
pub(super) const HANDLER_INSTANCES: Property = only_beta(
    "customExtensionHandlerInstances",
    Edm::Complexes(
        "customExtensionHandlerInstance",
        "customExtensionHandlerInstance",
    ),
    Read::Computed {
        columns: &[],
        related: Some((
            "callouts",
            &[
                "custom_extension_id",
                "external_correlation_id",
                "stage",
                "status",
                "is_handler",
            ],
        )),
        value: handler_instances,
    },
);

/// A callout that nobody tried yet is nobody's business (CX-9).
const QUEUED: &str = "queued";

fn text_of(record: &Record, index: usize) -> Option<&str> {
    record.values.get(index).and_then(Value::as_text)
}

fn instances(row: &Row<'_>) -> Json {
    row.related
        .iter()
        .filter(|record| text_of(record, 3).is_some_and(|status| status != QUEUED))
        .map(|record| {
            json!({
                "id": text_of(record, 0),
                "customExtensionId": text_of(record, 1),
                "externalCorrelationId": text_of(record, 2),
                "status": text_of(record, 3),
                "detail": text_of(record, 4),
            })
        })
        .collect()
}

fn handler_instances(row: &Row<'_>) -> Json {
    row.related
        .iter()
        .filter(|record| record.values.get(4).and_then(Value::as_bool) == Some(true))
        .filter_map(|record| {
            let status = match text_of(record, 3)? {
                QUEUED => return None,
                "calloutFailed" => "requestSent",
                _ => "requestReceived",
            };
            Some(json!({
                "customExtensionId": text_of(record, 0),
                "externalCorrelationId": text_of(record, 1),
                "stage": text_of(record, 2),
                "status": status,
            }))
        })
        .collect()
}
