//! Access packages: what is in them, what excludes them, and when they may go.

use auth::roles::EmRole;
use domain::access_package::{
    AccessPackageChange, NewAccessPackage, NewResourceRoleScope, ResourceReference, RoleReference,
    RoleScopeId, ScopeReference,
};
use domain::assignment::{self, Assignment};
use domain::assignment_request::{self, AssignmentRequest, RequestType};
use domain::change::Change;
use domain::directory::GroupChanges;
use domain::id::{
    AccessPackageId, AssignmentId, CatalogId, ObjectId, PolicyId, RequestId, ResourceId, SubjectId,
};
use service::access_packages::{self, incompatible, role_scopes};
use service::{Code, resource_requests};
use store::access_package::AccessPackage;
use store::{access_package, directory, resource_role_scope, subject};

use crate::resources::about;
use crate::support::{
    World, app, app_roles, as_user_in, code, new_package, object, refusal, start,
};

impl World {
    pub(crate) fn package_row(&self, id: AccessPackageId) -> Option<AccessPackage> {
        self.service
            .store
            .read_blocking(move |tx| access_package::find(tx, id))
            .unwrap()
    }

    /// An assignment in `state` of a package to a new user of that number, with the request that led to it.
    pub(crate) fn assignment(
        &self,
        package: AccessPackageId,
        policy: PolicyId,
        number: u128,
        state: assignment::State,
    ) -> (AssignmentId, RequestId) {
        let user = self.user(number, &format!("holder{number}"));
        let assignment_id = AssignmentId::new(object(number + 1000).uuid());
        let request_id = self.request(package, policy, user, |request| {
            request.state = assignment_request::State::Delivered;
        });
        self.service
            .store
            .write_blocking(move |tx| {
                let target_id = subject::find_by_object(tx, user)?.unwrap().id;
                let assignment = Assignment {
                    id: assignment_id,
                    access_package_id: package,
                    assignment_policy_id: policy,
                    target_id,
                    state,
                    status: String::new(),
                    schedule: "{}".to_owned(),
                    starts_at: start(),
                    ends_at: None,
                    is_extended: false,
                    expired_at: None,
                    created_at: start(),
                    modified_at: start(),
                    version: 1,
                };
                store::assignment::insert(tx, &assignment)?;
                let mut request = store::assignment_request::find(tx, request_id)?.unwrap();
                request.assignment_id = Some(assignment_id);
                store::assignment_request::save(tx, &request)
            })
            .unwrap();
        (assignment_id, request_id)
    }

    /// A request of `user` for a package, as `change` makes it.
    pub(crate) fn request(
        &self,
        package: AccessPackageId,
        policy: PolicyId,
        user: ObjectId,
        change: impl Fn(&mut AssignmentRequest),
    ) -> RequestId {
        let mut request = AssignmentRequest {
            id: RequestId::new(user.uuid()),
            request_type: RequestType::UserAdd,
            is_extension: false,
            access_package_id: package,
            assignment_policy_id: Some(policy),
            assignment_id: None,
            requestor_id: SubjectId::new(user.uuid()),
            target_id: SubjectId::new(user.uuid()),
            created_by: user,
            state: assignment_request::State::PendingApproval,
            status: String::new(),
            justification: None,
            answers: "[]".to_owned(),
            schedule: "{}".to_owned(),
            starts_at: None,
            ends_at: None,
            lasts_for: None,
            bypass_approval: false,
            plan_due: false,
            failure: None,
            created_at: start(),
            delivering_since: None,
            completed_at: None,
            first_completed_at: None,
            version: 1,
        };
        change(&mut request);
        let id = request.id;
        self.service
            .store
            .write_blocking(move |tx| {
                subject::ensure(tx, user, SubjectId::new(user.uuid()), start())?;
                store::assignment_request::insert(tx, &request)
            })
            .unwrap();
        id
    }

    pub(crate) fn stored_request(&self, id: RequestId) -> Option<AssignmentRequest> {
        self.service
            .store
            .read_blocking(move |tx| store::assignment_request::find(tx, id))
            .unwrap()
    }

