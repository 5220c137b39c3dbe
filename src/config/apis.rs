//! `[apis.*]`: which dialects are enabled, and where each is mounted: under a path, at host names, on own listeners.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::section::{Key, Section, section};
use super::setting::text_setting;
use super::source::Finding;

/// A path that a dialect is mounted under: `/`, or segments such as `/name` without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPrefix(String);

impl PathPrefix {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PathPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let rest = text.strip_prefix('/').ok_or("it must start with a slash")?;
        let segment = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
        if rest.is_empty() || rest.split('/').all(segment) {
            Ok(Self(text.into()))
        } else {
            Err("it may have letters, digits and -._~ between single slashes, and no trailing slash")
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_setting!(PathPrefix, "a URL path, such as \"/upvest\"");

/// A host name in lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(String);

impl HostName {
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
            Err("it may have letters, digits and hyphens between dots, but no scheme and no port")
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_setting!(HostName, "a host name, such as \"upvest.broker.example\"");

/// Where a dialect is mounted: under a path, at host names, on its own listeners, or any combination of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub enabled: bool,
    /// The path on the main listener; `None` if it has none.
    pub path: Option<PathPrefix>,
    /// Host names on the main listener, where it answers at `/`.
    pub host: Vec<HostName>,
    /// Its own listeners, where it answers at `/`.
    pub listen: Vec<SocketAddr>,
}

/// Defines the table of each dialect: where it is mounted, and its own keys.
macro_rules! apis {
    ( $( #[doc = $about:literal] $type:ident $name:ident = $path:literal, $make:expr, { $($own:tt)* } )+ ) => {
        $(
            section! {
                #[doc = $about]
                pub struct $type {
                    /// Whether this dialect is served.
                    enabled: bool = true;
                    /// Its path on the main listener; empty for none.
                    path: Option<PathPrefix> = $path.parse().ok();
                    /// Host names on the main listener where it answers at `/`, for clients that can set only a host.
                    host: Vec<HostName> = Vec::new();
                    /// Addresses and ports for this dialect alone, where it answers at `/`.
                    listen: Vec<SocketAddr> = Vec::new();
                    $($own)*
                }
            }
        )+

        /// The tables of all dialects.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Apis { $( #[doc = $about] pub $name: $type, )+ }

        impl Apis {
            /// The names and mounts of the dialects, in the order of the list.
            pub fn mounts(&self) -> Vec<(&'static str, Mount)> {
                vec![ $( {
                    let $type { enabled, path, host, listen, .. } = self.$name.clone();
                    (stringify!($name), Mount { enabled, path, host, listen })
                }, )+ ]
            }

            /// The tables of the file: name, description and keys.
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
    /// Finds mounts that clash with each other or with the main listener.
    pub(super) fn validate(&self, main: SocketAddr, findings: &mut Vec<Finding>) {
        clashes(&self.mounts(), main, findings);
    }
}

/// Whether two sockets cannot both be bound: the same port, and the same address or a wildcard.
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
            findings.push(Finding::new(format!("apis.{name}.enabled"), "the dialect is enabled but not mounted", fix));
        }
        if let Some(path) = &mount.path {
            if let Some((_, other)) = paths.iter().find(|(taken, _)| *taken == path) {
                let message = format!("{path:?} is already the path of {other}", path = path.as_str());
                findings.push(Finding::new(format!("apis.{name}.path"), message, "Give each dialect its own path."));
            }
            paths.push((path, name));
        }
        for host in &mount.host {
            if let Some((_, other)) = hosts.iter().find(|(taken, _)| *taken == host) {
                let message = format!("{host} is already a host name of {other}");
                findings.push(Finding::new(
                    format!("apis.{name}.host"),
                    message,
                    "Give each host name to one dialect.",
                ));
            }
            hosts.push((host, name));
        }
        for socket in &mount.listen {
            let key = format!("apis.{name}.listen");
            if let Some((taken, other)) = sockets.iter().find(|(taken, _)| collide(*taken, *socket)) {
                let message = format!("{socket} conflicts with {taken} of {other}");
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

    /// The keys of the findings when these two dialects are mounted beside a main listener on port 8080.
    fn complaints(one: &Mount, two: &Mount) -> Vec<String> {
        let mut findings = Vec::new();
        clashes(&[("one", one.clone()), ("two", two.clone())], "127.0.0.1:8080".parse().unwrap(), &mut findings);
        findings.into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn two_dialects_cannot_share_a_mount() {
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
    fn an_enabled_dialect_must_be_mounted() {
        let nowhere = mount("", &[], &[]);
        assert_eq!(complaints(&mount("/", &[], &[]), &nowhere), ["apis.two.enabled"]);
        let off = Mount { enabled: false, ..nowhere };
        assert!(complaints(&mount("/", &[], &[]), &off).is_empty());
    }

    #[test]
    fn invalid_paths_and_host_names_are_refused() {
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
