//! The directory's tables, asked the same on both databases.

use domain::change::Change;
use domain::directory::{
    AppRole, DEFAULT_ACCESS, Group, GroupChanges, GroupRole, MemberStanding, ObjectKind,
    ServicePrincipal, ServicePrincipalChanges, User, UserChanges,
};
use domain::id::{AppId, AppRoleAssignmentId, AppRoleId, ObjectId};
use domain::time::Timestamp;

use super::{
    app_role_assignment, group, membership, object, service_principal, target_binding, user,
};
use crate::engine::tests::on_both;
use crate::{Error, Store, WriteTx};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// `0` to `9` make ids that are told apart at a glance.
fn id<T: std::str::FromStr<Err = domain::id::MalformedId>>(number: u8) -> T {
    format!("00000000-0000-0000-0000-0000000000{number:02x}")
        .parse()
        .unwrap()
}

fn a_user(number: u8, name: &str) -> User {
    let changes = UserChanges {
        user_principal_name: Some(name.to_owned()),
        display_name: Some(name.to_owned()),
        department: Change::Set("Sales".to_owned()),
        details: [(
            "businessPhones".to_owned(),
            Change::Set("[\"1\"]".to_owned()),
        )]
        .into(),
        ..UserChanges::default()
    };
    User::create(id(number), NOW, &changes).unwrap()
}

fn a_group(number: u8) -> Group {
    let changes = GroupChanges {
        display_name: Some(format!("Group {number}")),
        group_types: Some(vec!["Unified".to_owned()]),
        ..GroupChanges::default()
    };
    Group::create(id(number), NOW, &changes).unwrap()
}

fn an_application(number: u8, roles: &[u8]) -> ServicePrincipal {
    let role = |number: &u8| AppRole {
        id: id(*number),
        display_name: Some(format!("Role {number}")),
        description: None,
        value: Some("role".to_owned()),
        is_enabled: true,
        allowed_member_types: vec!["User".to_owned()],
    };
    let changes = ServicePrincipalChanges {
        display_name: Some("Payroll".to_owned()),
        app_roles: Some(roles.iter().map(role).collect()),
        ..ServicePrincipalChanges::default()
    };
    let app_id: AppId = id(number + 100);
    ServicePrincipal::create(id(number), app_id, NOW, &changes).unwrap()
}

fn in_write<T: Send + 'static>(
    store: &Store,
    work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    store.write_blocking(work).unwrap()
}

fn on_both_migrated(test: impl Fn(&Store)) {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        test(store);
    });
}

#[test]
fn objects_come_back_as_they_were_stored() {
    on_both_migrated(|store| {
        let (alice, sales, payroll) = (
            a_user(1, "Alice@reeve.example"),
            a_group(2),
            an_application(3, &[7, 8]),
        );
        let stored = (alice.clone(), sales.clone(), payroll.clone());

        let found = in_write(store, move |tx| {
            user::insert(tx, &stored.0)?;
            group::insert(tx, &stored.1)?;
            service_principal::insert(tx, &stored.2)?;
            Ok((
                user::find_by_name(tx, "ALICE@reeve.example")?,
                group::find(tx, id(2))?,
                service_principal::find_by_app(tx, id(103))?,
            ))
        });

        assert_eq!(found, (Some(alice), Some(sales), Some(payroll)));
    });
}

#[test]
fn an_update_names_the_version_it_read() {
    on_both_migrated(|store| {
        in_write(store, |tx| {
            user::insert(tx, &a_user(1, "alice@reeve.example"))
        });

        let first = store.write_blocking(|tx| user::update(tx, &a_user(1, "alicia@reeve.example")));
        let second = store.write_blocking(|tx| user::update(tx, &a_user(1, "alex@reeve.example")));

        assert!(first.is_ok());
        assert!(matches!(second, Err(Error::StaleVersion)));
    });
}

