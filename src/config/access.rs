//! `[access]`: from where bursar may be called at all, and how long a login lasts.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::section::section;
use super::source::Finding;

section! {
    /// Who may call: checked before routing and before any password or token.
    pub struct Access {
        /// Networks that may call, such as ["10.0.0.0/8"]; empty means this machine only.
        allow: Vec<IpNet> = Vec::new();
        /// Proxies whose X-Forwarded-For is believed; empty means that nobody's is.
        trusted_proxies: Vec<IpNet> = Vec::new();
        /// Days that the login of an operator lasts.
        login_token_days: u64 = 30, in 1..=365;
    }
}

impl Access {
    /// A stray host part is a slip in the address or in the length of the prefix, and the two let in different callers.
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        let lists = [("access.allow", &self.allow), ("access.trusted_proxies", &self.trusted_proxies)];
        for (key, network) in lists.into_iter().flat_map(|(key, list)| list.iter().map(move |it| (key, it))) {
            if *network != network.trunc() {
                let fix = format!("Write {} or {}.", network.trunc(), network.addr());
                findings.push(Finding::new(key, format!("{network} has bits set after its prefix"), fix));
            }
        }
    }

    /// The networks that may call, with the empty list resolved to loopback.
    pub fn allowed_networks(&self) -> Vec<IpNet> {
        if !self.allow.is_empty() {
            return self.allow.clone();
        }
        vec![
            IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
            IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn allows(access: &Access, address: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        access.allowed_networks().iter().any(|network| network.contains(&address))
    }

    #[test]
    fn an_empty_list_is_loopback_and_a_list_is_only_itself() {
        let access = Access::default();
        assert!(allows(&access, "127.0.0.1") && allows(&access, "::1") && !allows(&access, "10.0.0.1"));
        let access = Access { allow: vec!["10.0.0.0/8".parse().unwrap()], ..access };
        assert!(allows(&access, "10.0.0.1") && !allows(&access, "127.0.0.1"));
    }
}
