//! Commands that are clients: they know a Graph root and a token, and nothing of the server behind it.

pub(crate) mod access;
pub(crate) mod approvals;
pub(crate) mod bodies;
pub(crate) mod dev;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod kept;
pub(crate) mod lists;
pub(crate) mod login;
pub(crate) mod names;
pub(crate) mod own_api;
pub(crate) mod reprocess;
pub(crate) mod shadow;
pub(crate) mod sign_in;

use std::path::{Path, PathBuf};

use anyhow::Context;
use domain::cloud::Cloud;
use graph::{Graph, TokenSource};
use kept::Kept;
use sign_in::Grant;

use crate::args::connect::ConnectArgs;
use crate::dev_file::DevFile;
use crate::output::{Misunderstood, Refused};

/// Where entitlement management is below the root of v1.0.
pub(crate) const ENTITLEMENTS: &str = "/v1.0/identityGovernance/entitlementManagement";

/// A server that the command line names, and who it is that asks.
pub(crate) struct Place {
    /// The Graph root, without slash at its end.
    pub(crate) root: String,
    /// Where tokens come from.
    pub(crate) authority: String,
    /// The authorities to trust, if not the system's.
    pub(crate) ca: Option<PathBuf>,
    dev: Option<DevFile>,
}

/// The Graph root that the command line names.
pub(crate) fn place(args: &ConnectArgs) -> anyhow::Result<Place> {
    let dev = args.data.as_deref().map(DevFile::get).transpose()?;
    let cloud = args.cloud.map(Cloud::from);
    // A folder says where and who. Variables that are meant for another server must not send its secrets here, nor a
    // development token there.
    let root = match (&dev, &args.url, cloud) {
        (Some(dev), _, _) => dev.base_url.clone(),
        (None, Some(url), _) => url.clone(),
        (None, None, Some(cloud)) => cloud.graph_root().to_owned(),
        (None, None, None) => {
            return Err(Misunderstood(
                "name a Graph root with `--url URL`, a cloud with `--cloud CLOUD`, or a development tenant with \
                 `--data DIR`"
                    .to_owned(),
            )
            .into());
        }
    };
    let root = root.trim_end_matches('/').to_owned();
    let authority = match (&dev, &args.authority, cloud) {
        (Some(dev), _, _) => dev.authority.clone(),
        (None, Some(authority), _) => authority.clone(),
        (None, None, Some(cloud)) => cloud.authority().to_owned(),
        (None, None, None) => Cloud::ALL
            .iter()
            .find(|cloud| cloud.graph_root() == root)
            .map_or_else(|| root.clone(), |cloud| cloud.authority().to_owned()),
    };
    let ca = args.ca.clone();
    Ok(Place {
        ca: ca.or_else(|| dev.as_ref().map(|dev| dev.ca_file.clone())),
        root,
        authority,
        dev,
    })
}

/// The Graph root that the command line names, asked by whom it names.
pub(crate) fn connect(args: &ConnectArgs) -> anyhow::Result<Graph> {
    let place = place(args)?;
    let source = source(args, &place)?;
    Graph::new(http_client(place.ca.as_deref())?, &place.root, source)
}

/// Whom the command line names, the most exact first.
fn source(args: &ConnectArgs, place: &Place) -> anyhow::Result<TokenSource> {
    if let Some(dev) = &place.dev {
        let grant = match (&args.user, &args.client) {
            (Some(user), _) => Grant::of_known_user(dev, dev.user(user)?, &[])?,
            (None, client) => {
                let client = client.as_deref().unwrap_or("admin");
                Grant::of_known_client(dev, dev.client(client)?, &[])
            }
        };
        return Ok(TokenSource::Grant(grant));
    }
    if let Some(token) = &args.token {
        return Ok(TokenSource::Fixed(token.clone()));
    }
    if let (Some(client), Some(tenant)) = (&args.client_id, &args.tenant)
        && let Some(secret) = client_secret(args)?
    {
        let scope = format!("{}/.default", place.root);
        let grant = Grant::of_client(&place.authority, tenant, client, &secret, &scope);
        return Ok(TokenSource::Grant(grant));
    }
    match Kept::find(&place.root) {
        Some(kept) => Ok(TokenSource::Kept(kept)),
        None => Err(Refused(format!(
            "sign in: `reeve login --url {}`, a client with `--tenant`, `--client-id` and `--client-secret-file`, or an \
             access token with `--token TOKEN` or the variable REEVE_TOKEN",
            place.root
        ))
        .into()),
    }
}

/// The secret of the client that the command line names, from its file or from the environment.
fn client_secret(args: &ConnectArgs) -> anyhow::Result<Option<String>> {
    let Some(path) = &args.client_secret_file else {
        return Ok(std::env::var("REEVE_CLIENT_SECRET").ok());
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the client's secret in `{}`", path.display()))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(Refused(format!("`{}` holds no secret", path.display())).into());
    }
    Ok(Some(secret.to_owned()))
}

/// An HTTP client that trusts the authorities in this file and no others, or the system's.
pub(crate) fn http_client(ca: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    let pem = ca
        .map(|path| {
            std::fs::read(path).with_context(|| {
                format!(
                    "cannot read the certificate authorities in `{}`",
                    path.display()
                )
            })
        })
        .transpose()?;
    http_client_trusting(pem.as_deref()).with_context(|| match ca {
        Some(path) => format!("cannot use `{}`", path.display()),
        None => "cannot use the system's certificate authorities".to_owned(),
    })
}

/// The same with the authorities themselves.
pub(crate) fn http_client_trusting(pem: Option<&[u8]>) -> anyhow::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .timeout(std::time::Duration::from_mins(1))
        .connect_timeout(std::time::Duration::from_secs(10))
        // A redirect would carry the token to a place that nobody named.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("reeve/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem)
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .context("there is no usable certificate in it")?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().context("cannot set up the HTTP client")
}
