//! Where a request comes from, seen through the proxies that the operator named.
//!
//! **Invariant:** what a client writes into `X-Forwarded-For` counts only as far as a named proxy vouches for it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses that share their first bits: `10.0.0.0/8`, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network such as `10.0.0.0/8`")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| wrong())?,
            None => most,
        };
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    /// Whether the address is in it. An IPv4 address in IPv6 clothes is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// The address of the client, if the request came over a connection.
pub(super) fn client(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &[Network],
) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut seen = peer.ip().to_canonical();
    if !is_proxy(seen) {
        return Some(seen);
    }
    // The last entry is what the nearest proxy saw; each proxy vouches for the one before.
    let entries = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut entries: Vec<&str> = entries.collect();
    while let Some(entry) = entries.pop() {
        let Some(address) = entry_address(entry.trim()) else {
            break;
        };
        seen = address.to_canonical();
        if !is_proxy(seen) {
            break;
        }
    }
    Some(seen)
}

/// The address of an entry. Some proxies write the port with it, and then brackets around an address of the newer kind.
fn entry_address(entry: &str) -> Option<IpAddr> {
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    entry
        .parse()
        .ok()
        .or_else(|| entry.parse().ok().map(|entry: SocketAddr| entry.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut extensions = Extensions::new();
        let peer: IpAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::new(peer, 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies: Vec<Network> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        client(&extensions, &headers, &proxies).unwrap().to_string()
    }

    #[test]
    fn without_a_named_proxy_the_peer_is_the_client() {
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"], &[]), "192.0.2.7");
        assert_eq!(
            seen("192.0.2.7", &["198.51.100.1"], &["10.0.0.0/8"]),
            "192.0.2.7"
        );
    }

    #[test]
    fn a_named_proxy_tells_the_client_and_clients_cannot() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];

        assert_eq!(
            seen("10.1.2.3", &["198.51.100.1"], &proxies),
            "198.51.100.1"
        );
        assert_eq!(
            seen(
                "::ffff:10.1.2.3",
                &["6.6.6.6, 198.51.100.1, 10.9.9.9"],
                &proxies
            ),
            "198.51.100.1",
            "what stands before the first unknown address was written by the client"
        );
        assert_eq!(
            seen("10.1.2.3", &["6.6.6.6", "198.51.100.1"], &proxies),
            "198.51.100.1"
        );
        for nonsense in [
            "nonsense",
            "[192.0.2.1]",
            "[2001:db8::1",
            "198.51.100.1:",
            "",
        ] {
            assert_eq!(seen("10.1.2.3", &[nonsense], &proxies), "10.1.2.3");
        }
        assert_eq!(seen("10.1.2.3", &[], &proxies), "10.1.2.3");
    }

    #[test]
    fn an_entry_may_have_a_port_and_brackets() {
        for (entry, address) in [
            ("203.0.113.5:4711", "203.0.113.5"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("6.6.6.6, 203.0.113.5:4711, 10.9.9.9:80", "203.0.113.5"),
        ] {
            assert_eq!(seen("10.1.2.3", &[entry], &["10.0.0.0/8"]), address);
        }
    }

    #[test]
    fn networks_are_read_and_hold_what_they_say() {
        for (network, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
            ("::/0", "2001:db9::1", "8.8.8.8"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network}");
            assert!(!network.contains(outside.parse().unwrap()), "{network}");
        }
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/x", "proxy.example"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
