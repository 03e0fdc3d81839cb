//! The algorithms that a token may be signed with, and those that Reeve signs with itself.
//!
//! **Invariant:** symmetric algorithms and `none` do not exist here, so that no configuration can allow them.

use jsonwebtoken::Algorithm as Jose;

/// An algorithm that Reeve signs with: that of its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The name in the `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) const fn jose(self) -> Jose {
        match self {
            Self::Es256 => Jose::ES256,
            Self::Rs256 => Jose::RS256,
        }
    }
}

/// An algorithm that an issuer may be allowed to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// Ed25519.
    EdDsa,
}

impl SignatureAlgorithm {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// Those that count where nothing is configured.
    pub const USUAL: &'static [Self] = &[Self::Es256, Self::Rs256];

    /// The name in the `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name; names count with their case (RFC 7515).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == name)
    }

    pub(super) const fn jose(self) -> Jose {
        match self {
            Self::Es256 => Jose::ES256,
            Self::Es384 => Jose::ES384,
            Self::Rs256 => Jose::RS256,
            Self::Rs384 => Jose::RS384,
            Self::Rs512 => Jose::RS512,
            Self::Ps256 => Jose::PS256,
            Self::Ps384 => Jose::PS384,
            Self::Ps512 => Jose::PS512,
            Self::EdDsa => Jose::EdDSA,
        }
    }
}

impl From<Algorithm> for SignatureAlgorithm {
    fn from(own: Algorithm) -> Self {
        match own {
            Algorithm::Es256 => Self::Es256,
            Algorithm::Rs256 => Self::Rs256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_by_its_name_and_no_symmetric_one_is() {
        for algorithm in SignatureAlgorithm::ALL.iter().copied() {
            assert_eq!(
                SignatureAlgorithm::from_name(algorithm.as_str()),
                Some(algorithm)
            );
        }
        for name in ["none", "HS256", "HS384", "HS512", "es256", ""] {
            assert_eq!(SignatureAlgorithm::from_name(name), None, "{name}");
        }
    }
}
