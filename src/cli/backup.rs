//! `bursar backup`: creates, lists, verifies, drills and prunes backups, with or without a running server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::outcome::Failure;
use super::output::table;
use super::{Session, backup_config, data_dir, progress};
use crate::backup::manifest::{Encoding, ManifestError, Reason};
use crate::backup::repository::{BackupName, Listed};
use crate::backup::target::TargetError;
use crate::backup::{BackupError, BackupService, ProofLevel, Pruning, Selection, Verification, Verified, keygen};
use crate::system::SystemClock;

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Create a backup now and send it to all targets, without blocking readers or writers
    Create,
    /// List the backups at all targets
    List,
    /// Fetch backups and prove them: the newest at each target, the named one, or all
    Verify {
        /// Name of the backup, as shown by `bursar backup list` [default: the newest at each target]
        #[arg(conflicts_with = "all")]
        name: Option<BackupName>,
        /// Verify every backup at every target
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        keys: Keys,
    },
    /// Restore the newest backup to a temporary directory, open it as a server does, prove it, and discard it
    Drill {
        #[command(flatten)]
        keys: Keys,
    },
    /// Remove backups that the retention does not keep; never the newest or the last proven one
    Prune {
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Generate a private key for encrypted backups in a new file, and print the public key for `backup.recipients`
    Keygen {
        /// File for the private key; must not exist
        file: PathBuf,
    },
}

#[derive(Debug, Default, Args)]
pub struct Keys {
    /// File with age private keys, in addition to backup.identity_file
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
}

pub(super) fn run(command: BackupCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        BackupCommand::Create => create(session),
        BackupCommand::List => list(session),
        BackupCommand::Verify { name, all, keys } => {
            let which = match (name, all) {
                (Some(name), _) => Selection::Named(name),
                (None, true) => Selection::All,
                (None, false) => Selection::Newest,
            };
            verify(which, &keys, session)
        }
        BackupCommand::Drill { keys } => drill(&keys, session),
        BackupCommand::Prune { dry_run } => prune(dry_run, session),
        BackupCommand::Keygen { file } => make_key(&file, session),
    }
}

fn create(session: &mut Session<'_>) -> Result<(), Failure> {
    let made = service_with_keys(session, &Keys::default())?.create(Reason::Manual)?;
    let (contents, object) = (&made.manifest.contents, &made.manifest.object);
    let value = json!({
        "name": made.name.to_string(),
        "targets": made.targets,
        "swept": made.swept,
        "manifest": made.manifest,
    });
    let text = format!(
        "Made {}: {} entries up to {}, {} of database in {} bytes{}; proven.\n{}",
        made.name,
        contents.entries,
        contents.last_entry,
        contents.database.bytes,
        object.bytes,
        if object.encoding == Encoding::ZstdAge { ", encrypted" } else { "" },
        made.targets.iter().map(|target| format!("  {target}")).collect::<Vec<_>>().join("\n"),
    );
    session.output.print(&value, text)
}

fn list(session: &mut Session<'_>) -> Result<(), Failure> {
    let (mut rows, mut values, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for at in service_with_keys(session, &Keys::default())?.list()? {
        let target = at.target;
        match at.backups {
            Ok(listed) => {
                rows.extend(listed.iter().map(|listed| row(&target, listed)));
                values.extend(listed.iter().map(|listed| view(&target, listed)));
            }
            Err(error) => unreadable.push(error),
        }
    }
    let text = table(["NAME", "TIMELINE", "ENTRIES", "BYTES", "STATE", "TARGET"], &rows);
    session.output.print(&json!({"backups": values, "unreadable": views(&unreadable)}), text)?;
    first(unreadable).map_or(Ok(()), |error| Err(error.into()))
}

fn state(listed: &Listed) -> &'static str {
    match &listed.manifest {
        Err(ManifestError::Newer { .. }) => "newer",
        Err(_) => "broken",
        Ok(manifest) if listed.bytes != Some(manifest.object.bytes) => "broken",
        Ok(manifest) if manifest.object.encoding == Encoding::ZstdAge => "encrypted",
        Ok(_) => "plain",
    }
}

fn row(target: &str, listed: &Listed) -> [String; 6] {
    let entries = listed.manifest.as_ref().map_or("-".into(), |manifest| manifest.contents.entries.to_string());
    [
        listed.name.to_string(),
        listed.timeline.to_string(),
        entries,
        listed.bytes.map_or("-".into(), |bytes| bytes.to_string()),
        state(listed).into(),
        target.into(),
    ]
}

fn view(target: &str, listed: &Listed) -> Value {
    json!({
        "name": listed.name.to_string(),
        "timeline": listed.timeline,
        "target": target,
        "bytes": listed.bytes,
        "state": state(listed),
        "manifest": listed.manifest.as_ref().ok(),
        "problem": listed.manifest.as_ref().err().map(ToString::to_string),
    })
}

