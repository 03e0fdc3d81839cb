//! What each path and method does: one file for each command, and the table that names them.
//!
//! **Invariant:** a handler decodes, calls one use case and encodes; it decides nothing about business (R14).

mod access_packages;
mod app_role_assignments;
mod applications;
mod approvals;
pub(crate) mod asks;
mod assignment_policies;
pub(crate) mod assignment_requests;
mod assignments;
mod catalogs;
mod connected_organizations;
mod custom_extensions;
mod deleted_items;
mod directory_objects;
mod extension_stages;
mod external_connectors;
mod filter_by_current_user;
mod groups;
mod memberships;
mod my_roles;
mod policy_questions;
mod reference;
mod refusals;
mod resource_requests;
mod resource_role_scopes;
mod resources;
mod role_assignments;
mod role_management;
mod search;
mod service_principals;
mod subjects;
mod subscriptions;
mod tenant_settings;
mod upload_files;
mod upload_sessions;
mod users;

use domain::model;
use domain::query::Entity;
use http::Method;

use crate::graph::{Handler, Place, Route};

pub(crate) use refusals::REFUSALS;

const fn route(of: &'static Entity, place: Place, method: Method, run: Handler) -> Route {
    Route {
        of,
        place,
        method,
        run,
    }
}

/// A function as the table wants it.
macro_rules! run {
    ($function:path) => {
        |request| Box::pin($function(request))
    };
}

