//! What paths point at (semantics 1.1, 1.3, 4.1, 8.6).

use domain::cloud::Cloud;
use domain::query::{Kind, Predicate, Value};
use odata::path;
use wire::Version;
use wire::address::{Address, AddressError, Key, Options, Tail, resolve};
use wire::sets::{ENTITY_SETS, Root};

const ID: &str = "11111111-1111-1111-1111-111111111111";
const OTHER: &str = "22222222-2222-2222-2222-222222222222";
const EM: &str = "identityGovernance/entitlementManagement";

fn at(version: Version, raw: &str) -> Result<Address, AddressError> {
    let options = Options {
        caller: Some(OTHER),
        legacy_v1_paths: true,
        cloud: Cloud::Global,
    };
    resolve(version, &path::parse(raw).unwrap(), options)
}

fn call(address: &Address) -> &'static str {
    match &address.tail {
        Tail::Call(call) => call.operation.name,
        other => panic!("no call but {other:?}"),
    }
}

#[test]
fn a_set_that_is_one_object_takes_no_key() {
    for version in Version::ALL {
        let path = "identityGovernance/entitlementManagement/settings";
        let settings = at(version, path).unwrap();

        assert_eq!(settings.tail, Tail::Entity);
        assert_eq!(settings.path(), path);
        assert_eq!(settings.last_id(), None);
        let action = format!("{path}/externalUserLifecycleAction");
        assert!(matches!(
            at(version, &action).unwrap().tail,
            Tail::Property("externalUserLifecycleAction", false)
        ));
        for unknown in [
            format!("{path}/{ID}"),
            format!("{path}('{ID}')"),
            format!("{path}/$count"),
        ] {
            assert!(at(version, &unknown).is_err(), "{unknown}");
        }
    }
}

#[test]
fn every_set_is_a_collection_and_has_objects_in_its_versions_only() {
    for set in ENTITY_SETS.iter().filter(|set| !set.is_single) {
        for version in Version::ALL {
            let Some(name) = set.name(version) else {
                continue;
            };
            let path = set.path(version);
            let collection = at(version, &path).unwrap();
            assert_eq!(collection.tail, Tail::Collection, "{path}");
            assert_eq!(collection.path(), path);

            let key = if set.of.entity.name == "resource_role_scope" {
                format!("{ID}_{OTHER}")
            } else {
                ID.to_owned()
            };
            for object in [
                format!("{path}/{key}"),
                format!("{path}('{}')", key.to_uppercase()),
            ] {
                let address = at(
                    version,
                    &object.to_uppercase().replace(&path.to_uppercase(), &path),
                )
                .unwrap();
                assert_eq!(address.tail, Tail::Entity, "{object}");
                assert_eq!(address.last_id(), Some(key.as_str()), "{name}");
            }
            assert_eq!(
                at(version, &format!("{path}/$count")).unwrap().tail,
                Tail::Count
            );
            if set.of.entity.key().unwrap().kind == Kind::Id {
                assert_eq!(
                    at(version, &format!("{path}/nope")).unwrap_err(),
                    AddressError::BadId {
                        id: "nope".to_owned()
                    },
                );
            }
        }
    }
}

#[test]
fn what_is_built_in_is_keyed_by_its_name_on_every_level() {
    let namespace =
        "roleManagement/entitlementManagement/resourceNamespaces/microsoft.entitlementManagement";
    for version in Version::ALL {
        let actions = format!("{namespace}/resourceActions");
        let action = format!("{actions}/microsoft.entitlementManagement-catalogs-create");

        assert_eq!(at(version, namespace).unwrap().tail, Tail::Entity);
        assert_eq!(at(version, &actions).unwrap().tail, Tail::Collection);
        assert_eq!(at(version, &action).unwrap().tail, Tail::Entity);
    }
}

#[test]
fn functions_of_role_management_hang_at_its_root_in_beta_alone() {
    let root = "roleManagement/entitlementManagement";
    for name in ["roleSchedules", "roleScheduleInstances"] {
        let path = format!("{root}/{name}(principalId='{ID}',appScopeId='@appScopeId')");

        let address = at(Version::Beta, &path).unwrap();

        assert_eq!(call(&address), name);
        assert!(at(Version::V1, &path).is_err());
        assert!(at(Version::Beta, &format!("{root}/{name}(nobody='{ID}')")).is_err());
    }
    assert_eq!(at(Version::V1, root).unwrap().tail, Tail::Entity);
    let deleted = format!("{root}/deletedItems/roleDefinitions");
    assert_eq!(at(Version::Beta, &deleted).unwrap().tail, Tail::Collection);
}