    /// Whether live assignments of the package wait to be planned anew; asking takes the mark away.
    fn takes_replan(&self) -> bool {
        self.service
            .store
            .write_blocking(|tx| store::ledger::plan::next_replan(tx, 10))
            .unwrap()
            .is_some()
    }
}

/// The role of this origin id, of a resource of this id.
fn role(resource: ResourceId, origin_id: impl Into<String>) -> NewResourceRoleScope {
    NewResourceRoleScope {
        role: RoleReference {
            id: None,
            origin_id: Some(origin_id.into()),
            resource: ResourceReference {
                id: Some(resource),
                ..ResourceReference::default()
            },
        },
        scope: ScopeReference::default(),
    }
}

/// A package with a group as a resource of its catalog.
async fn package_and_group(world: &World) -> (CatalogId, AccessPackageId, ObjectId, ResourceId) {
    let catalog = world.catalog("Finance").await;
    let package = world.package(catalog, "Books").await;
    let group = world.group(1, "Accountants", GroupChanges::default());
    let resource = world.onboard(catalog, "AadGroup", group).await;
    (catalog, package, group, resource)
}

#[tokio::test]
async fn managers_of_the_catalog_create_packages() {
    let world = World::new();
    let (finance, sales) = (world.catalog("Finance").await, world.catalog("Sales").await);
    let alice = world.user(1, "alice");
    let manager = as_user_in(alice, EmRole::AccessPackageManager, finance);
    let wanted = NewAccessPackage {
        is_hidden: true,
        unique_name: Some("books".to_owned()),
        ..new_package(finance, "Books")
    };

    let id = access_packages::create(&world.service, &manager, wanted)
        .await
        .unwrap();

    let created = world.package_row(id).unwrap();
    assert_eq!(created.catalog_id, finance);
    assert!(created.is_hidden && created.is_role_scopes_visible);
    for (ctx, catalog, expected) in [
        (&manager, sales, Code::ResourceNotFound),
        (
            &as_user_in(alice, EmRole::CatalogReader, finance),
            finance,
            Code::AccessDenied,
        ),
        (
            &app(),
            CatalogId::new(object(99).uuid()),
            Code::ResourceNotFound,
        ),
    ] {
        let outcome = access_packages::create(&world.service, ctx, new_package(catalog, "x")).await;
        assert_eq!(code(outcome), expected);
    }
}

