//! Proof that whoever brings a code is who asked for it (RFC 7636).
//!
//! **Invariant:** S256 only. `plain` would tell the secret to whoever sees the request.

use super::secret::{fingerprint, is_same};
use super::{OAuthError, OAuthRefusal};

/// The hash of a verifier that only the client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request.
    pub fn parse(
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Option<Self>, OAuthError> {
        let invalid = |name| OAuthError::new(OAuthRefusal::InvalidParameter(name));
        let Some(challenge) = challenge else {
            return match method {
                Some(_) => Err(OAuthError::new(OAuthRefusal::MissingParameter(
                    "code_challenge",
                ))),
                None => Ok(None),
            };
        };
        if method != Some("S256") {
            return Err(invalid("code_challenge_method"));
        }
        // A SHA-256 in base64url without padding.
        if challenge.len() != 43 || !challenge.bytes().all(is_base64url) {
            return Err(invalid("code_challenge"));
        }
        Ok(Some(Self(challenge.to_owned())))
    }

    /// The challenge that was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text to keep.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the verifier.
    pub fn is_of(&self, verifier: &str) -> bool {
        let is_unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(is_unreserved)
            && is_same(&fingerprint(verifier), &self.0)
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_the_challenge_is_taken_and_no_other() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        let challenge = challenge.unwrap();

        assert!(challenge.is_of(VERIFIER));
        for other in ["", CHALLENGE, &VERIFIER[1..], &VERIFIER.replace('d', "e")] {
            assert!(!challenge.is_of(other), "{other}");
        }
        assert_eq!(Challenge::parse(None, None).unwrap(), None);
    }

    #[test]
    fn plain_and_malformed_challenges_are_refused() {
        for (challenge, method) in [
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("s256")),
            (Some("short"), Some("S256")),
            (Some(&*format!("{}=", &CHALLENGE[1..])), Some("S256")),
            (None, Some("S256")),
        ] {
            assert!(
                Challenge::parse(challenge, method).is_err(),
                "{challenge:?} {method:?}"
            );
        }
    }
}
