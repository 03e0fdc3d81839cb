//! What a browser keeps for the issuer: who is signed in, and the mark of its forms.
//!
//! **Invariant:** no script and no other site reads them. Over TLS their names bind them to this very host.

use http::{HeaderMap, HeaderValue, header};

/// Who is signed in.
pub(super) const SESSION: &str = "reeve-session";
/// What a form has to repeat, which no other site knows.
pub(super) const FORM: &str = "reeve-form";

/// The value of a cookie.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str, is_secure: bool) -> Option<&'a str> {
    let name = full_name(name, is_secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(own, value)| *own == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// The header that has the browser keep a cookie until it is closed.
pub(super) fn keep(name: &str, value: &str, is_secure: bool) -> Option<HeaderValue> {
    header_of(name, value, "", is_secure)
}

/// The header that has the browser forget a cookie.
pub(super) fn forget(name: &str, is_secure: bool) -> Option<HeaderValue> {
    header_of(name, "", "; Max-Age=0", is_secure)
}

fn header_of(name: &str, value: &str, more: &str, is_secure: bool) -> Option<HeaderValue> {
    let name = full_name(name, is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    // Values are made here, of letters that a header may have.
    HeaderValue::from_str(&text).ok()
}

fn full_name(name: &str, is_secure: bool) -> String {
    if is_secure {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; __Host-reeve-form=x".parse().unwrap());
        headers.append(
            header::COOKIE,
            "reeve-form=y; reeve-session=".parse().unwrap(),
        );

        assert_eq!(find(&headers, FORM, true), Some("x"));
        assert_eq!(find(&headers, FORM, false), Some("y"));
        assert_eq!(find(&headers, SESSION, false), None);
    }

    #[test]
    fn cookies_are_bound_to_the_host_over_tls() {
        assert_eq!(
            keep(SESSION, "s", true).unwrap(),
            "__Host-reeve-session=s; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            forget(SESSION, false).unwrap(),
            "reeve-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
