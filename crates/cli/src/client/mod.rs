//! Commands that are clients: they know a Graph root and a token, and nothing of the server behind it.

pub(crate) mod bodies;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod own_api;
pub(crate) mod reprocess;
pub(crate) mod reprocess_job;
pub(crate) mod sign_in;

use std::path::Path;

use anyhow::{Context, bail};
use graph::{Graph, TokenSource};

use crate::args::ConnectArgs;
use crate::dev_file::DevFile;

/// Where entitlement management is below the root of v1.0.
pub(crate) const ENTITLEMENTS: &str = "/v1.0/identityGovernance/entitlementManagement";

/// The Graph root that the command line names.
pub(crate) fn connect(args: &ConnectArgs) -> anyhow::Result<Graph> {
    let dev = args.data.as_deref().map(DevFile::get).transpose()?;
    let http = match (&args.ca, &dev) {
        (Some(ca), _) => http_client(Some(ca))?,
        (None, Some(dev)) => http_client(Some(&dev.ca_file))?,
        (None, None) => http_client(None)?,
    };
    let root = match (&args.url, &dev) {
        (Some(url), _) => url.clone(),
        (None, Some(dev)) => dev.base_url.clone(),
        (None, None) => {
            bail!("name a Graph root with `--url URL`, or a development tenant with `--data DIR`")
        }
    };
    let source = match (&args.token, dev) {
        (Some(token), _) => TokenSource::Fixed(token.clone()),
        (None, Some(dev)) => {
            let client = dev.client("admin")?.clone();
            TokenSource::Client {
                dev: Box::new(dev),
                client,
            }
        }
        (None, None) => {
            bail!("give an access token with `--token TOKEN` or the variable REEVE_TOKEN")
        }
    };
    Graph::new(http, &root, source)
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
