//! The compact form of a token, taken apart without believing it.
//!
//! **Invariant:** exactly three parts, strict base64url, and no member twice; anything else is an error, never a
//! panic.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::TokenError;

/// A token in its parts.
pub(super) struct Compact<'a> {
    /// What the signature is over.
    pub(super) signed: &'a str,
    /// The signature, still encoded.
    pub(super) signature: &'a str,
    /// What the header says that counts.
    pub(super) header: Header,
    /// The claims.
    pub(super) claims: Members,
}

/// What the header says that counts. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) do not.
pub(super) struct Header {
    /// `alg`.
    pub(super) algorithm: String,
    /// `kid`.
    pub(super) kid: Option<String>,
    /// `typ`.
    pub(super) kind: Option<String>,
}

impl<'a> Compact<'a> {
    /// Takes the token apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = Members::decode(header)?;
        let claims = Members::decode(payload)?;
        Ok(Self {
            signed,
            signature,
            header: Header::read(&header)?,
            claims,
        })
    }
}

impl Header {
    fn read(members: &Members) -> Result<Self, TokenError> {
        // `b64` changes what is signed and is only ever allowed together with `crit`.
        if members.get("crit").is_some() || members.get("b64").is_some() {
            return Err(TokenError::CriticalExtension);
        }
        // What is in there is another token.
        if members.get("cty").is_some() || members.get("enc").is_some() {
            return Err(TokenError::UnsupportedKind);
        }
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TokenError::Malformed),
        };
        Ok(Self {
            algorithm: text("alg")?.ok_or(TokenError::Malformed)?,
            kid: text("kid")?,
            kind: text("typ")?,
        })
    }
}

/// Whether this is no JSON Web Token at all, but something that only its issuer can read. What begins with a JSON
/// object is a web token, good or bad.
pub(super) fn is_opaque(token: &str) -> bool {
    let is_bearer_text = token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    let first = token.split('.').next().unwrap_or_default();
    let begins_with_object = URL_SAFE_NO_PAD
        .decode(first.trim_end_matches('='))
        .is_ok_and(|bytes| bytes.trim_ascii_start().starts_with(b"{"));
    is_bearer_text && !begins_with_object
}

/// The members of a JSON object, each once.
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    fn decode(part: &str) -> Result<Self, TokenError> {
        let json = URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| TokenError::Malformed)?;
        Self::from_json(&json)
    }

    /// Reads an object.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, TokenError> {
        let Once { value, is_so } =
            serde_json::from_slice(json).map_err(|_| TokenError::Malformed)?;
        match value {
            _ if !is_so => Err(TokenError::Duplicate),
            Value::Object(members) => Ok(Self(members.into_iter().collect())),
            _ => Err(TokenError::Malformed),
        }
    }

    /// The member of that name; an explicit null counts as absent.
    /// A name with dots that is none of the members leads into them: `realm_access.roles`.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let own = |name: &str| self.0.iter().find(|(own, _)| own == name);
        let found = match (own(name), name.split_once('.')) {
            (Some((_, value)), _) => Some(value),
            (None, Some((first, rest))) => rest
                .split('.')
                .try_fold(&own(first)?.1, |value, name| value.get(name)),
            (None, None) => None,
        };
        found.filter(|value| !value.is_null())
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

    /// The words of that name: a list of texts, or one text with spaces between.
    pub(super) fn words(&self, name: &str) -> Result<Vec<&str>, TokenError> {
        let texts = self.texts(name)?;
        Ok(texts
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
            .collect())
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

/// JSON, and whether each member of each object in it is there once.
struct Once {
    value: Value,
    is_so: bool,
}

impl Once {
    fn of(value: impl Into<Value>) -> Self {
        Self {
            value: value.into(),
            is_so: true,
        }
    }
}

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Once, E> {
        Ok(Once::of(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Once, E> {
        Ok(Once::of(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Once, E> {
        Ok(Once::of(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Once, E> {
        Ok(Once::of(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Once, E> {
        Ok(Once::of(value))
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once::of(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        let mut is_so = true;
        let mut values = Vec::new();
        while let Some(item) = items.next_element::<Once>()? {
            is_so &= item.is_so;
            values.push(item.value);
        }
        Ok(Once {
            value: Value::Array(values),
            is_so,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut is_so = true;
        let mut members = Map::new();
        while let Some((name, member)) = map.next_entry::<String, Once>()? {
            is_so &= member.is_so;
            is_so &= members.insert(name, member.value).is_none();
        }
        Ok(Once {
            value: Value::Object(members),
            is_so,
        })
    }
}
