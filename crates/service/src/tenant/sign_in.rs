//! Checking passwords and client secrets for the built-in issuer.
//!
//! **Invariant:** an unknown name costs as much time as a wrong password, so that nobody learns which names exist; the
//! accounts of a development tenant, whose names everybody knows, are checked sooner.

use auth::issuer::{Cost, PasswordHash};
use auth::principal::{DirectoryRole, PermissionSet};
use domain::directory::User;
use domain::id::{AppId, ObjectId};
use store::ReadTx;
use store::directory::{application_permission, membership, role_member, service_principal, user};

use crate::ctx::Service;
use crate::error::ServiceError;

/// A user who gave the right password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInUser {
    /// The user's directory object.
    pub id: ObjectId,
    /// Sign-in name.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
    /// Mail address.
    pub mail: Option<String>,
    /// The directory roles, for the `wids` claim.
    pub directory_roles: Vec<DirectoryRole>,
}

/// A client that gave the right secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInClient {
    /// The service principal's directory object.
    pub object: ObjectId,
    /// The client id.
    pub app_id: AppId,
    /// Name.
    pub display_name: String,
    /// The application permissions, for the `roles` claim.
    pub permissions: PermissionSet,
}

/// The user with this sign-in name, if the password is right and the user may sign in.
pub async fn verify_password(
    service: &Service,
    user_principal_name: &str,
    password: &str,
) -> Result<Option<SignedInUser>, ServiceError> {
    let name = user_principal_name.to_owned();
    let found = service
        .store
        .read(move |tx| {
            let Some(user) = user::find_by_name(tx, &name)?.filter(|user| user.account_enabled)
            else {
                return Ok(None);
            };
            let hash = user::password_hash(tx, user.id)?;
            let signed_in = signed_in_user(tx, user)?;
            Ok::<_, store::Error>(hash.map(|hash| (hash, signed_in)))
        })
        .await?;
    matching(found, password, Cost::Password).await
}

/// What tokens tell of a user who is signed in.
pub(crate) fn signed_in_user(
    tx: &mut ReadTx<'_>,
    user: User,
) -> Result<SignedInUser, store::Error> {
    let mut holders = membership::transitive_groups_of(tx, user.id)?;
    holders.push(user.id);
    let roles = role_member::roles_of(tx, &holders)?;
    Ok(SignedInUser {
        id: user.id,
        user_principal_name: user.user_principal_name,
        display_name: user.display_name,
        mail: user.mail,
        directory_roles: roles
            .iter()
            .filter_map(|id| DirectoryRole::from_template_id(id))
            .collect(),
    })
}

/// The client with this client id, if the secret is right and the client is enabled.
pub async fn verify_client(
    service: &Service,
    client_id: &str,
    secret: &str,
) -> Result<Option<SignedInClient>, ServiceError> {
    let app_id: Option<AppId> = client_id.parse().ok();
    let found = service
        .store
        .read(move |tx| {
            let Some(app_id) = app_id else {
                return Ok(None);
            };
            let found = service_principal::find_by_app(tx, app_id)?;
            let Some(application) = found.filter(|application| application.account_enabled) else {
                return Ok(None);
            };
            let hash = service_principal::secret_hash(tx, application.id)?;
            let permissions = application_permission::of(tx, application.id)?;
            let signed_in = SignedInClient {
                object: application.id,
                app_id,
                display_name: application.display_name,
                permissions: PermissionSet::from_names(permissions.iter().map(String::as_str)),
            };
            Ok::<_, store::Error>(hash.map(|hash| (hash, signed_in)))
        })
        .await?;
    matching(found, secret, Cost::RandomSecret).await
}

/// Who was found, if the hash is that of `secret`. Takes a while, and so has a thread of its own.
async fn matching<T: Send + 'static>(
    found: Option<(String, T)>,
    secret: &str,
    cost: Cost,
) -> Result<Option<T>, ServiceError> {
    let secret = secret.to_owned();
    let compare = move || {
        let Some((hash, found)) = found else {
            // There is nothing to compare with, which must take as long as comparing.
            let _ = PasswordHash::new(&secret, [0; 16], cost);
            return None;
        };
        let hash: PasswordHash = hash.parse().ok()?;
        hash.verify(&secret).then_some(found)
    };
    tokio::task::spawn_blocking(compare)
        .await
        .map_err(ServiceError::internal)
}
