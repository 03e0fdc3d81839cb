//! Reading a form or a plain query string, and the `Authorization: Basic` that may stand in for two of its fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The fields of a form, in order; unknown ones are kept and never looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `a=b&c=d`. What is no UTF-8 is replaced, and then equals nothing that is known.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(name), decoded(value))
            })
            .collect();
        Self(pairs)
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The first field of this name that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Client id and secret of `Authorization: Basic`; both are form-encoded before they are joined (RFC 6749, 2.3.1).
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_decode_and_unknown_ones_do_no_harm() {
        let form =
            Form::parse(b"scope=https%3A%2F%2Fh%2F.default+openid&client_info=1&&x&client_id=");

        assert_eq!(form.get("scope"), Some("https://h/.default openid"));
        assert_eq!(form.get("client_info"), Some("1"));
        assert_eq!(form.get("client_id"), None);
        assert_eq!(form.get("absent"), None);
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", STANDARD.encode("my%20app:s%3Acret"));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());

        assert_eq!(
            basic(&headers),
            Some(("my app".to_owned(), "s:cret".to_owned()))
        );

        for wrong in ["Bearer x", "Basic", "Basic !!", "Basic bm9jb2xvbg=="] {
            headers.insert(header::AUTHORIZATION, wrong.parse().unwrap());
            assert_eq!(basic(&headers), None, "{wrong}");
        }
    }
}