#[test]
fn a_deleted_user_frees_its_sign_in_name() {
    on_both_migrated(|store| {
        let holder = in_write(store, |tx| {
            let mut alice = a_user(1, "alice@reeve.example");
            user::insert(tx, &alice)?;
            alice.deleted_at = Some(NOW);
            user::update(tx, &alice)?;
            user::insert(tx, &a_user(2, "Alice@reeve.example"))?;
            user::name_holder(tx, "alice@reeve.example")
        });

        assert_eq!(holder, Some(id(2)));
        let deleted = store
            .read_blocking(|tx| user::find(tx, id(1)))
            .unwrap()
            .unwrap();
        assert_eq!(deleted.user_principal_name, "alice@reeve.example");
        assert_eq!(
            store
                .read_blocking(|tx| user::find_present(tx, id(1)))
                .unwrap(),
            None
        );
    });
}

#[test]
fn standings_tell_kinds_and_the_deleted_apart() {
    on_both_migrated(|store| {
        let standings = in_write(store, |tx| {
            user::insert(tx, &a_user(1, "alice@reeve.example"))?;
            let mut gone = a_user(2, "bob@reeve.example");
            gone.deleted_at = Some(NOW);
            user::insert(tx, &gone)?;
            group::insert(tx, &a_group(3))?;
            service_principal::insert(tx, &an_application(4, &[]))?;
            let ids: Vec<ObjectId> = (1..=5).map(id).collect();
            object::standings(tx, &ids)
        });

        let expected = [
            (id(1), MemberStanding::Present(ObjectKind::User)),
            (id(2), MemberStanding::Deleted),
            (id(3), MemberStanding::Present(ObjectKind::Group)),
            (id(4), MemberStanding::Present(ObjectKind::ServicePrincipal)),
        ];
        assert_eq!(standings, expected.into());
    });
}

#[test]
fn memberships_are_added_and_removed_as_sets() {
    on_both_migrated(|store| {
        let seen = in_write(store, |tx| {
            group::insert(tx, &a_group(9))?;
            let all: Vec<ObjectId> = (1..=4).map(id).collect();
            membership::add(tx, id(9), GroupRole::Member, &all[..3])?;
            membership::add(tx, id(9), GroupRole::Owner, &all[3..])?;
            membership::remove(tx, id(9), GroupRole::Member, &all[1..])?;
            Ok((
                membership::among(tx, id(9), GroupRole::Member, &all)?,
                membership::among(tx, id(9), GroupRole::Owner, &all)?,
            ))
        });

        assert_eq!(seen, ([id(1)].into(), [id(4)].into()));
    });
}

#[test]
fn memberships_are_followed_through_circles() {
    on_both_migrated(|store| {
        let (above, below, above_the_circle) = in_write(store, |tx| {
            for number in 1..=3 {
                group::insert(tx, &a_group(number))?;
            }
            // alice (8) is in 1, which is in 2, which is in 3, which is in 1.
            for (group, member) in [(1, 8), (2, 1), (3, 2), (1, 3)] {
                membership::add(tx, id(group), GroupRole::Member, &[id(member)])?;
            }
            Ok((
                membership::transitive_groups_of(tx, id(8))?,
                membership::transitive_members(tx, id(3))?,
                membership::transitive_groups_of(tx, id(2))?,
            ))
        });

        assert_eq!(above, [id(1), id(2), id(3)]);
        assert_eq!(below, [id(1), id(2), id(8)]);
        assert_eq!(above_the_circle, [id(1), id(3)]);
    });
}

#[test]
fn app_roles_are_granted_and_taken_as_sets() {
    on_both_migrated(|store| {
        let role = app_role_assignment::Role {
            resource_id: id(9),
            app_role_id: DEFAULT_ACCESS,
        };
        let (held, first, left) = in_write(store, move |tx| {
            service_principal::insert(tx, &an_application(9, &[]))?;
            let principals: Vec<(ObjectId, ObjectKind, AppRoleAssignmentId)> = vec![
                (id(1), ObjectKind::User, id(51)),
                (id(2), ObjectKind::User, id(52)),
                (id(3), ObjectKind::Group, id(53)),
            ];
            app_role_assignment::add(tx, role, &principals, NOW)?;
            let all: Vec<ObjectId> = (1..=4).map(id).collect();
            let held = app_role_assignment::among(tx, role, &all)?;
            let group = app_role_assignment::find(tx, id(53))?;
            app_role_assignment::remove(tx, role, &[id(1), id(4)])?;
            Ok((held, group, app_role_assignment::among(tx, role, &all)?))
        });

        assert_eq!(held, [id(1), id(2), id(3)].into());
        let first = first.unwrap();
        assert_eq!(
            (first.principal_id, first.principal_type),
            (id(3), ObjectKind::Group)
        );
        assert_eq!((first.app_role_id, first.created_at), (DEFAULT_ACCESS, NOW));
        assert_eq!(left, [id(2), id(3)].into());
    });
}

