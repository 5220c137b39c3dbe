//! Converts the configuration of backups into the settings that `crate::backup` takes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::backup::Keys;
use super::data_dir;
use super::outcome::{Exit, Failure};
use crate::app::App;
use crate::backup::codec::{Identity, Recipient};
use crate::backup::signature::{self, Trust};
use crate::backup::target::TargetSpec;
use crate::backup::{BackupService, Progress, Retention, S3Settings, Schedule, Settings, Shipping};
use crate::config::{Backup, Config};
use crate::store::{DataDir, Verifier};
use crate::system::SystemClock;

/// The backup service of a data directory, without progress reports.
pub(super) fn service(config: &Config, dir: DataDir) -> Result<BackupService, Failure> {
    let settings = settings(config, &dir)?;
    Ok(BackupService::new(dir, settings, Arc::new(SystemClock)))
}

/// The same, reporting its progress to `watch`.
pub(super) fn service_with_progress(
    config: &Config,
    dir: DataDir,
    watch: Arc<dyn Progress>,
) -> Result<BackupService, Failure> {
    Ok(service(config, dir)?.with_progress(watch))
}

/// The service that makes the backup before a migration. Without a configured target, it goes to the data directory.
pub(super) fn service_before_migration(
    config: &Config,
    dir: DataDir,
    watch: Arc<dyn Progress>,
) -> Result<BackupService, Failure> {
    let mut settings = settings(config, &dir)?;
    settings.trust.own = Some(data_dir::key(config, &dir)?);
    if settings.targets.is_empty() {
        settings.targets.push(TargetSpec::Directory { path: dir.path().join("backups"), create: true });
    }
    Ok(BackupService::new(dir, settings, Arc::new(SystemClock)).with_progress(watch).at_full_speed())
}

/// The other installations that have backups at a target, with the target's name.
pub(super) fn other_installations(service: &BackupService, own: Uuid) -> Vec<(String, Uuid)> {
    // Whoever lists backups reports the targets that cannot be read.
    let readable = service.installations().into_iter().flatten();
    let of_target = |(target, found): (String, Vec<Uuid>)| found.into_iter().map(move |it| (target.clone(), it));
    readable.flat_map(of_target).filter(|(_, it)| *it != own).collect()
}

pub(super) fn others_json(others: &[(String, Uuid)]) -> Value {
    others.iter().map(|(target, installation)| json!({"target": target, "installation": installation})).collect()
}

/// The schedule of backups and drills; `None` if backups are disabled.
pub(super) fn schedule(config: &Config) -> Option<Schedule> {
    let seconds = |count: u64, each: i64| i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(each);
    let backup = &config.backup;
    backup.enabled.then(|| Schedule {
        interval_s: seconds(backup.interval_hours, 3600),
        drill_s: (backup.drill_days > 0).then(|| seconds(backup.drill_days, 86_400)),
    })
}

/// The shipping of the change journal; `None` if backups are disabled.
pub(super) fn shipping(config: &Config, dir: &DataDir, app: &Arc<App>) -> Result<Option<Arc<Shipping>>, Failure> {
    if !config.backup.enabled {
        return Ok(None);
    }
    let service = service(config, dir.clone())?.by(app.machine_clock());
    let interval = Duration::from_secs(config.backup.journal_interval_s);
    let spool_max = config.backup.journal_spool_mb.saturating_mul(1 << 20);
    let journal = Arc::clone(app.store().journal());
    let (installation, key) = (app.installation().uuid, app.key().clone());
    Ok(Some(Arc::new(Shipping::new(&service, journal, installation, key, spool_max, interval))))
}

/// The configured directory of backups that is, or contains, this one, which need not exist.
pub(super) fn place_around(config: &Config, path: &Path) -> Option<PathBuf> {
    let (path, data_dir) = (resolved(path), &config.server.data_dir);
    let mut places = config.backup.directories.iter().map(|place| data_dir.join(place));
    places.find(|place| path.starts_with(resolved(place)))
}

/// The path with its links resolved, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    known.map_or_else(|| path.clone(), |(part, real)| real.join(path.strip_prefix(part).unwrap_or(Path::new(""))))
}

pub(super) fn settings(config: &Config, dir: &DataDir) -> Result<Settings, Failure> {
    let backup = &config.backup;
    let mut targets: Vec<TargetSpec> = Vec::new();
    for path in &backup.directories {
        targets.push(TargetSpec::Directory { path: dir.path().join(path), create: path.is_relative() });
    }
    if let Some(bucket) = &backup.s3_bucket {
        targets.push(TargetSpec::S3(s3(config, bucket)?));
    }
    let recipients: Result<Vec<Recipient>, String> = backup.recipients.iter().map(|text| text.parse()).collect();
    let read = |file: &PathBuf| Ok::<_, Failure>((file.clone(), read_text(file)?));
    let identity_file = backup.identity_file.as_ref().map(read).transpose()?;
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Settings {
        targets,
        recipients: recipients.map_err(|reason| Failure::new(Exit::Configuration, reason))?,
        identities: identity_file.as_ref().map_or(Ok(Vec::new()), |(file, text)| identities(file, text))?,
        trust: Trust {
            own: data_dir::present_key(config, dir)?,
            keys: trusted_keys(&backup.trusted_keys, identity_file.as_ref())?,
            wants_encryption: !backup.recipients.is_empty(),
            accepts_all: false,
        },
        retention: Retention {
            latest: count(backup.keep_latest),
            daily: count(backup.keep_daily),
            weekly: count(backup.keep_weekly),
            monthly: count(backup.keep_monthly),
        },
    })
}

