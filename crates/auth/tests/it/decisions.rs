//! Rules of semantics 7.1 that a table of cells does not show.

use std::collections::BTreeSet;

use auth::decide::{
    Access, Catalogs, Decision, Refusal, admit, decide, holds_any_role, may_act_as_requestor,
    readable_catalogs,
};
use auth::directory::{DIRECTORY, DirectoryAction, decide_directory};
use auth::principal::{DirectoryRole, Permission};
use auth::roles::{Action, EmRole, Scope};

use crate::support::{
    application, other_catalog, own_catalog, user, with_directory_role, with_em_role,
};

const WRITE: &[Permission] = &[Permission::EntitlementManagementReadWriteAll];
const READ: &[Permission] = &[Permission::EntitlementManagementReadAll];
const OWN: &[Permission] = &[Permission::SubjectAccessReadWrite];

fn refusal(decision: Decision) -> Refusal {
    match decision {
        Decision::Deny(refusal) => refusal,
        Decision::Allow => panic!("allowed"),
    }
}

#[test]
fn a_refusal_names_the_permission_and_the_roles_that_would_do() {
    let stranger = with_em_role(user(WRITE), EmRole::CatalogReader);

    let role = refusal(decide(&stranger, Action::Reprocess, Some(own_catalog())));
    let permission = refusal(decide(&user(READ), Action::CreateCatalog, None));

    assert_eq!(
        role.to_string(),
        "the caller lacks a role: this needs the permission EntitlementManagement.ReadWrite.All and the role \
         Access package assignment manager, Access package manager, Catalog owner, \
         Identity Governance Administrator or Global Administrator"
    );
    assert_eq!(
        permission.to_string(),
        "the token lacks a permission: this needs the permission EntitlementManagement.ReadWrite.All and the role \
         Catalog creator, Identity Governance Administrator or Global Administrator"
    );
}

#[test]
fn an_application_is_told_that_permission_or_role_would_do() {
    let refused = refusal(decide(&application(&[]), Action::ManageSettings, None));

    assert_eq!(
        refused.to_string(),
        "the token lacks a permission: this needs the permission EntitlementManagement.ReadWrite.All or the role \
         Identity Governance Administrator or Global Administrator"
    );
}

#[test]
fn admission_refuses_only_those_without_permission_or_without_any_role() {
    // RP-5: the first 403 comes before the id is looked at, the second after.
    let elsewhere = with_em_role(user(WRITE), EmRole::CatalogReader);

    assert_eq!(admit(&elsewhere, Action::Reprocess), Decision::Allow);
    assert!(matches!(
        refusal(decide(&elsewhere, Action::Reprocess, Some(own_catalog()))),
        Refusal::MissingRole { .. }
    ));
    assert!(matches!(
        refusal(admit(&user(WRITE), Action::Reprocess)),
        Refusal::NoRoleAnywhere { .. }
    ));
    assert!(matches!(
        refusal(admit(
            &with_em_role(user(READ), EmRole::CatalogOwner),
            Action::Reprocess
        )),
        Refusal::MissingPermission { .. }
    ));
}

#[test]
fn user_administrator_counts_as_no_role() {
    let caller = with_directory_role(user(WRITE), DirectoryRole::UserAdministrator);

    assert!(!holds_any_role(&caller));
    assert!(matches!(
        refusal(decide(&caller, Action::ReadRequests, None)),
        Refusal::NoRoleAnywhere { .. }
    ));
}

#[test]
fn an_application_with_a_role_acts_in_that_scope_only() {
    // AZ-1, AZ-3.
    let caller = with_em_role(application(&[]), EmRole::AccessPackageAssignmentManager);

    for action in [Action::Reprocess, Action::Cancel, Action::AdminRequest] {
        assert_eq!(
            decide(&caller, action, Some(own_catalog())),
            Decision::Allow
        );
        assert!(matches!(
            refusal(decide(&caller, action, Some(other_catalog()))),
            Refusal::MissingRole { .. }
        ));
    }
}

#[test]
fn applications_never_act_as_a_user() {
    // AZ-2, even with every permission and the highest role.
    let caller = with_directory_role(
        application(Permission::ALL),
        DirectoryRole::GlobalAdministrator,
    );

    for action in [
        Action::QueryAsUser,
        Action::Decide,
        Action::UserRequest,
        Action::ApproverRemove,
    ] {
        assert_eq!(
            decide(&caller, action, None),
            Decision::Deny(Refusal::NotForApplications)
        );
    }
    assert_eq!(
        may_act_as_requestor(&caller.principal, Access::Read),
        Decision::Deny(Refusal::NotForApplications)
    );
}

