//! What the portal of a development tenant can do besides: bring in seeds, and get tokens as any client would.

use std::sync::Arc;

use portal::{Account, Development};
use server::Delivery;

use crate::client::graph::{Graph, TokenSource};
use crate::client::http_client;
use crate::client::sign_in::Grant;
use crate::dev_file::DevFile;
use crate::tenant_file;

/// The scopes of a token are those that the account has.
const EVERYTHING: &[String] = &[];

/// What the pages are given.
pub(super) fn of(dev: &DevFile, delivery: &Delivery) -> anyhow::Result<Development> {
    let http = http_client(Some(&dev.ca_file))?;
    let clients = dev.clients.iter().map(|client| Account {
        key: format!("client:{}", client.name),
        name: format!("client {}", client.name),
        id: client.client_id.clone(),
    });
    let users = dev.users.iter().map(|user| Account {
        key: format!("user:{}", user.user_principal_name),
        name: user.display_name.clone(),
        id: user.user_principal_name.clone(),
    });
    let (sower, minter) = (
        (dev.clone(), http.clone()),
        (Arc::new(dev.clone()), http.clone()),
    );
    Ok(Development {
        base_url: dev.base_url.clone(),
        authority: dev.authority.clone(),
        tenant_id: dev.tenant_id.clone(),
        ca_file: dev.ca_file.clone(),
        public_client_id: dev.public_client_id.clone(),
        accounts: clients.chain(users).collect(),
        settle: Arc::clone(&delivery.settle),
        sow: Arc::new(move |text| {
            let (dev, http) = sower.clone();
            Box::pin(async move {
                let sown = sown(dev, http, &text).await;
                sown.map_err(|error| format!("{error:#}"))
            })
        }),
        mint: Arc::new(move |key| {
            let (dev, http) = minter.clone();
            Box::pin(async move {
                let minted = minted(&dev, &http, &key).await;
                minted.map_err(|error| format!("{error:#}"))
            })
        }),
    })
}

/// Brings in a seed by the tenant's own Graph API, as its client `admin`.
async fn sown(dev: DevFile, http: reqwest::Client, text: &str) -> anyhow::Result<()> {
    let grant = Grant::of_known_client(&dev, dev.client("admin")?, EVERYTHING);
    let graph = Graph::new(http, &dev.base_url, TokenSource::Grant(grant))?;
    tenant_file::bring_in(&graph, text).await
}

async fn minted(dev: &DevFile, http: &reqwest::Client, key: &str) -> anyhow::Result<String> {
    let grant = match key.split_once(':') {
        Some(("client", name)) => Grant::of_known_client(dev, dev.client(name)?, EVERYTHING),
        Some(("user", name)) => Grant::of_known_user(dev, dev.user(name)?, EVERYTHING)?,
        _ => anyhow::bail!("there is no account `{key}`"),
    };
    grant.token(http).await
}
