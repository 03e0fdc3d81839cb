//! A service on a throw-away database, callers of every kind, and a small directory.

use std::sync::Arc;

use auth::decide::Caller;
use auth::principal::{DirectoryRole, Permission, PermissionSet, Principal};
use auth::roles::{EmRole, Scope};
use domain::access_package::NewAccessPackage;
use domain::catalog::NewCatalog;
use domain::directory::{AppRole, Group, GroupChanges, GroupRole, ServicePrincipal};
use domain::directory::{ServicePrincipalChanges, User, UserChanges};
use domain::id::{AccessPackageId, AppId, AppRoleId, CatalogId, ObjectId};
use domain::time::{Duration, Timestamp};
use service::clock::{Clock, Ids};
use service::settings::Settings;
use service::{Code, Ctx, Service, ServiceError};
use store::directory::{group, membership, service_principal, user};
use store::{Location, Options, Store};
use tempfile::TempDir;
use uuid::Uuid;

/// A service with an empty tenant.
pub(crate) struct World {
    pub(crate) service: Service,
    _folder: TempDir,
}

/// The time at which every test begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

/// A directory id that tests can foresee.
pub(crate) fn object(number: u128) -> ObjectId {
    ObjectId::new(Uuid::from_u128(number))
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite {
            path: folder.path().join("test.db"),
        };
        let store = Store::open(&location, &Options::default()).unwrap();
        store.migrate(start()).unwrap();
        let service = Service::new(
            store,
            Clock::manual(start()),
            Ids::counted(1),
            Settings::default(),
        );
        Self {
            service,
            _folder: folder,
        }
    }

    /// Another service on the same database, with a clock that was never moved.
    pub(crate) fn started_again(&self) -> Service {
        Service::new(
            self.service.store.clone(),
            Clock::manual(start()),
            Ids::counted(1_000_000),
            Settings::default(),
        )
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// A user in the directory.
    pub(crate) fn user(&self, number: u128, name: &str) -> ObjectId {
        let (id, now) = (object(number), self.service.clock.now());
        let changes = UserChanges {
            display_name: Some(name.to_owned()),
            user_principal_name: Some(format!("{name}@example.com")),
            ..UserChanges::default()
        };
        let created = User::create(id, now, &changes).unwrap();
        self.service
            .store
            .write_blocking(move |tx| user::insert(tx, &created))
            .unwrap();
        id
    }

    /// A group in the directory, made of `changes`.
    pub(crate) fn group(&self, number: u128, name: &str, changes: GroupChanges) -> ObjectId {
        let (id, now) = (object(number), self.service.clock.now());
        let changes = GroupChanges {
            display_name: Some(name.to_owned()),
            ..changes
        };
        let created = Group::create(id, now, &changes).unwrap();
        self.service
            .store
            .write_blocking(move |tx| group::insert(tx, &created))
            .unwrap();
        id
    }

    pub(crate) fn owns(&self, owner: ObjectId, group: ObjectId) {
        self.service
            .store
            .write_blocking(move |tx| membership::add(tx, group, GroupRole::Owner, &[owner]))
            .unwrap();
    }

    /// An application in the directory with app roles of these names for users.
    pub(crate) fn application(&self, number: u128, name: &str, roles: &[&str]) -> ObjectId {
        let (id, now) = (object(number), self.service.clock.now());
        let created = ServicePrincipal::create(
            id,
            AppId::new(Uuid::from_u128(number)),
            now,
            &ServicePrincipalChanges {
                display_name: Some(name.to_owned()),
                app_roles: Some(app_roles(roles)),
                ..ServicePrincipalChanges::default()
            },
        )
        .unwrap();
        self.service
            .store
            .write_blocking(move |tx| service_principal::insert(tx, &created))
            .unwrap();
        id
    }

    /// A catalog, made by an administrator.
    pub(crate) async fn catalog(&self, name: &str) -> CatalogId {
        service::catalogs::create(&self.service, &app(), NewCatalog::named(name))
            .await
            .unwrap()
    }

    /// An access package, made by an administrator.
    pub(crate) async fn package(&self, catalog_id: CatalogId, name: &str) -> AccessPackageId {
        service::access_packages::create(&self.service, &app(), new_package(catalog_id, name))
            .await
            .unwrap()
    }
}