#[test]
fn sets_and_operations_match_in_any_case_and_with_their_namespace() {
    for (version, path, name) in [
        (
            Version::V1,
            format!("{EM}/assignmentRequests/{ID}/reprocess"),
            "reprocess",
        ),
        (
            Version::V1,
            format!("{EM}/ASSIGNMENTS/{ID}/microsoft.graph.Reprocess"),
            "reprocess",
        ),
        (
            Version::Beta,
            format!("{EM}/assignmentRequests/{ID}/reprocess"),
            "reprocess",
        ),
        (
            Version::Beta,
            format!("{EM}/accessPackageAssignmentRequests/{ID}/reprocess"),
            "reprocess",
        ),
        (
            Version::Beta,
            format!("{EM}/accessPackageAssignments/{ID}/reprocess"),
            "reprocess",
        ),
        (
            Version::Beta,
            format!(
                "{EM}/accessPackageAssignments/{ID}/accessPackageAssignmentRequests/{OTHER}/reprocess"
            ),
            "reprocess",
        ),
        (
            Version::V1,
            format!("{EM}/assignmentRequests/{ID}/cancel"),
            "cancel",
        ),
        (
            Version::V1,
            format!("{EM}/accessPackages/{ID}/getApplicablePolicyRequirements"),
            "getApplicablePolicyRequirements",
        ),
        (
            Version::V1,
            "directoryObjects/getByIds".to_owned(),
            "getByIds",
        ),
        (
            Version::V1,
            "me/transitiveMemberOf".to_owned(),
            "transitiveMemberOf",
        ),
    ] {
        assert_eq!(call(&at(version, &path).unwrap()), name, "{path}");
    }
}

#[test]
fn the_older_v1_path_of_assignments_is_for_calls_and_can_be_switched_off() {
    let path = format!("{EM}/accessPackageAssignments/{ID}");
    assert_eq!(
        call(&at(Version::V1, &format!("{path}/reprocess")).unwrap()),
        "reprocess"
    );
    assert!(matches!(
        at(Version::V1, &path),
        Err(AddressError::UnknownSegment { .. })
    ));

    let off = Options {
        caller: None,
        legacy_v1_paths: false,
        cloud: Cloud::Global,
    };
    let segments = path::parse(&format!("{path}/reprocess")).unwrap();
    assert_eq!(
        resolve(Version::V1, &segments, off)
            .unwrap_err()
            .to_string(),
        "Resource not found for the segment 'accessPackageAssignments'."
    );
}

#[test]
fn a_version_does_not_know_the_sets_of_the_other() {
    for (version, path, blamed) in [
        (
            Version::Beta,
            format!("{EM}/assignments/{ID}/reprocess"),
            "assignments",
        ),
        (
            Version::V1,
            format!("{EM}/accessPackageAssignmentRequests/{ID}"),
            "accessPackageAssignmentRequests",
        ),
        (Version::V1, format!("{EM}/assignments/delta()"), "delta"),
        (Version::V1, "nothing".to_owned(), "nothing"),
        (
            Version::V1,
            format!("{EM}/assignments/{ID}/nothing"),
            "nothing",
        ),
        (
            Version::V1,
            format!("{EM}/assignments/{ID}/target/{ID}"),
            ID,
        ),
        (
            Version::V1,
            format!("{EM}/assignments/{ID}/reprocess/more"),
            "more",
        ),
    ] {
        let error = at(version, &path).unwrap_err();
        assert_eq!(
            error,
            AddressError::UnknownSegment {
                segment: blamed.to_owned()
            },
            "{path}"
        );
    }
}

#[test]
fn functions_take_their_parameters_and_no_others() {
    let path = format!("{EM}/assignments/filterByCurrentUser(on='target')/$count");
    let Tail::Call(call) = at(Version::V1, &path).unwrap().tail else {
        panic!("no call")
    };
    assert_eq!(call.argument("ON"), Some("target"));
    assert!(call.count);

    let wrong = format!("{EM}/assignments/filterByCurrentUser(of='target')");
    assert!(matches!(
        at(Version::V1, &wrong),
        Err(AddressError::BadArguments { .. })
    ));
}

#[test]
fn users_are_found_by_sign_in_name_and_others_by_their_alternate_keys() {
    for path in [
        "users/Alice@Example.test",
        "users('Alice@Example.test')",
        "users(userPrincipalName='Alice@Example.test')",
    ] {
        let address = at(Version::V1, path).unwrap();
        let Some(Key::Field(field, name)) = &address.steps[0].key else {
            panic!("{path}")
        };
        assert_eq!(
            (field.name, name.as_str()),
            ("user_principal_name_key", "Alice@Example.test")
        );
        let filter = format!("{:?}", address.filter(None));
        assert!(filter.contains("alice@example.test"), "{filter}");
    }
    let subject = at(Version::V1, &format!("{EM}/subjects(objectId='{ID}')")).unwrap();
    assert!(
        matches!(&subject.steps[0].key, Some(Key::Field(field, _)) if field.name == "object_id")
    );
    assert!(at(Version::V1, &format!("{EM}/subjects(nothing='{ID}')")).is_err());
    assert!(at(Version::V1, "users/alice").is_err());
}