/// The table of commands. What is absent is 405, or a read.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = &[
    route(&model::CATALOG, Place::Collection, Method::POST, run!(catalogs::create::run)),
    route(&model::CATALOG, Place::Object, Method::PATCH, run!(catalogs::update::run)),
    route(&model::CATALOG, Place::Object, Method::DELETE, run!(catalogs::delete::run)),
    route(&model::RESOURCE, Place::Call("refresh"), Method::POST, run!(resources::refresh::run)),
    route(&model::RESOURCE_REQUEST, Place::Collection, Method::POST, run!(resource_requests::create::run)),
    route(&model::UPLOAD_SESSION, Place::Collection, Method::POST, run!(upload_sessions::create::run)),
    route(&model::UPLOAD_SESSION, Place::Object, Method::PATCH, run!(upload_sessions::update::run)),
    route(&model::UPLOAD_SESSION, Place::Object, Method::DELETE, run!(upload_sessions::delete::run)),
    route(&model::UPLOAD_SESSION, Place::Call("uploadFile"), Method::POST, run!(upload_sessions::upload_file::run)),
    route(&model::UPLOAD_FILE, Place::Content, Method::GET, run!(upload_files::content::run)),
    route(&model::ACCESS_PACKAGE, Place::Collection, Method::POST, run!(access_packages::create::run)),
    route(&model::ACCESS_PACKAGE, Place::Object, Method::PATCH, run!(access_packages::update::run)),
    route(&model::ACCESS_PACKAGE, Place::Object, Method::DELETE, run!(access_packages::delete::run)),
    route(&model::ACCESS_PACKAGE, Place::Links("incompatible_access_packages"), Method::POST, run!(access_packages::add_incompatible_package::run)),
    route(&model::ACCESS_PACKAGE, Place::Links("incompatible_access_packages"), Method::DELETE, run!(access_packages::remove_incompatible_package::run)),
    route(&model::ACCESS_PACKAGE, Place::Link("incompatible_access_packages"), Method::DELETE, run!(access_packages::remove_incompatible_package::run)),
    route(&model::GROUP, Place::Links("incompatible_groups"), Method::POST, run!(access_packages::add_incompatible_group::run)),
    route(&model::GROUP, Place::Links("incompatible_groups"), Method::DELETE, run!(access_packages::remove_incompatible_group::run)),
    route(&model::GROUP, Place::Link("incompatible_groups"), Method::DELETE, run!(access_packages::remove_incompatible_group::run)),
    route(&model::RESOURCE_ROLE_SCOPE, Place::Collection, Method::POST, run!(resource_role_scopes::create::run)),
    route(&model::RESOURCE_ROLE_SCOPE, Place::Object, Method::DELETE, run!(resource_role_scopes::delete::run)),
    route(&model::ASSIGNMENT_POLICY, Place::Collection, Method::POST, run!(assignment_policies::create::run)),
    route(&model::ASSIGNMENT_POLICY, Place::Object, Method::PUT, run!(assignment_policies::replace::run)),
    route(&model::ASSIGNMENT_POLICY, Place::Object, Method::DELETE, run!(assignment_policies::delete::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Collection, Method::POST, run!(assignment_requests::create::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Object, Method::DELETE, run!(assignment_requests::delete::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Call("cancel"), Method::POST, run!(assignment_requests::cancel::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Call("reprocess"), Method::POST, run!(assignment_requests::reprocess::run)),
    route(&model::ASSIGNMENT, Place::Call("reprocess"), Method::POST, run!(assignments::reprocess::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Call("resume"), Method::POST, run!(assignment_requests::resume::run)),
    route(&model::CUSTOM_EXTENSION, Place::Collection, Method::POST, run!(custom_extensions::create::run)),
    route(&model::CUSTOM_EXTENSION, Place::Object, Method::PATCH, run!(custom_extensions::update::run)),
    route(&model::CUSTOM_EXTENSION, Place::Object, Method::PUT, run!(custom_extensions::update::run)),
    route(&model::CUSTOM_EXTENSION, Place::Object, Method::DELETE, run!(custom_extensions::delete::run)),
    route(&model::LEGACY_CUSTOM_EXTENSION, Place::Collection, Method::POST, run!(custom_extensions::create::run)),
    route(&model::LEGACY_CUSTOM_EXTENSION, Place::Object, Method::PATCH, run!(custom_extensions::update::run)),
    route(&model::LEGACY_CUSTOM_EXTENSION, Place::Object, Method::PUT, run!(custom_extensions::update::run)),
    route(&model::LEGACY_CUSTOM_EXTENSION, Place::Object, Method::DELETE, run!(custom_extensions::delete::run)),
    route(&model::EXTENSION_STAGE, Place::Collection, Method::POST, run!(extension_stages::create::run)),
    route(&model::EXTENSION_STAGE, Place::Object, Method::PATCH, run!(extension_stages::update::run)),
    route(&model::EXTENSION_STAGE, Place::Object, Method::DELETE, run!(extension_stages::delete::run)),
    route(&model::EXTENSION_HANDLER, Place::Collection, Method::POST, run!(extension_stages::create::run)),
    route(&model::EXTENSION_HANDLER, Place::Object, Method::PATCH, run!(extension_stages::update::run)),
    route(&model::EXTENSION_HANDLER, Place::Object, Method::DELETE, run!(extension_stages::delete::run)),
    route(&model::APPROVAL_STAGE, Place::Object, Method::PATCH, run!(approvals::decide::run)),
    route(&model::CONNECTED_ORGANIZATION, Place::Collection, Method::POST, run!(connected_organizations::create::run)),
    route(&model::CONNECTED_ORGANIZATION, Place::Object, Method::PATCH, run!(connected_organizations::update::run)),
    route(&model::CONNECTED_ORGANIZATION, Place::Object, Method::DELETE, run!(connected_organizations::delete::run)),
    route(&model::DIRECTORY_OBJECT, Place::Links("internal_sponsors"), Method::POST, run!(connected_organizations::sponsors::add_internal)),
    route(&model::DIRECTORY_OBJECT, Place::Links("internal_sponsors"), Method::DELETE, run!(connected_organizations::sponsors::remove_internal)),
    route(&model::DIRECTORY_OBJECT, Place::Link("internal_sponsors"), Method::DELETE, run!(connected_organizations::sponsors::remove_internal)),
    route(&model::DIRECTORY_OBJECT, Place::Links("external_sponsors"), Method::POST, run!(connected_organizations::sponsors::add_external)),
    route(&model::DIRECTORY_OBJECT, Place::Links("external_sponsors"), Method::DELETE, run!(connected_organizations::sponsors::remove_external)),
    route(&model::DIRECTORY_OBJECT, Place::Link("external_sponsors"), Method::DELETE, run!(connected_organizations::sponsors::remove_external)),
    route(&model::ENTITLEMENT_SETTINGS, Place::Object, Method::PATCH, run!(tenant_settings::update::run)),
    route(&model::CONTROL_CONFIGURATION, Place::Object, Method::PUT, run!(tenant_settings::configure::run)),
    route(&model::EXTERNAL_CONNECTOR, Place::Collection, Method::POST, run!(external_connectors::create::run)),
    route(&model::EXTERNAL_CONNECTOR, Place::Object, Method::PATCH, run!(external_connectors::update::run)),
    route(&model::EXTERNAL_CONNECTOR, Place::Object, Method::DELETE, run!(external_connectors::delete::run)),
    route(&model::SUBJECT, Place::Object, Method::PATCH, run!(subjects::update::run)),
    route(&model::SUBSCRIPTION, Place::Collection, Method::POST, run!(subscriptions::create::run)),
    route(&model::SUBSCRIPTION, Place::Object, Method::PATCH, run!(subscriptions::update::run)),
    route(&model::SUBSCRIPTION, Place::Object, Method::DELETE, run!(subscriptions::delete::run)),
    route(&model::SUBSCRIPTION, Place::Call("reauthorize"), Method::POST, run!(subscriptions::reauthorize::run)),
    route(&model::ACCESS_PACKAGE, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ASSIGNMENT, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ASSIGNMENT_REQUEST, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::APPROVAL, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::SUGGESTION, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::LEDGER, Place::Call("My"), Method::GET, run!(my_roles::run)),
    route(&model::ACCESS_PACKAGE, Place::Call("Search"), Method::GET, run!(search::run)),
    route(&model::CATALOG, Place::Call("Search"), Method::GET, run!(search::run)),
    route(&model::ASSIGNMENT, Place::Call("additionalAccess"), Method::GET, run!(assignments::additional_access::run)),
    route(&model::ACCESS_PACKAGE, Place::Call("moveToCatalog"), Method::POST, run!(access_packages::move_to_catalog::run)),
    route(&model::ACCESS_PACKAGE, Place::Call("getApplicablePolicyRequirements"), Method::POST, run!(access_packages::requirements::run)),
    route(&model::POLICY_QUESTION, Place::Collection, Method::POST, run!(policy_questions::create::run)),
    route(&model::POLICY_QUESTION, Place::Object, Method::PATCH, run!(policy_questions::update::run)),
    route(&model::POLICY_QUESTION, Place::Object, Method::DELETE, run!(policy_questions::delete::run)),
    route(&model::ROLE_ASSIGNMENT, Place::Collection, Method::POST, run!(role_assignments::create::run)),
    route(&model::ROLE_ASSIGNMENT, Place::Object, Method::DELETE, run!(role_assignments::delete::run)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ELIGIBILITY_SCHEDULE, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ELIGIBILITY_SCHEDULE_REQUEST, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ASSIGNMENT_APPROVAL, Place::Call("filterByCurrentUser"), Method::GET, run!(filter_by_current_user::run)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE, Place::Call("roleSchedules"), Method::GET, run!(role_management::role_schedules::schedules)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, Place::Call("roleScheduleInstances"), Method::GET, run!(role_management::role_schedules::instances)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST, Place::Collection, Method::POST, run!(role_management::create_request::run)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST, Place::Call("cancel"), Method::POST, run!(role_management::refuse::settled)),
    route(&model::ROLE_ELIGIBILITY_SCHEDULE_REQUEST, Place::Call("cancel"), Method::POST, run!(role_management::refuse::settled)),
    route(&model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST, Place::Call("updateRequest"), Method::POST, run!(role_management::refuse::settled)),
    route(&model::ROLE_DEFINITION, Place::Call("restore"), Method::POST, run!(role_management::refuse::not_deleted)),
    route(&model::ROLE_DEFINITION, Place::Call("assignedPrincipals"), Method::GET, run!(role_management::assigned_principals::run)),
    route(&model::DELETED_ROLE_DEFINITION, Place::Call("restore"), Method::POST, run!(role_management::refuse::not_deleted)),
    route(&model::DELETED_ROLE_DEFINITION, Place::Call("assignedPrincipals"), Method::GET, run!(role_management::assigned_principals::run)),
    route(&model::ROLE_RESOURCE_NAMESPACE, Place::Call("importResourceActions"), Method::POST, run!(role_management::refuse::built_in)),
    route(&model::USER, Place::Collection, Method::POST, run!(users::create::run)),
    route(&model::USER, Place::Object, Method::PATCH, run!(users::update::run)),
    route(&model::USER, Place::Object, Method::DELETE, run!(users::delete::run)),
    route(&model::DELETED_USER, Place::Object, Method::DELETE, run!(deleted_items::delete::run)),
    route(&model::DELETED_USER, Place::Call("restore"), Method::POST, run!(deleted_items::restore::run)),
    route(&model::USER, Place::Link("manager"), Method::PUT, run!(users::set_manager::run)),
    route(&model::USER, Place::Link("manager"), Method::DELETE, run!(users::clear_manager::run)),
    route(&model::USER, Place::Call("transitiveMemberOf"), Method::GET, run!(memberships::transitive_member_of)),
    route(&model::USER, Place::Call("getMemberGroups"), Method::POST, run!(memberships::get_member_groups)),
    route(&model::USER, Place::Call("checkMemberGroups"), Method::POST, run!(memberships::check_member_groups)),
    route(&model::GROUP, Place::Call("transitiveMemberOf"), Method::GET, run!(memberships::transitive_member_of)),
    route(&model::GROUP, Place::Call("transitiveMembers"), Method::GET, run!(memberships::transitive_members)),
    route(&model::GROUP, Place::Collection, Method::POST, run!(groups::create::run)),
    route(&model::GROUP, Place::Object, Method::PATCH, run!(groups::update::run)),
    route(&model::GROUP, Place::Object, Method::DELETE, run!(groups::delete::run)),
    route(&model::DIRECTORY_OBJECT, Place::Links("members"), Method::POST, run!(groups::add_member::run)),
    route(&model::DIRECTORY_OBJECT, Place::Links("members"), Method::DELETE, run!(groups::remove_member::run)),
    route(&model::DIRECTORY_OBJECT, Place::Link("members"), Method::DELETE, run!(groups::remove_member::run)),
    route(&model::DIRECTORY_OBJECT, Place::Links("owners"), Method::POST, run!(groups::add_owner::run)),
    route(&model::DIRECTORY_OBJECT, Place::Links("owners"), Method::DELETE, run!(groups::remove_owner::run)),
    route(&model::DIRECTORY_OBJECT, Place::Link("owners"), Method::DELETE, run!(groups::remove_owner::run)),
    route(&model::DIRECTORY_OBJECT, Place::Object, Method::DELETE, run!(directory_objects::delete::run)),
    route(&model::DIRECTORY_OBJECT, Place::Call("getByIds"), Method::POST, run!(directory_objects::get_by_ids::run)),
    route(&model::APPLICATION, Place::Collection, Method::POST, run!(applications::create::run)),
    route(&model::APPLICATION, Place::Object, Method::PATCH, run!(applications::update::run)),
    route(&model::APPLICATION, Place::Object, Method::DELETE, run!(applications::delete::run)),
    route(&model::SERVICE_PRINCIPAL, Place::Collection, Method::POST, run!(service_principals::create::run)),
    route(&model::SERVICE_PRINCIPAL, Place::Object, Method::PATCH, run!(service_principals::update::run)),
    route(&model::SERVICE_PRINCIPAL, Place::Object, Method::DELETE, run!(service_principals::delete::run)),
    route(&model::APP_ROLE_ASSIGNMENT, Place::Collection, Method::POST, run!(app_role_assignments::create::run)),
    route(&model::APP_ROLE_ASSIGNMENT, Place::Object, Method::DELETE, run!(app_role_assignments::delete::run)),
];

#[cfg(test)]
mod preconditions;
#[cfg(test)]
mod tests;
