//! The accounts of a development tenant: one client and four users, whose secrets are told to whoever runs it.

use std::collections::BTreeMap;

use auth::issuer::{Cost, PasswordHash, random_salt, random_secret};
use auth::principal::{DirectoryRole, Permission};
use domain::change::Change;
use domain::directory::{
    Application, ServicePrincipal, ServicePrincipalChanges, User, UserChanges,
};
use domain::id::{AppId, ObjectId};
use store::WriteTx;
use store::directory::{application, application_permission, role_member, service_principal, user};
use uuid::uuid;

use crate::ctx::{Moment, Service};
use crate::error::ServiceError;

/// The domain of the sign-in names.
pub const DOMAIN: &str = "reeve.example";

/// The client id of the client `admin`: the same in every development tenant, so that scripts may know it.
const ADMIN_CLIENT: AppId = AppId::new(uuid!("5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a10"));

/// The client id of the client `desktop`, with which programs on people's machines let them sign in; it has no secret.
const PUBLIC_CLIENT: AppId = AppId::new(uuid!("5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a11"));

/// Where a browser may bring an answer for it: any port of this machine.
const PUBLIC_ADDRESSES: &str = r#"{"redirectUris":["http://localhost","http://127.0.0.1"]}"#;

/// The client id of the client `portal`, with which people sign in to the pages of this server.
pub const PORTAL_CLIENT: AppId = AppId::new(uuid!("5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a12"));

const ADMIN_PERMISSIONS: &[Permission] = &[
    Permission::EntitlementManagementReadWriteAll,
    Permission::DirectoryReadWriteAll,
    Permission::RoleManagementReadWriteDirectory,
    Permission::AuditLogReadAll,
];

/// A person of the development tenant.
struct Person {
    name: &'static str,
    given_name: &'static str,
    surname: &'static str,
    roles: &'static [DirectoryRole],
}

const PEOPLE: &[Person] = &[
    Person {
        name: "admin",
        given_name: "Ada",
        surname: "Admin",
        roles: &[DirectoryRole::IdentityGovernanceAdministrator],
    },
    Person {
        name: "alice",
        given_name: "Alice",
        surname: "Archer",
        roles: &[],
    },
    Person {
        name: "bob",
        given_name: "Bob",
        surname: "Baker",
        roles: &[],
    },
    Person {
        name: "carol",
        given_name: "Carol",
        surname: "Cooper",
        roles: &[],
    },
];

/// Secrets of an earlier start, which stay as they were; what is missing is made.
#[derive(Debug, Clone, Default)]
pub struct DevSecrets {
    /// The client `admin`'s secret.
    pub client_secret: Option<String>,
    /// Passwords by sign-in name.
    pub passwords: BTreeMap<String, String>,
}

/// The accounts with their secrets, for the file that tells them.
#[derive(Debug, Clone)]
pub struct DevAccounts {
    /// Clients.
    pub clients: Vec<DevClient>,
    /// The client id of the client without a secret.
    pub public_client: AppId,
    /// Users.
    pub users: Vec<DevUser>,
}

/// A client of the development tenant.
#[derive(Debug, Clone)]
pub struct DevClient {
    /// Name.
    pub name: String,
    /// The service principal's directory object.
    pub object: ObjectId,
    /// The client id.
    pub client_id: AppId,
    /// The secret.
    pub client_secret: String,
    /// The names of the application permissions.
    pub roles: Vec<String>,
}

/// A user of the development tenant.
#[derive(Debug, Clone)]
pub struct DevUser {
    /// The directory object.
    pub id: ObjectId,
    /// Sign-in name.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
    /// The password.
    pub password: String,
    /// The names of the directory roles.
    pub roles: Vec<String>,
}

/// Makes sure that the accounts exist and that the secrets in `known`, or new ones, are theirs.
pub async fn dev_accounts(
    service: &Service,
    known: &DevSecrets,
) -> Result<DevAccounts, ServiceError> {
    let secret = known.client_secret.clone().map_or_else(made, Ok)?;
    let mut accounts = DevAccounts {
        clients: vec![client(service, secret).await?],
        public_client: public_client(service).await?,
        users: Vec::new(),
    };
    for person in PEOPLE {
        let name = format!("{}@{DOMAIN}", person.name);
        let password = known.passwords.get(&name).cloned().map_or_else(made, Ok)?;
        accounts
            .users
            .push(account(service, person, name, password).await?);
    }
    service.callers.invalidate();
    Ok(accounts)
}

/// Passwords are as random as client secrets here, so that guessing them is as hopeless and checking them as quick.
fn made() -> Result<String, ServiceError> {
    random_secret().map_err(ServiceError::internal)
}

fn hashed(secret: &str) -> Result<String, ServiceError> {
    let salt = random_salt().map_err(ServiceError::internal)?;
    Ok(PasswordHash::new(secret, salt, Cost::RandomSecret).to_text())
}

async fn client(service: &Service, client_secret: String) -> Result<DevClient, ServiceError> {
    let (moment, hash) = (service.moment(), hashed(&client_secret)?);
    let object = service
        .store
        .write(move |tx| {
            let object = client_object(tx, &moment)?;
            for permission in ADMIN_PERMISSIONS {
                application_permission::add(tx, object, permission.as_str())?;
            }
            service_principal::set_secret_hash(tx, object, &hash)?;
            Ok::<ObjectId, ServiceError>(object)
        })
        .await?;
    Ok(DevClient {
        name: "admin".to_owned(),
        object,
        client_id: ADMIN_CLIENT,
        client_secret,
        roles: ADMIN_PERMISSIONS.iter().map(ToString::to_string).collect(),
    })
}

