//! The data directory as commands use it: they read beside a running server, and write through it or, without one,
//! directly.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use super::control::{self, ControlCommand};
use super::outcome::{Exit, Failure};
use super::{backup_config, machine_user};
use crate::app::events::{DeliveryRules, StreamLimits};
use crate::app::maintenance::BackupDrills;
use crate::app::{self, App, ApprovalRules, Program, ReadLimits, Settings};
use crate::backup::manifest::Reason;
use crate::backup::target::TargetError;
use crate::backup::{BackupError, Progress};
use crate::config::Config;
use crate::config::start;
use crate::domain::clock_watch::ClockLimits;
use crate::domain::events::Reach;
use crate::domain::money::DecimalText;
use crate::domain::reference::RateBand;
use crate::store::{
    self, DataDir, DataDirError, Found, InstallationKey, InstallationKeyError, LATEST_SCHEMA, Locked, MigrationError,
    Mode, ReadTx, SIGNED_SINCE, Store, StoreError, Tuning,
};
use crate::system::{SystemClock, SystemRandomness};

/// The configured data directory, which must contain a database. If it has none, the failure says what to do: the
/// targets of backups are looked at, because the disk may have been lost.
pub(super) fn existing(config: &Config) -> Result<DataDir, Failure> {
    present(config)?.ok_or_else(|| {
        let dir = DataDir::new(&config.server.data_dir);
        backed_up(config, &dir).unwrap_or_else(|| no_database(config, &dir))
    })
}

/// The failure for a data directory without a database, of which no target has backups.
pub(super) fn no_database(config: &Config, dir: &DataDir) -> Failure {
    let (path, here) = (dir.path().display(), flags(config, dir));
    Failure::new(Exit::Database, format!("there is no database in {path}; create one with: bursar init {here}"))
}

/// The configured data directory; none if it has no database.
pub(super) fn present(config: &Config) -> Result<Option<DataDir>, Failure> {
    let dir = DataDir::new(&config.server.data_dir);
    if dir.has_open_swap() {
        // A restore was interrupted after its commit point: taking the lock completes it.
        drop(dir.lock()?);
    }
    match std::fs::metadata(dir.database_file()) {
        Ok(_) => Ok(Some(dir)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::of_file(dir.database_file().display(), &error)),
    }
}

/// The failure for a data directory without a database if the targets hold backups, from which it can be restored, or
/// if one of them cannot be looked at: its disk may be the one that is left.
pub(super) fn backed_up(config: &Config, dir: &DataDir) -> Option<Failure> {
    let looked = match backup_config::service(config, dir.clone()) {
        Ok(service) => service.installations(),
        Err(failure) => return Some(failure),
    };
    let (readable, unreadable): (Vec<_>, Vec<_>) = looked.into_iter().partition(Result::is_ok);
    let unreadable: Vec<TargetError> = unreadable.into_iter().filter_map(Result::err).collect();
    for error in &unreadable {
        tracing::warn!(%error, "a target of backups could not be looked at");
    }
    let places = readable.into_iter().flatten().filter(|(_, installations)| !installations.is_empty());
    let places: Vec<_> = places.collect();
    let mut installations: Vec<_> = places.iter().flat_map(|(_, installations)| installations).collect();
    installations.sort();
    installations.dedup();
    let names = |names: &[String]| names.join(", ");
    let which = match installations.as_slice() {
        [] => return unreadable.into_iter().next().map(|error| not_looked_at(config, dir, error)),
        [_] => "",
        _ => " --installation UUID",
    };
    let message = format!(
        "there is no database in {}, and backups of {} are at {}",
        dir.path().display(),
        names(&installations.iter().map(ToString::to_string).collect::<Vec<_>>()),
        names(&places.iter().map(|(target, _)| target.clone()).collect::<Vec<_>>()),
    );
    let here = flags(config, dir);
    Some(Failure::new(Exit::Database, message).next(format!(
        "Restore it with: bursar restore apply{which} {here}\nOr begin a new installation beside them: bursar init \
         --new {here}"
    )))
}

