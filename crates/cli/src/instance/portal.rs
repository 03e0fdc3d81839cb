//! The portal: on in a development tenant, where people sign in at the built-in issuer, and where the configuration names an
//! issuer.

use std::net::SocketAddr;

use anyhow::Context;
use auth::token::{IssuerConfig, Verifier};
use axum::Router;
use portal::{Call, Endpoints, Pages, Parts, Portal, Provider, Targets};
use server::Delivery;
use service::Service;
use service::clock::Clock;

use super::{development, issuers};
use crate::config::{Config, secret};
use crate::dev_file::DevFile;

/// Where the built-in issuer sends browsers back to, on each address under which this server can be reached.
pub(super) fn addresses(
    base_url: &str,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
) -> Vec<String> {
    let mut origins = vec![base_url.to_owned()];
    for (scheme, address) in [("http", http), ("https", https)] {
        let Some(address) = address else { continue };
        origins.push(super::url(scheme, address));
        origins.push(format!("{scheme}://localhost:{}", address.port()));
    }
    origins.sort();
    origins.dedup();
    let back = |origin: String| format!("{origin}{}", portal::BACK);
    origins.into_iter().map(back).collect()
}

/// The pages, if they are to be served. `issuer` is what the verifier is told of the built-in one.
pub(super) fn pages(
    config: &Config,
    service: &Service,
    delivery: &Delivery,
    dev: Option<(&DevFile, IssuerConfig)>,
) -> anyhow::Result<Option<Router>> {
    let (provider, known) = match (&config.portal.issuer, dev.clone()) {
        (Some(issuer), _) => configured(config, issuer)?,
        (None, Some((dev, known))) => (built_in(dev, &known)?, known),
        (None, None) => return Ok(None),
    };
    let development = dev
        .map(|(dev, _)| development::of(dev, delivery))
        .transpose()?;
    let portal = Portal::new(Parts {
        service: service.clone(),
        verifier: Verifier::new(vec![known])?,
        clock: Clock::system(),
        provider,
        life: config.portal.life(),
        targets: targets(delivery),
        development,
    });
    Ok(Some(portal::router(portal)))
}

/// What the pages tell of targets.
fn targets(delivery: &Delivery) -> Targets {
    let known = delivery.targets.iter();
    Targets {
        known: known
            .map(|target| (target.name.clone(), target.kind.clone()))
            .collect(),
        lanes: delivery.lanes.clone(),
        stuck: delivery.stuck.clone(),
    }
}

/// The issuer of the configuration.
fn configured(config: &Config, issuer: &str) -> anyhow::Result<(Provider, IssuerConfig)> {
    let section = config
        .issuer
        .iter()
        .find(|section| section.issuer == issuer)
        .context("`portal.issuer` names no `[[issuer]]`")?;
    let known = issuers::verifier_config(section, config)?;
    let secret = match &config.portal.client_secret_file {
        Some(path) => Some(secret::from_file("portal.clientSecretFile", path)?),
        None => None,
    };
    let issuer = match &section.tenant {
        Some(tenant) => issuer.replace("{tenantid}", tenant),
        None => issuer.to_owned(),
    };
    let provider = Provider::new(
        &issuer,
        config.portal.client_id.as_deref().unwrap_or_default(),
        secret,
        Endpoints::Discovered,
        call(&section.ca_files)?,
    );
    Ok((provider, known))
}

/// The built-in issuer. Browsers stay at the address under which they came; this server asks itself for tokens.
fn built_in(dev: &DevFile, known: &IssuerConfig) -> anyhow::Result<Provider> {
    let tenant = &dev.tenant_id;
    let pages = Pages {
        authorize: format!("/{tenant}/oauth2/v2.0/authorize"),
        token: format!("{}/{tenant}/oauth2/v2.0/token", dev.authority),
        sign_out: Some(format!("/{tenant}/oauth2/v2.0/logout")),
    };
    let client = service::tenant::PORTAL_CLIENT.to_string();
    let authorities = std::slice::from_ref(&dev.ca_file);
    Ok(Provider::new(
        &known.issuer,
        &client,
        None,
        Endpoints::Known(pages),
        call(authorities)?,
    ))
}

fn call(authorities: &[std::path::PathBuf]) -> anyhow::Result<Call> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let pems: anyhow::Result<Vec<Vec<u8>>> = authorities.iter().map(read).collect();
    portal::over_http(&pems?).context("cannot ask the issuer of the portal")
}
