//! Admits connections before anything is read from them and before the TLS handshake: callers who can never be allowed,
//! or who hold too many connections, must cost nothing.

use super::networks::{Networks, is_this_machine};
use super::tally::{Due, Tally};
use actix_web::rt::net::TcpStream;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Door {
    networks: Arc<Networks>,
    /// Connections open at once from one address.
    limit: usize,
    /// The open connections by address; an address without any is absent.
    open: Mutex<HashMap<IpAddr, usize>>,
    strangers: Tally,
    crowded: Tally,
}

/// The right to one connection, given back when it is dropped.
pub(super) struct Pass {
    door: Arc<Door>,
    /// None for a trusted proxy, whose connections are not counted.
    address: Option<IpAddr>,
}

impl Door {
    pub(super) fn new(networks: Arc<Networks>, limit: usize) -> Arc<Door> {
        let (open, strangers, crowded) = Default::default();
        Arc::new(Door { networks, limit, open, strangers, crowded })
    }

    /// `None` if the connection is to be closed.
    pub(super) fn admit(self: &Arc<Door>, socket: &TcpStream) -> Option<Pass> {
        // Without a peer it is closed already.
        let peer = socket.peer_addr().ok()?.ip().to_canonical();
        let called = socket.local_addr().ok().map(|address| address.ip().to_canonical());
        self.pass(peer, called)
    }

    /// Connections from outside the allow list since the start.
    pub(super) fn strangers(&self) -> u64 {
        self.strangers.total()
    }

    /// Connections of addresses that had too many, since the start.
    pub(super) fn over_limit(&self) -> u64 {
        self.crowded.total()
    }

    fn pass(self: &Arc<Door>, peer: IpAddr, called: Option<IpAddr>) -> Option<Pass> {
        if self.networks.trust(peer) {
            return Some(Pass { door: Arc::clone(self), address: None });
        }
        // The machine itself may probe its server.
        if !self.networks.allow(peer) && !is_this_machine(peer, called) {
            if let Some(Due { unlogged, total }) = self.strangers.count() {
                tracing::warn!(address = %peer, unlogged, total, "connection refused: not on the allow list");
            }
            return None;
        }
        let address = counted(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.limit {
            drop(open);
            if let Some(Due { unlogged, total }) = self.crowded.count() {
                let limit = self.limit;
                tracing::warn!(%address, unlogged, total, limit, "connection refused: the address has too many");
            }
            return None;
        }
        *count += 1;
        Some(Pass { door: Arc::clone(self), address: Some(address) })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut open = self.door.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

/// The address under which connections are counted. An IPv6 host owns its whole /64.
fn counted(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Access;

    fn door(allow: &[&str], proxies: &[&str], limit: usize) -> Arc<Door> {
        let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let access = Access { allow: networks(allow), trusted_proxies: networks(proxies), ..Access::default() };
        Door::new(Arc::new(Networks::new(&access)), limit)
    }

    fn knock(door: &Arc<Door>, peer: &str) -> Option<Pass> {
        door.pass(peer.parse().unwrap(), "192.0.2.1".parse().ok())
    }

    #[test]
    fn the_allowed_the_trusted_and_this_machine_are_admitted() {
        let door = door(&["10.0.0.0/8"], &["172.16.0.1/32"], 9);
        for peer in ["10.1.2.3", "172.16.0.1", "127.0.0.1", "::1", "192.0.2.1"] {
            assert!(knock(&door, peer).is_some(), "{peer}");
        }
        for peer in ["11.0.0.1", "172.16.0.2", "127.0.0.2", "192.0.2.2", "2001:db8::1"] {
            assert!(knock(&door, peer).is_none(), "{peer}");
        }
    }

    #[test]
    fn an_address_has_a_number_of_connections_and_a_proxy_any() {
        let door = door(&["10.0.0.0/8", "2001:db8::/32"], &["10.9.9.9/32"], 2);
        let held = [knock(&door, "10.0.0.1").unwrap(), knock(&door, "10.0.0.1").unwrap()];
        assert!(knock(&door, "10.0.0.1").is_none() && knock(&door, "10.0.0.2").is_some());
        drop(held);
        assert!(knock(&door, "10.0.0.1").is_some());
        let of_one_network = [knock(&door, "2001:db8::1").unwrap(), knock(&door, "2001:db8::ffff:0:0:2").unwrap()];
        assert!(knock(&door, "2001:db8::3").is_none() && knock(&door, "2001:db8:0:1::3").is_some());
        let of_a_proxy: Vec<Pass> = (0..10).map(|_| knock(&door, "10.9.9.9").unwrap()).collect();
        drop((of_one_network, of_a_proxy));
        assert!(door.open.lock().unwrap().is_empty(), "addresses without connections are forgotten");
    }
}