/// The failure for a data directory without a database, and perhaps with backups at a target that cannot be looked at.
fn not_looked_at(config: &Config, dir: &DataDir, error: TargetError) -> Failure {
    let (next, path, here) = (error.next(), dir.path().display(), flags(config, dir));
    let message =
        format!("there is no database in {path}, and a target that may hold its backups cannot be read: {error}");
    let failure = Failure::from(BackupError::Target(error));
    Failure { message, ..failure }.next(format!(
        "{next} Then see what it holds: bursar restore list {here}\nOr begin a new installation: bursar init --new \
         {here}"
    ))
}

/// The flags with which another command finds this directory and the same configuration.
pub(super) fn flags(config: &Config, dir: &DataDir) -> String {
    start::flags(config, dir.path())
}

/// The mode of the database in a directory; `None` if there is none, or if its creation was interrupted.
pub(super) fn mode(dir: &DataDir) -> Result<Option<Mode>, Failure> {
    let file = dir.database_file();
    if std::fs::metadata(&file).map_or(true, |file| file.len() == 0) {
        return Ok(None);
    }
    Ok(store::read_mode(&file)?)
}

/// Reads a database file, even while other processes have it open. Refuses other schema versions.
pub(super) fn read<T>(file: &Path, query: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError>) -> Result<T, Failure> {
    store::read_file(file, |tx| {
        let found = tx.schema_version()?;
        if found == LATEST_SCHEMA { Ok(query(tx)?) } else { Err(other_schema(file, found)) }
    })
}

/// Migrates an older database to the schema of this program: makes a proven backup, then migrates in one transaction
/// that is proven before it commits. Returns the old version and the name of the backup, or `None` if the schema is
/// current.
pub(super) fn migrate(
    lock: &Locked,
    config: &Config,
    watch: Arc<dyn Progress>,
) -> Result<Option<(i64, String)>, Failure> {
    let dir = lock.dir();
    let (found, missing) = store::schema_state(&dir.database_file())?;
    refuse_newer(found)?;
    if found == 0 || missing.is_empty() {
        return Ok(None);
    }
    let key = key(config, dir)?;
    if found < SIGNED_SINCE && !key.may_adopt() {
        return Err(turned_back(config, dir, found));
    }
    if !store::is_signed(&dir.database_file(), &[key.verifier(Uuid::nil())])? {
        return Err(unsigned(config, dir));
    }
    let service = backup_config::service_before_migration(config, dir.clone(), watch)?;
    let backup = match service.create(Reason::Migration) {
        Ok(created) => created.name.to_string(),
        Err(error @ BackupError::Partial(_)) => {
            tracing::warn!(%error, "the backup before the migration did not reach all targets");
            let proven = service.record().last_proof;
            proven.map(|recorded| recorded.name).ok_or_else(|| unbacked(found, &error.into()))?
        }
        Err(error @ BackupError::Busy(_)) => return Err(error.into()),
        Err(error) => return Err(unbacked(found, &error.into())),
    };
    tracing::info!(%backup, from = found, to = LATEST_SCHEMA, "migrating the database");
    store::migrate(lock, Some(&key)).map_err(|error| {
        let message = format!("the database cannot be migrated from schema version {found}: {error}");
        let next = format!(
            "Nothing was changed: the previous bursar version still works. The database is also in the backup {backup}."
        );
        Failure::new(Exit::Database, message).next(next)
    })?;
    end_adoption(config, dir, &key);
    Ok(Some((found, backup)))
}

/// From here on an older schema, or a commit without a signature, is refused with this key. A key file that cannot be
/// written stays as it is.
fn end_adoption(config: &Config, dir: &DataDir, key: &InstallationKey) {
    if let Err(error) = key.end_adoption(&key_file(config, dir)) {
        tracing::warn!(
            %error,
            "the installation key could not be marked as one that signs every commit: whoever can write to the \
             database could turn it back to an earlier version"
        );
    }
}

/// The failure of a migration whose key has signed commits of a newer schema.
fn turned_back(config: &Config, dir: &DataDir, found: i64) -> Failure {
    let message = format!(
        "{} has schema version {found}, but the installation key has signed every commit of a newer version: the file \
         was changed or replaced",
        dir.database_file().display()
    );
    Failure::new(Exit::Verification, message).next(after_forgery(config, dir))
}

/// The failure for a database whose last commit the installation key has not signed.
pub(super) fn unsigned(config: &Config, dir: &DataDir) -> Failure {
    let error = MigrationError::Unsigned(dir.database_file());
    Failure::new(Exit::Verification, error.to_string()).next(after_forgery(config, dir))
}

