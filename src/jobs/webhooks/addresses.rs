//! Which addresses events may be sent to. A receiver that anybody may name must not be a way into the network that the
//! server is in.

use crate::domain::events::Reach;
use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(begin: [u16; 2], third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(begin[0], begin[1], third, 0, 0, 0, 0, 0), prefix)
}

/// What is not globally reachable, by the registries of special-purpose addresses of IANA, and multicast.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// Global unicast addresses: all that are public are among them.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 0, 3);
/// What is not public among them: protocol assignments with Teredo, documentation, and 6to4, which leads to IPv4.
const SPECIAL_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 0, 23), v6([0x2001, 0x0db8], 0, 32), v6([0x2002, 0], 0, 16), v6([0x3fff, 0], 0, 20)];
/// Addresses that lead to the IPv4 address in their last four bytes (RFC 6052).
const TRANSLATED_V6: Ipv6Net = v6([0x0064, 0xff9b], 0, 96);

/// The address that a connection really goes to: IPv6 has several forms of an IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if TRANSLATED_V6.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        address => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_V6.contains(&v6) && !SPECIAL_V6.iter().any(|net| net.contains(&v6)),
    }
}

/// Whether events may be sent to this address.
pub(super) fn is_allowed(reach: Reach, address: IpAddr) -> bool {
    match reach {
        Reach::All => true,
        Reach::PublicAndLoopback => plain(address).is_loopback() || is_public(address),
        Reach::Public => is_public(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: [&str; 31] = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn only_public_addresses_are_reached() {
        for text in PRIVATE {
            let address: IpAddr = text.parse().unwrap();
            assert!(!is_allowed(Reach::Public, address), "{text}");
            let is_own = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"].contains(&text);
            assert_eq!(is_allowed(Reach::PublicAndLoopback, address), is_own, "{text}");
            assert!(is_allowed(Reach::All, address), "{text}");
        }
        for text in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"] {
            assert!(is_allowed(Reach::Public, text.parse().unwrap()), "{text}");
        }
    }
}
