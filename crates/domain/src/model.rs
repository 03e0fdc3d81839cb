//! The entities that can be read, with their fields and relations: one row a table or view.
//!
//! **Invariant:** an entity's name is its table's, a field's name its column's. A test of `store` selects every field of
//! every entity on both databases, so the two cannot drift apart.

mod access_package;
mod catalog;
mod directory;
mod extension;
mod governance;
pub mod inside;
mod ledger;
mod offer;
mod organization;
mod provisioning;
mod request;
mod role_management;
mod subscription;
mod upload;

use crate::query::{Entity, Field, Kind, Link, Relation};

pub use access_package::{ACCESS_PACKAGE, ASSIGNMENT_POLICY, RESOURCE_ROLE_SCOPE};
pub use catalog::{CATALOG, RESOURCE, RESOURCE_REQUEST, RESOURCE_ROLE, RESOURCE_SCOPE};
pub use directory::{
    APP_ROLE, APP_ROLE_ASSIGNMENT, APPLICATION, DELETED_USER, DIRECTORY_OBJECT, GROUP,
    SERVICE_PRINCIPAL, USER,
};
pub use extension::{
    CUSTOM_EXTENSION, EXTENSION_CALLOUT, EXTENSION_HANDLER, EXTENSION_STAGE,
    LEGACY_CUSTOM_EXTENSION,
};
pub use governance::AUDIT_EVENT;
pub use ledger::{DRIFTED_GRANT, LEDGER, LEDGER_LINK, REQUEST_DELIVERY};
pub use offer::{AVAILABLE_ACCESS_PACKAGE, HELD_BESIDE, POLICY_QUESTION, SUGGESTION};
pub use organization::{
    CONNECTED_ORGANIZATION, CONTROL_CONFIGURATION, ENTITLEMENT_SETTINGS, EXTERNAL_CONNECTOR,
};
pub use provisioning::{PROVISIONED_GROUP, PROVISIONED_USER};
pub use request::{
    APPROVAL, APPROVAL_STAGE, APPROVAL_STAGE_APPROVER, ASSIGNMENT, ASSIGNMENT_REQUEST, SUBJECT,
};
pub use role_management::{
    APP_SCOPE, DELETED_ROLE_DEFINITION, ROLE_APPLICATION, ROLE_ASSIGNMENT,
    ROLE_ASSIGNMENT_APPROVAL, ROLE_ASSIGNMENT_APPROVAL_STEP, ROLE_ASSIGNMENT_HOLDER,
    ROLE_ASSIGNMENT_SCHEDULE, ROLE_ASSIGNMENT_SCHEDULE_INSTANCE, ROLE_ASSIGNMENT_SCHEDULE_REQUEST,
    ROLE_DEFINITION, ROLE_DELETED_ITEMS, ROLE_ELIGIBILITY_SCHEDULE,
    ROLE_ELIGIBILITY_SCHEDULE_INSTANCE, ROLE_ELIGIBILITY_SCHEDULE_REQUEST, ROLE_RESOURCE_ACTION,
    ROLE_RESOURCE_NAMESPACE, TRANSITIVE_ROLE_ASSIGNMENT,
};
pub use subscription::SUBSCRIPTION;
pub use upload::{RESOURCE_ENVIRONMENT, UPLOAD_FILE, UPLOAD_SESSION};

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const fn one(
    name: &'static str,
    to: &'static Entity,
    here: &'static str,
    there: &'static str,
) -> Relation {
    Relation {
        name,
        to,
        link: Link::One { here, there },
    }
}

const fn many(
    name: &'static str,
    to: &'static Entity,
    here: &'static str,
    there: &'static str,
) -> Relation {
    Relation {
        name,
        to,
        link: Link::Many { here, there },
    }
}

/// A relation through a table of pairs.
const fn through(
    name: &'static str,
    to: &'static Entity,
    table: &'static str,
    [here, near, far, there]: [&'static str; 4],
) -> Relation {
    Relation {
        name,
        to,
        link: Link::Through {
            table,
            here,
            near,
            far,
            there,
        },
    }
}

/// What a document in a column of the row holds at these members: one value, or the items of a list.
const fn inside(
    name: &'static str,
    to: &'static Entity,
    here: &'static str,
    at: &'static [&'static str],
    many: bool,
) -> Relation {
    Relation {
        name,
        to,
        link: Link::Inside { here, at, many },
    }
}

/// Every entity.
pub static ENTITIES: &[&Entity] = &[
    &USER,
    &DELETED_USER,
    &GROUP,
    &SERVICE_PRINCIPAL,
    &APPLICATION,
    &APP_ROLE,
    &APP_ROLE_ASSIGNMENT,
    &DIRECTORY_OBJECT,
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
    &SUBSCRIPTION,
    &ASSIGNMENT,
    &ASSIGNMENT_REQUEST,
    &APPROVAL,
    &APPROVAL_STAGE,
    &APPROVAL_STAGE_APPROVER,
    &ROLE_ASSIGNMENT,
    &ROLE_DEFINITION,
    &DELETED_ROLE_DEFINITION,
    &ROLE_DELETED_ITEMS,
    &ROLE_APPLICATION,
    &ROLE_RESOURCE_NAMESPACE,
    &ROLE_RESOURCE_ACTION,
    &APP_SCOPE,
    &TRANSITIVE_ROLE_ASSIGNMENT,
    &ROLE_ASSIGNMENT_HOLDER,
    &ROLE_ASSIGNMENT_SCHEDULE,
    &ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
    &ROLE_ASSIGNMENT_SCHEDULE_REQUEST,
    &ROLE_ELIGIBILITY_SCHEDULE,
    &ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
    &ROLE_ELIGIBILITY_SCHEDULE_REQUEST,
    &ROLE_ASSIGNMENT_APPROVAL,
    &ROLE_ASSIGNMENT_APPROVAL_STEP,
    &LEDGER,
    &DRIFTED_GRANT,
    &LEDGER_LINK,
    &REQUEST_DELIVERY,
    &AUDIT_EVENT,
    &CUSTOM_EXTENSION,
    &LEGACY_CUSTOM_EXTENSION,
    &EXTENSION_STAGE,
    &EXTENSION_HANDLER,
    &EXTENSION_CALLOUT,
    &AVAILABLE_ACCESS_PACKAGE,
    &SUGGESTION,
    &POLICY_QUESTION,
    &HELD_BESIDE,
    &PROVISIONED_USER,
    &PROVISIONED_GROUP,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_join_fields_that_exist() {
        for entity in ENTITIES {
            for relation in entity.relations {
                let (here, there) = match relation.link {
                    Link::One { here, there }
                    | Link::Many { here, there }
                    | Link::Through { here, there, .. } => (here, there),
                    Link::Inside { here, .. } => (here, ""),
                };
                if relation.is_inside() {
                    assert!(entity.field(here).is_some(), "{}: `{here}`", relation.name);
                    continue;
                }
                let name = format!("{}.{}", entity.name, relation.name);
                assert!(entity.field(here).is_some(), "{name}: `{here}`");
                assert!(relation.to.field(there).is_some(), "{name}: `{there}`");
            }
        }
    }

    #[test]
    fn lists_are_ordered_by_fields_that_exist() {
        for entity in ENTITIES {
            for (name, _) in entity.order {
                assert!(entity.field(name).is_some(), "{}.{name}", entity.name);
            }
        }
    }

    #[test]
    fn names_within_an_entity_are_unique() {
        for entity in ENTITIES {
            let names: Vec<_> = entity.fields.iter().map(|field| field.name).collect();
            let distinct: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "{}", entity.name);
        }
    }
}
