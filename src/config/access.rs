//! `[access]`: which networks may call bursar, and how long a login lasts.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::section::section;
use super::setting::choices;
use super::source::Finding;

choices! {
    /// The header in which trusted proxies name the caller.
    pub enum ForwardedHeader {
        /// `X-Forwarded-For`.
        XForwardedFor = "x-forwarded-for",
        /// `Forwarded` (RFC 7239).
        Forwarded = "forwarded",
    }
}

section! {
    /// Who may call; checked before routing, passwords and tokens.
    pub struct Access {
        /// Networks that may call, such as ["10.0.0.0/8"]; empty means this machine only.
        allow: Vec<IpNet> = Vec::new();
        /// Proxies that are believed when they name the caller in the header below; empty means none.
        trusted_proxies: Vec<IpNet> = Vec::new();
        /// "x-forwarded-for" or "forwarded" (RFC 7239): the header that the proxies set; the other one is ignored.
        forwarded_header: ForwardedHeader = ForwardedHeader::XForwardedFor;
        /// Days until an operator's login expires.
        login_token_days: u64 = 30, in 1..=365;
    }
}

impl Access {
    /// Refuses networks with host bits set: the typo is in the address or in the prefix length, and a wrong guess would
    /// admit the wrong callers.
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        let lists = [("access.allow", &self.allow), ("access.trusted_proxies", &self.trusted_proxies)];
        for (key, network) in lists.into_iter().flat_map(|(key, list)| list.iter().map(move |it| (key, it))) {
            if *network != network.trunc() {
                let fix = format!("Write {} or {}.", network.trunc(), network.addr());
                findings.push(Finding::new(key, format!("{network} has host bits set"), fix));
            }
        }
    }

    /// The networks that may call; an empty `access.allow` means loopback.
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
    fn an_empty_list_means_loopback_and_any_other_list_excludes_it() {
        let access = Access::default();
        assert!(allows(&access, "127.0.0.1") && allows(&access, "::1") && !allows(&access, "10.0.0.1"));
        let access = Access { allow: vec!["10.0.0.0/8".parse().unwrap()], ..access };
        assert!(allows(&access, "10.0.0.1") && !allows(&access, "127.0.0.1"));
    }
}