fn client_object(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<ObjectId, ServiceError> {
    if let Some(found) = service_principal::find_by_app(tx, ADMIN_CLIENT)? {
        return Ok(found.id);
    }
    let changes = ServicePrincipalChanges {
        display_name: Some("admin".to_owned()),
        description: Change::Set(
            "The client that may do everything in this development tenant.".to_owned(),
        ),
        ..ServicePrincipalChanges::default()
    };
    let created =
        ServicePrincipal::create(moment.id(ObjectId::new), ADMIN_CLIENT, moment.now, &changes)
            .map_err(crate::directory::flawed)?;
    service_principal::insert(tx, &created)?;
    Ok(created.id)
}

/// The client that people sign in to on their own machines: registered, so that it can be looked at and changed.
async fn public_client(service: &Service) -> Result<AppId, ServiceError> {
    let moment = service.moment();
    service
        .store
        .write(move |tx| {
            let changes = || ServicePrincipalChanges {
                display_name: Some("desktop".to_owned()),
                description: Change::Set(
                    "The client that programs on people's machines sign in with.".to_owned(),
                ),
                ..ServicePrincipalChanges::default()
            };
            if application::find_by_app(tx, PUBLIC_CLIENT)?.is_none() {
                let details = [
                    ("isFallbackPublicClient", "true"),
                    ("publicClient", PUBLIC_ADDRESSES),
                ]
                .map(|(name, text)| (name.to_owned(), Change::Set(text.to_owned())));
                let registered = ServicePrincipalChanges {
                    details: details.into(),
                    ..changes()
                };
                let id = moment.id(ObjectId::new);
                let created = Application::create(id, PUBLIC_CLIENT, moment.now, &registered)
                    .map_err(crate::directory::flawed)?;
                application::insert(tx, &created)?;
            }
            if service_principal::find_by_app(tx, PUBLIC_CLIENT)?.is_none() {
                let id = moment.id(ObjectId::new);
                let created = ServicePrincipal::create(id, PUBLIC_CLIENT, moment.now, &changes())
                    .map_err(crate::directory::flawed)?;
                service_principal::insert(tx, &created)?;
            }
            Ok::<_, ServiceError>(PUBLIC_CLIENT)
        })
        .await
}

/// Makes sure that the client `portal` is registered, and that browsers may come back with an answer for it to these
/// addresses: those that the server has at this start.
pub async fn portal_client(service: &Service, addresses: &[String]) -> Result<(), ServiceError> {
    let moment = service.moment();
    let registered = serde_json::json!({"redirectUris": addresses}).to_string();
    service
        .store
        .write(move |tx| {
            let details = [("publicClient".to_owned(), Change::Set(registered.clone()))];
            let changes = ServicePrincipalChanges {
                display_name: Some("portal".to_owned()),
                description: Change::Set("The pages of this server.".to_owned()),
                ..ServicePrincipalChanges::default()
            };
            let with_addresses = ServicePrincipalChanges {
                details: details.into(),
                ..changes.clone()
            };
            let id = moment.id(ObjectId::new);
            if let Some(mut found) = application::find_by_app(tx, PORTAL_CLIENT)? {
                let before = found.clone();
                found
                    .change(&with_addresses)
                    .map_err(crate::directory::flawed)?;
                if found != before {
                    application::update(tx, &found)?;
                }
            } else {
                let created = Application::create(id, PORTAL_CLIENT, moment.now, &with_addresses)
                    .map_err(crate::directory::flawed)?;
                application::insert(tx, &created)?;
            }
            if service_principal::find_by_app(tx, PORTAL_CLIENT)?.is_none() {
                let id = moment.id(ObjectId::new);
                let created = ServicePrincipal::create(id, PORTAL_CLIENT, moment.now, &changes)
                    .map_err(crate::directory::flawed)?;
                service_principal::insert(tx, &created)?;
            }
            Ok(())
        })
        .await
}

async fn account(
    service: &Service,
    person: &'static Person,
    user_principal_name: String,
    password: String,
) -> Result<DevUser, ServiceError> {
    let (moment, hash, name) = (
        service.moment(),
        hashed(&password)?,
        user_principal_name.clone(),
    );
    let (id, display_name) = service
        .store
        .write(move |tx| {
            let found = user::find_by_name(tx, &name)?;
            let account = found.map_or_else(|| add_person(tx, &moment, person, &name), Ok)?;
            for role in person.roles {
                role_member::add(tx, role.template_id(), account.id)?;
            }
            user::set_password_hash(tx, account.id, &hash)?;
            Ok::<_, ServiceError>((account.id, account.display_name))
        })
        .await?;
    Ok(DevUser {
        id,
        user_principal_name,
        display_name,
        password,
        roles: person.roles.iter().map(ToString::to_string).collect(),
    })
}

fn add_person(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    person: &Person,
    user_principal_name: &str,
) -> Result<User, ServiceError> {
    let changes = UserChanges {
        user_principal_name: Some(user_principal_name.to_owned()),
        display_name: Some(format!("{} {}", person.given_name, person.surname)),
        given_name: Change::Set(person.given_name.to_owned()),
        surname: Change::Set(person.surname.to_owned()),
        mail: Change::Set(user_principal_name.to_owned()),
        mail_nickname: Change::Set(person.name.to_owned()),
        ..UserChanges::default()
    };
    let created = User::create(moment.id(ObjectId::new), moment.now, &changes)
        .map_err(crate::directory::flawed)?;
    crate::directory::users::insert(tx, &created, None)?;
    Ok(created)
}