/// What to do with a database that somebody else has written to.
fn after_forgery(config: &Config, dir: &DataDir) -> String {
    let (file, here) = (start::quoted(&dir.database_file()), flags(config, dir));
    format!(
        "Nothing was changed. Keep a copy of the data directory, and find out who could write to it.\nWhat differs: \
         bursar audit {here} {file}\nPut the signed history back with: bursar restore apply {here}"
    )
}

/// The failure of a migration without its backup.
fn unbacked(found: i64, reason: &Failure) -> Failure {
    let message = format!(
        "the database has schema version {found} and must be migrated to {LATEST_SCHEMA}; nothing was changed, because \
         the backup before it could not be made: {}",
        reason.message
    );
    let next = reason.next.clone().unwrap_or_else(|| "Fix this and start again.".into());
    Failure::new(Exit::Database, message).next(next)
}

/// Refuses a database that a newer version wrote.
pub(super) fn refuse_newer(found: i64) -> Result<(), Failure> {
    match found > LATEST_SCHEMA {
        true => Err(MigrationError::TooNew { found }.into()),
        false => Ok(()),
    }
}

fn other_schema(file: &Path, found: i64) -> Failure {
    let message = format!("{} has schema version {found}, this program works with {LATEST_SCHEMA}", file.display());
    let next = match found < LATEST_SCHEMA {
        true => {
            "`bursar db migrate`, or `bursar serve` when it starts, migrates the database of its data directory; an \
             older copy needs the bursar version that wrote it."
        }
        false => "Use the bursar version that wrote it, or a newer one.",
    };
    Failure::new(Exit::Database, message).next(next)
}

/// Executes a command that writes: through the running server, or in this process if none runs.
pub(super) fn write(config: &Config, command: ControlCommand) -> Result<Value, Failure> {
    let dir = existing(config)?;
    match dir.lock() {
        Ok(lock) => {
            // Refuses to migrate: a small command should not change the file for good.
            read(&dir.database_file(), |_| Ok(()))?;
            let app = open(lock, config)?;
            let outcome = control::execute(&app, command, &machine_user::of_this_process());
            app.close();
            outcome
        }
        Err(DataDirError::InUse(_)) => control::ask(&dir, &command, control::ANSWER_TIMEOUT),
        Err(error) => Err(error.into()),
    }
}

/// Opens a database and builds the app on it.
pub(super) fn open(lock: Locked, config: &Config) -> Result<Arc<App>, Failure> {
    let key = key(config, lock.dir())?;
    open_with(lock, config, key)
}

/// The same with this installation key, which must have signed the last commit.
pub(super) fn open_with(lock: Locked, config: &Config, key: InstallationKey) -> Result<Arc<App>, Failure> {
    open_found(lock, config, key, Found::Own)
}

/// Opens a database with a new installation key, whatever the old one has sealed and signed.
pub(super) fn open_with_new_key(lock: Locked, config: &Config, key: InstallationKey) -> Result<Arc<App>, Failure> {
    open_found(lock, config, key, Found::Checked)
}

fn open_found(lock: Locked, config: &Config, key: InstallationKey, found: Found) -> Result<Arc<App>, Failure> {
    let dir = lock.dir().clone();
    let store = Store::open(lock, &tuning(config), &key, found).map_err(|error| match error {
        MigrationError::Unsigned(_) => unsigned(config, &dir),
        error => error.into(),
    })?;
    end_adoption(config, &dir, &key);
    build_app(store, config, key)
}

/// Builds the app on an open database.
fn build_app(store: Store, config: &Config, key: InstallationKey) -> Result<Arc<App>, Failure> {
    let app = App::new(store, Arc::new(SystemClock), Arc::new(SystemRandomness), settings(config), key);
    Ok(Arc::new(app?))
}

/// The file of the installation key.
pub(super) fn key_file(config: &Config, dir: &DataDir) -> PathBuf {
    config.keys.file.clone().unwrap_or_else(|| dir.key_file())
}

