//! `[limits]`: how large, how slow, how often and how many at once.

use domain::time::Duration;
use serde::Deserialize;
use server::{Limits, Network};

use super::value::Iso;

/// The section, with the server's own defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    pub(crate) body_bytes: usize,
    pub(crate) url_bytes: usize,
    pub(crate) headers: usize,
    pub(crate) header_bytes: usize,
    pub(crate) requests: usize,
    pub(crate) requests_per_caller: usize,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) streams_per_connection: u32,
    pub(crate) handshake_timeout: Iso,
    pub(crate) header_timeout: Iso,
    pub(crate) body_timeout: Iso,
    pub(crate) request_timeout: Iso,
    pub(crate) idle_timeout: Iso,
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) burst: Option<u32>,
    pub(crate) refused_tokens_per_minute: u32,
    pub(crate) imitate_graph: bool,
    pub(crate) trusted_proxies: Proxies,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let default = Limits::default();
        Self {
            body_bytes: default.body_bytes,
            url_bytes: default.url_bytes,
            headers: default.headers,
            header_bytes: default.header_bytes,
            requests: default.requests,
            requests_per_caller: default.requests_per_caller,
            connections: default.connections,
            connections_per_address: default.connections_per_address,
            streams_per_connection: default.streams,
            handshake_timeout: iso(default.handshake_timeout),
            header_timeout: iso(default.header_timeout),
            body_timeout: iso(default.body_timeout),
            request_timeout: iso(default.request_timeout),
            idle_timeout: iso(default.idle_timeout),
            requests_per_second: default.requests_per_second,
            burst: default.burst,
            refused_tokens_per_minute: default.refused_tokens_per_minute,
            imitate_graph: default.imitate_graph,
            trusted_proxies: Proxies::List(Vec::new()),
        }
    }
}

fn iso(time: std::time::Duration) -> Iso {
    Iso(Duration::from_secs(
        i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
    ))
}

/// Networks: a list of them, or one text with commas between.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Proxies {
    /// From the environment.
    Text(String),
    /// From a file.
    List(Vec<String>),
}

impl Proxies {
    fn networks(&self) -> Result<Vec<Network>, server::NotANetwork> {
        match self {
            Self::Text(text) => text.split(',').map(str::parse).collect(),
            Self::List(list) => list.iter().map(|text| text.parse()).collect(),
        }
    }
}

impl LimitsSection {
    /// What the server is told.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            body_bytes: self.body_bytes,
            url_bytes: self.url_bytes,
            headers: self.headers,
            header_bytes: self.header_bytes,
            requests: self.requests,
            requests_per_caller: self.requests_per_caller,
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            streams: self.streams_per_connection,
            handshake_timeout: self.handshake_timeout.real(),
            header_timeout: self.header_timeout.real(),
            body_timeout: self.body_timeout.real(),
            request_timeout: self.request_timeout.real(),
            idle_timeout: self.idle_timeout.real(),
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            refused_tokens_per_minute: self.refused_tokens_per_minute,
            imitate_graph: self.imitate_graph,
            // What cannot be read is among the flaws, so it does not get here.
            trusted_proxies: self.trusted_proxies.networks().unwrap_or_default(),
        }
    }

    /// What is wrong with it.
    pub(super) fn flaws(&self, flaws: &mut Vec<String>) {
        if let Err(error) = self.trusted_proxies.networks() {
            flaws.push(format!("`limits.trustedProxies`: {error}"));
        }
        let limits = self.limits();
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        for (key, value, least) in [
            ("bodyBytes", limits.body_bytes, 1024),
            ("urlBytes", limits.url_bytes, 1024),
            ("headers", limits.headers, 16),
            ("headerBytes", limits.header_bytes, 4096),
            ("requests", limits.requests, 1),
            ("requestsPerCaller", limits.requests_per_caller, 1),
            ("connections", limits.connections, 1),
            ("connectionsPerAddress", limits.connections_per_address, 1),
            ("streamsPerConnection", count(limits.streams), 1),
            (
                "requestsPerSecond",
                limits.requests_per_second.map_or(1, count),
                1,
            ),
            ("burst", limits.burst.map_or(1, count), 1),
            (
                "refusedTokensPerMinute",
                count(limits.refused_tokens_per_minute),
                1,
            ),
        ] {
            if value < least {
                flaws.push(format!("`limits.{key}` must be at least {least}"));
            }
        }
        for (key, time) in [
            ("handshakeTimeout", limits.handshake_timeout),
            ("headerTimeout", limits.header_timeout),
            ("bodyTimeout", limits.body_timeout),
            ("requestTimeout", limits.request_timeout),
        ] {
            if time.is_zero() {
                flaws.push(format!("`limits.{key}` must be above zero"));
            }
        }
        if limits.burst.is_some() && limits.requests_per_second.is_none() {
            flaws.push("`limits.burst` belongs to `limits.requestsPerSecond`".to_owned());
        }
        if limits.idle_timeout <= limits.request_timeout {
            flaws.push(
                "`limits.idleTimeout` must be above `limits.requestTimeout`: while a request is worked on, nothing \
                 happens on its connection"
                    .to_owned(),
            );
        }
    }
}
