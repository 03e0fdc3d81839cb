//! What a browser keeps for the portal.
//!
//! **Invariant:** no script and no other site reads it. Over TLS its names bind it to this very host.

use http::{HeaderMap, HeaderValue, header};

/// Who is signed in.
pub(crate) const SESSION: &str = "reeve-portal";
/// A sign-in that is under way.
pub(crate) const SIGN_IN: &str = "reeve-portal-sign-in";

/// How long a sign-in may take, in seconds.
pub(crate) const SIGN_IN_SECONDS: u32 = 15 * 60;

/// The value of a cookie.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str, is_secure: bool) -> Option<&'a str> {
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

/// The header that has the browser keep a cookie, until it is closed or for so many seconds.
pub(crate) fn keep(
    name: &str,
    value: &str,
    seconds: Option<u32>,
    is_secure: bool,
) -> Option<HeaderValue> {
    let name = full_name(name, is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    // Values are made here, of letters that a header may have.
    HeaderValue::from_str(&text).ok()
}

/// The header that has the browser forget a cookie.
pub(crate) fn forget(name: &str, is_secure: bool) -> Option<HeaderValue> {
    keep(name, "", Some(0), is_secure)
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
    fn a_cookie_is_bound_to_the_host_over_tls_and_found_by_its_full_name_only() {
        let kept = keep(SESSION, "s", None, true).unwrap();
        assert_eq!(
            kept,
            "__Host-reeve-portal=s; Path=/; HttpOnly; SameSite=Lax; Secure"
        );

        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; reeve-portal=plain".parse().unwrap());
        assert_eq!(find(&headers, SESSION, true), None);
        assert_eq!(find(&headers, SESSION, false), Some("plain"));
    }
}
