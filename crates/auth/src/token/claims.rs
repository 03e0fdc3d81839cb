//! What the claims of a token say, once they are believed.
//!
//! **Invariant:** a token is a user's or an application's, never both; in doubt it is refused. What is not an access
//! token is refused wherever that can be told.

use std::sync::Arc;

use domain::id::{AppId, ObjectId};
use domain::time::Timestamp;

use super::compact::{Header, Members};
use super::config::{ApplicationSign, CONSUMERS, IssuerConfig};
use super::error::TokenError;
use crate::principal::{
    DirectoryRole, Kind, Lookup, PermissionSet, Principal, TokenFacts, Unbound, UserAttribute,
    Validity, Verified,
};

/// Claims that only ID tokens have.
const OF_ID_TOKENS: &[&str] = &["at_hash", "c_hash", "s_hash"];
/// What the claim `typ` of an access token says, where it says anything.
const OF_ACCESS_TOKENS: &[&str] = &["bearer", "jwt", "at+jwt"];

/// Refuses what was not issued as an access token: ID tokens, refresh tokens, notices of a logout.
pub(super) fn check_kind(
    header: &Header,
    claims: &Members,
    config: &IssuerConfig,
) -> Result<(), TokenError> {
    let kind = header.kind.as_deref().map(str::to_ascii_lowercase);
    let is_marked = match kind.as_deref() {
        Some("at+jwt" | "application/at+jwt") => true,
        None | Some("jwt") => false,
        Some(_) => return Err(TokenError::UnsupportedKind),
    };
    if is_marked {
        return Ok(());
    }
    if config.requires_token_type {
        return Err(TokenError::UnsupportedKind);
    }
    check_kind_of_claims(claims)
}

/// The same for claims without a header.
pub(super) fn check_kind_of_claims(claims: &Members) -> Result<(), TokenError> {
    let own = claims.text("typ")?;
    let is_access_token = own.is_none_or(|own| {
        OF_ACCESS_TOKENS
            .iter()
            .any(|kind| kind.eq_ignore_ascii_case(own))
    });
    // Some issuers copy the nonce into access tokens as well; they say by `typ` which is which.
    let is_id_token = OF_ID_TOKENS.iter().any(|name| claims.get(name).is_some())
        || own.is_none() && claims.get("nonce").is_some()
        || claims.get("token_use").is_some_and(|usage| usage == "id");
    if is_access_token && !is_id_token && claims.get("events").is_none() {
        Ok(())
    } else {
        Err(TokenError::UnsupportedKind)
    }
}

/// Checks audience, time and tenant, and says for how long they hold.
pub(super) fn check(
    claims: &Members,
    config: &IssuerConfig,
    now: Timestamp,
) -> Result<Validity, TokenError> {
    if claims.get("exp").is_none() {
        return Err(TokenError::missing("exp"));
    }
    check_open(claims, config, now)
}

/// The same, where it need not be said when it ends.
pub(super) fn check_open(
    claims: &Members,
    config: &IssuerConfig,
    now: Timestamp,
) -> Result<Validity, TokenError> {
    let audiences = claims.texts("aud")?;
    let is_for_us = |audience: &&str| config.audiences.iter().any(|own| own == audience);
    if !audiences.iter().any(is_for_us) {
        return Err(TokenError::WrongAudience);
    }

    let expires = claims
        .instant("exp")?
        .unwrap_or(Timestamp::from_micros(i64::MAX));
    let starts = claims
        .instant("nbf")?
        .unwrap_or(Timestamp::from_micros(i64::MIN));
    let validity = Validity {
        from: starts.minus(config.clock_skew),
        until: expires.plus(config.clock_skew),
    };
    if now >= validity.until {
        return Err(TokenError::Expired);
    }
    if now < validity.from {
        return Err(TokenError::NotYetValid);
    }

    let tenant = claims.text(&config.tenant_claim)?;
    if tenant.is_some_and(|tenant| tenant.eq_ignore_ascii_case(CONSUMERS)) {
        return Err(TokenError::PersonalAccount);
    }
    if let Some(own) = &config.tenant
        && !tenant.is_some_and(|tenant| tenant.eq_ignore_ascii_case(own))
    {
        return Err(TokenError::WrongTenant);
    }
    Ok(validity)
}

