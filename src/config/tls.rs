//! `[tls]`: whether bursar serves TLS itself, and with which certificate.

use std::path::PathBuf;

use super::section::section;
use super::setting::choices;
use super::source::Finding;

choices! {
    /// How connections are encrypted.
    pub enum TlsMode {
        /// Plain HTTP, for loopback or behind a proxy.
        Off = "off",
        /// TLS with a certificate and a key from files.
        Files = "files",
    }
}

section! {
    /// Encryption of connections with TLS 1.2 or 1.3.
    pub struct Tls {
        /// "off" for plain HTTP, on loopback or behind a proxy; "files" for TLS with the certificate below.
        mode: TlsMode = TlsMode::Off;
        /// Certificate chain in PEM, leaf first; required if mode is "files"; reloaded when it changes.
        certificate_file: Option<PathBuf> = None;
        /// Private key in PEM; required if mode is "files"; must not be accessible to every user.
        key_file: Option<PathBuf> = None;
        /// With TLS: seconds for which browsers use this host only with TLS (HSTS), on all its ports; 0 turns that off.
        hsts_max_age_s: u64 = 15_552_000, in 0..=63_072_000;
    }
}

impl Tls {
    /// The value of `Strict-Transport-Security`; `None` without TLS, or if it is turned off.
    pub fn hsts(&self) -> Option<String> {
        let seconds = self.hsts_max_age_s;
        (self.mode != TlsMode::Off && seconds > 0).then(|| format!("max-age={seconds}"))
    }

    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        if self.mode == TlsMode::Off {
            return;
        }
        for (key, file) in [("tls.certificate_file", &self.certificate_file), ("tls.key_file", &self.key_file)] {
            if file.is_none() {
                let fix = format!("Set {key} to a PEM file, or tls.mode to \"off\".");
                findings.push(Finding::new(key, "tls.mode is \"files\" but no file is named", fix));
            }
        }
    }
}
