//! Verifies stored backups, and drills: restores one and opens it as a server does.

use super::codec::Hashing;
use super::error::BackupError;
use super::fetch::{FetchTo, copy_all, fetch};
use super::manifest::{Encoding, Manifest};
use super::progress::Phase;
use super::prove::difference;
use super::repository::{BackupName, Listed, Repository};
use super::service::{BackupService, backup_label, file_error};
use super::signature::Signed;
use super::target::TargetError;
use super::work_dir::WorkDir;
use crate::store::{
    self, DataDir, Found, InstallationKey, LATEST_SCHEMA, MigrationError, RecordedBackup, RecordedFailure, Store,
    Tuning, Verifier,
};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Instant;

/// The backups to verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// The newest at each target that a trusted key signed.
    Newest,
    /// The one of this name at every target that has it.
    Named(BackupName),
    /// All backups at all targets.
    All,
}

/// What a verification proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofLevel {
    /// File and books are right, and match the manifest.
    Proven,
    /// The checksum of the object is right. Its contents cannot be read here, because the private key is elsewhere.
    Stored,
}

/// The outcome for a backup at a target.
#[derive(Debug)]
pub struct Verified {
    /// The name of the target.
    pub target: String,
    pub name: BackupName,
    /// What was proven, or what is wrong.
    pub outcome: Result<ProofLevel, BackupError>,
}

/// The outcome for the segments of the change journal after a backup at a target.
#[derive(Debug)]
pub struct VerifiedChanges {
    /// The name of the target.
    pub target: String,
    /// The backup that they follow.
    pub after: BackupName,
    /// How many commits were read and follow one another; none if they cannot be read here, because the private key is
    /// elsewhere. Or what is wrong.
    pub outcome: Result<Option<u64>, BackupError>,
}

/// The outcome at all targets.
#[derive(Debug)]
pub struct Verification {
    pub found: Vec<Verified>,
    /// The changes after the newest backup at each target.
    pub changes: Vec<VerifiedChanges>,
    /// What claims to be newer than the newest that was verified, each as a sentence.
    pub not_used: Vec<String>,
    /// The targets that could not be listed.
    pub unreadable: Vec<TargetError>,
}

/// A drill that passed.
#[derive(Clone, Debug)]
pub struct Drilled {
    pub name: BackupName,
    /// The name of its target.
    pub target: String,
    /// The number of commits after it that were applied.
    pub commits: u64,
    /// The number of entries in the restored database.
    pub entries: u64,
    /// Milliseconds from the start until the restored database was written to.
    pub took_ms: u64,
    /// What claims to be newer, each as a sentence.
    pub not_used: Vec<String>,
}

impl BackupService {
    /// Fetches and proves backups at all targets.
    ///
    /// # Errors
    /// If no target has such a backup. A wrong backup or an unreachable target is part of the result instead.
    pub fn verify(&self, selection: Selection) -> Result<Verification, BackupError> {
        let work = self.inspection_dir()?;
        let (mut found, mut changes, mut unreadable, mut not_used) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for repository in self.repositories()? {
            let listed = repository.and_then(|repository| Ok((repository.backups()?, repository)));
            let (mut listed, repository) = match listed {
                Ok(at) => at,
                Err(error) => {
                    unreadable.push(error);
                    continue;
                }
            };
            match selection {
                Selection::All => {}
                Selection::Named(name) => listed.retain(|listed| listed.name == name),
                Selection::Newest => listed = self.newest_of(&repository, listed, &mut not_used).into_iter().collect(),
            }
            let begun = found.len();
            for listed in listed {
                let outcome = self.verify_one(&work, &repository, &listed);
                if outcome.is_err() && repository.has_manifest(listed.timeline, listed.name).is_ok_and(|has| !has) {
                    continue; // it was removed meanwhile, as it should be
                }
                if self.cancellation.is_cancelled() {
                    return Err(BackupError::Cancelled);
                }
                let target = repository.target().name().to_owned();
                found.push(Verified { target, name: listed.name, outcome });
            }
            let newest = found[begun..].iter().rfind(|it: &&Verified| it.outcome.is_ok());
            if let (Some(newest), Selection::Newest | Selection::All) = (newest, selection) {
                let (target, after) = (newest.target.clone(), newest.name);
                changes.push(VerifiedChanges {
                    target,
                    after,
                    outcome: self.verify_changes(&work, &repository, after),
                });
            }
        }
        if found.is_empty() {
            let nothing = || not_found(selection);
            return Err(unreadable.into_iter().next().map_or_else(nothing, BackupError::Target));
        }
        let proven = |verified: &&Verified| matches!(verified.outcome, Ok(ProofLevel::Proven));
        // What was accepted by an operator only says nothing about ours.
        let counts = !self.settings.trust.accepts_all;
        if let Some(newest) = found.iter().filter(proven).max_by_key(|verified| verified.name).filter(|_| counts) {
            let recorded = RecordedBackup { at: self.now(), name: newest.name.to_string() };
            self.note(|record| record.last_proof = Some(recorded));
        }
        Ok(Verification { found, changes, not_used, unreadable })
    }