#[tokio::test]
async fn flaws_and_taken_unique_names_are_refused() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let named = NewAccessPackage {
        unique_name: Some("books".to_owned()),
        ..new_package(catalog, "Books")
    };
    access_packages::create(&world.service, &app(), named.clone())
        .await
        .unwrap();

    for (wanted, target) in [
        (named, "uniqueName"),
        (new_package(catalog, ""), "displayName"),
    ] {
        let outcome = access_packages::create(&world.service, &app(), wanted).await;
        assert_eq!(
            refusal(outcome),
            (Code::InvalidModel, Some(target.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_ht_1() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let id = world.package(catalog, "Books").await;
    let change = AccessPackageChange {
        is_hidden: Some(true),
        description: Change::Set("For accountants".to_owned()),
        ..AccessPackageChange::default()
    };

    access_packages::update(&world.service, &app(), id, change)
        .await
        .unwrap();

    let changed = world.package_row(id).unwrap();
    assert_eq!(changed.display_name, "Books");
    assert!(changed.is_hidden && changed.is_role_scopes_visible);
    assert_eq!(changed.description.as_deref(), Some("For accountants"));
}

#[tokio::test]
async fn a_role_is_found_by_its_origin_and_wakes_the_assignments_as_4() {
    let world = World::new();
    let (_, package, group, resource) = package_and_group(&world).await;
    assert!(!world.takes_replan());

    let id = role_scopes::create(
        &world.service,
        &app(),
        package,
        role(resource, format!("MEMBER_{group}").to_lowercase()),
    )
    .await
    .unwrap();

    assert!(world.takes_replan());
    let member = world.roles(resource)[0].clone();
    assert_eq!(member.display_name, "Member");
    let scope = world.scopes(resource)[0].id;
    assert_eq!(
        id,
        RoleScopeId {
            role: member.id,
            scope
        }
    );

    role_scopes::delete(&world.service, &app(), package, id)
        .await
        .unwrap();
    assert!(world.takes_replan());
    let again = role_scopes::delete(&world.service, &app(), package, id).await;
    assert_eq!(code(again), Code::ResourceNotFound);
}

#[tokio::test]
async fn a_role_is_found_by_our_ids_or_by_the_origin_of_its_resource() {
    let world = World::new();
    let (_, package, group, resource) = package_and_group(&world).await;
    let owner = world.roles(resource)[1].clone();
    let by_id = NewResourceRoleScope {
        role: RoleReference {
            id: Some(owner.id),
            ..RoleReference::default()
        },
        scope: ScopeReference {
            id: Some(world.scopes(resource)[0].id),
            ..ScopeReference::default()
        },
    };
    let by_origin = NewResourceRoleScope {
        role: RoleReference {
            origin_id: Some(format!("Member_{group}")),
            resource: ResourceReference {
                id: None,
                origin_id: Some(group.to_string()),
                origin_system: Some("AadGroup".to_owned()),
            },
            id: None,
        },
        scope: ScopeReference {
            origin_id: Some(group.to_string()),
            ..ScopeReference::default()
        },
    };

    for wanted in [by_id, by_origin] {
        role_scopes::create(&world.service, &app(), package, wanted)
            .await
            .unwrap();
    }

    let stored = world
        .service
        .store
        .read_blocking(move |tx| resource_role_scope::of_package(tx, package))
        .unwrap();
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn the_same_role_is_added_once_dl_4() {
    let world = World::new();
    let (_, package, group, resource) = package_and_group(&world).await;
    let wanted = role(resource, format!("Member_{group}"));
    role_scopes::create(&world.service, &app(), package, wanted.clone())
        .await
        .unwrap();

    let again = role_scopes::create(&world.service, &app(), package, wanted).await;

    assert_eq!(code(again), Code::RoleScopeAlreadyExists);
}

#[tokio::test]
async fn a_role_comes_from_a_resource_of_the_packages_own_catalog() {
    let world = World::new();
    let (_, package, group, resource) = package_and_group(&world).await;
    let sales = world.catalog("Sales").await;
    let elsewhere = world.onboard(sales, "AadGroup", group).await;
    let member = format!("Member_{group}");
    let mut wrong_scope = role(resource, member.clone());
    wrong_scope.scope.origin_id = Some("elsewhere".to_owned());
    let unknown = ResourceId::new(object(99).uuid());
    let mut nameless = role(resource, member.clone());
    nameless.role.resource.id = None;

    for (wanted, expected, target) in [
        (
            role(elsewhere, member.clone()),
            Code::InvalidModel,
            "role/resource/id",
        ),
        (
            role(unknown, member),
            Code::ResourceNotFound,
            "role/resource",
        ),
        (nameless, Code::InvalidModel, "role/resource/id"),
        (
            role(resource, format!("Reader_{group}")),
            Code::RoleNotFound,
            "role/originId",
        ),
        (wrong_scope, Code::InvalidModel, "scope/originId"),
    ] {
        let outcome = role_scopes::create(&world.service, &app(), package, wanted).await;
        assert_eq!(refusal(outcome), (expected, Some(target.to_owned())));
    }
}

#[tokio::test]
async fn a_role_that_the_origin_offers_by_now_is_taken_up_on_first_use_dl_2() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let package = world.package(catalog, "Books").await;
    let origin = world.application(1, "Ledger", &["Reader"]);
    let resource = world.onboard(catalog, "AadApplication", origin).await;
    let writer = app_roles(&["Writer"])[0].id.to_string();
    let wanted = role(resource, writer);
    let early = role_scopes::create(&world.service, &app(), package, wanted.clone()).await;
    assert_eq!(code(early), Code::RoleNotFound);
    world
        .service
        .store
        .write_blocking(move |tx| {
            let mut changed = directory::service_principal::find(tx, origin)?.unwrap();
            changed.app_roles = app_roles(&["Reader", "Writer"]);
            directory::service_principal::update(tx, &changed)
        })
        .unwrap();

    role_scopes::create(&world.service, &app(), package, wanted)
        .await
        .unwrap();

    assert_eq!(world.roles(resource).len(), 2);
}

#[tokio::test]
async fn a_resource_in_use_stays_in_the_catalog_dl_11() {
    let world = World::new();
    let (catalog, package, group, resource) = package_and_group(&world).await;
    let id = role_scopes::create(
        &world.service,
        &app(),
        package,
        role(resource, format!("Member_{group}")),
    )
    .await
    .unwrap();
    let remove = about(
        domain::resource::ResourceRequestType::AdminRemove,
        catalog,
        "AadGroup",
        group,
    );

    let used = resource_requests::submit(&world.service, &app(), remove.clone()).await;
    assert_eq!(code(used), Code::InvalidDeleteResourceHasEntitlements);

    role_scopes::delete(&world.service, &app(), package, id)
        .await
        .unwrap();
    resource_requests::submit(&world.service, &app(), remove)
        .await
        .unwrap();
}

#[tokio::test]
async fn incompatibilities_are_one_directional_and_need_something_that_exists_sd_2() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let (books, audit) = (
        world.package(catalog, "Books").await,
        world.package(catalog, "Audit").await,
    );
    let group = world.group(1, "Accountants", GroupChanges::default());
    let (service, ctx) = (&world.service, &app());
    let listed = |id| {
        let packages = move |tx: &mut store::ReadTx<'_>| store::incompatible::packages(tx, id);
        world.service.store.read_blocking(packages).unwrap()
    };

    incompatible::add_package(service, ctx, books, audit)
        .await
        .unwrap();
    incompatible::add_package(service, ctx, books, audit)
        .await
        .unwrap();
    incompatible::add_group(service, ctx, books, group)
        .await
        .unwrap();

    assert_eq!(listed(books), [audit]);
    assert_eq!(listed(audit), []);
    assert_eq!(
        code(incompatible::add_package(service, ctx, books, books).await),
        Code::InvalidModel
    );
    let unknown = AccessPackageId::new(object(99).uuid());
    assert_eq!(
        code(incompatible::add_package(service, ctx, books, unknown).await),
        Code::ResourceNotFound
    );
    assert_eq!(
        code(incompatible::add_group(service, ctx, books, object(98)).await),
        Code::ResourceNotFound
    );
    incompatible::remove_package(service, ctx, books, audit)
        .await
        .unwrap();
    incompatible::remove_group(service, ctx, books, group)
        .await
        .unwrap();
    assert_eq!(
        code(incompatible::remove_package(service, ctx, books, audit).await),
        Code::ResourceNotFound
    );
    assert_eq!(
        code(incompatible::remove_group(service, ctx, books, group).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn a_package_that_somebody_holds_stays_as_9() {
    for state in [
        assignment::State::Delivering,
        assignment::State::Delivered,
        assignment::State::PartiallyDelivered,
        assignment::State::DeliveryFailed,
    ] {
        let world = World::new();
        let catalog = world.catalog("Finance").await;
        let package = world.package(catalog, "Books").await;
        let policy = world.direct_policy(package).await;
        world.assignment(package, policy, 5, state);

        let outcome = access_packages::delete(&world.service, &app(), package).await;

        assert_eq!(code(outcome), Code::ActiveAssignmentsExist, "{state:?}");
        assert!(world.package_row(package).is_some());
    }
}

#[tokio::test]
async fn a_package_goes_with_its_policies_and_its_past_as_20() {
    let world = World::new();
    let (_, package, group, resource) = package_and_group(&world).await;
    role_scopes::create(
        &world.service,
        &app(),
        package,
        role(resource, format!("Member_{group}")),
    )
    .await
    .unwrap();
    let policy = world.direct_policy(package).await;
    let (_, past) = world.assignment(package, policy, 5, assignment::State::Expired);
    let open = world.request(package, policy, world.user(6, "asker"), |_| {});

    access_packages::delete(&world.service, &app(), package)
        .await
        .unwrap();

    assert_eq!(world.package_row(package), None);
    assert_eq!(world.stored_request(past), None);
    assert_eq!(world.stored_request(open), None);
    assert_eq!(world.policy_row(policy), None);
}