#[test]
fn subject_access_suffices_for_what_is_ones_own_and_for_nothing_else() {
    // AZ-4.
    let caller = with_directory_role(user(OWN), DirectoryRole::GlobalAdministrator);

    for action in [Action::QueryAsUser, Action::Decide, Action::UserRequest] {
        assert_eq!(decide(&caller, action, None), Decision::Allow);
    }
    for access in [Access::Read, Access::Write] {
        assert_eq!(
            may_act_as_requestor(&caller.principal, access),
            Decision::Allow
        );
    }
    assert!(matches!(
        refusal(decide(&caller, Action::ReadRequests, None)),
        Refusal::MissingPermission { .. }
    ));
}

#[test]
fn read_all_reads_ones_own_but_changes_nothing() {
    let caller = user(READ);

    assert_eq!(
        may_act_as_requestor(&caller.principal, Access::Read),
        Decision::Allow
    );
    assert!(matches!(
        refusal(may_act_as_requestor(&caller.principal, Access::Write)),
        Refusal::MissingPermission { .. }
    ));
    assert!(matches!(
        refusal(decide(&caller, Action::UserRequest, None)),
        Refusal::MissingPermission { .. }
    ));
}

#[test]
fn read_all_without_a_role_lists_nothing() {
    // AZ-5.
    assert!(matches!(
        readable_catalogs(&user(READ), Action::ReadRequests),
        Catalogs::None(Refusal::NoRoleAnywhere { .. })
    ));
}

#[test]
fn catalog_roles_narrow_a_list_to_their_catalogs() {
    let mut caller = with_em_role(user(READ), EmRole::CatalogReader);
    caller
        .em_roles
        .push((EmRole::CatalogOwner, Scope::Catalog(other_catalog())));
    caller
        .em_roles
        .push((EmRole::ConnectedOrganizationAdministrator, Scope::Tenant));

    let catalogs = readable_catalogs(&caller, Action::ReadRequests);

    assert_eq!(
        catalogs,
        Catalogs::Some(BTreeSet::from([own_catalog(), other_catalog()]))
    );
    assert!(catalogs.contains(own_catalog()));
}

#[test]
fn a_catalog_creator_sees_an_empty_list_until_a_catalog_is_their_own() {
    // AZ-10.
    let creator = with_em_role(user(WRITE), EmRole::CatalogCreator);
    let owner = with_em_role(creator.clone(), EmRole::CatalogOwner);

    assert_eq!(
        readable_catalogs(&creator, Action::ReadCatalogContent),
        Catalogs::Some(BTreeSet::new())
    );
    assert_eq!(
        readable_catalogs(&owner, Action::ReadCatalogContent),
        Catalogs::Some(BTreeSet::from([own_catalog()]))
    );
    assert!(matches!(
        readable_catalogs(&creator, Action::ReadRequests),
        Catalogs::None(_)
    ));
}

#[test]
fn a_tenant_wide_role_that_was_given_for_one_catalog_does_not_count_for_the_tenant() {
    let mut caller = user(WRITE);
    caller
        .em_roles
        .push((EmRole::CatalogCreator, Scope::Catalog(own_catalog())));

    assert!(matches!(
        refusal(decide(&caller, Action::CreateCatalog, None)),
        Refusal::MissingRole { .. }
    ));
}

#[test]
fn permissions_of_entitlement_management_alone_never_write_the_directory() {
    let caller = application(&[
        Permission::EntitlementManagementReadWriteAll,
        Permission::EntitlementManagementReadAll,
        Permission::SubjectAccessReadWrite,
    ]);
    let user = with_directory_role(user(WRITE), DirectoryRole::GlobalAdministrator);

    for action in [
        DirectoryAction::WriteUsers,
        DirectoryAction::WriteGroups,
        DirectoryAction::WriteMembers,
        DirectoryAction::WriteApplications,
        DirectoryAction::WriteAppRoleAssignments,
        DirectoryAction::WriteRoleAssignments,
        DirectoryAction::ManageRoleGroups,
        DirectoryAction::ManageAdministrators,
    ] {
        for caller in [&caller, &user] {
            assert!(
                matches!(
                    refusal(decide_directory(caller, action)),
                    Refusal::MissingPermission { .. }
                ),
                "{action:?}"
            );
        }
    }
}

#[test]
fn directory_read_write_all_lets_an_application_do_everything_but_be_a_user_and_make_administrators()
 {
    let caller = application(&[Permission::DirectoryReadWriteAll]);
    let denied = [
        DirectoryAction::ReadOwnProfile,
        DirectoryAction::WriteRoleAssignments,
        DirectoryAction::ManageRoleGroups,
        DirectoryAction::ManageAdministrators,
    ];

    for row in DIRECTORY {
        assert_eq!(
            decide_directory(&caller, row.action) == Decision::Allow,
            !denied.contains(&row.action),
            "{:?}",
            row.action
        );
    }
}
