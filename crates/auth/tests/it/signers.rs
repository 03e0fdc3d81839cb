//! A key for each algorithm that an issuer may sign with, made anew, and what it signs.

use auth::token::SignatureAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};
use serde_json::{Value, json};

/// Calls `test` with every algorithm, the public key under the id `k`, and what signs with its private half.
pub(crate) fn each(test: impl Fn(SignatureAlgorithm, &Value, &dyn Fn(&[u8]) -> String)) {
    let pem = |kind| KeyPair::generate_for(kind).unwrap().serialize_pem();
    let rsa = pem(&PKCS_RSA_SHA256);
    let elliptic = [pem(&PKCS_ECDSA_P256_SHA256), pem(&PKCS_ECDSA_P384_SHA384)];
    let edwards = pem(&PKCS_ED25519);
    for algorithm in SignatureAlgorithm::ALL.iter().copied() {
        let (key, jose) = match algorithm {
            SignatureAlgorithm::Es256 => (of_curve(&elliptic[0]), Algorithm::ES256),
            SignatureAlgorithm::Es384 => (of_curve(&elliptic[1]), Algorithm::ES384),
            SignatureAlgorithm::Rs256 => (of_rsa(&rsa), Algorithm::RS256),
            SignatureAlgorithm::Rs384 => (of_rsa(&rsa), Algorithm::RS384),
            SignatureAlgorithm::Rs512 => (of_rsa(&rsa), Algorithm::RS512),
            SignatureAlgorithm::Ps256 => (of_rsa(&rsa), Algorithm::PS256),
            SignatureAlgorithm::Ps384 => (of_rsa(&rsa), Algorithm::PS384),
            SignatureAlgorithm::Ps512 => (of_rsa(&rsa), Algorithm::PS512),
            SignatureAlgorithm::EdDsa => (
                EncodingKey::from_ed_pem(edwards.as_bytes()).unwrap(),
                Algorithm::EdDSA,
            ),
        };
        let jwk = public(&key, jose, &edwards);
        test(algorithm, &jwk, &|message| {
            jsonwebtoken::crypto::sign(message, &key, jose).unwrap()
        });
    }
}

fn of_curve(pem: &str) -> EncodingKey {
    EncodingKey::from_ec_pem(pem.as_bytes()).unwrap()
}

fn of_rsa(pem: &str) -> EncodingKey {
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

fn public(key: &EncodingKey, jose: Algorithm, edwards: &str) -> Value {
    if jose == Algorithm::EdDSA {
        let pair = KeyPair::from_pem(edwards).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
        return json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "x": x });
    }
    let mut jwk = Jwk::from_encoding_key(key, jose).unwrap();
    jwk.common.key_id = Some("k".to_owned());
    // What the key is for is left to its type.
    jwk.common.key_algorithm = None;
    serde_json::to_value(jwk).unwrap()
}
