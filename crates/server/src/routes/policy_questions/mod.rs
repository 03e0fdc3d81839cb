//! `assignmentPolicies/{id}/questions` of v1.0.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod update;

use service::ServiceError;
use wire::body::InvalidField;

/// A member of the body that is not what it must be, as the use case says it.
fn invalid(field: &InvalidField) -> ServiceError {
    ServiceError::invalid(
        service::Code::InvalidModel,
        field.target.clone(),
        field.to_string(),
    )
}
