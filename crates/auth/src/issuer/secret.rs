//! Secrets that browsers and clients keep: codes, refresh tokens, sessions, and what people type for a device.
//!
//! **Invariant:** a secret is compared by its fingerprint or in constant time, and only its fingerprint is stored.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::KeyError;

/// What a user code is made of: no vowels, so that it spells nothing, and nothing that looks like something else.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const CODE_LETTERS: usize = 8;

/// What is kept of a secret that [`super::random_secret`] made; such a secret needs no salt.
pub fn fingerprint(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// A code that is typed by hand: `BCDF-GHJK`.
pub fn random_user_code() -> Result<String, KeyError> {
    let mut code = String::with_capacity(CODE_LETTERS + 1);
    let mut letters = 0;
    while letters < CODE_LETTERS {
        let mut byte = [0; 1];
        rand::fill(&mut byte).map_err(|_| KeyError::Crypto {
            what: "get random bytes from the operating system",
        })?;
        // Only as many values as divide evenly among the letters, so that each letter is as likely.
        let [byte] = byte;
        if let Some(&letter) = LETTERS.get(usize::from(byte % 20)).filter(|_| byte < 240) {
            if letters == CODE_LETTERS / 2 {
                code.push('-');
            }
            code.push(char::from(letter));
            letters += 1;
        }
    }
    Ok(code)
}

/// The code that somebody meant, whatever case, spaces and dashes were typed; none: it cannot be one.
pub fn typed_user_code(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let fits = letters.len() == CODE_LETTERS && letters.bytes().all(|c| LETTERS.contains(&c));
    let (front, back) = letters.split_at_checked(CODE_LETTERS / 2)?;
    fits.then(|| format!("{front}-{back}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_found_however_it_is_typed() {
        for _ in 0..50 {
            let code = random_user_code().unwrap();

            assert_eq!(typed_user_code(&code).as_deref(), Some(code.as_str()));
            let sloppy = format!(" {} ", code.replace('-', " ").to_lowercase());
            assert_eq!(typed_user_code(&sloppy), Some(code));
        }
    }

    #[test]
    fn what_cannot_be_a_user_code_is_not_looked_up() {
        for typed in ["", "BCDF", "BCDF-GHJA", "BCDF-GHJK-L", "ÄÖÜß", "BCDFGHJ1"] {
            assert_eq!(typed_user_code(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_fingerprint_says_nothing_of_the_secret() {
        assert_eq!(fingerprint("a"), fingerprint("a"));
        assert_ne!(fingerprint("a"), fingerprint("b"));
        assert!(is_same("abc", "abc") && !is_same("abc", "abd") && !is_same("abc", "ab"));
    }
}
