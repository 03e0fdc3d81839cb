//! What the claims of a token say, once its signature is believed.
//!
//! **Invariant:** a token is a user's or an application's, never both; in doubt it is refused.

use std::sync::Arc;

use domain::id::ObjectId;
use domain::time::Timestamp;

use super::compact::Members;
use super::{IssuerConfig, TokenError, UserClaim};
use crate::principal::{
    DirectoryRole, Kind, NamedUser, PermissionSet, Principal, TokenFacts, Validity, Verified,
};

/// The tenant of personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Checks audience, time and tenant, and says for how long they hold.
pub(super) fn check(
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
        .ok_or_else(|| TokenError::missing("exp"))?;
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
    let scopes = claims.text(&config.scopes_claim)?;
    let client_id = client_id(claims)?;
    let facts = |scopes: PermissionSet| -> Result<TokenFacts, TokenError> {
        Ok(TokenFacts {
            scopes,
            directory_roles: claims
                .texts("wids")?
                .into_iter()
                .filter_map(DirectoryRole::from_template_id)
                .collect(),
            tenant: claims.text(&config.tenant_claim)?.map(str::to_owned),
            issuer: Arc::clone(issuer),
            token_id: match claims.text("uti")? {
                Some(id) => Some(id.to_owned()),
                None => claims.text("jti")?.map(str::to_owned),
            },
        })
    };

    if is_application(claims, config, scopes)? {
        let roles = claims.texts(&config.roles_claim)?;
        return Ok(Verified::Principal(Arc::new(Principal {
            kind: Kind::Application {
                object: object_id(claims, "oid")?,
                client_id: client_id
                    .ok_or_else(|| TokenError::missing("appid"))?
                    .to_owned(),
            },
            token: facts(PermissionSet::from_names(roles))?,
        })));
    }

    let scopes = scopes.map_or(config.implied_scopes, |scopes| {
        PermissionSet::from_names(scopes.split_ascii_whitespace())
    });
    let client_id = client_id.map(str::to_owned);
    let token = facts(scopes)?;
    match &config.user {
        UserClaim::ObjectId(claim) => Ok(Verified::Principal(Arc::new(Principal {
            kind: Kind::Delegated {
                user: object_id(claims, claim)?,
                client_id,
            },
            token,
        }))),
        UserClaim::Name(claim) => Ok(Verified::Named(Arc::new(NamedUser {
            name: claims
                .text(claim)?
                .filter(|name| !name.is_empty())
                .ok_or_else(|| TokenError::missing(claim))?
                .to_owned(),
            client_id,
            token,
        }))),
    }
}

/// Whether an application calls for itself. `idtyp` says so where the issuer writes it; without it, the sign is that
/// subject and object are the same and there are no scopes, which means nothing where users are told by `sub`.
fn is_application(
    claims: &Members,
    config: &IssuerConfig,
    scopes: Option<&str>,
) -> Result<bool, TokenError> {
    match claims.text("idtyp")? {
        Some("app") if scopes.is_none() => Ok(true),
        Some("user") => Ok(false),
        Some(_) => Err(TokenError::UnsupportedKind),
        None => {
            let by_object = config.user == UserClaim::ObjectId("oid".to_owned());
            let object = claims.text("oid")?;
            Ok(
                by_object
                    && scopes.is_none()
                    && object.is_some()
                    && object == claims.text("sub")?,
            )
        }
    }
}

fn client_id(claims: &Members) -> Result<Option<&str>, TokenError> {
    for name in ["appid", "azp", "client_id"] {
        if let Some(id) = claims.text(name)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn object_id(claims: &Members, claim: &str) -> Result<ObjectId, TokenError> {
    claims
        .text(claim)?
        .ok_or_else(|| TokenError::missing(claim))?
        .parse()
        .map_err(|_| TokenError::malformed(claim))
}
