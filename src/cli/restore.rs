//! `bursar restore`: lists what can be restored, plans a restore and applies it; jobs are paused until `restore
//! resume`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::backup::{Keys, TrustArgs};
use super::control::ControlCommand;
use super::outcome::{Exit, Failure};
use super::output::{some_lines, table};
use super::restore_view::{catalog_view, not_used, plan_text, plan_view, text_of, unreachable};
use super::{Session, backup_config, data_dir, machine_user, progress};
use crate::app::maintenance::{self, Restored};
use crate::backup::BackupService;
use crate::backup::history::OwnLine;
use crate::backup::repository::BackupName;
use crate::backup::restore::{Built, Catalog, RestorePlan, RestoreRequest};
use crate::backup::signature::VERIFIER_LABEL;
use crate::config::Config;
use crate::domain::clock::{Clock, Moment};
use crate::store::{
    self, Census, DataDir, Finding, Found, InstallationKey, Issued, LATEST_SCHEMA, Locked, OtherHistory, RestoreRow,
    SpooledSegment, Store, StoreError,
};
use crate::system::{SystemClock, SystemRandomness};

/// The commands of `bursar restore`.
#[derive(Debug, Subcommand)]
pub enum RestoreCommand {
    /// List the backups, and the moments that can be restored
    List {
        /// The installation to restore
        #[command(flatten)]
        installation_of: InstallationArg,
        /// Whose backups are listed as usable
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Show which backup and changes a restore would use, which commits are missing, and how much space it takes
    Plan {
        /// The state to restore
        #[command(flatten)]
        args: RestoreArgs,
        /// Whose backups are used
        #[command(flatten)]
        keys: Keys,
    },
    /// Restore; the replaced database is kept beside the new one
    Apply {
        /// The state to restore
        #[command(flatten)]
        args: RestoreArgs,
        /// Restore into this directory, which becomes a data directory of its own
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
        /// Show the plan and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Restore this backup file alone, without any target
        #[arg(long, value_name = "BACKUP", conflicts_with_all = ["at", "timeline", "backup", "branch", "installation"])]
        file: Option<PathBuf>,
        /// The keys of encrypted backups
        #[command(flatten)]
        keys: Keys,
    },
    /// Continue the jobs that a restore has paused
    Resume,
}

/// The installation to restore.
#[derive(Debug, Default, Args)]
pub struct InstallationArg {
    /// Which installation, if the targets hold backups of several and no database is there
    #[arg(long, value_name = "UUID")]
    installation: Option<Uuid>,
}

/// The state to restore.
#[derive(Debug, Default, Args)]
pub struct RestoreArgs {
    /// Restore what was recorded up to this moment, such as 2026-03-02T08:15:00.120Z; the default is everything
    #[arg(long, value_name = "T", value_parser = moment)]
    at: Option<Moment>,
    /// Use this timeline; the default is the newest that has a backup from before the moment
    #[arg(long, value_name = "N")]
    timeline: Option<i64>,
    /// Follow this history, if the targets hold several; `bursar restore list` shows them
    #[arg(long, value_name = "ID")]
    branch: Option<String>,
    /// Start with this backup; the default is the newest from before the moment
    #[arg(long, value_name = "NAME")]
    backup: Option<BackupName>,
    #[command(flatten)]
    installation_of: InstallationArg,
}

fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "write it like 2026-03-02T08:15:00Z".to_owned())
}

impl RestoreArgs {
    fn request(&self) -> RestoreRequest {
        RestoreRequest { at: self.at, timeline: self.timeline, backup: self.backup, branch: self.branch.clone() }
    }
}

