//! The people of every test, and the tokens of anybody.

use std::sync::OnceLock;

use auth::issuer::{Issuance, Subject, access_token_claims};
use auth::keys::{Algorithm, Keys};
use auth::principal::{DirectoryRole, Permission, PermissionSet};
use auth::roles::EmRole;
use domain::directory::{
    NewRoleAssignment, ServicePrincipal, ServicePrincipalChanges, User, UserChanges,
};
use domain::id::{AppId, ObjectId};
use store::directory::{role_member, service_principal, user};
use uuid::Uuid;

use crate::app::{Inner, START, TestApp};
use crate::client::Client;
use crate::package::Package;

/// Who is in the directory from the start. `admin` is Identity Governance Administrator; the others hold no role.
pub const PEOPLE: &[&str] = &[
    "admin", "alice", "bob", "carol", "dave", "erin", "frank", "mallory",
];

/// The application that arranges things for tests.
const OPERATOR: &str = "operator";

/// What a token of a person carries if nothing else is said.
const USUAL_SCOPES: &[Permission] = &[
    Permission::EntitlementManagementReadWriteAll,
    Permission::SubjectAccessReadWrite,
    Permission::UserReadAll,
    Permission::GroupMemberReadWriteAll,
];

const OPERATOR_PERMISSIONS: &[Permission] = &[
    Permission::EntitlementManagementReadWriteAll,
    Permission::DirectoryReadWriteAll,
    Permission::UserReadWriteAll,
    Permission::GroupReadWriteAll,
    Permission::ApplicationReadWriteAll,
    Permission::RoleManagementReadWriteDirectory,
    Permission::AuditLogReadAll,
];

pub(crate) const ISSUER: &str = "https://login.reeve.test/tenant/v2.0";
pub(crate) const AUDIENCE: &str = "https://graph.microsoft.com";

/// One signing key for all apps of the process: making one takes longer than a test.
pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        Keys::load_or_create(folder.path(), Algorithm::Es256).unwrap()
    })
}

/// Puts the people and the operator into the directory.
pub(crate) async fn settle_in(inner: &Inner) {
    for name in PEOPLE {
        add_person(inner, name).await;
    }
    let admin = inner.object("admin");
    let role = DirectoryRole::IdentityGovernanceAdministrator.template_id();
    inner
        .service
        .store
        .write(move |tx| role_member::add(tx, role, admin))
        .await
        .unwrap();
    add_application(inner, OPERATOR).await;
}

async fn add_person(inner: &Inner, name: &str) {
    let moment = inner.service.moment();
    let changes = UserChanges {
        display_name: Some(name.to_owned()),
        user_principal_name: Some(format!("{name}@reeve.test")),
        ..UserChanges::default()
    };
    let person = User::create(moment.id(ObjectId::new), moment.now, &changes).unwrap();
    inner.remember(name, person.id);
    inner
        .service
        .store
        .write(move |tx| user::insert(tx, &person))
        .await
        .unwrap();
}

async fn add_application(inner: &Inner, name: &str) {
    let moment = inner.service.moment();
    let changes = ServicePrincipalChanges {
        display_name: Some(name.to_owned()),
        ..ServicePrincipalChanges::default()
    };
    let id = moment.id(ObjectId::new);
    // One id for both, so that a token's client is known by its object.
    let app_id = AppId::new(id.uuid());
    let application = ServicePrincipal::create(id, app_id, moment.now, &changes).unwrap();
    inner.remember(name, id);
    inner
        .service
        .store
        .write(move |tx| service_principal::insert(tx, &application))
        .await
        .unwrap();
}

impl TestApp {
    /// Adds somebody to the directory.
    pub async fn add_user(&self, name: &str) -> ObjectId {
        add_person(&self.inner, name).await;
        self.id_of(name)
    }

    /// Whether somebody or something of this name is in the directory.
    pub fn knows(&self, name: &str) -> bool {
        self.inner.find(name).is_some()
    }

    /// Adds an application to the directory.
    pub async fn add_application(&self, name: &str) -> ObjectId {
        add_application(&self.inner, name).await;
        self.id_of(name)
    }

    /// Gives somebody a role of entitlement management, in the catalog of the package.
    pub async fn give_role(&self, name: &str, role: EmRole, package: &Package) {
        let wanted = NewRoleAssignment {
            principal_id: self.id_of(name),
            role: role.definition_id().to_string(),
            app_scope_id: format!("/AccessPackageCatalog/{}", package.catalog),
        };
        let service = &self.inner.service;
        service::role_assignments::create(service, &service.system(), wanted)
            .await
            .unwrap();
    }

    /// Somebody from the directory, with the usual scopes.
    pub fn as_user(&self, name: &str) -> Client {
        self.as_user_with(name, USUAL_SCOPES)
    }

    /// Somebody from the directory, with these scopes.
    pub fn as_user_with(&self, name: &str, scopes: &[Permission]) -> Client {
        let (principal_name, scopes) = (format!("{name}@reeve.test"), PermissionSet::of(scopes));
        let subject = Subject::User {
            object: self.id_of(name),
            principal_name: &principal_name,
            display_name: name,
            scopes,
            directory_roles: &[],
        };
        self.client(subject)
    }

    /// An application from the directory, with these permissions.
    pub fn as_application(&self, name: &str, permissions: &[Permission]) -> Client {
        let subject = Subject::Application {
            object: self.id_of(name),
            roles: PermissionSet::of(permissions),
            directory_roles: &[],
        };
        self.client(subject)
    }

    /// The application that may do everything.
    pub fn as_operator(&self) -> Client {
        self.as_application(OPERATOR, OPERATOR_PERMISSIONS)
    }

    /// Somebody without a token.
    pub fn as_nobody(&self) -> Client {
        Client::new(self.inner.clone(), None)
    }

    fn client(&self, subject: Subject<'_>) -> Client {
        let client_id = match &subject {
            Subject::Application { object, .. } => object.to_string(),
            Subject::User { .. } => "testkit".to_owned(),
        };
        let issuance = Issuance {
            issuer: ISSUER,
            tenant: "tenant",
            audience: AUDIENCE,
            token_id: &Uuid::nil().to_string(),
            client_id: &client_id,
            client_name: "testkit",
            subject,
        };
        // Tokens are judged by a clock of their own, which stands still.
        let token = keys().sign(&access_token_claims(&issuance, START)).unwrap();
        Client::new(self.inner.clone(), Some(token))
    }
}
