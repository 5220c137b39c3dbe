//! The machine on which this process runs, as it is named in manifests and leases.

use super::codec::hex;
use aws_lc_rs::digest;
use std::fs;
use std::path::Path;

/// The name of the machine; empty if it is not known.
pub(super) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.unwrap_or_default().trim().to_owned()
}

/// A fingerprint of this machine and a directory on it. A copy of the whole machine has the same.
pub(super) fn place(directory: &Path) -> String {
    let machine = fs::read_to_string("/etc/machine-id")
        .or_else(|_| fs::read_to_string("/proc/sys/kernel/random/boot_id"))
        .unwrap_or_default();
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let text = format!("{}\n{}\n{}", machine.trim(), host_name(), directory.display());
    hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}