/// Runs a command of `bursar restore`.
pub(super) fn run(command: RestoreCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        RestoreCommand::List { installation_of, trust } => list(&installation_of, trust, session),
        RestoreCommand::Plan { args, keys } => {
            let config = session.config()?;
            let service = service_with_keys(config, &keys, session.output.json)?;
            let spooled = spooled(&DataDir::new(&config.server.data_dir))?;
            let catalog = service.catalog(args.installation_of.installation, spooled)?;
            let plan = service.plan(&catalog, args.request())?;
            session.output.print(&plan_view(&plan, &catalog), plan_text(&plan, &catalog))?;
            plan.failure().map_or(Ok(()), |failure| Err(failure.into()))
        }
        RestoreCommand::Apply { args, into, dry_run, file, keys } => {
            let request =
                ApplyRequest { args: &args, into: into.as_deref(), is_rehearsal: dry_run, file: file.as_deref() };
            apply(&request, &keys, session)
        }
        RestoreCommand::Resume => {
            let done = data_dir::write(session.config()?, ControlCommand::ResumeAfterRestore)?;
            let text = match done["resumed"].as_bool() {
                Some(true) => "Jobs continue.",
                _ => "Jobs were not paused; nothing was changed.",
            };
            session.output.print(&done, text)
        }
    }
}

/// The backup service of the configured data directory, which also tries these keys.
fn service_with_keys(config: &Config, keys: &Keys, json: bool) -> Result<BackupService, Failure> {
    let dir = DataDir::new(&config.server.data_dir);
    let mut settings = backup_config::settings(config, &dir)?;
    backup_config::add_keys(&mut settings, keys)?;
    Ok(BackupService::new(dir, settings, Arc::new(SystemClock)).with_progress(progress::watch(json)).at_full_speed())
}

/// The closed segments in the spool.
fn spooled(dir: &DataDir) -> Result<Vec<SpooledSegment>, Failure> {
    let path = dir.journal_dir();
    store::spooled_segments(&path).map_err(|error| Failure::of_file(path.display(), &error))
}

fn list(installation_of: &InstallationArg, trust: TrustArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let service = service_with_keys(config, &Keys::trusting(trust), session.output.json)?;
    let spooled = spooled(&DataDir::new(&config.server.data_dir))?;
    let catalog = service.catalog(installation_of.installation, spooled)?;
    let (mut value, mut text) = catalog_view(&catalog);
    let others = backup_config::other_installations(&service, catalog.installation);
    for (target, other) in &others {
        text += &format!(
            "
Another installation at {target}: {other}"
        );
    }
    value["others"] = backup_config::others_json(&others);
    session.output.print(&value, text)
}

struct ApplyRequest<'a> {
    args: &'a RestoreArgs,
    into: Option<&'a Path>,
    is_rehearsal: bool,
    file: Option<&'a Path>,
}

/// The database that is replaced.
struct Before {
    census: Option<Census>,
    issued: Issued,
    timeline: i64,
}

fn apply(request: &ApplyRequest<'_>, keys: &Keys, session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let dir = DataDir::new(request.into.unwrap_or(&config.server.data_dir));
    if let Some(into) = request.into {
        refuse_place(into, config)?;
        refuse_used(&dir)?;
    }
    let mut made = Leftover(missing_part(dir.path()));
    dir.create()?;
    let lock = dir.lock()?;
    if request.into.is_some() && dir.has_database() {
        let message = format!("{} holds a database already", dir.path().display());
        return Err(Failure::new(Exit::Failure, message).next(ADVICE_ON_INTO));
    }
    let service = service_with_keys(config, keys, session.output.json)?;
    let before = before(&dir);
    let source = source(request, &lock, config, &service)?;
    if request.is_rehearsal {
        let (value, text) = source.preview();
        return session.output.print(&value, format!("{text}\nNothing was changed."));
    }
    let work = lock.empty_restore_dir()?;
    let mut leftover = Leftover(Some(work.clone()));
    let file = work.join("bursar.db");
    let built = match &source {
        Source::RestorePlan(plan, _) => service.build(plan, &file)?,
        Source::File(path) => service.unwrap_file(path, &file)?,
    };
    refuse_foreign_schema(&file)?;
    refuse_unsigned(&file, &service)?;
    let timeline = 1 + before.timeline.max(built.contents.timeline).max(source.last_timeline());
    let (backup, asked_for) = source.recorded();
    let machine_user = machine_user::of_this_process();
    let superseded = superseded(&source, &file, &built, &service)?;
    let restored = Restored { timeline, backup, asked_for, issued: before.issued, machine_user, superseded };
    let had_key = data_dir::present_key(config, &dir)?.is_some();
    let key = data_dir::key_to_restore_with(config, &dir)?;
    let row = begin(&work, config, &key, restored)?;
    let after = prove(&file)?;
    let verifier = key.verifier(built.contents.installation).to_string();
    // Once the swap is decided, it is finished from these directories, whatever happens.
    made.stays();
    leftover.stays();
    if !dir.has_database() {
        lock.make_private()?;
    }
    let kept = lock.swap(&format!("replaced-{}", stamp(SystemClock.now())))?;
    let report = Report {
        built: &built,
        row: &row,
        before: before.census,
        after,
        kept: kept.as_deref(),
        dir: &dir,
        verifier,
        has_new_key: !had_key,
        not_used: source.not_used(),
        unreachable: source.unreachable(),
    };
    session.output.print(&report.view(), report.text())
}

