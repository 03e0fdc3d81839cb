//! The key that the built-in issuer signs with, and those that it signed with before.
//!
//! The folder is the truth: `issuer-es256.key` signs, `issuer-es256.retired-SECONDS.json` is the public half of a key that
//! signed until then. A running server looks whether the first has changed before it signs.
//!
//! **Invariant:** a key is known to verifiers as long as a token that it signed can be valid, and its private half is gone
//! as soon as it is retired.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::time::{Duration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Algorithm, KeyError, Keys, files, generate};
use crate::issuer::TOKEN_LIFE;
use crate::token::KeyRing;

const PURPOSE: &str = "issuer";
/// How much longer than its last token a key is shown: verifiers' clocks differ.
const GRACE: Duration = Duration::from_minutes(5);

/// What a key is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// It signs.
    Signing,
    /// Tokens that it signed are valid until then at most.
    Verifying {
        /// Until when it is shown.
        until: Timestamp,
    },
    /// No token that it signed is valid any more.
    Expired {
        /// Since when.
        since: Timestamp,
    },
}

/// One key of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// Its id.
    pub kid: String,
    /// What it is good for.
    pub usage: KeyUse,
}

/// What came of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The key that signs now.
    pub kid: String,
    /// The one that signed before.
    pub retired: String,
    /// How many were removed because nothing that they signed is valid any more.
    pub pruned: usize,
}

/// The keys of the issuer, as they are in their folder. Every clone sees the same.
#[derive(Clone)]
pub struct SigningKeys(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    algorithm: Algorithm,
    current: RwLock<(Stamp, Arc<Keys>)>,
    ring: KeyRing,
}

/// Tells a file from the one that took its place.
type Stamp = (u64, i64, i64);

impl SigningKeys {
    /// The keys kept in `dir`; the first is made now where there is none.
    pub fn open(dir: &Path, algorithm: Algorithm) -> Result<Self, KeyError> {
        Keys::load_or_create_as(dir, PURPOSE, algorithm)?;
        let current = load(dir, algorithm)?;
        let ring = KeyRing::new(&key_set(&current.1, retired(dir, algorithm)?));
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            algorithm,
            current: RwLock::new(current),
            ring,
        })))
    }

    /// The algorithm that the keys sign with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public keys, for a verifier in this process; they change when these do.
    pub fn ring(&self) -> KeyRing {
        self.0.ring.clone()
    }

    /// A token with these claims, signed with the key that is in the folder now.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        self.current()?.sign(claims)
    }

    /// The public keys that tokens valid at `now` may be signed with, as a JWK set.
    pub fn jwks(&self, now: Timestamp) -> Result<Value, KeyError> {
        let current = self.current()?;
        let mut retired = retired(&self.0.dir, self.0.algorithm)?;
        retired.retain(|key| now < key.shown_until());
        let set = key_set(&current, retired);
        self.0.ring.replace(&set);
        Ok(set)
    }

    /// The claims of a token that one of these keys signed, however long ago.
    pub fn claims_of(&self, token: &str, now: Timestamp) -> Option<Map<String, Value>> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let set = self.jwks(now).ok()?;
        let key = set
            .get("keys")?
            .as_array()?
            .iter()
            .filter_map(|key| Jwk::deserialize(key).ok())
            .find(|key| key.common.key_id.as_deref() == Some(&kid))?;
        let mut validation = Validation::new(self.0.algorithm.jose());
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(&key).ok()?;
        jsonwebtoken::decode(token, &key, &validation)
            .ok()
            .map(|token| token.claims)
    }

    fn current(&self) -> Result<Arc<Keys>, KeyError> {
        let inner = &*self.0;
        let stamp = stamp(&path(&inner.dir, inner.algorithm))?;
        {
            let known = inner.current.read().unwrap_or_else(PoisonError::into_inner);
            if known.0 == stamp {
                return Ok(Arc::clone(&known.1));
            }
        }
        let loaded = load(&inner.dir, inner.algorithm)?;
        let keys = Arc::clone(&loaded.1);
        inner
            .ring
            .replace(&key_set(&keys, retired(&inner.dir, inner.algorithm)?));
        *inner
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = loaded;
        tracing::info!(kid = keys.kid(), "the issuer signs with another key now");
        Ok(keys)
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys")
            .field("dir", &self.0.dir)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}

/// Makes a new key to sign with, keeps the public half of the old one, and removes those that are of no use any more.
pub fn rotate(dir: &Path, algorithm: Algorithm, now: Timestamp) -> Result<Rotation, KeyError> {
    let _alone = lock(dir)?;
    let (_, old) = load(dir, algorithm)?;
    let pem = generate(algorithm)?;
    let path = path(dir, algorithm);
    let new = Keys::from_pem(&pem, algorithm).ok_or(KeyError::Crypto {
        what: "use the key that was made",
    })?;
    // First what verifiers need, then what signs: whatever happens in between, no token is without its key.
    files::replace_private(
        &dir.join(retired_name(algorithm, now)),
        &json!(old.public).to_string(),
    )?;
    files::replace_private(&path, &pem)?;
    let pruned = prune_alone(dir, algorithm, now)?;
    Ok(Rotation {
        kid: new.kid().to_owned(),
        retired: old.kid().to_owned(),
        pruned,
    })
}

