//! Passwords of demo users and secrets of clients, as PBKDF2-HMAC-SHA256.
//!
//! **Invariant:** only the hash is kept; comparing takes the same time whatever is wrong.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::KeyError;

const LABEL: &str = "pbkdf2-sha256";
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// A kept hash that asks for more work than this is not ours.
const MAX_ROUNDS: u32 = 10_000_000;

/// How hard guessing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// For what people choose.
    Password,
    /// For what [`random_secret`] made: nobody guesses 256 bits, so a client may sign in quickly.
    RandomSecret,
}

impl Cost {
    const fn rounds(self) -> NonZeroU32 {
        const PASSWORD: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
        const SECRET: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        match self {
            Self::Password => PASSWORD,
            Self::RandomSecret => SECRET,
        }
    }
}

/// The hash of a password, to be kept as text.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    rounds: NonZeroU32,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

impl PasswordHash {
    /// Hashes a password with a salt from [`random_salt`].
    pub fn new(password: &str, salt: [u8; SALT_BYTES], cost: Cost) -> Self {
        let rounds = cost.rounds();
        let mut hash = [0; HASH_BYTES];
        pbkdf2::derive(
            PBKDF2_HMAC_SHA256,
            rounds,
            &salt,
            password.as_bytes(),
            &mut hash,
        );
        Self { rounds, salt, hash }
    }

    /// Whether this is the password. Takes as long as hashing: not for a thread that must not wait.
    pub fn verify(&self, password: &str) -> bool {
        pbkdf2::verify(
            PBKDF2_HMAC_SHA256,
            self.rounds,
            &self.salt,
            password.as_bytes(),
            &self.hash,
        )
        .is_ok()
    }

    /// The text to be kept. Not `Display`, so that no hash gets into a log by chance.
    pub fn to_text(&self) -> String {
        format!(
            "{LABEL}${}${}${}",
            self.rounds,
            URL_SAFE_NO_PAD.encode(self.salt),
            URL_SAFE_NO_PAD.encode(self.hash)
        )
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").finish_non_exhaustive()
    }
}

/// The text is not a hash that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a password hash")]
pub struct MalformedHash;

impl FromStr for PasswordHash {
    type Err = MalformedHash;

    fn from_str(text: &str) -> Result<Self, MalformedHash> {
        let mut parts = text.split('$');
        let mut part = || parts.next().ok_or(MalformedHash);
        let (label, rounds, salt, hash) = (part()?, part()?, part()?, part()?);
        if label != LABEL || parts.next().is_some() {
            return Err(MalformedHash);
        }
        let rounds: NonZeroU32 = rounds.parse().map_err(|_| MalformedHash)?;
        if rounds.get() > MAX_ROUNDS {
            return Err(MalformedHash);
        }
        Ok(Self {
            rounds,
            salt: decode(salt)?,
            hash: decode(hash)?,
        })
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], MalformedHash> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(MalformedHash)
}

/// A salt from the operating system's randomness.
pub fn random_salt() -> Result<[u8; SALT_BYTES], KeyError> {
    random()
}

/// A secret of 256 bits that fits into a form field.
pub fn random_secret() -> Result<String, KeyError> {
    random::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| KeyError::Crypto {
        what: "get random bytes from the operating system",
    })?;
    Ok(bytes)
}
