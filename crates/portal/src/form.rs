//! The fields of a form or of a query string.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in the value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The fields, in order; unknown ones are kept and never looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `a=b&c=d`. What is no UTF-8 is replaced, and then equals nothing that is known.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    /// These fields, as if somebody had typed them.
    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Has a field say this.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(own, _)| own != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// The first field of this name that is not empty, without space around it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| value.trim())
            .find(|value| !value.is_empty())
    }

    /// The same, or nothing as a text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether there is a field of this name, whatever it says.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// Every field of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The page that is asked for, from 0 on; forms and links count from 1.
    pub(crate) fn page(&self) -> u64 {
        let number: u64 = self
            .get("page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(1);
        number.clamp(1, 1_000_000) - 1
    }
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8_lossy();
    // No database takes it for a part of a text.
    let text = text.replace('\0', "\u{fffd}");
    // Browsers end a line of a form with two characters, whatever it had when it was drawn.
    text.replace("\r\n", "\n")
}

/// A value as it stands in a query.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

/// A query string of these fields; empty ones are left out.
pub(crate) fn query(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_says_is_read_again() {
        let text = query(&[("q", "a b&c=<ä>"), ("page", "3"), ("none", "")]);
        let form = Form::parse(text.as_bytes());

        assert_eq!(form.get("q"), Some("a b&c=<ä>"));
        assert_eq!(form.page(), 2);
        assert_eq!(form.get("none"), None);
        assert_eq!(Form::parse(b"q=a%00b").get("q"), Some("a\u{fffd}b"));
        assert_eq!(Form::parse(b"q=a%0D%0Ab").get("q"), Some("a\nb"));
        assert_eq!(Form::parse(b"page=0").page(), 0);
        assert_eq!(Form::parse(b"page=-1").page(), 0);
    }
}
