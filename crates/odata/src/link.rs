//! Absolute links that a client follows unchanged.
//!
//! **Invariant:** every link is plain ASCII and a valid URL, whatever the
//! client sent; what was escaped stays escaped in the client's own spelling.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::decode::query_component;
use crate::query::is_paging_position;

/// What a URL must not contain bare. `%` is looked at separately.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

const ILLEGAL_IN_PATH: &AsciiSet = &ILLEGAL.add(b'?');

const TOKEN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The `@odata.nextLink` of a page (OD-7).
///
/// `base_url` is the version root (`https://host/v1.0`), `path` the request's
/// path below it and `raw_query` its query, both as received. Every option is
/// kept as the client wrote it, but `$skip` and an older `$skiptoken` are
/// replaced by `skiptoken`.
pub fn next_link(base_url: &str, path: &str, raw_query: &str, skiptoken: &str) -> String {
    let mut link = resource_link(base_url, path);
    let mut joint = '?';
    for pair in raw_query.split('&').filter(|pair| !pair.is_empty()) {
        let raw_name = pair.split_once('=').map_or(pair, |(name, _)| name);
        if query_component(raw_name).is_some_and(|name| is_paging_position(&name)) {
            continue;
        }
        link.push(joint);
        push_legal(&mut link, pair, ILLEGAL);
        joint = '&';
    }
    link.push(joint);
    link.push_str("$skiptoken=");
    link.extend(utf8_percent_encode(skiptoken, TOKEN));
    link
}

/// The absolute URL of `path` below `base_url`; either may have a slash where
/// they meet.
fn resource_link(base_url: &str, path: &str) -> String {
    let mut link = String::with_capacity(base_url.len() + path.len() + 1);
    link.push_str(base_url.trim_end_matches('/'));
    link.push('/');
    push_legal(&mut link, path.trim_start_matches('/'), ILLEGAL_IN_PATH);
    link
}

/// `raw`, a path with or without a query, with everything escaped that may not
/// stand bare in a URL; what already is an escape stays as it is.
pub fn legal_url(raw: &str) -> String {
    let mut url = String::with_capacity(raw.len());
    push_legal(&mut url, raw, ILLEGAL);
    url
}

/// Percent-encodes `text` as one segment of a path or one query value.
pub fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, TOKEN).to_string()
}

/// Appends `raw`, escaping what may not stand bare: illegal characters, and a
/// `%` that starts no escape.
fn push_legal(link: &mut String, raw: &str, illegal: &'static AsciiSet) {
    for (i, part) in raw.split('%').enumerate() {
        if i > 0 {
            let starts_escape = matches!(part.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
            link.push_str(if starts_escape { "%" } else { "%25" });
        }
        link.extend(utf8_percent_encode(part, illegal));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::QueryOptions;

    const ROOT: &str = "https://127.0.0.1:8443/v1.0";

    #[test]
    fn od_7_other_options_stay_as_the_client_wrote_them() {
        let raw = "%24filter=displayName+eq+'O''Brien%20%26%20S%C3%B6hne'&$top=5&$SKIP=3&%24skipToken=old&api-version=1";

        let link = next_link(ROOT, "/accessPackages", raw, "new_-token");

        assert_eq!(
            link,
            "https://127.0.0.1:8443/v1.0/accessPackages?%24filter=displayName+eq+'O''Brien%20%26%20S%C3%B6hne'&$top=5&api-version=1&$skiptoken=new_-token"
        );
    }

    #[test]
    fn a_request_without_options_gets_a_link_with_the_token_alone() {
        let link = next_link("http://h/beta/", "a/b('x')", "", "t");

        assert_eq!(link, "http://h/beta/a/b('x')?$skiptoken=t");
    }

    #[test]
    fn what_may_not_stand_bare_is_escaped() {
        let link = next_link(
            "http://h",
            "/ö?",
            "$filter=a eq 'ö' and b eq '50%'&c=%4",
            "a&b",
        );

        assert_eq!(
            link,
            "http://h/%C3%B6%3F?$filter=a%20eq%20'%C3%B6'%20and%20b%20eq%20'50%25'&c=%254&$skiptoken=a%26b"
        );
    }

    proptest! {
        #[test]
        fn any_query_gives_a_legal_link_that_says_the_same(
            raw in "([$]?[a-z]{1,3}=|%24(top|skip|skiptoken)=|[a-z0-9'%+&= ö\"\\[#]|\\PC){0,20}",
            token in any::<String>(),
        ) {
            let link = next_link("http://h", "/p", &raw, &token);

            let legal = |c: char| c.is_ascii_graphic() && !"\"#<>[\\]^`{|}".contains(c);
            prop_assert!(link.chars().all(legal), "{}", link);
            let query = link.strip_prefix("http://h/p?").unwrap();
            let last = query.rsplit('&').next().unwrap();
            prop_assert_eq!(
                query_component(last.strip_prefix("$skiptoken=").unwrap()),
                Some(token.clone())
            );
            if let (Ok(mut before), false) = (QueryOptions::parse(&raw), token.trim().is_empty()) {
                before.skip = None;
                before.skiptoken = Some(token.trim().to_owned());
                prop_assert_eq!(QueryOptions::parse(query), Ok(before));
            }
        }
    }
}