pub(crate) fn new_package(catalog_id: CatalogId, name: &str) -> NewAccessPackage {
    NewAccessPackage {
        catalog_id,
        display_name: name.to_owned(),
        description: None,
        is_hidden: false,
        is_role_scopes_visible: true,
        unique_name: None,
    }
}

pub(crate) fn app_roles(names: &[&str]) -> Vec<AppRole> {
    names
        .iter()
        .map(|name| AppRole {
            id: AppRoleId::new(Uuid::from_u128(app_role_number(name))),
            display_name: Some((*name).to_owned()),
            description: Some(format!("May {name}.")),
            value: Some((*name).to_owned()),
            is_enabled: true,
            allowed_member_types: vec!["User".to_owned()],
        })
        .collect()
}

/// A number of its own for each name.
fn app_role_number(name: &str) -> u128 {
    name.bytes()
        .fold(1, |number, byte| number * 256 + u128::from(byte))
}

fn ctx(caller: Caller) -> Ctx {
    Ctx::of_caller(Arc::new(caller), Uuid::from_u128(77), None)
}

fn caller(principal: Principal, roles: &[DirectoryRole], em_roles: Vec<(EmRole, Scope)>) -> Caller {
    Caller {
        principal: Arc::new(principal),
        directory_roles: roles.iter().copied().collect(),
        em_roles,
    }
}

/// The id of the application that [`app`] is.
pub(crate) const APP: u128 = 0xa0;

/// An application with every permission that administration needs.
pub(crate) fn app() -> Ctx {
    app_with(&[
        Permission::EntitlementManagementReadWriteAll,
        Permission::GroupReadWriteAll,
        Permission::ApplicationReadWriteAll,
    ])
}

/// An application with these permissions.
pub(crate) fn app_with(permissions: &[Permission]) -> Ctx {
    let principal = Principal::application(object(APP), "client", PermissionSet::of(permissions));
    ctx(caller(principal, &[], Vec::new()))
}

fn delegated(user: ObjectId) -> Principal {
    let scopes = PermissionSet::of(&[
        Permission::EntitlementManagementReadWriteAll,
        Permission::GroupReadWriteAll,
    ]);
    Principal::user(user, scopes)
}

/// A signed-in user with directory roles.
pub(crate) fn as_user(user: ObjectId, roles: &[DirectoryRole]) -> Ctx {
    ctx(caller(delegated(user), roles, Vec::new()))
}

/// A signed-in user with a role in one catalog.
pub(crate) fn as_user_in(user: ObjectId, role: EmRole, catalog: CatalogId) -> Ctx {
    let roles = vec![(role, Scope::Catalog(catalog))];
    ctx(caller(delegated(user), &[], roles))
}

/// A signed-in user with a role for the tenant.
pub(crate) fn as_user_with(user: ObjectId, role: EmRole) -> Ctx {
    ctx(caller(delegated(user), &[], vec![(role, Scope::Tenant)]))
}

/// A signed-in user who may only read.
pub(crate) fn as_reading_user(user: ObjectId, roles: &[DirectoryRole]) -> Ctx {
    let scopes = PermissionSet::of(&[Permission::EntitlementManagementReadAll]);
    ctx(caller(Principal::user(user, scopes), roles, Vec::new()))
}

/// The code of a refusal, and the property that it names.
pub(crate) fn refusal<T: std::fmt::Debug>(
    outcome: Result<T, ServiceError>,
) -> (Code, Option<String>) {
    match outcome.unwrap_err() {
        ServiceError::Refused { code, target, .. } => (code, target),
        other => panic!("a refusal is expected, not {other:?}"),
    }
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> Code {
    refusal(outcome).0
}
