//! The claims of the development issuer's tokens.
//!
//! **Invariant:** each claim has the JSON type that clients decode: `aud` one string, times whole seconds, `roles` a
//! list; a wrong type fails them at the door.

use domain::id::ObjectId;
use domain::time::{Duration, Timestamp};
use serde_json::{Map, Value, json};

use crate::principal::{DirectoryRole, Permission, PermissionSet};

/// How long a token lives. Below 20 minutes some clients fetch one for every request.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3_600);

/// A token to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The `iss`, from [`super::issuer_url`].
    pub issuer: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// The `aud`.
    pub audience: &'a str,
    /// The token's own id.
    pub token_id: &'a str,
    /// The client id of the application that asked.
    pub client_id: &'a str,
    /// Its display name.
    pub client_name: &'a str,
    /// For whom.
    pub subject: Subject<'a>,
}

/// For whom a token is issued.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The application itself.
    Application {
        /// Its service principal, which must exist in the directory.
        object: ObjectId,
        /// Its application permissions.
        roles: PermissionSet,
        /// Its directory roles.
        directory_roles: &'a [DirectoryRole],
    },
    /// A user.
    User {
        /// The user's object.
        object: ObjectId,
        /// The user principal name.
        principal_name: &'a str,
        /// The display name.
        display_name: &'a str,
        /// The delegated permissions.
        scopes: PermissionSet,
        /// The user's directory roles.
        directory_roles: &'a [DirectoryRole],
    },
}

/// The claims of an access token issued at `now`.
pub fn access_token_claims(issuance: &Issuance<'_>, now: Timestamp) -> Map<String, Value> {
    let issued = now.micros().div_euclid(1_000_000);
    let expires = now.plus(TOKEN_LIFE).micros().div_euclid(1_000_000);
    let object = match issuance.subject {
        Subject::Application { object, .. } | Subject::User { object, .. } => object.to_string(),
    };
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    claim("aud", json!(issuance.audience));
    claim("iss", json!(issuance.issuer));
    claim("idp", json!(issuance.issuer));
    claim("iat", json!(issued));
    claim("nbf", json!(issued));
    claim("exp", json!(expires));
    claim("tid", json!(issuance.tenant));
    claim("ver", json!("2.0"));
    claim("uti", json!(issuance.token_id));
    claim("appid", json!(issuance.client_id));
    claim("azp", json!(issuance.client_id));
    claim("app_displayname", json!(issuance.client_name));
    claim("oid", json!(object));
    claim("sub", json!(object));
    match issuance.subject {
        Subject::Application {
            roles,
            directory_roles,
            ..
        } => {
            let roles: Vec<&str> = roles.iter().map(Permission::as_str).collect();
            claim("idtyp", json!("app"));
            claim("roles", json!(roles));
            claim("wids", wids(directory_roles));
        }
        Subject::User {
            principal_name,
            display_name,
            scopes,
            directory_roles,
            ..
        } => {
            claim("idtyp", json!("user"));
            claim("scp", json!(scopes.to_string()));
            claim("upn", json!(principal_name));
            claim("preferred_username", json!(principal_name));
            claim("name", json!(display_name));
            claim("wids", wids(directory_roles));
        }
    }
    claims
}

/// An ID token to be issued: who signed in to a client, for that client alone.
#[derive(Debug, Clone, Copy)]
pub struct IdToken<'a> {
    /// The `iss`, from [`super::issuer_url`].
    pub issuer: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// The token's own id.
    pub token_id: &'a str,
    /// The client, which is the `aud`.
    pub client_id: &'a str,
    /// The user's object.
    pub object: ObjectId,
    /// The user principal name; none: the client did not ask for the profile.
    pub principal_name: Option<&'a str>,
    /// The display name; none: the same.
    pub display_name: Option<&'a str>,
    /// The mail address; none: the client did not ask for it, or there is none.
    pub mail: Option<&'a str>,
    /// What the client wants to find again.
    pub nonce: Option<&'a str>,
    /// When the password was given.
    pub signed_in_at: Timestamp,
}

/// The claims of an ID token issued at `now`. The subject is the object's id, as in access tokens.
pub fn id_token_claims(token: &IdToken<'_>, now: Timestamp) -> Map<String, Value> {
    let seconds = |at: Timestamp| json!(at.micros().div_euclid(1_000_000));
    let object = token.object.to_string();
    let mut claims = Map::new();
    for (name, value) in [
        ("aud", json!(token.client_id)),
        ("iss", json!(token.issuer)),
        ("iat", seconds(now)),
        ("nbf", seconds(now)),
        ("exp", seconds(now.plus(TOKEN_LIFE))),
        ("auth_time", seconds(token.signed_in_at)),
        ("tid", json!(token.tenant)),
        ("ver", json!("2.0")),
        ("uti", json!(token.token_id)),
        ("oid", json!(object)),
        ("sub", json!(object)),
    ] {
        claims.insert(name.to_owned(), value);
    }
    for (name, value) in [
        ("preferred_username", token.principal_name),
        ("name", token.display_name),
        ("email", token.mail),
        ("nonce", token.nonce),
    ] {
        claims.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    claims
}

fn wids(roles: &[DirectoryRole]) -> Value {
    roles.iter().map(|role| role.template_id()).collect()
}