/// Says who calls, and with what.
pub(super) fn map(
    claims: &Members,
    config: &IssuerConfig,
    issuer: &Arc<str>,
) -> Result<Verified, TokenError> {
    let scopes = scopes(claims, config)?;
    let client_id = client_id(claims, config)?;
    let facts = |scopes: PermissionSet| -> Result<TokenFacts, TokenError> {
        Ok(TokenFacts {
            scopes,
            directory_roles: directory_roles(claims, config)?,
            tenant: claims.text(&config.tenant_claim)?.map(str::to_owned),
            issuer: Arc::clone(issuer),
            token_id: match claims.text("uti")? {
                Some(id) => Some(id.to_owned()),
                None => claims.text("jti")?.map(str::to_owned),
            },
        })
    };

    if is_application(
        claims,
        config,
        client_id.map(|(_, id)| id),
        scopes.as_deref(),
    )? {
        let named = PermissionSet::from_names(claims.words(&config.roles_claim)?);
        let token = facts(or_implied(named, config.implied_roles))?;
        return application(claims, config, client_id, token);
    }

    let named = PermissionSet::from_names(scopes.unwrap_or_default());
    let token = facts(or_implied(named, config.implied_scopes))?;
    let client_id = client_id.map(|(_, id)| one_spelling(id));
    user(claims, config, client_id, token)
}

/// A user, by the claim that tells who it is.
fn user(
    claims: &Members,
    config: &IssuerConfig,
    client_id: Option<String>,
    token: TokenFacts,
) -> Result<Verified, TokenError> {
    let claim = &config.user.claim;
    let value = claims
        .text(claim)?
        .filter(|value| !value.is_empty())
        .ok_or_else(|| TokenError::missing(claim))?;
    if config.user.by == UserAttribute::ObjectId {
        return Ok(Verified::Principal(Arc::new(Principal {
            kind: Kind::Delegated {
                user: object_id(value, claim)?,
                client_id,
            },
            token,
        })));
    }
    Ok(Verified::Unbound(Arc::new(Unbound {
        lookup: Lookup::User {
            by: config.user.by,
            value: value.to_owned(),
        },
        claim: claim.clone(),
        client_id,
        token,
    })))
}

/// Who signed in to a client, which may do this for them.
pub(super) fn signed_in(
    claims: &Members,
    config: &IssuerConfig,
    client_id: &str,
    scopes: PermissionSet,
    issuer: &Arc<str>,
) -> Result<Verified, TokenError> {
    let token = TokenFacts {
        scopes,
        directory_roles: directory_roles(claims, config)?,
        tenant: claims.text(&config.tenant_claim)?.map(str::to_owned),
        issuer: Arc::clone(issuer),
        token_id: None,
    };
    user(claims, config, Some(one_spelling(client_id)), token)
}

/// An application by the id of its service principal, where the issuer knows that, or else by its client id.
fn application(
    claims: &Members,
    config: &IssuerConfig,
    client_id: Option<(&str, &str)>,
    token: TokenFacts,
) -> Result<Verified, TokenError> {
    let (claim, client_id) = client_id.ok_or_else(|| TokenError::missing(client_claim(config)))?;
    if is_as_entra(config)
        && let Some(object) = claims.text("oid")?
    {
        return Ok(Verified::Principal(Arc::new(Principal {
            kind: Kind::Application {
                object: object_id(object, "oid")?,
                client_id: one_spelling(client_id),
            },
            token,
        })));
    }
    let known = config.application.known.get(client_id).copied();
    let app_id = known
        .or_else(|| client_id.parse().ok())
        .ok_or_else(|| TokenError::unknown_client(claim))?;
    Ok(Verified::Unbound(Arc::new(Unbound {
        lookup: Lookup::Application { app_id },
        claim: claim.to_owned(),
        client_id: Some(one_spelling(client_id)),
        token,
    })))
}