/// The keys that are trusted in a data directory, and those of a command line.
pub(super) fn trust(config: &Config, dir: &DataDir, given: &[String]) -> Result<Trust, Failure> {
    let identity_file = config.backup.identity_file.as_ref();
    let identity_file = identity_file.map(|file| Ok::<_, Failure>((file.clone(), read_text(file)?))).transpose()?;
    let mut trust = trusting(given)?;
    // Whoever may read the database need not be allowed to read the key.
    trust.own = match data_dir::present_key(config, dir) {
        Err(failure) if failure.exit == Exit::Permission => None,
        key => key?,
    };
    trust.keys.extend(trusted_keys(&config.backup.trusted_keys, identity_file.as_ref())?);
    Ok(trust)
}

/// The keys of a command line.
pub(super) fn trusting(given: &[String]) -> Result<Trust, Failure> {
    let mut trust = Trust::default();
    add_trust(&mut trust, given)?;
    Ok(trust)
}

/// The verifier keys in the configuration and in the file with private keys.
fn trusted_keys(listed: &[String], identity_file: Option<&(PathBuf, String)>) -> Result<Vec<Verifier>, Failure> {
    let listed: Result<Vec<Verifier>, String> = listed.iter().map(|text| text.parse()).collect();
    let mut keys =
        listed.map_err(|reason| Failure::new(Exit::Configuration, format!("backup.trusted_keys: {reason}")))?;
    keys.extend(identity_file.iter().flat_map(|(_, text)| signature::verifiers(text)));
    Ok(keys)
}

fn read_text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::of_file(file.display(), &error))
}

/// What a command line adds to the settings.
pub(super) fn add_keys(settings: &mut Settings, keys: &Keys) -> Result<(), Failure> {
    if let Some(file) = &keys.identity {
        let text = read_text(file)?;
        settings.identities.extend(identities(file, &text)?);
        settings.trust.keys.extend(signature::verifiers(&text));
    }
    add_trust(&mut settings.trust, &keys.trust.trust)?;
    settings.trust.accepts_all = keys.trust.unsigned;
    Ok(())
}

/// What a verifier key looks like, for who has given something else.
const VERIFIER_ADVICE: &str = "A verifier key looks like bursar/<installation>+<hash>+<base64>; `bursar backup \
                               verifier` prints it. Give the key, its whole line, or a file with such a line.";

/// Adds the keys that a command line names: a key, the line that is printed with it, or a file.
fn add_trust(trust: &mut Trust, given: &[String]) -> Result<(), Failure> {
    for given in given {
        let mut found = signature::verifiers(given);
        if found.is_empty() {
            let (file, wrong) =
                (Path::new(given), |what: String| Failure::new(Exit::Usage, what).next(VERIFIER_ADVICE));
            found = match std::fs::read_to_string(file) {
                Ok(text) => signature::verifiers(&text),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(Failure::of_file(file.display(), &error));
                }
                Err(_) if !file.exists() => {
                    return Err(wrong(format!("--trust: {given:?} is neither a verifier key nor a file")));
                }
                Err(_) => Vec::new(),
            };
            if found.is_empty() {
                return Err(wrong(format!("--trust: {given} contains no verifier key")));
            }
        }
        trust.keys.extend(found);
    }
    Ok(())
}

/// The private keys in a file of age.
fn identities(file: &Path, text: &str) -> Result<Vec<Identity>, Failure> {
    Identity::parse_file(text).map_err(|reason| {
        Failure::new(Exit::Authentication, format!("{} is not a file of private keys: {reason}", file.display()))
            .next("Such a file has a line that begins with AGE-SECRET-KEY-1; `bursar backup keygen` creates one.")
    })
}

fn s3(config: &Config, bucket: &str) -> Result<S3Settings, Failure> {
    let Backup { s3_credentials_file, s3_endpoint, s3_region, s3_prefix, s3_timeout_s, .. } = &config.backup;
    let environment = &config.s3_environment;
    let wrong = |message: String| {
        Failure::new(Exit::Configuration, message).next(
            "Write access_key_id = ... and secret_access_key = ... to the file that backup.s3_credentials_file names, \
             or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; not both.",
        )
    };
    let (id, secret, token) = match (s3_credentials_file, &environment.access_key_id) {
        (Some(file), Some(_)) => {
            return Err(wrong(format!(
                "the credentials of the bucket are in {} and in the environment",
                file.display()
            )));
        }
        (None, None) => return Err(wrong("there are no credentials for the bucket backup.s3_bucket".into())),
        (None, Some(id)) => (id.clone(), environment.secret_access_key.clone(), environment.session_token.clone()),
        (Some(file), None) => {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::of_file(file.display(), &error))?;
            let find = |name: &str| {
                let value = |line: &str| {
                    let (key, value) = line.split_once('=')?;
                    (key.trim().trim_start_matches("aws_") == name).then(|| value.trim().trim_matches('"').to_owned())
                };
                text.lines().find_map(value).filter(|value| !value.is_empty())
            };
            let missing = || wrong(format!("{} has no access_key_id", file.display()));
            (find("access_key_id").ok_or_else(missing)?, find("secret_access_key"), find("session_token"))
        }
    };
    Ok(S3Settings {
        endpoint: s3_endpoint.clone(),
        region: s3_region.clone(),
        bucket: bucket.to_owned(),
        prefix: s3_prefix.clone().unwrap_or_default(),
        access_key_id: id,
        secret_access_key: SecretString::from(
            secret.ok_or_else(|| wrong("the secret access key of the bucket backup.s3_bucket is missing".into()))?,
        ),
        session_token: token.map(SecretString::from),
        timeout: Duration::from_secs(*s3_timeout_s),
    })
}