#[test]
fn a_changed_service_principal_keeps_who_holds_its_roles() {
    on_both_migrated(|store| {
        let app_role_id: AppRoleId = id(7);
        let role = app_role_assignment::Role {
            resource_id: id(9),
            app_role_id,
        };
        let held = in_write(store, move |tx| {
            let mut payroll = an_application(9, &[7]);
            service_principal::insert(tx, &payroll)?;
            app_role_assignment::add(tx, role, &[(id(1), ObjectKind::User, id(51))], NOW)?;
            payroll.display_name = "Salaries".to_owned();
            service_principal::update(tx, &payroll)?;
            app_role_assignment::among(tx, role, &[id(1)])
        });

        assert_eq!(held, [id(1)].into());
    });
}

#[test]
fn who_holds_a_role_that_is_offered_no_more_loses_it() {
    on_both_migrated(|store| {
        let kept = app_role_assignment::Role {
            resource_id: id(9),
            app_role_id: id(7),
        };
        let dropped = app_role_assignment::Role {
            resource_id: id(9),
            app_role_id: id(8),
        };
        let holders = in_write(store, move |tx| {
            service_principal::insert(tx, &an_application(9, &[7, 8]))?;
            app_role_assignment::add(tx, kept, &[(id(1), ObjectKind::User, id(51))], NOW)?;
            app_role_assignment::add(tx, dropped, &[(id(1), ObjectKind::User, id(52))], NOW)?;
            service_principal::update(tx, &an_application(9, &[7]))?;
            Ok((
                app_role_assignment::among(tx, kept, &[id(1)])?,
                app_role_assignment::among(tx, dropped, &[id(1)])?,
            ))
        });

        assert_eq!(holders, ([id(1)].into(), [].into()));
    });
}

#[test]
fn what_goes_is_withdrawn_everywhere() {
    on_both_migrated(|store| {
        let (groups, holders) = in_write(store, |tx| {
            group::insert(tx, &a_group(2))?;
            service_principal::insert(tx, &an_application(3, &[]))?;
            membership::add(tx, id(2), GroupRole::Member, &[id(1)])?;
            membership::add(tx, id(2), GroupRole::Owner, &[id(1)])?;
            let role = app_role_assignment::Role {
                resource_id: id(3),
                app_role_id: DEFAULT_ACCESS,
            };
            app_role_assignment::add(tx, role, &[(id(1), ObjectKind::User, id(51))], NOW)?;

            object::withdraw_access(tx, id(1))?;

            Ok((
                membership::transitive_groups_of(tx, id(1))?,
                app_role_assignment::among(tx, role, &[id(1)])?,
            ))
        });

        assert!(groups.is_empty() && holders.is_empty());
    });
}

#[test]
fn a_binding_is_replaced_and_cleared() {
    on_both_migrated(|store| {
        let binding = |target: &str| target_binding::TargetBinding {
            object_id: id(1),
            target: target.to_owned(),
            address: Some("cn=sales".to_owned()),
        };
        let (first, second) = (binding("ldap"), binding("scim"));
        let (listed, cleared, again) = in_write(store, move |tx| {
            target_binding::set(tx, &first)?;
            target_binding::set(tx, &second)?;
            let listed = target_binding::list(tx)?;
            Ok((
                listed,
                target_binding::clear(tx, id(1))?,
                target_binding::clear(tx, id(1))?,
            ))
        });

        assert_eq!(listed, [binding("scim")]);
        assert!(cleared && !again);
    });
}
