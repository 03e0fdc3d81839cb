//! The property tables, one entity a file (R38).

mod access_package;
mod access_package_suggestion;
mod app_role_assignment;
mod app_scope;
mod application;
mod approval;
mod assignment;
mod assignment_policy;
mod assignment_request;
mod available_access_package;
mod catalog;
mod connected_organization;
mod control_configuration;
mod delivered_role;
mod directory_audit;
mod directory_object;
mod entitlement_settings;
mod extension;
mod external_connector;
mod group;
mod inside;
mod policy_question;
mod resource;
mod resource_environment;
mod resource_request;
mod resource_role;
mod resource_role_scope;
mod resource_scope;
mod role_assignment;
mod role_assignment_approval;
mod role_definition;
mod role_resource;
mod role_schedule;
mod role_schedule_request;
mod service_principal;
mod subject;
mod subscription;
mod upload;
mod user;

pub use access_package::ACCESS_PACKAGE;
pub use access_package_suggestion::ACCESS_PACKAGE_SUGGESTION;
pub use app_role_assignment::APP_ROLE_ASSIGNMENT;
pub use app_scope::APP_SCOPE;
pub use application::APPLICATION;
pub use approval::{APPROVAL, APPROVAL_STAGE};
pub use assignment::ASSIGNMENT;
pub use assignment_policy::ASSIGNMENT_POLICY;
pub use assignment_request::ASSIGNMENT_REQUEST;
pub use available_access_package::AVAILABLE_ACCESS_PACKAGE;
pub use catalog::CATALOG;
pub use connected_organization::CONNECTED_ORGANIZATION;
pub use control_configuration::CONTROL_CONFIGURATION;
pub use delivered_role::DELIVERED_ROLE;
pub use directory_audit::DIRECTORY_AUDIT;
pub use directory_object::DIRECTORY_OBJECT;
pub use entitlement_settings::ENTITLEMENT_SETTINGS;
pub use extension::{
    CUSTOM_EXTENSION, EXTENSION_HANDLER, EXTENSION_STAGE, LEGACY_CUSTOM_EXTENSION,
};
pub use external_connector::EXTERNAL_CONNECTOR;
pub use group::GROUP;
pub use policy_question::POLICY_QUESTION;
pub use resource::RESOURCE;
pub use resource_environment::RESOURCE_ENVIRONMENT;
pub use resource_request::RESOURCE_REQUEST;
pub use resource_role::RESOURCE_ROLE;
pub use resource_role_scope::RESOURCE_ROLE_SCOPE;
pub use resource_scope::RESOURCE_SCOPE;
pub use role_assignment::{ROLE_ASSIGNMENT, TRANSITIVE_ROLE_ASSIGNMENT};
pub use role_assignment_approval::{ROLE_ASSIGNMENT_APPROVAL, ROLE_ASSIGNMENT_APPROVAL_STEP};
pub use role_definition::{DELETED_ROLE_DEFINITION, ROLE_DEFINITION, ROLE_DELETED_ITEMS};
pub use role_resource::{ROLE_APPLICATION, ROLE_RESOURCE_ACTION, ROLE_RESOURCE_NAMESPACE};
pub use role_schedule::{
    ROLE_ASSIGNMENT_SCHEDULE, ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, ROLE_ELIGIBILITY_SCHEDULE,
    ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
};
pub use role_schedule_request::{
    ROLE_ASSIGNMENT_SCHEDULE_REQUEST, ROLE_ELIGIBILITY_SCHEDULE_REQUEST,
};
pub use service_principal::SERVICE_PRINCIPAL;
pub use subject::SUBJECT;
pub use subscription::SUBSCRIPTION;
pub use upload::{UPLOAD_FILE, UPLOAD_SESSION};
pub use user::{DELETED_USER, USER};

use crate::table::Type;

/// Every type.
pub static TYPES: &[&Type] = &[
    &USER,
    &DELETED_USER,
    &GROUP,
    &SERVICE_PRINCIPAL,
    &APPLICATION,
    &DIRECTORY_OBJECT,
    &APP_ROLE_ASSIGNMENT,
    &CATALOG,
    &RESOURCE,
    &RESOURCE_ROLE,
    &RESOURCE_SCOPE,
    &RESOURCE_REQUEST,
    &RESOURCE_ENVIRONMENT,
    &UPLOAD_SESSION,
    &UPLOAD_FILE,
    &ACCESS_PACKAGE,
    &RESOURCE_ROLE_SCOPE,
    &ASSIGNMENT_POLICY,
    &SUBJECT,
    &CONNECTED_ORGANIZATION,
    &ENTITLEMENT_SETTINGS,
    &CONTROL_CONFIGURATION,
    &EXTERNAL_CONNECTOR,
    &ASSIGNMENT,
    &ASSIGNMENT_REQUEST,
    &APPROVAL,
    &APPROVAL_STAGE,
    &ROLE_ASSIGNMENT,
    &ROLE_DEFINITION,
    &DELETED_ROLE_DEFINITION,
    &ROLE_DELETED_ITEMS,
    &ROLE_APPLICATION,
    &ROLE_RESOURCE_NAMESPACE,
    &ROLE_RESOURCE_ACTION,
    &APP_SCOPE,
    &TRANSITIVE_ROLE_ASSIGNMENT,
    &ROLE_ASSIGNMENT_SCHEDULE,
    &ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
    &ROLE_ASSIGNMENT_SCHEDULE_REQUEST,
    &ROLE_ELIGIBILITY_SCHEDULE,
    &ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
    &ROLE_ELIGIBILITY_SCHEDULE_REQUEST,
    &ROLE_ASSIGNMENT_APPROVAL,
    &ROLE_ASSIGNMENT_APPROVAL_STEP,
    &DELIVERED_ROLE,
    &DIRECTORY_AUDIT,
    &CUSTOM_EXTENSION,
    &LEGACY_CUSTOM_EXTENSION,
    &EXTENSION_STAGE,
    &EXTENSION_HANDLER,
    &AVAILABLE_ACCESS_PACKAGE,
    &ACCESS_PACKAGE_SUGGESTION,
    &POLICY_QUESTION,
    &SUBSCRIPTION,
];
