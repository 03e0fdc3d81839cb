//! The property tables, one entity a file (R38).

mod access_package;
mod app_role_assignment;
mod approval;
mod assignment;
mod assignment_policy;
mod assignment_request;
mod catalog;
mod delivered_role;
mod directory_audit;
mod directory_object;
mod group;
mod resource;
mod resource_request;
mod resource_role;
mod resource_role_scope;
mod resource_scope;
mod role_assignment;
pub mod role_definition;
mod service_principal;
mod subject;
mod user;

pub use access_package::ACCESS_PACKAGE;
pub use app_role_assignment::APP_ROLE_ASSIGNMENT;
pub use approval::{APPROVAL, APPROVAL_STAGE};
pub use assignment::ASSIGNMENT;
pub use assignment_policy::ASSIGNMENT_POLICY;
pub use assignment_request::ASSIGNMENT_REQUEST;
pub use catalog::CATALOG;
pub use delivered_role::DELIVERED_ROLE;
pub use directory_audit::DIRECTORY_AUDIT;
pub use directory_object::DIRECTORY_OBJECT;
pub use group::GROUP;
pub use resource::RESOURCE;
pub use resource_request::RESOURCE_REQUEST;
pub use resource_role::RESOURCE_ROLE;
pub use resource_role_scope::RESOURCE_ROLE_SCOPE;
pub use resource_scope::RESOURCE_SCOPE;
pub use role_assignment::ROLE_ASSIGNMENT;
pub use role_definition::ROLE_DEFINITION;
pub use service_principal::SERVICE_PRINCIPAL;
pub use subject::SUBJECT;
pub use user::USER;

use crate::table::Type;

/// Every type.
pub static TYPES: &[&Type] = &[
    &USER,
    &GROUP,
    &SERVICE_PRINCIPAL,
    &DIRECTORY_OBJECT,
    &APP_ROLE_ASSIGNMENT,
    &CATALOG,
    &RESOURCE,
    &RESOURCE_ROLE,
    &RESOURCE_SCOPE,
    &RESOURCE_REQUEST,
    &ACCESS_PACKAGE,
    &RESOURCE_ROLE_SCOPE,
    &ASSIGNMENT_POLICY,
    &SUBJECT,
    &ASSIGNMENT,
    &ASSIGNMENT_REQUEST,
    &APPROVAL,
    &APPROVAL_STAGE,
    &ROLE_ASSIGNMENT,
    &ROLE_DEFINITION,
    &DELIVERED_ROLE,
    &DIRECTORY_AUDIT,
];
