//! `bursar backup`: creates, lists, verifies, drills and prunes backups, with or without a running server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::outcome::Failure;
use super::output::{some_lines, table};
use super::{Session, backup_config, data_dir, progress};
use crate::backup::manifest::{Encoding, ManifestError, Reason};
use crate::backup::repository::{BackupName, Listed};
use crate::backup::signature::{Distrust, VERIFIER_LABEL};
use crate::backup::target::TargetError;
use crate::backup::{
    BackupError, BackupService, ProofLevel, Pruning, Selection, Verification, Verified, VerifiedChanges, keygen,
};
use crate::config::Config;
use crate::store::{self, DataDir, Verifier};
use crate::system::SystemClock;

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Create a backup now and send it to all targets, without blocking readers or writers
    Create {
        /// Also while another server of this installation ships to the same targets
        #[arg(long)]
        beside_other_server: bool,
    },
    /// List the backups at all targets
    List {
        #[command(flatten)]
        trust: TrustArgs,
    },
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
    /// Print the verifier key, which proves on another machine that a backup was made by this installation
    Verifier,
}

#[derive(Debug, Default, Args)]
pub struct Keys {
    /// File with age private keys, in addition to backup.identity_file; a verifier key in it is trusted
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

#[derive(Debug, Default, Args)]
pub struct TrustArgs {
    /// Verifier key, or a file that contains some, to trust in addition to backup.trusted_keys; may be repeated
    #[arg(long, value_name = "KEY|FILE")]
    pub(super) trust: Vec<String>,
    /// Accept backups and changes that are not signed, signed by another key, or plain although recipients are set
    #[arg(long)]
    pub(super) unsigned: bool,
}

impl Keys {
    /// For commands that decrypt nothing.
    pub(super) fn trusting(trust: TrustArgs) -> Keys {
        Keys { identity: None, trust }
    }
}

pub(super) fn run(command: BackupCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        BackupCommand::Create { beside_other_server } => create(beside_other_server, session),
        BackupCommand::List { trust } => list(trust, session),
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
        BackupCommand::Verifier => print_verifier(session),
    }
}

