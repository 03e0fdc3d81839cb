//! What each path and method does: one file for each command, and the table that names them.
//!
//! **Invariant:** a handler decodes, calls one use case and encodes; it decides nothing about business (R14).

mod access_packages;
mod app_role_assignments;
mod approvals;
mod assignment_policies;
mod assignment_requests;
mod assignments;
mod catalogs;
mod directory_objects;
mod filter_by_current_user;
mod groups;
mod memberships;
mod reference;
mod resource_requests;
mod resource_role_scopes;
mod resources;
mod role_assignments;
mod service_principals;
mod users;

use domain::model;
use domain::query::Entity;
use http::Method;

use crate::graph::{Handler, Place, Route};

const fn route(of: &'static Entity, place: Place, method: Method, run: Handler) -> Route {
    Route {
        of,
        place,
        method,
        run,
    }
}

/// The table of commands. What is absent is 405, or a read.
pub(crate) static ROUTES: &[Route] = &[
    route(&model::CATALOG, Place::Collection, Method::POST, |r| {
        Box::pin(catalogs::create::run(r))
    }),
    route(&model::CATALOG, Place::Object, Method::PATCH, |r| {
        Box::pin(catalogs::update::run(r))
    }),
    route(&model::CATALOG, Place::Object, Method::DELETE, |r| {
        Box::pin(catalogs::delete::run(r))
    }),
    route(
        &model::RESOURCE,
        Place::Call("refresh"),
        Method::POST,
        |r| Box::pin(resources::refresh::run(r)),
    ),
    route(
        &model::RESOURCE_REQUEST,
        Place::Collection,
        Method::POST,
        |r| Box::pin(resource_requests::create::run(r)),
    ),
    route(
        &model::ACCESS_PACKAGE,
        Place::Collection,
        Method::POST,
        |r| Box::pin(access_packages::create::run(r)),
    ),
    route(&model::ACCESS_PACKAGE, Place::Object, Method::PATCH, |r| {
        Box::pin(access_packages::update::run(r))
    }),
    route(&model::ACCESS_PACKAGE, Place::Object, Method::DELETE, |r| {
        Box::pin(access_packages::delete::run(r))
    }),
    route(
        &model::ACCESS_PACKAGE,
        Place::Links("incompatible_access_packages"),
        Method::POST,
        |r| Box::pin(access_packages::add_incompatible_package::run(r)),
    ),
    route(
        &model::ACCESS_PACKAGE,
        Place::Links("incompatible_access_packages"),
        Method::DELETE,
        |r| Box::pin(access_packages::remove_incompatible_package::run(r)),
    ),
    route(
        &model::ACCESS_PACKAGE,
        Place::Link("incompatible_access_packages"),
        Method::DELETE,
        |r| Box::pin(access_packages::remove_incompatible_package::run(r)),
    ),
    route(
        &model::GROUP,
        Place::Links("incompatible_groups"),
        Method::POST,
        |r| Box::pin(access_packages::add_incompatible_group::run(r)),
    ),
    route(
        &model::GROUP,
        Place::Links("incompatible_groups"),
        Method::DELETE,
        |r| Box::pin(access_packages::remove_incompatible_group::run(r)),
    ),
    route(
        &model::GROUP,
        Place::Link("incompatible_groups"),
        Method::DELETE,
        |r| Box::pin(access_packages::remove_incompatible_group::run(r)),
    ),
    route(
        &model::RESOURCE_ROLE_SCOPE,
        Place::Collection,
        Method::POST,
        |r| Box::pin(resource_role_scopes::create::run(r)),
    ),
    route(
        &model::RESOURCE_ROLE_SCOPE,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(resource_role_scopes::delete::run(r)),
    ),
    route(
        &model::ASSIGNMENT_POLICY,
        Place::Collection,
        Method::POST,
        |r| Box::pin(assignment_policies::create::run(r)),
    ),
    route(&model::ASSIGNMENT_POLICY, Place::Object, Method::PUT, |r| {
        Box::pin(assignment_policies::replace::run(r))
    }),
    route(
        &model::ASSIGNMENT_POLICY,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(assignment_policies::delete::run(r)),
    ),
    route(
        &model::ASSIGNMENT_REQUEST,
        Place::Collection,
        Method::POST,
        |r| Box::pin(assignment_requests::create::run(r)),
    ),
    route(
        &model::ASSIGNMENT_REQUEST,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(assignment_requests::delete::run(r)),
    ),
    route(
        &model::ASSIGNMENT_REQUEST,
        Place::Call("cancel"),
        Method::POST,
        |r| Box::pin(assignment_requests::cancel::run(r)),
    ),
    route(
        &model::ASSIGNMENT_REQUEST,
        Place::Call("reprocess"),
        Method::POST,
        |r| Box::pin(assignment_requests::reprocess::run(r)),
    ),
    route(
        &model::ASSIGNMENT,
        Place::Call("reprocess"),
        Method::POST,
        |r| Box::pin(assignments::reprocess::run(r)),
    ),
    route(&model::APPROVAL_STAGE, Place::Object, Method::PATCH, |r| {
        Box::pin(approvals::decide::run(r))
    }),
    route(
        &model::ACCESS_PACKAGE,
        Place::Call("filterByCurrentUser"),
        Method::GET,
        |r| Box::pin(filter_by_current_user::run(r)),
    ),
    route(
        &model::ASSIGNMENT,
        Place::Call("filterByCurrentUser"),
        Method::GET,
        |r| Box::pin(filter_by_current_user::run(r)),
    ),
    route(
        &model::ASSIGNMENT_REQUEST,
        Place::Call("filterByCurrentUser"),
        Method::GET,
        |r| Box::pin(filter_by_current_user::run(r)),
    ),
    route(
        &model::APPROVAL,
        Place::Call("filterByCurrentUser"),
        Method::GET,
        |r| Box::pin(filter_by_current_user::run(r)),
    ),
    route(
        &model::ROLE_ASSIGNMENT,
        Place::Collection,
        Method::POST,
        |r| Box::pin(role_assignments::create::run(r)),
    ),
    route(
        &model::ROLE_ASSIGNMENT,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(role_assignments::delete::run(r)),
    ),
    route(&model::USER, Place::Collection, Method::POST, |r| {
        Box::pin(users::create::run(r))
    }),
    route(&model::USER, Place::Object, Method::PATCH, |r| {
        Box::pin(users::update::run(r))
    }),
    route(&model::USER, Place::Object, Method::DELETE, |r| {
        Box::pin(users::delete::run(r))
    }),
    route(&model::USER, Place::Link("manager"), Method::PUT, |r| {
        Box::pin(users::set_manager::run(r))
    }),
    route(&model::USER, Place::Link("manager"), Method::DELETE, |r| {
        Box::pin(users::clear_manager::run(r))
    }),
    route(
        &model::USER,
        Place::Call("transitiveMemberOf"),
        Method::GET,
        |r| Box::pin(memberships::transitive_member_of(r)),
    ),
    route(
        &model::USER,
        Place::Call("getMemberGroups"),
        Method::POST,
        |r| Box::pin(memberships::get_member_groups(r)),
    ),
    route(
        &model::USER,
        Place::Call("checkMemberGroups"),
        Method::POST,
        |r| Box::pin(memberships::check_member_groups(r)),
    ),
    route(
        &model::GROUP,
        Place::Call("transitiveMemberOf"),
        Method::GET,
        |r| Box::pin(memberships::transitive_member_of(r)),
    ),
    route(
        &model::GROUP,
        Place::Call("transitiveMembers"),
        Method::GET,
        |r| Box::pin(memberships::transitive_members(r)),
    ),
    route(&model::GROUP, Place::Collection, Method::POST, |r| {
        Box::pin(groups::create::run(r))
    }),
    route(&model::GROUP, Place::Object, Method::PATCH, |r| {
        Box::pin(groups::update::run(r))
    }),
    route(&model::GROUP, Place::Object, Method::DELETE, |r| {
        Box::pin(groups::delete::run(r))
    }),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Links("members"),
        Method::POST,
        |r| Box::pin(groups::add_member::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Links("members"),
        Method::DELETE,
        |r| Box::pin(groups::remove_member::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Link("members"),
        Method::DELETE,
        |r| Box::pin(groups::remove_member::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Links("owners"),
        Method::POST,
        |r| Box::pin(groups::add_owner::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Links("owners"),
        Method::DELETE,
        |r| Box::pin(groups::remove_owner::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Link("owners"),
        Method::DELETE,
        |r| Box::pin(groups::remove_owner::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(directory_objects::delete::run(r)),
    ),
    route(
        &model::DIRECTORY_OBJECT,
        Place::Call("getByIds"),
        Method::POST,
        |r| Box::pin(directory_objects::get_by_ids::run(r)),
    ),
    route(
        &model::SERVICE_PRINCIPAL,
        Place::Collection,
        Method::POST,
        |r| Box::pin(service_principals::create::run(r)),
    ),
    route(
        &model::SERVICE_PRINCIPAL,
        Place::Object,
        Method::PATCH,
        |r| Box::pin(service_principals::update::run(r)),
    ),
    route(
        &model::SERVICE_PRINCIPAL,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(service_principals::delete::run(r)),
    ),
    route(
        &model::APP_ROLE_ASSIGNMENT,
        Place::Collection,
        Method::POST,
        |r| Box::pin(app_role_assignments::create::run(r)),
    ),
    route(
        &model::APP_ROLE_ASSIGNMENT,
        Place::Object,
        Method::DELETE,
        |r| Box::pin(app_role_assignments::delete::run(r)),
    ),
];
