//! The public keys of an issuer.
//!
//! **Invariant:** a key is for the algorithms that its type allows and that it names itself, never for one that the
//! token alone chose, so that a public key is never taken for a secret. Keys that we cannot use are left out, not
//! refused.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::SignatureAlgorithm;

/// RSA keys below 2048 bits do not count.
const MIN_MODULUS_BYTES: usize = 256;

/// What an RSA key can verify.
const RSA: &[SignatureAlgorithm] = &[
    SignatureAlgorithm::Rs256,
    SignatureAlgorithm::Rs384,
    SignatureAlgorithm::Rs512,
    SignatureAlgorithm::Ps256,
    SignatureAlgorithm::Ps384,
    SignatureAlgorithm::Ps512,
];

/// One public key.
pub(super) struct Key {
    algorithms: Vec<SignatureAlgorithm>,
    decoding: DecodingKey,
    jwk: Jwk,
}

impl Key {
    /// Whether the key is for that algorithm.
    pub(super) fn is_for(&self, algorithm: SignatureAlgorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether `signature`, still encoded, is this key's for `signed`.
    pub(super) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        signature: &str,
        signed: &str,
    ) -> bool {
        self.is_for(algorithm)
            && jsonwebtoken::crypto::verify(
                signature,
                signed.as_bytes(),
                &self.decoding,
                algorithm.jose(),
            )
            .unwrap_or(false)
    }

    fn from_jwk(jwk: Jwk) -> Option<Self> {
        let common = &jwk.common;
        let is_for_signatures =
            matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
                && common
                    .key_operations
                    .as_ref()
                    .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures {
            return None;
        }
        let own = common.key_algorithm.map(|own| own.to_string());
        let algorithms: Vec<SignatureAlgorithm> = of_type(&jwk.algorithm)
            .iter()
            .copied()
            .filter(|algorithm| own.as_ref().is_none_or(|own| own == algorithm.as_str()))
            .collect();
        if algorithms.is_empty() {
            return None;
        }
        Some(Self {
            algorithms,
            decoding: DecodingKey::from_jwk(&jwk).ok()?,
            jwk,
        })
    }
}

/// What a key of that type can verify.
fn of_type(key: &AlgorithmParameters) -> &'static [SignatureAlgorithm] {
    match key {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[SignatureAlgorithm::Es256],
            EllipticCurve::P384 => &[SignatureAlgorithm::Es384],
            _ => &[],
        },
        AlgorithmParameters::RSA(key) => {
            let is_long = URL_SAFE_NO_PAD
                .decode(&key.n)
                .is_ok_and(|modulus| modulus.len() >= MIN_MODULUS_BYTES);
            if is_long { RSA } else { &[] }
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            &[SignatureAlgorithm::EdDsa]
        }
        _ => &[],
    }
}

/// The keys by their `kid`.
#[derive(Default, Clone)]
pub(super) struct KeySet(HashMap<String, Arc<Key>>);

impl KeySet {
    /// The usable keys of a JWK set.
    pub(super) fn from_jwks(jwks: &Value) -> Self {
        let mut keys = HashMap::new();
        for jwk in jwks
            .get("keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let key = Jwk::deserialize(jwk).ok().and_then(Key::from_jwk);
            if let Some(key) = key
                && let Some(kid) = key.jwk.common.key_id.clone()
            {
                keys.entry(kid).or_insert_with(|| Arc::new(key));
            }
        }
        Self(keys)
    }

    /// The key of that id.
    pub(super) fn find(&self, kid: &str) -> Option<Arc<Key>> {
        self.0.get(kid).map(Arc::clone)
    }

    /// Whether there is no key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .all(|(kid, key)| other.0.get(kid).is_some_and(|own| own.jwk == key.jwk))
    }
}