fn verify(which: Selection, keys: &Keys, session: &mut Session<'_>) -> Result<(), Failure> {
    let Verification { found, unreadable } = service_with_keys(session, keys)?.verify(which)?;
    let described = |verified: &Verified| match &verified.outcome {
        Ok(ProofLevel::Proven) => "proven".to_owned(),
        Ok(ProofLevel::Stored) => {
            "stored unchanged; verifying its contents takes the private key: --identity FILE".to_owned()
        }
        Err(error) => format!("WRONG: {error}"),
    };
    let level = |verified: &Verified| match &verified.outcome {
        Ok(ProofLevel::Proven) => "proven",
        Ok(ProofLevel::Stored) => "stored",
        Err(_) => "wrong",
    };
    let value = |verified: &Verified| {
        json!({
            "name": verified.name.to_string(),
            "target": verified.target,
            "state": level(verified),
            "problem": verified.outcome.as_ref().err().map(ToString::to_string),
        })
    };
    let ok = unreadable.is_empty() && found.iter().all(|verified| verified.outcome.is_ok());
    let mut lines: Vec<_> = found
        .iter()
        .map(|verified| format!("{} at {}: {}", verified.name, verified.target, described(verified)))
        .collect();
    let values: Vec<_> = found.iter().map(value).collect();
    lines.extend(unreadable.iter().map(|error| format!("NOT VERIFIED: {error}")));
    let value = json!({"ok": ok, "backups": values, "unreadable": views(&unreadable)});
    session.output.print(&value, lines.join("\n"))?;
    let wrong = found.into_iter().find_map(|verified| verified.outcome.err());
    wrong.or_else(|| first(unreadable)).map_or(Ok(()), |error| Err(error.into()))
}

fn drill(keys: &Keys, session: &mut Session<'_>) -> Result<(), Failure> {
    let drilled = service_with_keys(session, keys)?.drill()?;
    let value = json!({
        "ok": true,
        "name": drilled.name.to_string(),
        "target": drilled.target,
        "entries": drilled.entries,
        "took_ms": drilled.took_ms,
    });
    let text = format!(
        "Restored {} from {} to a temporary directory: {} entries, proven, ready for writing after {} ms.",
        drilled.name, drilled.target, drilled.entries, drilled.took_ms
    );
    session.output.print(&value, text)
}

fn prune(dry_run: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    let Pruning { pruned, failed } = service_with_keys(session, &Keys::default())?.prune(dry_run)?;
    let names = |names: &[BackupName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let values: Vec<_> = pruned
        .iter()
        .map(|pruned| {
            json!({
                "target": pruned.target,
                "kept": names(&pruned.kept),
                "removed": names(&pruned.removed),
                "journal_segments_removed": pruned.segments,
                "broken": names(&pruned.broken),
            })
        })
        .collect();
    let mut lines = Vec::new();
    for pruned in &pruned {
        let what = if dry_run { "would remove" } else { "removed" };
        lines.push(format!(
            "{}: {what} {} backups and {} journal segments, keeps {}",
            pruned.target,
            pruned.removed.len(),
            pruned.segments,
            pruned.kept.len()
        ));
        lines.extend(pruned.removed.iter().map(|name| format!("  {name}")));
        lines.extend(pruned.broken.iter().map(|name| format!("  {name} is broken and was not removed")));
    }
    lines.extend(failed.iter().map(|error| format!("NOT PRUNED: {error}")));
    let value = json!({"dry_run": dry_run, "targets": values, "failed": views(&failed)});
    session.output.print(&value, lines.join("\n"))?;
    first(failed).map_or(Ok(()), |error| Err(error.into()))
}

fn views(errors: &[TargetError]) -> Vec<Value> {
    errors.iter().map(|error| json!({"target": error.target, "error": error.what})).collect()
}

/// The error that a command returns after it has done all that it can.
fn first(errors: Vec<TargetError>) -> Option<BackupError> {
    errors.into_iter().next().map(BackupError::Target)
}

fn make_key(file: &Path, session: &mut Session<'_>) -> Result<(), Failure> {
    let recipient = keygen(file)?.to_string();
    let text = format!(
        "Wrote the private key to {}. Store it elsewhere, in more than one place: without it no encrypted \
         backup can be read.\n\nIn the configuration:\n  [backup]\n  recipients = [\"{recipient}\"]",
        file.display()
    );
    session.output.print(&json!({"recipient": recipient, "file": file}), text)
}

fn service_with_keys(session: &Session<'_>, keys: &Keys) -> Result<BackupService, Failure> {
    let config = session.config()?;
    let dir = data_dir::existing(config)?;
    let mut settings = backup_config::settings(config, &dir)?;
    if let Some(file) = &keys.identity {
        settings.identities.extend(backup_config::identities(file)?);
    }
    Ok(BackupService::new(dir, settings, Arc::new(SystemClock)).with_progress(progress::watch(session.output.json)))
}
