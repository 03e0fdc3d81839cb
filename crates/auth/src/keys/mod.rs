//! Keys that the server makes for itself: the signing keys of the built-in issuer and of callouts, and the self-made certificate
//! authority with the server's certificate.
//!
//! **Invariant:** a private key leaves this module only into a file with mode 0600, whole or not at all.

mod files;
mod head_note;
mod signing;
mod tls;

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde::Serialize;
use serde_json::{Value, json};

pub use crate::token::Algorithm;
pub use head_note::HeadNote;
pub use signing::{KeyUse, KnownKey, Rotation, SigningKeys, list, prune, rotate};
pub use tls::{DEFAULT_NAMES, TlsMaterial};

/// Why keys could not be made, kept or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system refused.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("`{}` does not hold {expected}; move it away to have a new one made", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// Half of the certificate authority is gone.
    #[error("`{}` is missing beside `{}`; move that away to have a new authority made", missing.display(), present.display())]
    HalfAuthority {
        /// The file that is not there.
        missing: PathBuf,
        /// The file that is.
        present: PathBuf,
    },
    /// A name that no certificate can be for.
    #[error("`{name}` is neither an address nor a host name")]
    Name {
        /// The name.
        name: String,
    },
    /// The cryptographic library refused.
    #[error("cannot {what}")]
    Crypto {
        /// What was tried.
        what: &'static str,
    },
}

/// A key to sign with.
pub struct Keys {
    algorithm: Algorithm,
    kid: String,
    public: Jwk,
    private: EncodingKey,
}

impl Keys {
    /// The key kept in `dir`, made now where there is none.
    pub fn load_or_create(dir: &Path, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::load_or_create_as(dir, "issuer", algorithm)
    }

    /// The same for another purpose, by which its file is named.
    pub fn load_or_create_as(
        dir: &Path,
        purpose: &str,
        algorithm: Algorithm,
    ) -> Result<Self, KeyError> {
        if let Some(known) = Self::load_as(dir, purpose, algorithm)? {
            return Ok(known);
        }
        files::create_folder(dir)?;
        let path = file(dir, purpose, algorithm);
        let pem = files::keep_private(&path, &generate(algorithm)?)?;
        Self::read(&pem, path, algorithm)
    }

    /// The same, if there is one: none is made.
    pub fn load_as(
        dir: &Path,
        purpose: &str,
        algorithm: Algorithm,
    ) -> Result<Option<Self>, KeyError> {
        let path = file(dir, purpose, algorithm);
        match files::read_private(&path)? {
            Some(pem) => Self::read(&pem, path, algorithm).map(Some),
            None => Ok(None),
        }
    }

    fn read(pem: &str, path: PathBuf, algorithm: Algorithm) -> Result<Self, KeyError> {
        crate::crypto::install();
        Self::from_pem(pem, algorithm).ok_or(KeyError::Malformed {
            path,
            expected: "a private key to sign with",
        })
    }

    fn from_pem(pem: &str, algorithm: Algorithm) -> Option<Self> {
        let private = match algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
        }
        .ok()?;
        let mut public = Jwk::from_encoding_key(&private, algorithm.jose()).ok()?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self {
            algorithm,
            kid,
            public,
            private,
        })
    }

    /// The algorithm that the key signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's id: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JWK set.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        self.sign_as("JWT", claims)
    }

    /// A token of this kind with these claims.
    pub fn sign_as(&self, kind: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        let mut header = Header::new(self.algorithm.jose());
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(|_| KeyError::Crypto {
            what: "sign a token",
        })
    }
}

/// Where the key of a purpose is kept.
fn file(dir: &Path, purpose: &str, algorithm: Algorithm) -> PathBuf {
    dir.join(match algorithm {
        Algorithm::Es256 => format!("{purpose}-es256.key"),
        Algorithm::Rs256 => format!("{purpose}-rs256.key"),
    })
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn generate(algorithm: Algorithm) -> Result<String, KeyError> {
    let kind = match algorithm {
        Algorithm::Es256 => &PKCS_ECDSA_P256_SHA256,
        Algorithm::Rs256 => &PKCS_RSA_SHA256,
    };
    let pair = KeyPair::generate_for(kind).map_err(|_| KeyError::Crypto {
        what: "make a signing key",
    })?;
    Ok(pair.serialize_pem())
}