/// Refuses to restore into a place of backups: whoever can read backups there would have the installation key as well.
fn refuse_place(into: &Path, config: &Config) -> Result<(), Failure> {
    let Some(place) = backup_config::place_around(config, into) else { return Ok(()) };
    let message = format!("{} is in {}, where backups are", into.display(), place.display());
    let next = "Name a directory elsewhere: a restored database and its installation key must not lie beside backups.";
    Err(Failure::new(Exit::Failure, message).next(next))
}

/// Refuses to make a directory with other files in it a data directory, which is closed to other users.
fn refuse_used(dir: &DataDir) -> Result<(), Failure> {
    let message = match dir.stranger()? {
        _ if dir.has_database() => format!("{} holds a database already", dir.path().display()),
        Some(file) => format!("{} is not empty: it has {}", dir.path().display(), file.display()),
        None => return Ok(()),
    };
    Err(Failure::new(Exit::Failure, message).next(ADVICE_ON_INTO))
}

const ADVICE_ON_INTO: &str = "Nothing was changed. Name an empty directory, or one that does not exist.";

/// A directory that is removed unless the restore succeeds.
struct Leftover(Option<PathBuf>);

impl Leftover {
    fn stays(&mut self) {
        self.0 = None;
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = std::fs::remove_dir_all(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a directory of the restore could not be removed");
        }
    }
}

/// The first directory on the way to `path` that does not exist.
fn missing_part(path: &Path) -> Option<PathBuf> {
    let missing = path.ancestors().take_while(|part| *part != Path::new("") && !part.exists());
    missing.last().map(Path::to_owned)
}

/// Before anything else is asked of the database: a foreign trigger would run with the first write.
fn refuse_foreign_schema(file: &Path) -> Result<(), Failure> {
    let findings = store::read_file(file, |tx| match tx.schema_version()? {
        // Too new: refused as such when it is migrated.
        found if found > LATEST_SCHEMA => Ok(Vec::new()),
        _ => tx.check_schema(),
    })?;
    store::settle_copy(file)?;
    findings.first().map_or(Ok(()), |finding| Err(wrong(finding)))
}

/// Refuses a state whose last commit no trusted key has signed, unless the operator accepts what is not signed.
fn refuse_unsigned(file: &Path, service: &BackupService) -> Result<(), Failure> {
    let finding = store::read_file(file, |tx| service.trust().check_last_commit(tx))?;
    store::settle_copy(file)?;
    finding.map_or(Ok(()), |finding| Err(wrong(&finding)))
}

fn wrong(finding: &Finding) -> Failure {
    let message = format!("the restored database is wrong: {}: {}", finding.check, finding.what);
    Failure::new(Exit::Verification, message)
        .next("Nothing was replaced. Try an earlier moment with --at, or another backup with --backup.")
}

/// Where the restored database comes from.
enum Source<'a> {
    RestorePlan(Box<RestorePlan>, Box<Catalog>),
    File(&'a Path),
}

