//! A development tenant: its id, accounts and issuer, the same at each start of the same data folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use auth::keys::SigningKeys;
use auth::token::{IssuerConfig, KeySource};
use domain::cloud::Cloud;
use service::Service;
use service::tenant::{DevAccounts, DevSecrets};

use crate::dev_file::{DevFile, KnownClient, KnownUser};

/// Makes sure that the accounts exist, with the secrets that `dev.json` told at an earlier start.
pub(super) async fn prepare(
    service: &Service,
    data: &Path,
    base_url: &str,
    authority: &Path,
) -> anyhow::Result<DevFile> {
    let earlier = DevFile::find(data)?;
    let tenant_id = match &earlier {
        Some(earlier) => earlier.tenant_id.clone(),
        None => service.moment().id(|uuid| uuid.to_string()),
    };
    service::tenant::restore_clock(service)
        .await
        .context("cannot set the tenant's clock to where it was moved")?;
    let accounts = service::tenant::dev_accounts(service, &secrets(earlier.as_ref()))
        .await
        .context("cannot make the development accounts")?;
    let ca_file = std::path::absolute(authority).context("the data folder has no absolute path")?;
    let cloud = service.settings.cloud;
    Ok(file(tenant_id, cloud, base_url, ca_file, accounts))
}

fn secrets(earlier: Option<&DevFile>) -> DevSecrets {
    let Some(earlier) = earlier else {
        return DevSecrets::default();
    };
    let passwords: BTreeMap<String, String> = earlier
        .users
        .iter()
        .map(|user| (user.user_principal_name.clone(), user.password.clone()))
        .collect();
    let client_secret = earlier
        .client("admin")
        .ok()
        .map(|client| client.client_secret.clone());
    DevSecrets {
        client_secret,
        passwords,
    }
}

fn file(
    tenant_id: String,
    cloud: Cloud,
    base_url: &str,
    ca_file: PathBuf,
    accounts: DevAccounts,
) -> DevFile {
    let clients = accounts.clients.into_iter().map(|client| KnownClient {
        name: client.name,
        client_id: client.client_id.to_string(),
        client_secret: client.client_secret,
        roles: client.roles,
    });
    let users = accounts.users.into_iter().map(|user| KnownUser {
        id: user.id.to_string(),
        user_principal_name: user.user_principal_name,
        display_name: user.display_name,
        password: user.password,
        roles: user.roles,
    });
    DevFile {
        cloud_profile: cloud.to_string(),
        authority: base_url.to_owned(),
        tenant_id,
        base_url: base_url.to_owned(),
        ca_file,
        public_client_id: Some(accounts.public_client.to_string()),
        clients: clients.collect(),
        users: users.collect(),
    }
}

/// What the verifier is told about the tenant's own issuer.
pub(super) fn own_issuer(dev: &DevFile, cloud: Cloud, keys: &SigningKeys) -> IssuerConfig {
    let issuer = auth::issuer::issuer_url(&dev.base_url, &dev.tenant_id);
    let [graph, root] = cloud.audiences();
    IssuerConfig {
        tenant: Some(dev.tenant_id.clone()),
        ..IssuerConfig::new(
            &issuer,
            &[graph, root, &dev.base_url],
            KeySource::Shared(keys.ring()),
        )
    }
}