/// The installation key of a data directory. It is made if there is none, but never in place of a missing one that the
/// database needs; one that does not open what the database has sealed is refused. For the owner of the directory only.
pub(super) fn key(config: &Config, dir: &DataDir) -> Result<InstallationKey, Failure> {
    dir.check_owner()?;
    let Some(key) = present_key(config, dir)? else {
        return if needs_key(dir)? { Err(missing_key(config, dir)) } else { key_to_adopt_with(config, dir) };
    };
    if mode(dir)?.is_none() || store::read_file(&dir.database_file(), |tx| tx.is_sealed_with(&key))? {
        return Ok(key);
    }
    let (file, database) = (key_file(config, dir), dir.database_file());
    let message =
        format!("{} is not the installation key that sealed the keys in {}", file.display(), database.display());
    Err(Failure::new(Exit::Configuration, message).next(without_key(config, dir)))
}

/// The installation key of a data directory, whatever the database has sealed; none if there is none.
pub(super) fn present_key(config: &Config, dir: &DataDir) -> Result<Option<InstallationKey>, Failure> {
    match InstallationKey::load(&key_file(config, dir)) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error @ InstallationKeyError::Exposed { .. }) => Err(error.into()),
        Err(error) => Err(Failure::from(error).next(without_key(config, dir))),
    }
}

/// The installation key for a restored database, whose keys are new. What is there may be damaged, or of another
/// installation; only a key file that a readable database still needs must not be missing.
pub(super) fn key_to_restore_with(config: &Config, dir: &DataDir) -> Result<InstallationKey, Failure> {
    match present_key(config, dir)? {
        Some(key) => Ok(key),
        None if needs_key(dir).unwrap_or(false) => Err(missing_key(config, dir)),
        None => key_to_adopt_with(config, dir),
    }
}

/// Makes the installation key in a new file.
pub(super) fn made_key(config: &Config, dir: &DataDir) -> Result<InstallationKey, Failure> {
    InstallationKey::create(&key_file(config, dir)).map_err(|error| no_key_made(config, error))
}

fn no_key_made(config: &Config, error: InstallationKeyError) -> Failure {
    let failure = Failure::from(error);
    if config.keys.file.is_none() {
        return failure;
    }
    let next = "Make it without keys.file: it is then made in the data directory. Move it to where keys.file names it.";
    Failure { exit: Exit::Configuration, code: Exit::Configuration.name().into(), ..failure }.next(next)
}

/// Makes the installation key where there is none, because the database is of an earlier version, or nothing is there.
fn key_to_adopt_with(config: &Config, dir: &DataDir) -> Result<InstallationKey, Failure> {
    if !matches!(mode(dir), Ok(Some(_))) {
        return made_key(config, dir);
    }
    InstallationKey::create_to_adopt(&key_file(config, dir)).map_err(|error| no_key_made(config, error))
}

/// Whether the database holds keys that only its installation key opens, or commits that it must have signed.
fn needs_key(dir: &DataDir) -> Result<bool, Failure> {
    let needs = |tx: &ReadTx<'_>| Ok::<_, StoreError>(tx.schema_version()? >= SIGNED_SINCE || tx.has_sealed_keys()?);
    Ok(mode(dir)?.is_some() && store::read_file(&dir.database_file(), needs)?)
}

fn missing_key(config: &Config, dir: &DataDir) -> Failure {
    let file = key_file(config, dir);
    let database = dir.database_file();
    let message = format!("the installation key {} is missing, and {} needs it", file.display(), database.display());
    Failure::new(Exit::Configuration, message).next(without_key(config, dir))
}

/// The way out for who has lost the installation key.
fn without_key(config: &Config, dir: &DataDir) -> String {
    format!(
        "Put the right file back. If it is lost, this makes new keys and ends all end-user tokens: bursar keys renew \
         {}",
        flags(config, dir)
    )
}

