//! `bursar keys`: lists and rotates the keys that sign end-user tokens and requests to webhooks.

use std::fs;

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::{self, ControlCommand};
use super::outcome::{Exit, Failure};
use super::output::table;
use super::{Session, data_dir, machine_user};
use crate::backup::signature::VERIFIER_LABEL;
use crate::config::Config;
use crate::domain::clock::{Clock, Moment};
use crate::store::{self, DataDir, InstallationKey, KeyRow, KeyUse, StoreError};
use crate::system::SystemClock;

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum KeysCommand {
    /// List all keys, newest first
    List,
    /// Create a key; it is published before it signs, and the old one until its last token has expired
    Rotate {
        /// The old keys are compromised: sign with the new one at once, and withdraw all others with their tokens
        #[arg(long)]
        now: bool,
    },
    /// Create a new installation key, because the old one is lost or others know it; all end-user tokens end
    Renew,
}

pub(super) fn run(command: KeysCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        KeysCommand::List => {
            let dir = data_dir::existing(session.config()?)?;
            let keys = data_dir::read(&dir.database_file(), |tx| {
                Ok([tx.signing_keys(KeyUse::Sessions)?, tx.signing_keys(KeyUse::Webhooks)?].concat())
            })?;
            let now = SystemClock.now();
            let rows: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
            let text = table(["KEY", "SIGNS", "STATE", "CREATED", "SIGNS FROM", "PUBLISHED UNTIL"], &rows);
            session.output.print(&keys.iter().map(|key| view(key, now)).collect(), text)
        }
        KeysCommand::Rotate { now } => {
            let value = data_dir::write(session.config()?, ControlCommand::RotateKeys { at_once: now })?;
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let (kid, from) = (text("kid"), text("signs_from"));
            let text = if now {
                format!(
                    "{kid} signs new tokens from now on. All other keys are withdrawn: platforms must reload the key \
                     set, and clients must log in again."
                )
            } else {
                format!("{kid} is published, and signs new tokens from {from} on.")
            };
            session.output.print(&value, text)
        }
        KeysCommand::Renew => renew(session),
    }
}

/// Replaces the installation key, and with it every key that the database has sealed. Can be repeated after a crash.
fn renew(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let dir = data_dir::existing(config)?;
    let lock = dir.lock()?;
    data_dir::read(&dir.database_file(), |_| Ok(()))?;
    let file = data_dir::key_file(config, &dir);
    let old = data_dir::present_key(config, &dir).ok().flatten();
    let is_vouched = is_vouched(&dir, config, old.as_ref())?;
    let kept = file.exists().then(|| file.with_extension(format!("replaced-{}.key", SystemClock.now().unix_ms())));
    if let Some(kept) = &kept {
        fs::rename(&file, kept).map_err(|error| {
            let message = format!("{} cannot be replaced: {error}", file.display());
            Failure::new(Exit::Configuration, message).next(
                "Run this without keys.file: the new key is then made in the data directory. Move it to where \
                 keys.file names it.",
            )
        })?;
    }
    let key = data_dir::made_key(config, &dir)?;
    let app = data_dir::open_with_new_key(lock, config, key)?;
    let verifier_of = |key: &InstallationKey| key.verifier(app.installation().uuid).to_string();
    let (verifier, old) = (verifier_of(app.key()), old.as_ref().map(verifier_of));
    let rotated =
        control::execute(&app, ControlCommand::RotateKeys { at_once: true }, &machine_user::of_this_process());
    app.close();
    let mut value = rotated?;
    (value["verifier"], value["old_verifier"]) = (json!(verifier), json!(old));
    value["kept"] = json!(kept);
    value["history_signed"] = json!(is_vouched);
    let mut lines = vec![
        format!("Made a new installation key: {}", file.display()),
        "All end-user tokens have ended: platforms must reload the key set, and clients must log in again.".into(),
        "Backups are signed with the new key from now on. Keep the key that verifies them elsewhere:".into(),
        format!("  # {VERIFIER_LABEL} {verifier}"),
        "Make one now, because those that the old key has signed are no longer trusted: bursar backup create".into(),
    ];
    if !is_vouched {
        lines.push(
            "No key that is here has signed what the database holds. Compare it with what you kept of it: bursar audit \
             --anchor FILE|FOLDER"
                .into(),
        );
    }
    lines.extend(old.map(|old| format!("To trust them nevertheless, add to backup.trusted_keys: {old}")));
    lines.extend(kept.map(|kept| format!("The old file is kept as {}; remove it if it is of no use.", kept.display())));
    session.output.print(&value, lines.join("\n"))
}

/// Whether the key that is there, or one that an interrupted renewal has put beside it, signed what the database holds.
/// Refuses to sign what the present key should have signed and did not.
fn is_vouched(dir: &DataDir, config: &Config, present: Option<&InstallationKey>) -> Result<bool, Failure> {
    let (file, database) = (data_dir::key_file(config, dir), dir.database_file());
    let stem = file.file_stem().map_or_else(String::new, |stem| format!("{}.replaced-", stem.to_string_lossy()));
    let beside = file.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten();
    let replaced = beside.filter(|entry| entry.file_name().to_string_lossy().starts_with(&stem));
    let replaced = replaced.filter_map(|entry| InstallationKey::load(&entry.path()).ok());
    let keys: Vec<_> = present.cloned().into_iter().chain(replaced).map(|key| key.verifier(Uuid::nil())).collect();
    if store::is_signed(&database, &keys)? {
        return Ok(true);
    }
    let is_its_key = |key: &InstallationKey| {
        store::read_file(&database, |tx| Ok::<_, StoreError>(tx.has_sealed_keys()? && tx.is_sealed_with(key)?))
    };
    match present.map(is_its_key).transpose()? {
        Some(true) => Err(data_dir::unsigned(config, dir)),
        _ => Ok(false),
    }
}

fn signed_by(key: &KeyRow) -> &'static str {
    match key.usage {
        KeyUse::Sessions => "tokens",
        KeyUse::Webhooks => "webhooks",
    }
}

fn state(key: &KeyRow, now: Moment) -> &'static str {
    if !key.is_published(now) {
        "withdrawn"
    } else if key.may_sign(now) {
        "signing"
    } else if key.signs_from > now {
        "announced"
    } else {
        "published"
    }
}

/// Keys of earlier versions signed from their creation.
fn signs_from(key: &KeyRow) -> Moment {
    key.signs_from.max(key.created_at)
}

fn row(key: &KeyRow, now: Moment) -> [String; 6] {
    [
        key.kid.clone(),
        signed_by(key).into(),
        state(key, now).into(),
        key.created_at.to_string(),
        signs_from(key).to_string(),
        key.withdrawn_at.map_or("-".into(), |at| at.to_string()),
    ]
}

fn view(key: &KeyRow, now: Moment) -> Value {
    json!({
        "kid": key.kid,
        "signs": signed_by(key),
        "state": state(key, now),
        "created_at": key.created_at.to_string(),
        "signs_from": signs_from(key).to_string(),
        "retired_at": key.retired_at.map(|at| at.to_string()),
        "withdrawn_at": key.withdrawn_at.map(|at| at.to_string()),
    })
}
