//! The variables that Kubernetes sets in every container for each service of the namespace. A service named `bursar`
//! or `bursar-…` gives them names that begin like those of settings.

use std::net::IpAddr;

/// Whether a variable describes a service. Name and value must both fit, so that a misspelled setting does not pass.
pub(super) fn describes_service(name: &str, value: &str) -> bool {
    let is_url = || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_port = || value.parse::<u16>().is_ok();
    let is_address = || value.parse::<IpAddr>().is_ok();
    // Names of services and ports have single hyphens; two underscores are the dot of a setting.
    if name.contains("__") {
        return false;
    }
    if name.ends_with("_SERVICE_HOST") {
        return is_address();
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_port();
    }
    if name.ends_with("_PORT") && is_url() {
        return true;
    }
    match after_port_number(name) {
        Some("") => is_url(),
        Some("_PROTO") => matches!(value, "tcp" | "udp" | "sctp"),
        Some("_PORT") => is_port(),
        Some("_ADDR") => is_address(),
        _ => false,
    }
}

/// What follows `…_PORT_8080_TCP` in a name.
fn after_port_number(name: &str) -> Option<&str> {
    let (_, rest) = name.rsplit_once("_PORT_")?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('_')?;
    ["TCP", "UDP", "SCTP"].iter().find_map(|protocol| rest.strip_prefix(protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_must_both_fit() {
        for (name, value) in [
            ("BURSAR_SERVICE_HOST", "10.96.3.7"),
            ("BURSAR_SERVICE_HOST", "fd00::7"),
            ("BURSAR_SERVICE_PORT", "8080"),
            ("BURSAR_SERVICE_PORT_HTTP", "8080"),
            ("BURSAR_PORT", "tcp://10.96.3.7:8080"),
            ("BURSAR_PORT_8080_TCP", "tcp://10.96.3.7:8080"),
            ("BURSAR_PORT_8080_TCP_PROTO", "tcp"),
            ("BURSAR_PORT_8080_TCP_PORT", "8080"),
            ("BURSAR_PORT_8080_TCP_ADDR", "10.96.3.7"),
            ("BURSAR_API_SERVICE_HOST", "10.96.3.8"),
            ("BURSAR_API_PORT_53_UDP", "udp://10.96.3.8:53"),
        ] {
            assert!(describes_service(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("BURSAR_PORT", "8080"),
            ("BURSAR_SERVICE_HOST", "bursar.example"),
            ("BURSAR_SERVICE_PORT", "http"),
            ("BURSAR_LISTEN_PORT", "8080"),
            ("BURSAR_PORT_8080_TCP_ADDR", "x"),
            ("BURSAR_PORT_8080_TCP_NAME", "8080"),
            ("BURSAR_SERVER__SERVICE_PORT", "8080"),
        ] {
            assert!(!describes_service(name, value), "{name}={value}");
        }
    }
}
