//! Opaque tokens that say where the next page starts.
//!
//! A token is base64url of a version byte, a keyed code over the rest and the
//! payload. Signing is the caller's closure, so that no key lives here.
//!
//! **Invariant:** a payload that decodes was encoded with the same key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest token that is read, in bytes.
pub const MAX_LENGTH: usize = 4 * 1024;

const VERSION: u8 = 1;
const CODE_LENGTH: usize = 32;

/// A keyed message authentication code, such as HMAC-SHA-256.
pub type Mac<'a> = &'a dyn Fn(&[u8]) -> [u8; CODE_LENGTH];

/// Why a token was refused. It says nothing more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token was not made by this server or was changed")]
pub struct SkipTokenError;

/// Makes a token. The code covers the version and the payload.
pub fn encode(payload: &[u8], mac: Mac<'_>) -> String {
    let code = mac(&signed_part(payload));
    let mut bytes = Vec::with_capacity(1 + CODE_LENGTH + payload.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&code);
    bytes.extend_from_slice(payload);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a token back.
pub fn decode(token: &str, mac: Mac<'_>) -> Result<Vec<u8>, SkipTokenError> {
    if token.len() > MAX_LENGTH {
        return Err(SkipTokenError);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| SkipTokenError)?;
    let Some((&VERSION, rest)) = bytes.split_first() else {
        return Err(SkipTokenError);
    };
    let Some((code, payload)) = rest.split_first_chunk::<CODE_LENGTH>() else {
        return Err(SkipTokenError);
    };
    if !equal(code, &mac(&signed_part(payload))) {
        return Err(SkipTokenError);
    }
    Ok(payload.to_vec())
}

fn signed_part(payload: &[u8]) -> Vec<u8> {
    let mut part = Vec::with_capacity(1 + payload.len());
    part.push(VERSION);
    part.extend_from_slice(payload);
    part
}

/// Compares without telling by the time it takes where the difference is.
fn equal(a: &[u8; CODE_LENGTH], b: &[u8; CODE_LENGTH]) -> bool {
    let difference = a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Not secure, but it depends on the key and on each byte and its place.
    fn mac(key: u8) -> impl Fn(&[u8]) -> [u8; 32] {
        move |message| {
            let mut code = [key; 32];
            for (i, byte) in message.iter().enumerate() {
                let slot = &mut code[i % 32];
                *slot = slot.rotate_left(3).wrapping_add(*byte);
            }
            code
        }
    }

    #[test]
    fn a_token_of_another_key_or_version_is_refused() {
        let token = encode(b"page 2", &mac(1));

        assert_eq!(decode(&token, &mac(1)), Ok(b"page 2".to_vec()));
        assert_eq!(decode(&token, &mac(2)), Err(SkipTokenError));
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        bytes[0] = VERSION + 1;
        assert_eq!(
            decode(&URL_SAFE_NO_PAD.encode(bytes), &mac(1)),
            Err(SkipTokenError)
        );
    }

    #[test]
    fn garbage_is_refused() {
        for token in [
            "",
            "AA",
            "AQ",
            "!!!!",
            "ö",
            "AQ==",
            &"A".repeat(MAX_LENGTH + 1),
        ] {
            assert_eq!(decode(token, &mac(1)), Err(SkipTokenError), "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_survives_in_url_safe_text(payload in any::<Vec<u8>>()) {
            let token = encode(&payload, &mac(1));

            prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(decode(&token, &mac(1)), Ok(payload));
        }

        #[test]
        fn any_changed_bit_is_noticed(payload in any::<Vec<u8>>(), at: prop::sample::Index, bit in 0_u32..8) {
            let mut bytes = URL_SAFE_NO_PAD.decode(encode(&payload, &mac(1))).unwrap();
            let at = at.index(bytes.len());

            bytes[at] ^= 1_u8 << bit;

            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(bytes), &mac(1)), Err(SkipTokenError));
        }

        #[test]
        fn any_text_is_refused(token in any::<String>()) {
            prop_assert_eq!(decode(&token, &mac(1)), Err(SkipTokenError));
        }
    }
}
