//! The caller of custom extensions: what it signs with, and whom it trusts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use auth::callout::Signer;
use auth::keys::{Algorithm, Keys};
use callout::{Caller, CallerOptions};
use service::Service;
use service::clock::Clock;

use crate::config::{Config, secret};

/// Signs callouts with a key of its own, which is kept where the configuration says.
pub(super) fn signer(config: &Config, data: &Path, base_url: &str) -> anyhow::Result<Signer> {
    let folder = config.extensions.key_folder.as_deref().unwrap_or(data);
    let keys = Keys::load_or_create_as(folder, "callout", Algorithm::Es256)
        .context("cannot use the key that callouts are signed with")?;
    Ok(Signer::new(keys, base_url))
}

/// The caller, as configured.
pub(super) fn caller(
    config: &Config,
    service: &Service,
    signer: &Arc<Signer>,
) -> anyhow::Result<Caller> {
    let section = &config.extensions;
    let mut webhook_secrets = BTreeMap::new();
    for (host, file) in &section.webhook_secret_files {
        let key = format!("extensions.webhookSecretFiles.\"{host}\"");
        let secret = secret::from_file(&key, file)?;
        webhook_secrets.insert(host.to_ascii_lowercase(), secret);
    }
    let ca_pem = section
        .ca_file
        .as_ref()
        .map(|file| {
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
        })
        .transpose()?;
    let options = CallerOptions {
        signer: Arc::clone(signer),
        webhook_secrets,
        ca_pem,
        token_clock: Clock::system(),
    };
    Ok(Caller::new(service.clone(), options)?)
}