fn create(is_beside_other: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    // The first command after an update may be this one, before any server has made the key.
    data_dir::key(config, &data_dir::existing(config)?)?;
    let service = service_with_keys(session, &Keys::default())?;
    let service = if is_beside_other { service.beside_other_server() } else { service };
    let made = service.create(Reason::Manual)?;
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

fn list(trust: TrustArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let (mut rows, mut values, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    let service = service_with_keys(session, &Keys::trusting(trust))?;
    for at in service.list()? {
        let target = at.target;
        match at.backups {
            Ok(listed) => {
                rows.extend(listed.iter().map(|listed| row(&target, listed, &service)));
                values.extend(listed.iter().map(|listed| view(&target, listed, &service)));
            }
            Err(error) => unreadable.push(error),
        }
    }
    let others = backup_config::other_installations(&service, service.installation()?);
    let mut text = table(["NAME", "TIMELINE", "ENTRIES", "BYTES", "STATE", "TARGET"], &rows);
    for (target, other) in &others {
        text += &format!("\nAnother installation at {target}: {other}");
    }
    let others = backup_config::others_json(&others);
    session.output.print(&json!({"backups": values, "others": others, "unreadable": views(&unreadable)}), text)?;
    first(unreadable).map_or(Ok(()), |error| Err(error.into()))
}

fn state(listed: &Listed, service: &BackupService) -> &'static str {
    let signed = match &listed.manifest {
        Err(ManifestError::Newer { .. }) => return "newer",
        Err(_) => return "broken",
        Ok(signed) if listed.bytes != Some(signed.value.object.bytes) => return "broken",
        Ok(signed) => signed,
    };
    let is_encrypted = signed.value.object.encoding == Encoding::ZstdAge;
    match service.trust().check_manifest(signed) {
        Err(Distrust::Unsigned) => "unsigned",
        Err(Distrust::Foreign(_)) => "foreign",
        Err(Distrust::Renamed | Distrust::Empty) => "broken",
        Err(Distrust::Plain) | Ok(()) if !is_encrypted => "plain",
        Err(Distrust::Plain) | Ok(()) => "encrypted",
    }
}

fn row(target: &str, listed: &Listed, service: &BackupService) -> [String; 6] {
    let entries = listed.manifest.as_ref().map_or("-".into(), |signed| signed.value.contents.entries.to_string());
    [
        listed.name.to_string(),
        listed.timeline.to_string(),
        entries,
        listed.bytes.map_or("-".into(), |bytes| bytes.to_string()),
        state(listed, service).into(),
        target.into(),
    ]
}

fn view(target: &str, listed: &Listed, service: &BackupService) -> Value {
    let signed = listed.manifest.as_ref().ok();
    json!({
        "name": listed.name.to_string(),
        "timeline": listed.timeline,
        "target": target,
        "bytes": listed.bytes,
        "state": state(listed, service),
        "manifest": signed.map(|signed| &signed.value),
        "signed_by": signed.and_then(|signed| signed.signer).map(|signer| signer.to_string()),
        "problem": listed.manifest.as_ref().err().map(ToString::to_string),
    })
}

fn verify(which: Selection, keys: &Keys, session: &mut Session<'_>) -> Result<(), Failure> {
    let Verification { found, changes, not_used, unreadable } = service_with_keys(session, keys)?.verify(which)?;
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
    let are_right = changes.iter().all(|changes| changes.outcome.is_ok());
    let ok = are_right && unreadable.is_empty() && found.iter().all(|verified| verified.outcome.is_ok());
    let mut lines: Vec<_> = found
        .iter()
        .map(|verified| format!("{} at {}: {}", verified.name, verified.target, described(verified)))
        .collect();
    let values: Vec<_> = found.iter().map(value).collect();
    lines.extend(changes.iter().map(changes_text));
    lines.extend(notes_on(&not_used));
    lines.extend(unreadable.iter().map(|error| format!("NOT VERIFIED: {error}")));
    let after: Vec<_> = changes.iter().map(changes_view).collect();
    let value = json!({
        "ok": ok,
        "backups": values,
        "changes": after,
        "not_used": not_used,
        "unreadable": views(&unreadable),
    });
    session.output.print(&value, lines.join("\n"))?;
    let wrong = found.into_iter().find_map(|verified| verified.outcome.err());
    let wrong = wrong.or_else(|| changes.into_iter().find_map(|changes| changes.outcome.err()));
    wrong.or_else(|| first(unreadable)).map_or(Ok(()), |error| Err(error.into()))
}

fn changes_text(changes: &VerifiedChanges) -> String {
    let what = match &changes.outcome {
        Ok(Some(0)) => "none yet".to_owned(),
        Ok(Some(commits)) => format!("{commits} commits, proven to follow one another"),
        Ok(None) => "complete; verifying their contents takes the private key: --identity FILE".to_owned(),
        Err(error) => format!("WRONG: {error}"),
    };
    format!("Changes after {} at {}: {what}", changes.after, changes.target)
}

fn changes_view(changes: &VerifiedChanges) -> Value {
    json!({
        "after": changes.after.to_string(),
        "target": changes.target,
        "commits": changes.outcome.as_ref().ok().copied().flatten(),
        "problem": changes.outcome.as_ref().err().map(ToString::to_string),
    })
}

fn drill(keys: &Keys, session: &mut Session<'_>) -> Result<(), Failure> {
    let drilled = service_with_keys(session, keys)?.drill()?;
    let value = json!({
        "ok": true,
        "name": drilled.name.to_string(),
        "target": drilled.target,
        "commits": drilled.commits,
        "entries": drilled.entries,
        "took_ms": drilled.took_ms,
        "not_used": drilled.not_used,
    });
    let mut lines = vec![format!(
        "Restored {} and {} commits after it from {} to a temporary directory: {} entries, proven, ready for writing \
         after {} ms.",
        drilled.name, drilled.commits, drilled.target, drilled.entries, drilled.took_ms
    )];
    lines.extend(notes_on(&drilled.not_used));
    session.output.print(&value, lines.join("\n"))
}

/// What claims to be newer than the newest backup, and is not.
fn notes_on(not_used: &[String]) -> Vec<String> {
    some_lines(not_used.iter().map(|what| format!("NOTE not used: {what}")).collect())
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
                "checkpoints_removed": pruned.checkpoints,
                "broken": names(&pruned.broken),
                "branches": pruned.branches,
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
        if pruned.checkpoints > 0 {
            lines.push(format!("  {} checkpoints of the audit log; each day keeps one", pruned.checkpoints));
        }
        lines.extend(pruned.broken.iter().map(|name| format!("  {name} is broken and was not removed")));
        lines.extend(pruned.branches.iter().map(|it| format!("  keeps what {it} needs, until a restore has chosen")));
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
    // A key pair can be made before there is a database, or a configuration.
    let config = session.config().ok();
    let verifier = config.map_or(Ok(None), |config| verifier(config, &DataDir::new(&config.server.data_dir)))?;
    let recipient = keygen(file, verifier.as_ref())?.to_string();
    let says = match verifier {
        Some(verifier) => format!("It also names the verifier key of this installation, {verifier}."),
        None => "Once there is a database, add the verifier key that `bursar backup verifier` prints.".into(),
    };
    let text = format!(
        "Wrote the private key to {}. Store it elsewhere, in more than one place: without it no encrypted \
         backup can be read. {says}\n\nIn the configuration:\n  [backup]\n  recipients = [\"{recipient}\"]",
        file.display()
    );
    let verifier = verifier.map(|key| key.to_string());
    session.output.print(&json!({"recipient": recipient, "verifier": verifier, "file": file}), text)
}

/// The verifier key of a data directory; none without a database or an installation key.
fn verifier(config: &Config, dir: &DataDir) -> Result<Option<Verifier>, Failure> {
    if !dir.has_database() {
        return Ok(None);
    }
    let Some(key) = data_dir::present_key(config, dir)? else { return Ok(None) };
    let facts = store::read_file(&dir.database_file(), |tx| tx.copy_facts())?;
    Ok(Some(key.verifier(facts.installation)))
}

fn print_verifier(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let verifier = verifier(config, &data_dir::existing(config)?)?.ok_or(BackupError::NoSigningKey)?.to_string();
    let text = format!(
        "# {VERIFIER_LABEL} {verifier}\n\n\
         Keep this line with the private key of the backups, and not at their targets. A restore on another machine \
         takes it as --trust KEY or --trust FILE."
    );
    session.output.print(&json!({"verifier": verifier}), text)
}

fn service_with_keys(session: &Session<'_>, keys: &Keys) -> Result<BackupService, Failure> {
    let config = session.config()?;
    let dir = data_dir::existing(config)?;
    let mut settings = backup_config::settings(config, &dir)?;
    backup_config::add_keys(&mut settings, keys)?;
    Ok(BackupService::new(dir, settings, Arc::new(SystemClock)).with_progress(progress::watch(session.output.json)))
}