/// Whether an application calls for itself. `idtyp` says so where the issuer writes it.
fn is_application(
    claims: &Members,
    config: &IssuerConfig,
    client_id: Option<&str>,
    scopes: Option<&[&str]>,
) -> Result<bool, TokenError> {
    match claims.text("idtyp")? {
        Some("app") if scopes.is_none() => return Ok(true),
        Some("user") => return Ok(false),
        Some(_) => return Err(TokenError::UnsupportedKind),
        None => {}
    }
    match &config.application.sign {
        ApplicationSign::SubjectIsObject => {
            let object = claims.text("oid")?;
            Ok(config.user.claim == "oid"
                && scopes.is_none()
                && object.is_some()
                && object == claims.text("sub")?)
        }
        ApplicationSign::SubjectIsClient => {
            Ok(client_id.is_some() && claims.text("sub")? == client_id)
        }
        ApplicationSign::NoUser => Ok(claims.text(&config.user.claim)?.is_none_or(str::is_empty)),
        ApplicationSign::Claim { name, value: None } => Ok(claims.get(name).is_some()),
        ApplicationSign::Claim {
            name,
            value: Some(value),
        } => Ok(claims.texts(name)?.contains(&value.as_str())),
        ApplicationSign::Never => Ok(false),
    }
}

/// Whether the issuer tells who calls by the ids of this directory, as Entra does.
fn is_as_entra(config: &IssuerConfig) -> bool {
    config.user.by == UserAttribute::ObjectId && config.user.claim == "oid"
}

/// The delegated scopes; none at all if there is no such claim.
fn scopes<'a>(
    claims: &'a Members,
    config: &IssuerConfig,
) -> Result<Option<Vec<&'a str>>, TokenError> {
    let names = match &config.scopes_claim {
        Some(own) => vec![own.as_str()],
        None => vec!["scp", "scope"],
    };
    for name in names {
        if claims.get(name).is_some() {
            return claims.words(name).map(Some);
        }
    }
    Ok(None)
}

/// An issuer that knows nothing of our permissions names none.
fn or_implied(named: PermissionSet, implied: PermissionSet) -> PermissionSet {
    if named.is_empty() { implied } else { named }
}

fn directory_roles(
    claims: &Members,
    config: &IssuerConfig,
) -> Result<Vec<DirectoryRole>, TokenError> {
    let mut roles: Vec<DirectoryRole> = claims
        .texts("wids")?
        .into_iter()
        .filter_map(DirectoryRole::from_template_id)
        .collect();
    if config.group_roles.is_empty() {
        return Ok(roles);
    }
    for group in claims.texts(&config.groups_claim)? {
        roles.extend(config.group_roles.get(group).into_iter().flatten());
    }
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

/// The client id, with the claim that told it.
fn client_id<'a>(
    claims: &'a Members,
    config: &'a IssuerConfig,
) -> Result<Option<(&'a str, &'a str)>, TokenError> {
    let names = match &config.application.claim {
        Some(own) => vec![own.as_str()],
        None => vec!["appid", "azp", "client_id"],
    };
    for name in names {
        if let Some(id) = claims.text(name)?.filter(|id| !id.is_empty()) {
            return Ok(Some((name, id)));
        }
    }
    Ok(None)
}

/// A client id that is an `appId` in the one way that it is written everywhere, so that one client is not many. Other ids
/// are as their issuer writes them.
fn one_spelling(client_id: &str) -> String {
    match client_id.parse::<AppId>() {
        Ok(app_id) => app_id.to_string(),
        Err(_) => client_id.to_owned(),
    }
}

fn client_claim(config: &IssuerConfig) -> &str {
    config.application.claim.as_deref().unwrap_or("appid")
}

fn object_id(value: &str, claim: &str) -> Result<ObjectId, TokenError> {
    value.parse().map_err(|_| TokenError::malformed(claim))
}
