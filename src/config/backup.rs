//! `[backup]`: where backups are stored, how often they are made, how long they are kept, and who can decrypt them.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

use super::section::section;
use super::source::Finding;

section! {
    /// Backups, made by the server on a schedule and by `bursar backup create`; each is proven when it is made.
    pub struct Backup {
        /// Whether the server makes backups on a schedule and ships the changes between them.
        enabled: bool = true;
        /// Hours between scheduled backups.
        interval_hours: u64 = 24, in 1..=744;
        /// Backup directories. A relative path is inside the data directory; others must exist. Best on another disk.
        directories: Vec<PathBuf> = vec!["backups".into()];
        /// Keep this many of the newest backups.
        keep_latest: u64 = 3, in 1..=1000;
        /// Keep the last backup of each of this many days; days without a backup do not count.
        keep_daily: u64 = 7, in 0..=1000;
        /// Keep the last backup of each of this many weeks; weeks without a backup do not count.
        keep_weekly: u64 = 5, in 0..=1000;
        /// Keep the last backup of each of this many months; months without a backup do not count.
        keep_monthly: u64 = 12, in 0..=1000;
        /// Seconds until a change is shipped to the backup targets; a lost disk costs at most these.
        journal_interval_s: u64 = 10, in 1..=3600;
        /// MiB of changes that may wait in the data directory while a target cannot be reached.
        journal_spool_mb: u64 = 1024, in 16..=1_048_576;
        /// Days between drills, which restore the newest backup and prove it; 0 means never.
        drill_days: u64 = 7, in 0..=366;
        /// age public keys, such as ["age1..."], to encrypt backups to; keep the private key elsewhere.
        recipients: Vec<String> = Vec::new();
        /// File (mode 0600) with age private keys; without it, the server cannot drill encrypted backups.
        identity_file: Option<PathBuf> = None;
        /// Verifier keys of earlier machines, as `bursar backup verifier` prints them; their backups are accepted too.
        trusted_keys: Vec<String> = Vec::new();
        /// Bucket on S3 or a compatible service, as an additional backup target.
        s3_bucket: Option<String> = None;
        /// Prefix of all object keys in the bucket.
        s3_prefix: Option<String> = None;
        /// URL of the service, such as `https://s3.broker.example`; empty means AWS in the region.
        s3_endpoint: Option<String> = None;
        /// Region of the bucket.
        s3_region: String = "us-east-1".into();
        /// File (mode 0600) with `access_key_id = ...` and `secret_access_key = ...`; if empty, AWS_* variables.
        s3_credentials_file: Option<PathBuf> = None;
        /// Seconds to wait for a response, or to send 8 MB, before the service counts as unreachable.
        s3_timeout_s: u64 = 30, in 1..=600;
    }
}

/// Credentials for the bucket from the environment variables of the AWS tools. They are not part of the configuration
/// values, so they are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3Environment {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
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
                let fix = "Write the public key that `bursar backup keygen` prints; it begins with age1.";
                findings.push(Finding::new(
                    "backup.recipients",
                    // Not the text: it may be the private key.
                    format!("an item is not a public key: {reason}"),
                    fix,
                ));
            }
        }
        for key in &self.trusted_keys {
            // Read in full with the other settings of backups.
            if !key.starts_with("bursar/") || key.matches('+').count() < 2 {
                let fix = "Write the verifier key that `bursar backup verifier` prints; it begins with bursar/.";
                findings.push(Finding::new("backup.trusted_keys", format!("{key:?} is no verifier key"), fix));
            }
        }
        if self.enabled && self.directories.is_empty() && self.s3_bucket.is_none() {
            let fix = "Name a directory or a bucket (backup.s3_bucket), or set backup.enabled to false.";
            findings.push(Finding::new("backup.directories", "backups are enabled but have no target", fix));
        }
        if let Some(endpoint) = &self.s3_endpoint {
            if let Err(reason) = check_endpoint(endpoint) {
                let fix = "Write an https:// URL; http:// is allowed for loopback only. Credentials belong in \
                           backup.s3_credentials_file.";
                findings.push(Finding::new("backup.s3_endpoint", reason, fix));
            }
            if self.s3_bucket.is_none() {
                let fix = "Set backup.s3_bucket, or remove backup.s3_endpoint.";
                findings.push(Finding::new("backup.s3_bucket", "an endpoint is set but no bucket", fix));
            }
        }
    }
}

/// Accepts an endpoint to which traffic cannot be read on the way (HTTPS, or HTTP to loopback), and which contains no
/// secret: it is shown in messages and by `bursar config show`, as are the reasons.
fn check_endpoint(endpoint: &str) -> Result<(), &'static str> {
    let url = Url::parse(endpoint).map_err(|_| "is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in its URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment in its URL");
    }
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        _ => Err("is not an https:// URL"),
    }
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
    fn backups_need_a_target_and_valid_keys() {
        assert!(wrong_keys(|_| {}).is_empty());
        assert_eq!(wrong_keys(|backup| backup.directories.clear()), ["backup.directories"]);
        assert!(wrong_keys(|backup| (backup.enabled, backup.directories) = (false, vec![])).is_empty());
        assert_eq!(wrong_keys(|backup| backup.recipients = vec!["age1x".into()]), ["backup.recipients"]);
        assert_eq!(wrong_keys(|backup| backup.trusted_keys = vec!["age1x".into()]), ["backup.trusted_keys"]);
    }

    #[test]
    fn plain_http_is_allowed_to_loopback_endpoints_only() {
        let at = |endpoint: &str| {
            wrong_keys(|backup| {
                (backup.s3_bucket, backup.s3_endpoint) = (Some("b".into()), Some(endpoint.into()));
            })
        };
        for good in ["https://s3.example", "http://127.0.0.1:9000", "http://[::1]:9000/", "http://localhost:1"] {
            assert!(at(good).is_empty(), "{good}");
        }
        for bad in [
            "http://s3.example",
            "http://127.0.0.1.example",
            "s3.example",
            "http://10.0.0.1",
            "",
            "http://localhost:80@10.0.0.1:9000/",
            "http://localhost:a@evil.example",
            "https://user:pw@s3.example",
            "https://user@s3.example",
            "https://s3.example/?key=secret",
        ] {
            assert_eq!(at(bad), ["backup.s3_endpoint"], "{bad}");
        }
    }
}
