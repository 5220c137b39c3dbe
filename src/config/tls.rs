//! `[tls]`: whether bursar speaks TLS itself, and with which certificate.

use std::path::PathBuf;

use super::section::section;
use super::setting::choices;
use super::source::Finding;

choices! {
    /// Who does TLS.
    pub enum TlsMode {
        /// Plain HTTP: for loopback, or behind a proxy.
        Off = "off",
        /// A certificate and a key from files.
        Files = "files",
    }
}

section! {
    /// Encryption of connections: off is for loopback or behind a proxy, files for a certificate of your own.
    pub struct Tls {
        /// Who does TLS: "off" or "files".
        mode: TlsMode = TlsMode::Off;
        /// The certificate chain in PEM, leaf first; needed when mode is "files", read again when it changes.
        certificate_file: Option<PathBuf> = None;
        /// The private key in PEM; needed when mode is "files", and not readable by everybody.
        key_file: Option<PathBuf> = None;
    }
}

impl Tls {
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