    fn verify_one(&self, work: &WorkDir, repository: &Repository, listed: &Listed) -> Result<ProofLevel, BackupError> {
        let manifest = self.trusted(repository, listed)?;
        self.progress.begin(Phase::Fetch, manifest.object.bytes);
        if manifest.object.encoding == Encoding::ZstdAge && self.settings.identities.is_empty() {
            return self.verify_stored(repository, listed.name, manifest);
        }
        let (copy, spare) = (work.path("fetched.db"), work.path("migrated.db"));
        let contents = fetch(self, repository, listed.name, manifest, FetchTo::File(&copy))?;
        self.progress.begin(Phase::Prove, 0);
        let proven = self.prove_copy(&copy, &spare);
        let _ = std::fs::remove_file(&copy); // frees the space for the next backup
        let (facts, proof) = proven.map_err(|error| proof_error(repository, listed.name, error))?;
        let wrong = |what: String| BackupError::Invalid {
            backup: backup_label(repository.target(), listed.name),
            what: what.into(),
        };
        if let Some(finding) = proof.findings.first() {
            return Err(wrong(format!("is not right inside: {}: {}", finding.check, finding.what)));
        }
        difference(&contents, &facts, &proof).map_or(Ok(ProofLevel::Proven), |what| Err(wrong(what)))
    }

    /// Reads the segments after a backup, and checks that none is missing and that each follows the one before.
    fn verify_changes(
        &self,
        work: &WorkDir,
        repository: &Repository,
        after: BackupName,
    ) -> Result<Option<u64>, BackupError> {
        let plan = self.plan_at(repository, after)?;
        if plan.base.manifest.object.encoding == Encoding::ZstdAge && self.settings.identities.is_empty() {
            return Ok(None);
        }
        self.replay(&plan, None, &work.path("changes"), &mut Vec::new()).map(|(commits, _)| Some(commits))
    }

    /// Verifies the checksum of an encrypted object, without its contents.
    fn verify_stored(
        &self,
        repository: &Repository,
        name: BackupName,
        manifest: &Manifest,
    ) -> Result<ProofLevel, BackupError> {
        let mut object = Hashing::new(self.tracked(repository.open_object(manifest.contents.timeline, name)?));
        copy_all(&mut object, &mut std::io::sink()).map_err(|failed| failed.of(repository, name))?;
        let (_, bytes, sha256) = object.finish();
        match (bytes, &sha256) == (manifest.object.bytes, &manifest.object.sha256) {
            true => Ok(ProofLevel::Stored),
            false => Err(BackupError::Invalid {
                backup: backup_label(repository.target(), name),
                what: "does not match its manifest: size or checksum differ".into(),
            }),
        }
    }

    /// Restores the newest backup to a temporary directory, opens it as a server does, proves it and writes to it.
    pub fn drill(&self) -> Result<Drilled, BackupError> {
        let outcome = self.inspection_dir().and_then(|work| self.drill_in(&work));
        let at = self.now();
        match &outcome {
            _ if self.settings.trust.accepts_all => {}
            Ok(drilled) => {
                let recorded = RecordedBackup { at, name: drilled.name.to_string() };
                self.note(|record| {
                    (record.last_drill, record.last_proof) = (Some(recorded.clone()), Some(recorded));
                    record.last_drill_failure = None;
                });
            }
            // Whatever it met after it was called off says nothing about the backup.
            Err(_) if self.cancellation.is_cancelled() => return Err(BackupError::Cancelled),
            Err(error) if error.is_refusal() => {}
            Err(error) => {
                let failure = RecordedFailure { at, reason: error.to_string() };
                self.note(|record| record.last_drill_failure = Some(failure));
            }
        }
        outcome
    }