/// The settings of the database, as configured.
pub(super) fn tuning(config: &Config) -> Tuning {
    let store = &config.store;
    Tuning {
        readers: narrow(store.readers),
        queue: usize::try_from(store.queue).unwrap_or(usize::MAX),
        checkpoint_pages: narrow(store.checkpoint_pages),
        journal: config.backup.enabled,
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        login_token_days: narrow(config.access.login_token_days),
        session_issuer: config.sessions.issuer.clone(),
        session_audience: config.sessions.audience.clone(),
        session_lifetime_s: narrow(config.sessions.lifetime_s),
        session_key_notice_s: narrow(config.sessions.key_notice_s),
        session_key_cache_s: narrow(config.sessions.key_cache_s),
        account_number_prefix: config.accounts.number_prefix.clone(),
        approvals: ApprovalRules {
            // The configuration was validated, so that the text is a number.
            rate_band: RateBand(
                DecimalText::parse(&config.approvals.rate_band_percent).unwrap_or(DecimalText::whole(0)),
            ),
            rate_age_hours: narrow(config.approvals.rate_max_age_hours),
            expiry_days: narrow(config.approvals.expiry_days),
        },
        program: Program {
            name: config.program.name.clone(),
            // The configuration was validated, so that the zone exists.
            time_zone: TimeZone::get(&config.program.time_zone).unwrap_or(TimeZone::UTC),
            max_external_accounts: narrow(config.program.max_external_accounts),
        },
        quote_age_s: narrow(config.trading.quote_age_s),
        retried_at_once: narrow(config.trading.retried_at_once),
        retry_days: narrow(config.idempotency.retention_days),
        event_days: Some(narrow(config.events.retention_days)).filter(|days| *days > 0),
        streams: StreamLimits {
            all: usize::try_from(config.events.max_streams).unwrap_or(usize::MAX),
            each: usize::try_from(config.events.max_streams_per_operator).unwrap_or(usize::MAX),
            heartbeat: Duration::from_millis(config.events.heartbeat_ms),
        },
        deliveries: DeliveryRules {
            reach: match (config.webhooks.allow_private, config.webhooks_to_loopback) {
                (true, _) => Reach::All,
                (false, true) => Reach::PublicAndLoopback,
                (false, false) => Reach::Public,
            },
            timeout: Duration::from_millis(config.webhooks.timeout_ms),
            dead_after_s: narrow(config.webhooks.dead_after_hours * 3600),
            log_days: narrow(config.webhooks.log_days),
        },
        operation_timeout: Duration::from_millis(config.store.operation_timeout_ms),
        reads: ReadLimits {
            // At most half of the connections, so that point reads always find one.
            all: usize::try_from(config.store.readers / 2).unwrap_or(1),
            each: usize::try_from(config.limits.reads_per_operator).unwrap_or(usize::MAX),
            waiting: usize::try_from(config.limits.waiting_reads_per_operator).unwrap_or(usize::MAX),
            patience: Duration::from_millis(config.store.operation_timeout_ms),
        },
        clock: ClockLimits {
            ahead_ms: milliseconds(config.clock.ahead_max_s),
            back_ms: milliseconds(config.clock.back_max_s),
            pause_ms: milliseconds(config.clock.pause_max_days * 86_400),
        },
        backup_interval: backup_config::schedule(config)
            .map(|_| Duration::from_secs(config.backup.interval_hours * 3600)),
        backup_drills: match backup_config::schedule(config) {
            Some(schedule) if schedule.drill_s.is_some() => {
                let can_read = config.backup.recipients.is_empty() || config.backup.identity_file.is_some();
                if can_read { BackupDrills::On } else { BackupDrills::NoKey }
            }
            _ => BackupDrills::Off,
        },
    }
}

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// Converts a value whose configured range is far below that of `u32`.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Creates a database and sets it up. If a step fails, nothing of it remains.
pub(super) fn create<T>(
    lock: Locked,
    config: &Config,
    mode: Mode,
    set_up: impl FnOnce(&Arc<App>) -> Result<T, Failure>,
) -> Result<(Arc<App>, T), Failure> {
    let dir = lock.dir().clone();
    make(lock, config, mode, set_up).map_err(|failure| {
        // The failed attempt released the lock. A process that holds it now is using the database, which must then not
        // be removed.
        match dir.lock().and_then(|lock| lock.discard_database()) {
            Ok(()) => failure,
            Err(error) => {
                tracing::warn!(%error, file = %dir.database_file().display(), "an incomplete database was left behind");
                failure
            }
        }
    })
}

fn make<T>(
    lock: Locked,
    config: &Config,
    mode: Mode,
    set_up: impl FnOnce(&Arc<App>) -> Result<T, Failure>,
) -> Result<(Arc<App>, T), Failure> {
    let key = present_key(config, lock.dir())?.map_or_else(|| made_key(config, lock.dir()), Ok)?;
    let store = Store::open(lock, &tuning(config), &key, Found::Own)?;
    app::install(&store, &key, mode, &SystemClock, &SystemRandomness)?;
    let app = build_app(store, config, key)?;
    let made = set_up(&app).inspect_err(|_| app.close())?;
    Ok((app, made))
}
