//! The machine on which this process runs, as it is named in manifests and leases.

use std::fs;

/// The name of the machine; empty if it is not known.
pub(super) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.unwrap_or_default().trim().to_owned()
}
