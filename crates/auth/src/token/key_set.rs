//! The public keys of an issuer.
//!
//! **Invariant:** a key has exactly one algorithm, which its type decides and not the token, so that a public key is
//! never taken for a secret. Keys that we cannot use are left out, not refused.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;

/// RSA keys below 2048 bits do not count.
const MIN_MODULUS_BYTES: usize = 256;

/// One public key.
pub(super) struct Key {
    /// The one algorithm that it is for.
    pub(super) algorithm: Algorithm,
    decoding: DecodingKey,
    jwk: Jwk,
}

impl Key {
    /// Whether `signature`, still encoded, is this key's for `signed`.
    pub(super) fn verifies(&self, signature: &str, signed: &str) -> bool {
        jsonwebtoken::crypto::verify(
            signature,
            signed.as_bytes(),
            &self.decoding,
            self.algorithm.jose(),
        )
        .unwrap_or(false)
    }

    fn from_jwk(jwk: Jwk) -> Option<Self> {
        let is_for_signatures = matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        if !is_for_signatures {
            return None;
        }
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::Es256
            }
            AlgorithmParameters::RSA(key)
                if URL_SAFE_NO_PAD
                    .decode(&key.n)
                    .is_ok_and(|modulus| modulus.len() >= MIN_MODULUS_BYTES) =>
            {
                Algorithm::Rs256
            }
            _ => return None,
        };
        let says_otherwise = jwk
            .common
            .key_algorithm
            .is_some_and(|own| own.to_string() != algorithm.as_str());
        if says_otherwise {
            return None;
        }
        Some(Self {
            algorithm,
            decoding: DecodingKey::from_jwk(&jwk).ok()?,
            jwk,
        })
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
