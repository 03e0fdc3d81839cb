//! Values of the configuration that are more than text: durations, lists of them, and where to listen.

use std::fmt;
use std::net::SocketAddr;

use domain::time::Duration;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A duration in ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Iso(pub(crate) Duration);

impl Iso {
    /// The same for calls that are timed by the machine.
    pub(crate) fn real(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0.micros().max(0).unsigned_abs())
    }
}

impl<'de> Deserialize<'de> for Iso {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Duration::parse(text.trim())
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// Durations: a list of them, or one text with commas between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gaps(pub(crate) Vec<Iso>);

impl<'de> Deserialize<'de> for Gaps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GapsVisitor).map(Self)
    }
}

struct GapsVisitor;

impl<'de> Visitor<'de> for GapsVisitor {
    type Value = Vec<Iso>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of durations such as `[\"PT0S\", \"PT1M\"]`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.split(',')
            .map(|gap| Duration::parse(gap.trim()).map(Iso).map_err(E::custom))
            .collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut gaps = Vec::new();
        while let Some(gap) = sequence.next_element()? {
            gaps.push(gap);
        }
        Ok(gaps)
    }
}

/// Where to listen: an address, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    /// Not at all.
    Off,
    /// Here; port 0 picks a free one.
    At(SocketAddr),
}

impl Listen {
    /// The address, if there is one.
    pub(crate) const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl std::str::FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| {
            format!("`{text}` is no address to listen on: expected one such as `127.0.0.1:8080`, or `off`")
        })
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
