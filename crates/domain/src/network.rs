//! Which addresses of networks may be called.
//!
//! **Invariant:** an address in disguise is judged as the one that it leads to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a call may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Out on the Internet alone: a client named the address.
    Internet,
    /// Into the operator's own networks and this machine too: the operator named the address. Never to what tells a
    /// machine its own secrets.
    Configured,
}

/// Whether an address may be called.
pub fn may_reach(address: IpAddr, reach: Reach) -> bool {
    match reach {
        Reach::Internet => is_public(address),
        Reach::Configured => !is_off_limits(address),
    }
}

/// Where clouds tell a machine about itself, beside the addresses of links: the secrets of its account among it.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether nobody may call it, whoever named it.
fn is_off_limits(address: IpAddr) -> bool {
    if METADATA.contains(&address) {
        return true;
    }
    match address {
        IpAddr::V4(address) => {
            address.is_unspecified()
                || address.is_link_local()
                || address.is_multicast()
                || address.octets()[0] >= 240
        }
        IpAddr::V6(address) => {
            let inside = disguised(address).is_some_and(|inner| is_off_limits(IpAddr::V4(inner)));
            inside
                || may_translate_to_secrets(address)
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
        }
    }
}

/// Whether an address is out on the Internet: neither this machine, nor a private network, nor a special purpose.
pub fn is_public(address: IpAddr) -> bool {
    if METADATA.contains(&address) {
        return false;
    }
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation();
    let is_reserved = first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second));
    !is_special && !is_reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // The mapped form is the older address itself, and NAT64 leads to it.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            disguised(address).is_some_and(|inner| is_public(IpAddr::V4(inner)))
        }
        // Tunnels, and documentation.
        [0x2002, ..] | [0x2001, 0 | 0xdb8, ..] => false,
        // Only what is given out as global is global.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The address of the older kind that one of the newer kind leads to: mapped, compatible, NAT64, 6to4 and Teredo.
fn disguised(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        // Written upside down.
        [0x2001, 0, _, _, _, _, high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

/// Whether a network that translates for itself alone (RFC 8215) could take the address to where a machine is told its
/// secrets. Where in the address the older one stands (RFC 6052, 2.2) is that network's own choice: each way counts.
fn may_translate_to_secrets(address: Ipv6Addr) -> bool {
    let [0x64, 0xff9b, 1, ..] = address.segments() else {
        return false;
    };
    let octets = address.octets();
    [
        [6, 7, 9, 10],
        [7, 9, 10, 11],
        [9, 10, 11, 12],
        [12, 13, 14, 15],
    ]
    .map(|places: [usize; 4]| {
        Ipv4Addr::from(places.map(|at| octets.get(at).copied().unwrap_or_default()))
    })
    .iter()
    .any(|inner| inner.is_link_local() || METADATA.contains(&IpAddr::V4(*inner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_machine_its_secrets_is_off_limits_in_every_disguise() {
        for secret in [
            "169.254.169.254",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:0:a9:fea9:fe00:0",
            "64:ff9b:1:5a9:fe:a9fe::",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:fffe::a83f:8110",
            "2002:a9fe:a9fe::",
        ] {
            for reach in [Reach::Internet, Reach::Configured] {
                assert!(!may_reach(secret.parse().unwrap(), reach), "{secret}");
            }
        }
    }

    #[test]
    fn the_operators_own_networks_stay_open_to_the_operator_alone() {
        for own in [
            "10.0.0.1",
            "127.0.0.1",
            "fd20:ce::1",
            "64:ff9b::a00:1",
            "64:ff9b:1:fffe::a00:1",
            "64:ff9b:1:a00:0:100::",
        ] {
            assert!(may_reach(own.parse().unwrap(), Reach::Configured), "{own}");
            assert!(!may_reach(own.parse().unwrap(), Reach::Internet), "{own}");
        }
    }
}
