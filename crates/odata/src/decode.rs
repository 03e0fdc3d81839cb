//! Percent-decoding shared by the path and the query.
//!
//! **Invariant:** a decoded query value is valid UTF-8 or an error, and no
//! escape is decoded twice.

use percent_encoding::percent_decode_str;

/// Decodes one name or value of a query string: `+` is a space, `%XX` a byte.
/// A `%` that starts no escape stands for itself, as browsers read it.
/// `None` when the bytes are not UTF-8, or hold the NUL character, which no
/// database stores.
pub(crate) fn query_component(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .filter(|text| !text.contains('\0'))
        .map(std::borrow::Cow::into_owned)
}

/// The 1-based number of the character that starts at byte `at` of `text`.
pub(crate) fn character_number(text: &str, at: usize) -> usize {
    text.char_indices().take_while(|(i, _)| *i < at).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_space_decode() {
        assert_eq!(query_component("a+b%20c").unwrap(), "a b c");
        assert_eq!(query_component("a%2Bb").unwrap(), "a+b");
    }

    #[test]
    fn a_lone_percent_sign_stands_for_itself() {
        assert_eq!(query_component("(50%)").unwrap(), "(50%)");
        assert_eq!(query_component("(50%25)").unwrap(), "(50%)");
    }

    #[test]
    fn bytes_that_are_not_utf8_and_nul_are_refused() {
        assert_eq!(query_component("%C3%28"), None);
        assert_eq!(query_component("a%00b"), None);
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(character_number("öab", 0), 1);
        assert_eq!(character_number("öab", 2), 2);
        assert_eq!(character_number("öab", 4), 4);
    }
}