    fn drill_in(&self, work: &WorkDir) -> Result<Drilled, BackupError> {
        let started = Instant::now();
        let mut not_used = Vec::new();
        let (repository, listed) = self.newest(&mut not_used)?;
        let manifest = self.trusted(&repository, &listed)?;
        let dir = DataDir::new(work.path("drill"));
        dir.create()?;
        let file = dir.database_file();
        self.progress.begin(Phase::Fetch, manifest.object.bytes);
        let contents = fetch(self, &repository, listed.name, manifest, FetchTo::File(&file))?;
        self.progress.begin(Phase::Prove, 0);
        let spare = work.path("migrated.db");
        let (facts, proof) =
            self.prove_copy(&file, &spare).map_err(|error| proof_error(&repository, listed.name, error))?;
        let wrong = |what: String| BackupError::Invalid {
            backup: backup_label(repository.target(), listed.name),
            what: what.into(),
        };
        if let Some(finding) = proof.findings.first() {
            return Err(wrong(format!("is not right inside: {}: {}", finding.check, finding.what)));
        }
        if let Some(what) = difference(&contents, &facts, &proof) {
            return Err(wrong(what));
        }
        let (commits, entries) = self.drill_changes(work, &repository, listed.name, &file)?;
        let lock = dir.lock()?;
        let passing = InstallationKey::passing().map_err(|_| BackupError::NoSigningKey)?;
        if facts.schema_version < LATEST_SCHEMA {
            store::migrate(&lock, None)?;
        }
        let restored = Store::open(lock, &Tuning { readers: 2, ..Tuning::default() }, &passing, Found::Checked)?;
        let written = restored.submit(|tx| Ok::<_, store::Abort<()>>(tx.touch()?)).map(|ticket| ticket.wait());
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        restored.close();
        match written {
            Ok(Ok(Ok(()))) => {
                let target = repository.target().name().to_owned();
                Ok(Drilled { name: listed.name, target, commits, entries, took_ms, not_used })
            }
            _ => Err(wrong("was restored, but could not be written to".into())),
        }
    }

    /// Brings a restored backup to the last commit at its target, and proves the result. Returns how many commits were
    /// applied, and how many entries it has then.
    fn drill_changes(
        &self,
        work: &WorkDir,
        repository: &Repository,
        name: BackupName,
        file: &Path,
    ) -> Result<(u64, u64), BackupError> {
        let plan = self.plan_at(repository, name)?;
        let database = OpenOptions::new().read(true).write(true).open(file).map_err(file_error(file))?;
        let (commits, _) = self.replay(&plan, Some(&database), file, &mut Vec::new())?;
        if commits == 0 {
            return Ok((0, plan.base.manifest.contents.entries));
        }
        self.progress.begin(Phase::Prove, 0);
        let proven = self.prove_copy(file, &work.path("migrated.db"));
        let (facts, proof) = proven.map_err(|error| proof_error(repository, name, error))?;
        match proof.findings.first() {
            None => Ok((commits, facts.entries)),
            Some(finding) => Err(BackupError::Invalid {
                backup: backup_label(repository.target(), name),
                what: format!("is not right with the changes after it: {}: {}", finding.check, finding.what).into(),
            }),
        }
    }

    /// The manifest of a complete backup that this program can read and that may be used.
    pub(super) fn trusted<'a>(&self, repository: &Repository, listed: &'a Listed) -> Result<&'a Manifest, BackupError> {
        let signed = usable(repository, listed)?;
        let what = || backup_label(repository.target(), listed.name);
        let refused = |why| BackupError::Untrusted { what: what(), why, histories: Vec::new() };
        self.settings.trust.check_manifest(signed).map_err(refused)?;
        Ok(&signed.value)
    }

    /// The newest backup among the targets that can be read, as [`BackupService::newest_of`] chooses it.
    fn newest(&self, not_used: &mut Vec<String>) -> Result<(Repository, Listed), BackupError> {
        let (mut newest, mut error) = (None, None);
        for repository in self.repositories()? {
            let listed = repository.and_then(|repository| Ok((repository.backups()?, repository)));
            match listed {
                Err(cause) => error = error.or(Some(cause)),
                Ok((listed, repository)) => {
                    let Some(last) = self.newest_of(&repository, listed, not_used) else { continue };
                    let rank = (self.is_ours(&repository, &last), last.timeline, last.name);
                    if newest.as_ref().is_none_or(|(highest, _, _)| *highest < rank) {
                        newest = Some((rank, repository, last));
                    }
                }
            }
        }
        let newest = newest.map(|(_, repository, listed)| (repository, listed));
        newest.ok_or_else(|| error.map_or_else(|| not_found(Selection::Newest), BackupError::Target))
    }
}

