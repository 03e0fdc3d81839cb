//! Which addresses may be called: https, hosts that the operator named, and nothing inside the operator's own network
//! (CX-5). Looking at the text of an address is not enough, because names resolve to anything; what a name resolved to is
//! judged at the time of the call, by [`crate::network`].

use std::net::{IpAddr, Ipv6Addr};

use crate::network::{Reach, is_public, may_reach};

/// What the operator allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostPolicy {
    /// Hosts: `hooks.example.com`, `*.example.com` for those below, `*` for all.
    pub allowed_hosts: Vec<String>,
    /// Whether addresses of private networks and of this machine may be called.
    pub allow_private_addresses: bool,
    /// Whether plain HTTP will do.
    pub allow_plain_http: bool,
}

impl HostPolicy {
    /// How far calls may reach.
    pub const fn reach(&self) -> Reach {
        if self.allow_private_addresses {
            Reach::Configured
        } else {
            Reach::Internet
        }
    }
}

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlFlaw {
    /// It is no address.
    #[error("the address must be an absolute URL without user name and fragment")]
    Malformed,
    /// It is not protected.
    #[error("the address must begin with `https://`")]
    NotHttps,
    /// Nobody allowed it.
    #[error(
        "the host `{0}` is not among those that this server may call (`extensions.allowedHosts`)"
    )]
    NotAllowed(String),
    /// It leads inside.
    #[error("the host `{0}` is in a private network or on this machine")]
    Private(String),
}

/// Whether this address may be called, as far as its text tells.
pub fn check_url(url: &str, policy: &HostPolicy) -> Result<(), UrlFlaw> {
    let (scheme, rest) = url.split_once("://").ok_or(UrlFlaw::Malformed)?;
    let is_https = scheme.eq_ignore_ascii_case("https");
    let is_plain = scheme.eq_ignore_ascii_case("http");
    let is_protected_enough = is_https || (is_plain && policy.allow_plain_http);
    if !is_protected_enough {
        return Err(UrlFlaw::NotHttps);
    }
    let has_odd_letters = url
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control() || letter == '\\');
    if has_odd_letters || url.contains('#') || url.len() > 2048 {
        return Err(UrlFlaw::Malformed);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host_of(authority).ok_or(UrlFlaw::Malformed)?;
    if !policy.allowed_hosts.iter().any(|one| matches(one, &host)) {
        return Err(UrlFlaw::NotAllowed(host));
    }
    let is_inside = match host.parse() {
        Ok(address) => !may_reach(address, policy.reach()),
        Err(_) => !policy.allow_private_addresses && is_private_name(&host),
    };
    if is_inside {
        return Err(UrlFlaw::Private(host));
    }
    Ok(())
}

/// The host of an authority, in lower case and without brackets.
fn host_of(authority: &str) -> Option<String> {
    if authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
    (port_fits && is_host).then(|| host.trim_end_matches('.').to_ascii_lowercase())
}

fn matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim().to_ascii_lowercase();
    if pattern == "*" {
        return true;
    }
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .is_some_and(|before| before.len() > 1 && before.ends_with('.')),
        None => pattern.trim_matches(['[', ']']) == host,
    }
}

/// Whether the host tells by itself that it leads inside.
fn is_private_name(host: &str) -> bool {
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        // A number is an address too, to some resolvers: `2130706433` and `0x7f.1` are this machine.
        Err(_) => host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> HostPolicy {
        HostPolicy {
            allowed_hosts: vec!["*".to_owned()],
            ..HostPolicy::default()
        }
    }

    #[test]
    fn cx_5_only_https_to_hosts_that_are_allowed() {
        let some = HostPolicy {
            allowed_hosts: vec!["hooks.example.com".to_owned(), "*.logic.example".to_owned()],
            ..HostPolicy::default()
        };

        for fine in [
            "https://hooks.example.com/in?code=1",
            "HTTPS://Hooks.Example.Com:8443/in",
            "https://prod-1.westeurope.logic.example/workflows/1",
        ] {
            assert_eq!(check_url(fine, &some), Ok(()), "{fine}");
        }
        for (wrong, why) in [
            ("http://hooks.example.com/in", UrlFlaw::NotHttps),
            ("ftp://hooks.example.com/in", UrlFlaw::NotHttps),
            ("hooks.example.com/in", UrlFlaw::Malformed),
            ("https:///in", UrlFlaw::Malformed),
            ("https://user@hooks.example.com/", UrlFlaw::Malformed),
            (
                "https://hooks.example.com\\@evil.example/",
                UrlFlaw::Malformed,
            ),
            ("https://hooks.example.com:0/", UrlFlaw::Malformed),
            ("https://hooks.example.com/#top", UrlFlaw::Malformed),
        ] {
            assert_eq!(check_url(wrong, &some), Err(why), "{wrong}");
        }
        for other in [
            "https://logic.example/",
            "https://evil-logic.example/",
            "https://hooks.example.com.evil.example/",
        ] {
            let refused = check_url(other, &some);
            assert!(matches!(refused, Err(UrlFlaw::NotAllowed(_))), "{other}");
        }
        assert!(check_url("https://example.com/", &HostPolicy::default()).is_err());
    }

    #[test]
    fn cx_5_hosts_inside_are_refused_however_they_are_written() {
        for inside in [
            "https://localhost/",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://10.1.2.3:8443/",
            "https://[::1]/",
            "https://[fe80::1]/",
            "https://[::ffff:192.168.0.1]/",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
        ] {
            let refused = check_url(inside, &open());
            assert!(matches!(refused, Err(UrlFlaw::Private(_))), "{inside}");
        }
        let private = HostPolicy {
            allow_private_addresses: true,
            ..open()
        };
        assert_eq!(check_url("https://127.0.0.1/", &private), Ok(()));
        let metadata = check_url("https://169.254.169.254/latest", &private);
        assert!(
            matches!(metadata, Err(UrlFlaw::Private(_))),
            "what tells a machine its secrets is nobody's receiver"
        );
    }

    #[test]
    fn cx_5_what_a_name_resolves_to_is_judged_by_its_network() {
        for public in [
            "93.184.215.14",
            "2606:2800:21f:cb07::1",
            "64:ff9b::5db8:d70e",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "100.64.0.1",
            "172.16.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }
}
