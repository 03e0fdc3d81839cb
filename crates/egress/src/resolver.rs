//! Looking names up, and forgetting what must not be called.

use std::fmt::Debug;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use domain::network::{Reach, may_reach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What a name leads to.
pub type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up.
pub trait Lookup: Debug + Send + Sync + 'static {
    /// Every address of the host.
    fn lookup(&self, host: String) -> Found;
}

/// The system's own way.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Found {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver whose answers can be called.
#[derive(Debug)]
pub(crate) struct Guard {
    reach: Reach,
    lookup: Arc<dyn Lookup>,
}

impl Guard {
    pub(crate) fn new(reach: Reach, lookup: Arc<dyn Lookup>) -> Self {
        Self { reach, lookup }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let host = name.as_str().to_owned();
        let found = self.lookup.lookup(host.clone());
        Box::pin(async move {
            let allowed: Vec<SocketAddr> = found
                .await?
                .into_iter()
                .filter(|address| may_reach(*address, reach))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(format!("`{host}` resolves to no address that may be called").into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}
