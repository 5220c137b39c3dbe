//! `[apis.*]`: which dialects are on, and where each is mounted: under a path, at host names, on listeners of its own.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::section::{Key, Section, section};
use super::setting::text_setting;
use super::source::Finding;

/// A path that a dialect is mounted under: `/`, or `/name` without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PathPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let rest = text.strip_prefix('/').ok_or("it starts with a slash")?;
        let segment = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
        if rest.is_empty() || rest.split('/').all(segment) {
            Ok(Self(text.into()))
        } else {
            Err("letters, digits and -._~ between single slashes, none at the end")
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_setting!(PathPrefix, "a path of an address, such as \"/upvest\"");

/// A host name in lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(String);

impl HostName {
    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let label = |part: &str| {
            (1..=63).contains(&part.len()) && part.bytes().all(plain) && !part.starts_with('-') && !part.ends_with('-')
        };
        if text.len() <= 253 && text.split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("letters, digits and hyphens between dots, no scheme and no port")
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_setting!(HostName, "a host name, such as \"upvest.broker.example\"");

/// Where a dialect is mounted: any of a path, host names and listeners of its own; at the latter two it is at `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Whether the dialect answers at all.
    pub enabled: bool,
    /// The path under which it answers on the main listener; none: it does not.
    pub path: Option<PathPrefix>,
    /// Host names at which it answers at `/`.
    pub host: Vec<HostName>,
    /// Addresses with ports of its own, where it answers at `/`.
    pub listen: Vec<SocketAddr>,
}

/// Defines the tables of the dialects: where each is mounted, and its own keys.
macro_rules! apis {
    ( $( #[doc = $about:literal] $type:ident $name:ident = $path:literal, $make:expr, { $($own:tt)* } )+ ) => {
        $(
            section! {
                #[doc = $about]
                pub struct $type {
                    /// Whether the dialect answers at all.
                    enabled: bool = true;
                    /// The path under which it answers on the main listener; empty for none.
                    path: Option<PathPrefix> = $path.parse().ok();
                    /// Host names at which it answers at `/`, for clients that can set nothing but a host.
                    host: Vec<HostName> = Vec::new();
                    /// Addresses with ports of its own, where it answers at `/`.
                    listen: Vec<SocketAddr> = Vec::new();
                    $($own)*
                }
            }
        )+

        /// The dialects and where each is mounted.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Apis { $( #[doc = $about] pub $name: $type, )+ }

        impl Apis {
            /// Each dialect's name with its mount, in the order of the list.
            pub fn mounts(&self) -> Vec<(&'static str, Mount)> {
                vec![ $( {
                    let $type { enabled, path, host, listen, .. } = self.$name.clone();
                    (stringify!($name), Mount { enabled, path, host, listen })
                }, )+ ]
            }

            /// The tables of the file with what each is about and its keys.
            pub(super) fn sections() -> Vec<(String, &'static str, Vec<Key>)> {
                vec![ $( {
                    let section = concat!("apis.", stringify!($name));
                    (section.into(), $about.trim(), $type::keys(section))
                }, )+ ]
            }
        }
    };
}

dialects! { apis }

impl Apis {
    /// Lists clashes between the mounts, and with the main listener.
    pub(super) fn validate(&self, main: SocketAddr, findings: &mut Vec<Finding>) {
        clashes(&self.mounts(), main, findings);
    }
}

/// Two sockets that cannot both be bound: the same port, and the same or every address.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && same
}

fn clashes(mounts: &[(&'static str, Mount)], main: SocketAddr, findings: &mut Vec<Finding>) {
    let mut paths: Vec<(&PathPrefix, &str)> = Vec::new();
    let mut hosts: Vec<(&HostName, &str)> = Vec::new();
    let mut sockets: Vec<(SocketAddr, String)> = vec![(main, "server.listen".into())];
    for (name, mount) in mounts.iter().filter(|(_, mount)| mount.enabled) {
        if mount.path.is_none() && mount.host.is_empty() && mount.listen.is_empty() {
            let fix = format!("Give it a path, a host or a listen address, or set apis.{name}.enabled to false.");
            findings.push(Finding::new(format!("apis.{name}.enabled"), "the dialect is on but mounted nowhere", fix));
        }
        if let Some(path) = &mount.path {
            if let Some((_, other)) = paths.iter().find(|(taken, _)| *taken == path) {
                let message = format!("{path:?} is taken by {other} on the same listener", path = path.as_str());
                findings.push(Finding::new(format!("apis.{name}.path"), message, "Give each dialect its own path."));
            }
            paths.push((path, name));
        }
        for host in &mount.host {
            if let Some((_, other)) = hosts.iter().find(|(taken, _)| *taken == host) {
                let message = format!("the host {host} is already that of {other}");
                findings.push(Finding::new(format!("apis.{name}.host"), message, "Name each host once."));
            }
            hosts.push((host, name));
        }
        for socket in &mount.listen {
            let key = format!("apis.{name}.listen");
            if let Some((taken, other)) = sockets.iter().find(|(taken, _)| collide(*taken, *socket)) {
                let message = format!("{socket} cannot be bound beside {taken} of {other}");
                findings.push(Finding::new(&key, message, "Choose another port, or 0 for a free one."));
            }
            sockets.push((*socket, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(path: &str, host: &[&str], listen: &[&str]) -> Mount {
        Mount {
            enabled: true,
            path: path.parse().ok(),
            host: host.iter().map(|host| host.parse().unwrap()).collect(),
            listen: listen.iter().map(|listen| listen.parse().unwrap()).collect(),
        }
    }

    /// The keys that are complained about when these two dialects are mounted beside a main listener on port 8080.
    fn complaints(one: &Mount, two: &Mount) -> Vec<String> {
        let mut findings = Vec::new();
        clashes(&[("one", one.clone()), ("two", two.clone())], "127.0.0.1:8080".parse().unwrap(), &mut findings);
        findings.into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn a_place_has_one_dialect() {
        let plain = mount("/", &[], &[]);
        let none: [&str; 0] = [];
        assert_eq!(complaints(&plain, &mount("/two", &["two.example"], &["127.0.0.1:8081"])), none);
        assert_eq!(complaints(&plain, &plain), ["apis.two.path"]);
        assert_eq!(complaints(&plain, &mount("/two", &["a.example", "A.example"], &[])), ["apis.two.host"]);
        assert_eq!(complaints(&mount("", &["a.example"], &[]), &mount("", &["a.example"], &[])), ["apis.two.host"]);
        assert_eq!(complaints(&plain, &mount("", &[], &["127.0.0.1:8080"])), ["apis.two.listen"]);
        assert_eq!(complaints(&plain, &mount("", &[], &["0.0.0.0:8080"])), ["apis.two.listen"]);
        assert_eq!(complaints(&plain, &mount("", &[], &["127.0.0.1:0", "127.0.0.1:0"])), none);
    }

    #[test]
    fn a_dialect_that_is_on_is_mounted_somewhere() {
        let nowhere = mount("", &[], &[]);
        assert_eq!(complaints(&mount("/", &[], &[]), &nowhere), ["apis.two.enabled"]);
        let off = Mount { enabled: false, ..nowhere };
        assert!(complaints(&mount("/", &[], &[]), &off).is_empty());
    }

    #[test]
    fn paths_and_hosts_are_checked_where_they_are_read() {
        for path in ["", "x", "/x/", "//", "/a b", "/../x", "/{id}"] {
            assert!(path.parse::<PathPrefix>().is_err(), "{path}");
        }
        for host in ["", "https://a.example", "a.example:80", "a..b", "-a", "a_b"] {
            assert!(host.parse::<HostName>().is_err(), "{host}");
        }
        assert_eq!("Upvest.Broker.example".parse::<HostName>().unwrap().as_str(), "upvest.broker.example");
        assert_eq!("/a/b-1".parse::<PathPrefix>().unwrap().as_str(), "/a/b-1");
    }
}
