//! What the tests share: a clock, keys, claims, callers.

use std::collections::BTreeSet;
use std::sync::Arc;

use auth::decide::Caller;
use auth::keys::Keys;
use auth::principal::{DirectoryRole, Permission, PermissionSet, Principal, Verified};
use auth::roles::{EmRole, Scope};
use auth::token::{Algorithm, IssuerConfig, KeySource, TokenError, Verifier};
use domain::id::{CatalogId, ObjectId};
use domain::time::{Duration, Timestamp};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example/tenant/v2.0";
pub(crate) const AUDIENCE: &str = "https://graph.example";
pub(crate) const TENANT: &str = "0aa0d3d4-7c8e-4b8b-9f0a-0d1c2b3a4f5e";
pub(crate) const USER: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const APP: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const CLIENT: &str = "33333333-3333-4333-8333-333333333333";

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T12:00:00Z").unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

pub(crate) fn keys(algorithm: Algorithm) -> Keys {
    let dir = tempfile::tempdir().unwrap();
    Keys::load_or_create(dir.path(), algorithm).unwrap()
}

/// The claims of a user's token that is in order at [`now`].
pub(crate) fn user_claims() -> Value {
    let issued = now().micros() / 1_000_000;
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "nbf": issued,
        "exp": issued + 3_600,
        "oid": USER,
        "sub": "pairwise",
        "tid": TENANT,
        "azp": CLIENT,
        "uti": "token-1",
        "scp": "EntitlementManagement.ReadWrite.All User.Read Mail.Send",
    })
}

/// The same with one claim changed; null takes it away.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.shift_remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

pub(crate) fn config(keys: &Keys) -> IssuerConfig {
    IssuerConfig::new(ISSUER, &[AUDIENCE], KeySource::Static(keys.jwks()))
}

pub(crate) fn verifier(keys: &Keys) -> Verifier {
    Verifier::new(vec![config(keys)]).unwrap()
}

/// Runs one verification to its end.
pub(crate) fn verify(
    verifier: &Verifier,
    token: &str,
    at: Timestamp,
) -> Result<Verified, TokenError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(verifier.verify(token, at))
}

pub(crate) fn principal(verified: Verified) -> Arc<Principal> {
    match verified {
        Verified::Principal(principal) => principal,
        Verified::Unbound(caller) => panic!("to be looked up: {:?}", caller.lookup),
    }
}

pub(crate) fn object(text: &str) -> ObjectId {
    text.parse().unwrap()
}

pub(crate) fn own_catalog() -> CatalogId {
    "44444444-4444-4444-8444-444444444444".parse().unwrap()
}

pub(crate) fn other_catalog() -> CatalogId {
    "55555555-5555-4555-8555-555555555555".parse().unwrap()
}

/// A signed-in user with these permissions and no roles.
pub(crate) fn user(permissions: &[Permission]) -> Caller {
    caller(Principal::user(
        object(USER),
        PermissionSet::of(permissions),
    ))
}

/// An application with these permissions and no roles.
pub(crate) fn application(permissions: &[Permission]) -> Caller {
    caller(Principal::application(
        object(APP),
        CLIENT,
        PermissionSet::of(permissions),
    ))
}

fn caller(principal: Principal) -> Caller {
    Caller {
        principal: Arc::new(principal),
        directory_roles: BTreeSet::new(),
        em_roles: Vec::new(),
    }
}

pub(crate) fn with_directory_role(mut caller: Caller, role: DirectoryRole) -> Caller {
    caller.directory_roles.insert(role);
    caller
}

/// With the role in its own catalog, or in the tenant if that is where it belongs.
pub(crate) fn with_em_role(mut caller: Caller, role: EmRole) -> Caller {
    let scope = if role.is_for_catalogs() {
        Scope::Catalog(own_catalog())
    } else {
        Scope::Tenant
    };
    caller.em_roles.push((role, scope));
    caller
}