#[test]
fn me_is_the_caller() {
    let address = at(Version::V1, "me").unwrap();
    assert_eq!(address.last_id(), Some(OTHER));
    assert_eq!(address.tail, Tail::Entity);

    let nobody = Options {
        caller: None,
        legacy_v1_paths: true,
        cloud: Cloud::Global,
    };
    assert_eq!(
        resolve(Version::V1, &path::parse("me").unwrap(), nobody).unwrap_err(),
        AddressError::NoCaller
    );
}

#[test]
fn a_walk_links_each_step_to_the_one_before() {
    let path = format!("{EM}/accessPackages/{ID}/resourceRoleScopes/{ID}_{OTHER}/role/resource");
    let address = at(Version::V1, &path).unwrap();
    assert_eq!(address.tail, Tail::Entity);
    assert_eq!(address.parents(), 3);

    let package = address.parent_query(0, None).unwrap();
    assert_eq!(package.entity.name, "access_package");
    assert_eq!(package.fields[0].name, "id");
    let scope = address
        .parent_query(1, Some(&Value::Text(ID.to_owned())))
        .unwrap();
    assert_eq!(scope.entity.name, "resource_role_scope");
    assert_eq!(scope.fields[0].name, "resource_role_id");
    assert!(format!("{:?}", scope.filter).contains("access_package_id"));
    let role = address
        .parent_query(2, Some(&Value::Text(OTHER.to_owned())))
        .unwrap();
    assert_eq!(role.fields[0].name, "resource_id");
    let last = format!("{:?}", address.filter(Some(&Value::Text(ID.to_owned()))));
    assert!(last.contains(ID), "{last}");
    assert_eq!(
        address.filter(Some(&Value::Null)),
        Predicate::False,
        "nothing behind a missing link"
    );
}

#[test]
fn pairs_are_walked_back() {
    let address = at(Version::V1, &format!("groups/{ID}/members")).unwrap();

    let filter = address.filter(Some(&Value::Text(ID.to_owned())));

    let Predicate::Exists { hops, .. } = filter else {
        panic!("{filter:?}")
    };
    assert_eq!(hops[0].name, "member_of");
}

#[test]
fn links_are_addressed_with_and_without_a_key() {
    let all = at(Version::V1, &format!("groups/{ID}/members/$ref")).unwrap();
    assert_eq!((all.tail.clone(), all.last_id()), (Tail::Ref, None));
    let one = at(Version::V1, &format!("groups/{ID}/members/{OTHER}/$ref")).unwrap();
    assert_eq!((one.tail.clone(), one.last_id()), (Tail::Ref, Some(OTHER)));
    let manager = at(Version::V1, &format!("users/{ID}/manager/$ref")).unwrap();
    assert_eq!(manager.tail, Tail::Ref);
}

#[test]
fn a_property_can_be_asked_for_alone() {
    let plain = at(Version::V1, &format!("users/{ID}/displayName")).unwrap();
    assert_eq!(plain.tail, Tail::Property("displayName", false));
    let raw = at(Version::V1, &format!("users/{ID}/DISPLAYNAME/$value")).unwrap();
    assert_eq!(raw.tail, Tail::Property("displayName", true));
}

#[test]
fn paths_end_somewhere() {
    let mut path = format!("users/{ID}");
    for _ in 0..7 {
        path.push_str("/manager");
    }
    assert_eq!(at(Version::V1, &path).unwrap_err(), AddressError::TooDeep);
}

#[test]
fn roots_do_not_hide_each_other() {
    for root in Root::ALL {
        assert!(
            ENTITY_SETS.iter().any(|set| set.root == root),
            "{root:?} has no set"
        );
    }
    assert!(at(Version::V1, "auditLogs/directoryAudits").is_ok());
    assert!(at(Version::V1, "directoryAudits").is_err());
}

#[test]
fn links_lead_to_where_objects_live_od_13() {
    use wire::{sets, tables};
    let of = |version, table| sets::home(Cloud::Global, version, table);

    assert_eq!(
        of(Version::V1, &tables::GROUP),
        Some("directoryObjects".to_owned())
    );
    assert_eq!(
        of(Version::V1, &tables::ACCESS_PACKAGE),
        Some("identityGovernance/entitlementManagement/accessPackages".to_owned())
    );
    assert_eq!(
        of(Version::Beta, &tables::CATALOG),
        Some("identityGovernance/entitlementManagement/accessPackageCatalogs".to_owned())
    );
}