impl Source<'_> {
    fn preview(&self) -> (Value, String) {
        match self {
            Source::RestorePlan(plan, catalog) => (plan_view(plan, catalog), plan_text(plan, catalog)),
            Source::File(path) => (json!({"file": path}), format!("From the file {}", path.display())),
        }
    }

    fn last_timeline(&self) -> i64 {
        match self {
            Source::RestorePlan(_, catalog) => catalog.last_timeline(),
            Source::File(_) => 0,
        }
    }

    fn not_used(&self) -> Vec<String> {
        match self {
            Source::RestorePlan(_, catalog) => not_used(catalog),
            Source::File(_) => Vec::new(),
        }
    }

    fn unreachable(&self) -> Vec<String> {
        match self {
            Source::RestorePlan(_, catalog) => unreachable(catalog),
            Source::File(_) => Vec::new(),
        }
    }

    fn recorded(&self) -> (String, Option<Moment>) {
        match self {
            Source::RestorePlan(plan, _) => (plan.base.name.to_string(), plan.request.at),
            Source::File(path) => {
                (path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()), None)
            }
        }
    }
}

fn source<'a>(
    request: &ApplyRequest<'a>,
    lock: &Locked,
    config: &Config,
    service: &BackupService,
) -> Result<Source<'a>, Failure> {
    if let Some(file) = request.file {
        return Ok(Source::File(file));
    }
    // The spool holds the last commits, which may be at no target yet.
    let configured = DataDir::new(&config.server.data_dir);
    let spooled = match configured.path() == lock.dir().path() {
        true => store::settle_journal(lock, data_dir::present_key(config, lock.dir()).ok().flatten().as_ref()),
        false => spooled(&configured)?,
    };
    let catalog = service.catalog(request.args.installation_of.installation, spooled)?;
    let plan = service.plan(&catalog, request.args.request())?;
    Ok(Source::RestorePlan(Box::new(plan), Box::new(catalog)))
}

/// Reads the counts of the database that is replaced. An unreadable one is no error: it may be why somebody restores.
fn before(dir: &DataDir) -> Before {
    let nothing = Before { census: None, issued: Issued::default(), timeline: 0 };
    if !dir.has_database() {
        return nothing;
    }
    let read = |tx: &store::ReadTx<'_>| {
        let timeline = tx.installation()?.map_or(0, |installation| installation.timeline);
        Ok::<_, StoreError>(Before { census: Some(tx.census()?), issued: tx.issued()?, timeline })
    };
    store::read_file(&dir.database_file(), read).unwrap_or_else(|error| {
        tracing::warn!(%error, "the database that is there cannot be read; it is kept as it is");
        nothing
    })
}

/// The histories at the targets that this restore leaves behind. For a single file the targets are not needed: those
/// that cannot be read now may show another history later.
fn superseded(
    source: &Source<'_>,
    file: &Path,
    built: &Built,
    service: &BackupService,
) -> Result<Vec<OtherHistory>, Failure> {
    let facts = store::read_file(file, |tx| tx.copy_facts())?;
    store::settle_copy(file)?;
    let Some(row) = facts.journal else { return Ok(Vec::new()) };
    let line = OwnLine::at(&facts.epochs, &row);
    Ok(match source {
        Source::RestorePlan(_, catalog) => catalog.histories().beyond(&line, true),
        Source::File(_) => match service.catalog(Some(built.contents.installation), Vec::new()) {
            Ok(catalog) => catalog.histories().beyond(&line, true),
            Err(_) => Vec::new(),
        },
    })
}

/// Brings the restored database to this program's schema and begins its timeline.
fn begin(work: &Path, config: &Config, key: &InstallationKey, restored: Restored) -> Result<RestoreRow, Failure> {
    let dir = DataDir::new(work);
    let tuning = store::Tuning { journal: false, ..data_dir::tuning(config) };
    let lock = dir.lock()?;
    store::migrate(&lock, Some(key))?;
    let store = Store::open(lock, &tuning, key, Found::Checked)?;
    let row = maintenance::begin_timeline(&store, key, restored, &SystemClock, &SystemRandomness);
    store.close();
    Ok(row?)
}