impl BackupService {
    /// Whether somebody else may have put a backup there.
    pub(super) fn is_untrusted(&self, repository: &Repository, listed: &Listed) -> bool {
        matches!(self.trusted(repository, listed), Err(BackupError::Untrusted { .. }))
    }

    /// The newest of these backups that is ours; the last one if none is. Adds to `not_used` what claims to be newer:
    /// whoever can write to a target can put any name there.
    fn newest_of(&self, repository: &Repository, listed: Vec<Listed>, not_used: &mut Vec<String>) -> Option<Listed> {
        let at = listed.iter().rposition(|listed| self.is_ours(repository, listed));
        let mut rest = listed.into_iter().skip(at.unwrap_or_default());
        if at.is_none() {
            return rest.last();
        }
        let newest = rest.next();
        not_used.extend(rest.filter_map(|it| self.trusted(repository, &it).err().map(|error| error.to_string())));
        newest
    }

    /// Whether a trusted key has signed a backup under its name, complete or not; or it is the last one that was made
    /// for this target, damaged since then.
    fn is_ours(&self, repository: &Repository, listed: &Listed) -> bool {
        match &listed.manifest {
            Ok(signed) => self.settings.trust.check_manifest(signed).is_ok(),
            Err(_) => {
                let made = self.record().targets.remove(repository.target().name());
                made.is_some_and(|made| made.name == listed.name.to_string())
            }
        }
    }
}

fn not_found(selection: Selection) -> BackupError {
    BackupError::NotFound(match selection {
        Selection::Named(name) => format!("there is no backup {name}"),
        Selection::Newest | Selection::All => "there are no backups of this installation yet".into(),
    })
}

/// The manifest of a complete backup that this program can read.
pub(super) fn usable<'a>(repository: &Repository, listed: &'a Listed) -> Result<&'a Signed<Manifest>, BackupError> {
    let backup = backup_label(repository.target(), listed.name);
    let signed = listed.manifest.as_ref().map_err(|error| BackupError::of_manifest(&backup, error))?;
    let manifest = &signed.value;
    if listed.bytes != Some(manifest.object.bytes) {
        let what = match listed.bytes {
            None => "has a manifest, and its object is missing".to_owned(),
            Some(bytes) => format!("has {bytes} bytes, and its manifest says {}", manifest.object.bytes),
        };
        return Err(BackupError::Invalid { backup, what: what.into() });
    }
    if manifest.contents.schema_version > LATEST_SCHEMA {
        let (schema, version) = (manifest.contents.schema_version, &manifest.contents.bursar_version);
        let what =
            format!("{backup} has schema version {schema} of bursar {version}, this program knows {LATEST_SCHEMA}");
        return Err(BackupError::Newer(what));
    }
    Ok(signed)
}

/// Turns an error from proving a fetched copy into an error of the backup.
fn proof_error(repository: &Repository, name: BackupName, error: BackupError) -> BackupError {
    let backup = backup_label(repository.target(), name);
    match error {
        BackupError::Migration(MigrationError::TooNew { .. }) => BackupError::Newer(format!("{backup}: {error}")),
        BackupError::Store(_) | BackupError::Migration(_) => {
            BackupError::Invalid { backup, what: format!("cannot be proven: {error}").into() }
        }
        BackupError::ForeignSchema(what) => {
            BackupError::Invalid { backup, what: format!("is not right inside: schema: {what}").into() }
        }
        error => error,
    }
}

/// Writes a new private key to a new file of mode 0600, with the key that verifies backups in a comment; returns the
/// public key.
pub fn keygen(path: &std::path::Path, verifier: Option<&Verifier>) -> Result<super::codec::Recipient, BackupError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let identity = super::codec::Identity::generate();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(file_error(path))?;
    file.write_all(identity.to_file(verifier).as_bytes()).and_then(|()| file.sync_all()).map_err(file_error(path))?;
    Ok(identity.recipient())
}
