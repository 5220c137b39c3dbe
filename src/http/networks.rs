//! The networks that the configuration names: those that may call, and those of trusted proxies.

use crate::config::Access;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) struct Networks {
    allowed: Vec<IpNet>,
    proxies: Vec<IpNet>,
}

impl Networks {
    pub(super) fn new(access: &Access) -> Networks {
        Networks { allowed: access.allowed_networks(), proxies: access.trusted_proxies.clone() }
    }

    pub(super) fn allow(&self, address: IpAddr) -> bool {
        contains(&self.allowed, address)
    }

    /// Whether the address is that of a trusted proxy.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        contains(&self.proxies, address)
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Whether the peer of a connection is on this machine: it called over loopback, or from the address that it called.
/// Other addresses in 127.0.0.0/8 are strangers unless they are allowed.
pub(super) fn is_this_machine(peer: IpAddr, called: Option<IpAddr>) -> bool {
    peer == IpAddr::V4(Ipv4Addr::LOCALHOST) || peer == IpAddr::V6(Ipv6Addr::LOCALHOST) || Some(peer) == called
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_addresses_of_their_own_family() {
        let allow = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let networks = Networks::new(&Access { allow, ..Access::default() });
        assert!(networks.allow("10.1.2.3".parse().unwrap()) && networks.allow("::1".parse().unwrap()));
        assert!(!networks.allow("127.0.0.1".parse().unwrap()) && !networks.trust("10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn this_machine_calls_over_loopback_or_from_the_address_that_it_calls() {
        let is_own = |peer: &str, called: &str| is_this_machine(peer.parse().unwrap(), called.parse().ok());
        assert!(is_own("127.0.0.1", "127.0.0.1") && is_own("::1", "::1") && is_own("192.0.2.7", "192.0.2.7"));
        assert!(!is_own("127.0.0.66", "127.0.0.1") && !is_own("192.0.2.8", "192.0.2.7") && !is_own("192.0.2.8", ""));
    }
}