/// Removes keys whose last token has expired; says how many.
pub fn prune(dir: &Path, algorithm: Algorithm, now: Timestamp) -> Result<usize, KeyError> {
    let _alone = lock(dir)?;
    prune_alone(dir, algorithm, now)
}

/// The keys of the folder, the one that signs first, then the latest.
pub fn list(dir: &Path, algorithm: Algorithm, now: Timestamp) -> Result<Vec<KnownKey>, KeyError> {
    let (_, current) = load(dir, algorithm)?;
    let mut known = vec![KnownKey {
        kid: current.kid().to_owned(),
        usage: KeyUse::Signing,
    }];
    let mut retired = retired(dir, algorithm)?;
    retired.sort_by_key(|key| std::cmp::Reverse(key.at));
    known.extend(retired.into_iter().map(|key| {
        let until = key.shown_until();
        KnownKey {
            kid: key.public.common.key_id.unwrap_or_default(),
            usage: if now < until {
                KeyUse::Verifying { until }
            } else {
                KeyUse::Expired { since: until }
            },
        }
    }));
    Ok(known)
}

/// The public half of a key that signed until `at`.
struct Retired {
    path: PathBuf,
    at: Timestamp,
    public: Jwk,
}

impl Retired {
    fn shown_until(&self) -> Timestamp {
        self.at.plus(TOKEN_LIFE).plus(GRACE)
    }
}

fn prune_alone(dir: &Path, algorithm: Algorithm, now: Timestamp) -> Result<usize, KeyError> {
    let mut pruned = 0;
    for key in retired(dir, algorithm)? {
        if now >= key.shown_until() {
            fs::remove_file(&key.path).map_err(files::io(&key.path))?;
            pruned += 1;
        }
    }
    Ok(pruned)
}

/// Only one process at a time changes the keys of a folder.
fn lock(dir: &Path) -> Result<File, KeyError> {
    let folder = File::open(dir).map_err(files::io(dir))?;
    folder.lock().map_err(files::io(dir))?;
    Ok(folder)
}

fn stem(algorithm: Algorithm) -> String {
    format!("{PURPOSE}-{}", algorithm.as_str().to_ascii_lowercase())
}

fn path(dir: &Path, algorithm: Algorithm) -> PathBuf {
    dir.join(format!("{}.key", stem(algorithm)))
}

fn retired_name(algorithm: Algorithm, at: Timestamp) -> String {
    // Microseconds, because two rotations may be within one second.
    format!("{}.retired-{}.json", stem(algorithm), at.micros())
}

fn stamp(path: &Path) -> Result<Stamp, KeyError> {
    let found = fs::metadata(path).map_err(files::io(path))?;
    Ok((found.ino(), found.mtime(), found.mtime_nsec()))
}

/// The key that signs. The stamp is taken first: a key that is replaced meanwhile is loaded once more later.
fn load(dir: &Path, algorithm: Algorithm) -> Result<(Stamp, Arc<Keys>), KeyError> {
    crate::crypto::install();
    let path = path(dir, algorithm);
    let stamp = stamp(&path)?;
    let pem = files::read_private(&path)?;
    let keys = pem.and_then(|pem| Keys::from_pem(&pem, algorithm));
    let keys = keys.ok_or(KeyError::Malformed {
        path,
        expected: "a private key to sign with",
    })?;
    Ok((stamp, Arc::new(keys)))
}

fn retired(dir: &Path, algorithm: Algorithm) -> Result<Vec<Retired>, KeyError> {
    let front = format!("{}.retired-", stem(algorithm));
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(files::io(dir))? {
        let entry = entry.map_err(files::io(dir))?;
        let name = entry.file_name();
        let at = name
            .to_str()
            .and_then(|name| name.strip_prefix(&front)?.strip_suffix(".json"))
            .and_then(|micros| micros.parse().ok())
            .map(Timestamp::from_micros);
        let Some(at) = at else {
            continue;
        };
        let path = entry.path();
        // A file that is gone meanwhile was pruned.
        let Some(text) = files::read(&path)? else {
            continue;
        };
        let public = serde_json::from_str(&text).map_err(|_| KeyError::Malformed {
            path: path.clone(),
            expected: "the public half of a key",
        })?;
        found.push(Retired { path, at, public });
    }
    Ok(found)
}

fn key_set(current: &Keys, retired: Vec<Retired>) -> Value {
    let mut keys = vec![current.public.clone()];
    for key in retired {
        // A rotation that was broken off leaves the same key twice.
        if keys
            .iter()
            .all(|own| own.common.key_id != key.public.common.key_id)
        {
            keys.push(key.public);
        }
    }
    json!({ "keys": keys })
}
