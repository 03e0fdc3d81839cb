//! The compact form of a token, taken apart without believing it.
//!
//! **Invariant:** exactly three parts, strict base64url, and no member twice; anything else is an error, never a
//! panic.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::TokenError;

/// A token in its parts.
pub(super) struct Compact<'a> {
    /// What the signature is over.
    pub(super) signed: &'a str,
    /// The signature, still encoded.
    pub(super) signature: &'a str,
    /// `alg` of the header.
    pub(super) algorithm: String,
    /// `kid` of the header.
    pub(super) kid: Option<String>,
    /// The claims.
    pub(super) claims: Members,
}

impl<'a> Compact<'a> {
    /// Takes the token apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = Members::decode(header)?;
        let claims = Members::decode(payload)?;
        if header.get("crit").is_some() {
            return Err(TokenError::CriticalExtension);
        }
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TokenError::Malformed),
        };
        Ok(Self {
            signed,
            signature,
            algorithm: text("alg")?.ok_or(TokenError::Malformed)?,
            kid: text("kid")?,
            claims,
        })
    }
}

/// The members of a JSON object, each once.
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    fn decode(part: &str) -> Result<Self, TokenError> {
        let json = URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| TokenError::Malformed)?;
        let members: Self = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        if members.has_duplicates() {
            return Err(TokenError::Duplicate);
        }
        Ok(members)
    }

    fn has_duplicates(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair.first() == pair.last())
    }

    /// The member of that name; an explicit null counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(own, value)| own == name && !value.is_null())
            .map(|(_, value)| value)
    }

    /// The text of that name.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, TokenError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::malformed(name)),
        }
    }

    /// The texts of that name: a list, or one text alone.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, TokenError> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(|| TokenError::malformed(name)))
                .collect(),
            Some(_) => Err(TokenError::malformed(name)),
        }
    }

    /// The instant of that name, in seconds since 1970; some issuers add a fraction.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, TokenError> {
        const MICROS: i64 = 1_000_000;
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let seconds = match (value.as_i64(), value.as_f64()) {
            (Some(seconds), _) => seconds,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked, and a token may lose its fraction of a second"
            )]
            (None, Some(seconds)) if seconds.abs() < 1e12 => seconds as i64,
            _ => return Err(TokenError::malformed(name)),
        };
        Ok(Some(Timestamp::from_micros(seconds.saturating_mul(MICROS))))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllMembers;

        impl<'de> Visitor<'de> for AllMembers {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(AllMembers)
    }
}
