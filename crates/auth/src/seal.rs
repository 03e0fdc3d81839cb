//! How the audit log is made tamper-evident: the hash that ties an event to the one before it, and the server's signature
//! of where the chain begins and ends (ADR 16).
//!
//! **Invariant:** what is signed names the place it is for, so that a signature of one end is good for nothing else.

use aws_lc_rs::digest;
use domain::time::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use crate::keys::{HeadNote, KeyError, Keys};

/// The kind of the signatures, in their header.
const KIND: &str = "reeve-audit+jwt";

/// The hash that the first event of all follows.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of an event that follows the one with the hash `previous`: SHA-256 of that hash, as text, and of the event's
/// canonical form. In hexadecimal.
pub fn link(previous: &str, canonical: &str) -> String {
    use std::fmt::Write;
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(previous.as_bytes());
    hash.update(canonical.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in hash.finish().as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What a signature says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `head` or `anchor`.
    pub place: String,
    /// The place of the event in the chain.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// When this was signed, in seconds.
    pub iat: i64,
}

/// Why a signature does not prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It was made by another key, or by none.
    #[error("it is signed with another key")]
    OtherKey,
    /// It does not belong to what it should prove.
    #[error("the signature is not of this content")]
    Forged,
}

/// Signs both ends of the chain.
#[derive(Debug)]
pub struct Signer {
    keys: Keys,
    note: Option<HeadNote>,
}

impl Signer {
    /// Signs with these keys.
    pub fn new(keys: Keys) -> Self {
        Self { keys, note: None }
    }

    /// The same that also notes the end of the chain outside of the database.
    #[must_use]
    pub fn noting(mut self, note: HeadNote) -> Self {
        self.note = Some(note);
        self
    }

    /// The place and hash that were noted last.
    pub fn noted(&self) -> Result<Option<(i64, String)>, KeyError> {
        self.note.as_ref().map_or(Ok(None), HeadNote::read)
    }

    /// Notes a later end of the chain.
    pub fn note(&self, seq: i64, hash: &str) -> Result<(), KeyError> {
        self.note
            .as_ref()
            .map_or(Ok(()), |note| note.advance(seq, hash))
    }

    /// Notes this end of the chain, or that there is none, even if it is an earlier one.
    pub fn note_anew(&self, head: Option<(i64, &str)>) -> Result<(), KeyError> {
        self.note.as_ref().map_or(Ok(()), |note| note.replace(head))
    }

    /// The signature of an end of the chain.
    pub fn sign(
        &self,
        place: &str,
        seq: i64,
        hash: &str,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        let statement = Statement {
            place: place.to_owned(),
            seq,
            hash: hash.to_owned(),
            iat: now.micros().div_euclid(1_000_000),
        };
        self.keys.sign_as(KIND, &statement)
    }

    /// Whether the signature is ours and of exactly this.
    pub fn check(
        &self,
        proof: &str,
        place: &str,
        seq: i64,
        hash: &str,
    ) -> Result<Statement, ProofError> {
        let header = jsonwebtoken::decode_header(proof).map_err(|_| ProofError::Forged)?;
        let keys: JwkSet =
            serde_json::from_value(self.keys.jwks()).map_err(|_| ProofError::OtherKey)?;
        let key = header
            .kid
            .as_deref()
            .and_then(|kid| keys.find(kid))
            .ok_or(ProofError::OtherKey)?;
        if header.typ.as_deref() != Some(KIND) {
            return Err(ProofError::Forged);
        }
        let key = DecodingKey::from_jwk(key).map_err(|_| ProofError::OtherKey)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let statement = jsonwebtoken::decode::<Statement>(proof, &key, &validation)
            .map_err(|_| ProofError::Forged)?
            .claims;
        let is_this = statement.place == place && statement.seq == seq && statement.hash == hash;
        is_this.then_some(statement).ok_or(ProofError::Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Algorithm as KeyAlgorithm;

    fn signer() -> Signer {
        let folder = tempfile::tempdir().unwrap();
        Signer::new(Keys::load_or_create_as(folder.path(), "audit", KeyAlgorithm::Es256).unwrap())
    }

    #[test]
    fn a_signature_proves_one_end_at_one_place_and_nothing_else() {
        let (ours, other) = (signer(), signer());
        let now = Timestamp::from_micros(5_000_000);
        let proof = ours.sign("head", 7, NO_HASH, now).unwrap();

        assert_eq!(ours.check(&proof, "head", 7, NO_HASH).unwrap().iat, 5);
        for (place, seq, hash) in [
            ("anchor", 7, NO_HASH),
            ("head", 8, NO_HASH),
            ("head", 7, "00"),
        ] {
            assert_eq!(
                ours.check(&proof, place, seq, hash),
                Err(ProofError::Forged)
            );
        }
        assert_eq!(
            other.check(&proof, "head", 7, NO_HASH),
            Err(ProofError::OtherKey)
        );
        assert_eq!(
            ours.check("nonsense", "head", 7, NO_HASH),
            Err(ProofError::Forged)
        );
        let cut = &proof[..proof.len() - 6];
        assert_eq!(ours.check(cut, "head", 7, NO_HASH), Err(ProofError::Forged));
    }

    #[test]
    fn a_link_depends_on_the_event_and_on_what_came_before() {
        assert_eq!(link(NO_HASH, "{}").len(), 64);
        assert_ne!(link(NO_HASH, "{}"), link(NO_HASH, "{ }"));
        assert_ne!(link(NO_HASH, "{}"), link(&link(NO_HASH, "{}"), "{}"));
    }
}
