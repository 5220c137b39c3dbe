//! `[browser]`: which web pages may call bursar from a browser.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::apis::HostName;
use super::section::section;
use super::setting::text_setting;

section! {
    /// Calls that pages of other origins make from a browser.
    pub struct Browser {
        /// Origins whose pages may call, each with scheme, host and port if any; empty means none (no CORS).
        allowed_origins: Vec<WebOrigin> = Vec::new();
    }
}

/// An origin as browsers send it: scheme, host in lower case, and port unless it is the scheme's default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WebOrigin(String);

impl WebOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Err("every page on the web could call with the credentials of whoever visits it; list each origin");
        }
        let (scheme, place) = text.split_once("://").ok_or("it must start with https:// or http://")?;
        let default_port = match scheme {
            "https" => "443",
            "http" => "80",
            _ => return Err("it must start with https:// or http://"),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
            None => host.parse::<HostName>().is_ok_and(|parsed| parsed.as_str() == host),
        };
        if !is_host {
            return Err(
                "after the scheme comes a host in lower case, perhaps a port, and nothing else: no path, no slash",
            );
        }
        match port {
            Some(port) if port == default_port => Err("browsers leave out the default port; leave it out here, too"),
            Some(port) if !port.parse::<u16>().is_ok_and(|number| number.to_string() == port) => {
                Err("the port must be a number up to 65535")
            }
            _ => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_setting!(WebOrigin, "an origin, such as \"https://cabinet.broker.example\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for good in ["https://a.example", "http://localhost:5173", "https://10.0.0.1:8443", "https://[2001:db8::1]:99"]
        {
            assert_eq!(good.parse::<WebOrigin>().unwrap().as_str(), good);
        }
        for bad in [
            "*",
            "null",
            "",
            "a.example",
            "https://",
            "https://*.a.example",
            "https://A.example",
            "https://a.example/",
            "https://a.example/x",
            "https://user@a.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example:",
            "https://a.example:08443",
            "https://a.example:70000",
            "https://[2001:DB8::1]",
            "ftp://a.example",
        ] {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }
}