/// Proves the restored database before it replaces the other.
fn prove(file: &Path) -> Result<Census, Failure> {
    let (census, findings) = store::read_file(file, |tx| {
        let mut findings = tx.check_file()?;
        findings.extend(tx.prove()?.findings);
        Ok::<_, StoreError>((tx.census()?, findings))
    })?;
    store::settle_copy(file)?;
    findings.first().map_or(Ok(census), |finding| Err(wrong(finding)))
}

/// A moment as part of a file name.
fn stamp(moment: Moment) -> String {
    moment.to_string().chars().filter(|c| !"-:.".contains(*c)).collect()
}

/// What the command prints at the end.
struct Report<'a> {
    built: &'a Built,
    row: &'a RestoreRow,
    before: Option<Census>,
    after: Census,
    kept: Option<&'a Path>,
    dir: &'a DataDir,
    /// The key that verifies what this directory signs from now on.
    verifier: String,
    has_new_key: bool,
    /// What was at the targets and is not to be trusted.
    not_used: Vec<String>,
    /// What could not be read at the targets, which may hold more than was restored.
    unreachable: Vec<String>,
}

impl Report<'_> {
    fn view(&self) -> Value {
        let row = self.row;
        json!({
            "data_dir": self.dir.path(),
            "backup": row.backup,
            "commits": self.built.commits,
            "asked_for": row.asked_for.map(text_of),
            "reached": row.reached_at.to_string(),
            "timeline": row.timeline,
            "last_entry": row.last_entry,
            "next_entry": row.next_entry,
            "last_event": row.last_event,
            "next_event": row.next_event,
            "before": self.before.as_ref().map(census),
            "after": census(&self.after),
            "kept": self.kept,
            "verifier": self.verifier,
            "new_key": self.has_new_key,
            "not_used": self.not_used,
            "unreachable": self.unreachable,
            "damaged": self.built.damaged,
        })
    }

    fn text(&self) -> String {
        let row = self.row;
        let count =
            |pick: fn(&Census) -> u64| self.before.as_ref().map_or("-".to_owned(), |before| pick(before).to_string());
        let line = |name: &str, pick: fn(&Census) -> u64| [name.to_owned(), count(pick), pick(&self.after).to_string()];
        let rows = [
            line("clients", |census| census.profiles),
            line("accounts", |census| census.accounts),
            line("movements", |census| census.movements),
            line("entries", |census| census.entries),
            line("postings", |census| census.postings),
            line("events", |census| census.events),
        ];
        let mut lines = vec![
            format!(
                "Restored {} from {} and {} commits after it; proven.",
                self.dir.path().display(),
                row.backup,
                self.built.commits
            ),
            format!("It holds everything that was recorded up to {}.", row.reached_at),
            String::new(),
            table(["", "BEFORE", "AFTER"], &rows),
            String::new(),
            format!(
                "Timeline {} begins: the next entry is {}, the next event {}.",
                row.timeline, row.next_entry, row.next_event
            ),
            "All tokens, logins and end-user sessions are revoked; operators log in again.".to_owned(),
        ];
        if let Some(kept) = self.kept {
            lines.push(format!("The replaced database is kept in {}.", kept.display()));
        }
        lines.extend(self.built.damaged.iter().map(|what| format!("Damaged, another copy was used: {what}")));
        lines.extend(some_lines(self.not_used.iter().map(|what| format!("Not used: {what}")).collect()));
        lines.extend(self.unreachable.iter().map(|what| format!("Not read, and there may be more: {what}")));
        if self.has_new_key {
            lines.push(format!(
                "Backups are signed by a new key from now on. Keep it with the private key of the backups:\n\
                 # {VERIFIER_LABEL} {}\n\
                 Add the key that earlier backups are signed by to backup.trusted_keys.",
                self.verifier
            ));
        }
        lines.push("Jobs are paused. Check the result, then run: bursar restore resume".to_owned());
        lines.join("\n")
    }
}

fn census(census: &Census) -> Value {
    json!({
        "clients": census.profiles,
        "accounts": census.accounts,
        "movements": census.movements,
        "entries": census.entries,
        "postings": census.postings,
        "events": census.events,
    })
}
