//! `[backup]`: where backups go, how often, how long they stay, and who can read them.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::section::section;
use super::source::Finding;

section! {
    /// Backups: made by the server itself and by `bursar backup create`, proven when they are made.
    pub struct Backup {
        /// Whether the server makes backups by itself.
        enabled: bool = true;
        /// Hours from one backup to the next.
        interval_hours: u64 = 24, in 1..=744;
        /// Directories for backups; a relative one is inside the data directory, others must exist. Best on another disk.
        directories: Vec<PathBuf> = vec!["backups".into()];
        /// The newest backups that are kept, however often they are made.
        keep_latest: u64 = 3, in 1..=1000;
        /// Days of which the last backup is kept.
        keep_daily: u64 = 7, in 0..=1000;
        /// Weeks of which the last backup is kept.
        keep_weekly: u64 = 5, in 0..=1000;
        /// Months of which the last backup is kept.
        keep_monthly: u64 = 12, in 0..=1000;
        /// Seconds from one shipping of the changes between backups to the next: what a lost disk can cost at most.
        journal_interval_s: u64 = 10, in 1..=3600;
        /// Megabytes of changes that may wait in the data directory for a place that cannot be reached.
        journal_spool_mb: u64 = 1024, in 16..=1_048_576;
        /// Days from one drill to the next, in which the newest backup is restored and proven; 0 means never.
        drill_days: u64 = 7, in 0..=366;
        /// Public keys of age, such as ["age1..."], that backups are encrypted to; the private half can be elsewhere.
        recipients: Vec<String> = Vec::new();
        /// A private file with the keys that open encrypted backups; without it drills of them are done elsewhere.
        identity_file: Option<PathBuf> = None;
        /// A bucket of S3, or of something that speaks like it, as one more place for backups.
        s3_bucket: Option<String> = None;
        /// What the names of all objects in the bucket begin with.
        s3_prefix: Option<String> = None;
        /// The URL of the service, such as `https://s3.broker.example`; empty means AWS in the region.
        s3_endpoint: Option<String> = None;
        /// The region of the bucket.
        s3_region: String = "us-east-1".into();
        /// A private file with `access_key_id = ...` and `secret_access_key = ...`; else AWS_ACCESS_KEY_ID and so on are taken.
        s3_credentials_file: Option<PathBuf> = None;
        /// Seconds that the service may take for an answer, or for 8 MB that are sent, before it counts as unreachable.
        s3_timeout_s: u64 = 30, in 1..=600;
    }
}

/// The key of a bucket as the tools of AWS take it from the environment. It is no part of the values, so that nobody prints
/// it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3Environment {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: Option<String>,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: Option<String>,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Environment({})", if self.access_key_id.is_some() { "set" } else { "not set" })
    }
}

impl S3Environment {
    pub(super) fn read(environment: &[(OsString, OsString)]) -> S3Environment {
        let find = |name: &str| {
            let found = environment.iter().find(|(it, value)| it == name && !value.is_empty());
            found.and_then(|(_, value)| value.to_str()).map(str::to_owned)
        };
        S3Environment {
            access_key_id: find("AWS_ACCESS_KEY_ID"),
            secret_access_key: find("AWS_SECRET_ACCESS_KEY"),
            session_token: find("AWS_SESSION_TOKEN"),
        }
    }
}

impl Backup {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        for recipient in &self.recipients {
            if let Err(reason) = recipient.parse::<age::x25519::Recipient>() {
                let fix = "Write the line that `bursar backup keygen` prints; it begins with age1.";
                findings.push(Finding::new("backup.recipients", format!("{recipient:?} is no key: {reason}"), fix));
            }
        }
        if self.enabled && self.directories.is_empty() && self.s3_bucket.is_none() {
            let fix = "Name a directory or a bucket, or set backup.enabled to false.";
            findings.push(Finding::new("backup.directories", "backups have nowhere to go", fix));
        }
        if let Some(endpoint) = &self.s3_endpoint {
            if !is_private(endpoint) {
                let fix = "Write an https:// URL; http:// is for this machine only.";
                findings.push(Finding::new("backup.s3_endpoint", format!("{endpoint:?} is not encrypted"), fix));
            }
            if self.s3_bucket.is_none() {
                let fix = "Set backup.s3_bucket, or remove backup.s3_endpoint.";
                findings.push(Finding::new("backup.s3_bucket", "a service is named, but no bucket", fix));
            }
        }
    }
}

/// Whether nobody can listen on the way there.
fn is_private(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return endpoint.starts_with("https://") };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_keys(change: impl FnOnce(&mut Backup)) -> Vec<String> {
        let (mut backup, mut findings) = (Backup::default(), Vec::new());
        change(&mut backup);
        backup.validate(&mut findings);
        findings.into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn backups_have_somewhere_to_go_and_keys_are_keys() {
        assert!(wrong_keys(|_| {}).is_empty());
        assert_eq!(wrong_keys(|backup| backup.directories.clear()), ["backup.directories"]);
        assert!(wrong_keys(|backup| (backup.enabled, backup.directories) = (false, vec![])).is_empty());
        assert_eq!(wrong_keys(|backup| backup.recipients = vec!["age1x".into()]), ["backup.recipients"]);
    }

    #[test]
    fn a_secret_key_does_not_cross_a_network_in_the_open() {
        let at = |endpoint: &str| {
            wrong_keys(|backup| {
                (backup.s3_bucket, backup.s3_endpoint) = (Some("b".into()), Some(endpoint.into()));
            })
        };
        for good in ["https://s3.example", "http://127.0.0.1:9000", "http://[::1]:9000/", "http://localhost:1"] {
            assert!(at(good).is_empty(), "{good}");
        }
        for bad in ["http://s3.example", "http://127.0.0.1.example", "s3.example", "http://10.0.0.1", ""] {
            assert_eq!(at(bad), ["backup.s3_endpoint"], "{bad}");
        }
    }
}
