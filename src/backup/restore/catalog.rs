//! The backups and segments to restore from, at all targets and in the spool of the data directory.

use super::plan::{RestorePlan, RestoreRequest};
use super::vet::UntrustedSegment;
use crate::backup::error::BackupError;
use crate::backup::history::{Branch, Histories};
use crate::backup::lease::Shipped;
use crate::backup::manifest::Manifest;
use crate::backup::repository::{BackupName, PlacedCheckpoint, Repository, Segment};
use crate::backup::service::{BackupService, backup_label};
use crate::backup::signature::{Distrust, Trust};
use crate::backup::target::{Target, TargetError};
use crate::domain::clock::Moment;
use crate::store::{self, SpooledSegment};
use std::sync::Arc;
use uuid::Uuid;

/// A backup that can be restored, at one target.
#[derive(Clone)]
pub struct FoundBackup {
    /// Its repository, and with it its target.
    pub repository: Repository,
    pub timeline: i64,
    pub name: BackupName,
    pub manifest: Manifest,
}

impl FoundBackup {
    /// Whether it is the same backup at another target.
    pub(super) fn is_copy_of(&self, other: &FoundBackup) -> bool {
        let place = |it: &FoundBackup| it.repository.target().name().to_owned();
        (self.timeline, self.name) == (other.timeline, other.name)
            && self.manifest == other.manifest
            && place(self) != place(other)
    }
}

/// A backup that is not used, because somebody else may have put it there.
#[derive(Clone)]
pub struct UntrustedBackup {
    pub backup: FoundBackup,
    pub why: Distrust,
}

impl UntrustedBackup {
    /// What messages call it.
    pub fn called(&self) -> String {
        backup_label(self.backup.repository.target(), self.backup.name)
    }
}

/// A segment of the change journal.
#[derive(Clone)]
pub struct FoundSegment {
    pub segment: Segment,
    pub location: SegmentLocation,
}

impl FoundSegment {
    pub(super) fn is_at_place_of(&self, other: &FoundSegment) -> bool {
        self.place() == other.place()
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        match &self.location {
            SegmentLocation::Target(repository) => format!(" at {}", repository.target().name()),
            SegmentLocation::Spool(path) => format!(" in {}", path.display()),
        }
    }
}

/// Where a segment is stored.
#[derive(Clone)]
pub enum SegmentLocation {
    Target(Repository),
    /// In the spool of the data directory, in this file.
    Spool(std::path::PathBuf),
}

/// Everything from which one installation can be restored.
#[derive(Default)]
pub struct Catalog {
    pub installation: Uuid,
    /// The backups, the oldest first.
    pub backups: Vec<FoundBackup>,
    /// The segments, sorted by timeline, stream and first commit. A segment may be listed at several locations.
    pub segments: Vec<FoundSegment>,
    /// Backups that are not used unless an operator accepts them, the oldest first at each target.
    pub untrusted: Vec<UntrustedBackup>,
    /// Segments that are not used unless an operator accepts them.
    pub untrusted_segments: Vec<UntrustedSegment>,
    /// How far trusted writers say that they had shipped.
    pub(super) shipped: Vec<Shipped>,
    /// The checkpoints of the audit log, by their names.
    pub(super) checkpoints: Vec<(Repository, PlacedCheckpoint)>,
    /// If no backup is trusted: the histories of those that are not, as their names and manifests say.
    pub unverified: Vec<Branch>,
    /// Unusable backups and segments, each as a sentence.
    pub broken: Vec<String>,
    /// The errors of targets that cannot be read.
    pub errors: Vec<TargetError>,
}

impl Catalog {
    /// The highest timeline of any backup or segment.
    pub fn last_timeline(&self) -> i64 {
        let backups = self.backups.iter().map(|found| found.timeline);
        backups.chain(self.segments.iter().map(|found| found.segment.timeline)).max().unwrap_or(0)
    }

    /// The last moment in the segments of a timeline.
    pub fn reach(&self, timeline: i64) -> Option<Moment> {
        let of_timeline = self.segments.iter().filter(|found| found.segment.timeline == timeline);
        of_timeline.map(|found| found.segment.reaches).max()
    }
}

impl BackupService {
    /// Lists all targets. The installation is `wanted`, else that of the data directory, else the only one at the
    /// targets.
    pub fn catalog(&self, wanted: Option<Uuid>, spooled: Vec<SpooledSegment>) -> Result<Catalog, BackupError> {
        let (mut targets, mut catalog) = (Vec::new(), Catalog::default());
        for target in self.targets()? {
            match target {
                Ok(target) => targets.push(target),
                Err(error) => catalog.errors.push(error),
            }
        }
        let own = if self.dir.has_database() { self.installation().ok() } else { None };
        catalog.installation = match wanted.or(own) {
            Some(installation) => installation,
            None => only_installation(&targets, &mut catalog.errors)?,
        };
        for target in targets {
            let repository = Repository::new(target, catalog.installation);
            if let Err(error) = catalog.add(&repository, &self.settings.trust) {
                catalog.errors.push(error);
            }
        }
        catalog.segments.extend(spooled.into_iter().map(|it| FoundSegment {
            segment: Segment {
                timeline: it.timeline,
                stream: it.stream,
                first: it.first,
                last: it.last,
                reaches: it.reaches,
                line: it.line,
                bytes: it.bytes,
            },
            location: SegmentLocation::Spool(it.path),
        }));
        catalog.backups.sort_by_key(|found| (found.timeline, found.name));
        catalog.sort_segments();
        catalog.note_unverified();
        self.vet(&mut catalog);
        Ok(catalog)
    }

    pub(in crate::backup) fn catalog_at(&self, repository: &Repository) -> Result<Catalog, TargetError> {
        let mut catalog = Catalog { installation: repository.installation(), ..Catalog::default() };
        catalog.add(repository, &self.settings.trust)?;
        Ok(catalog)
    }
}

impl BackupService {
    /// The plan to restore everything from a backup at a target, with what this target alone has.
    pub(in crate::backup) fn plan_at(
        &self,
        repository: &Repository,
        backup: BackupName,
    ) -> Result<RestorePlan, BackupError> {
        let mut catalog = self.catalog_at(repository)?;
        self.vet(&mut catalog);
        let request = RestoreRequest { backup: Some(backup), ..RestoreRequest::default() };
        let plan = match catalog.plan(request.clone()) {
            Err(BackupError::Branches(names)) => {
                let own = self.own_epochs()?.into_iter().find_map(|epoch| {
                    let branch = Some(epoch.simple().to_string());
                    catalog.plan(RestoreRequest { branch, ..request.clone() }).ok()
                });
                own.ok_or(BackupError::Branches(names))?
            }
            plan => plan?,
        };
        let plan = self.compared(&catalog, plan)?;
        match plan.failure() {
            // The next stream begins with a backup that is newer, or on its way.
            None | Some(BackupError::Baseless(_)) => Ok(plan),
            Some(failure) => Err(failure),
        }
    }
}

impl BackupService {
    /// The epochs of the database, the newest first.
    fn own_epochs(&self) -> Result<Vec<Uuid>, BackupError> {
        let facts = store::read_file(&self.dir.database_file(), |tx| tx.copy_facts())?;
        Ok(facts.epochs.iter().rev().map(|epoch| epoch.id).collect())
    }
}

impl Catalog {
    pub(super) fn sort_segments(&mut self) {
        self.segments.sort_by_key(|found| (found.segment.timeline, found.segment.stream, found.segment.first));
    }

    fn note_unverified(&mut self) {
        if self.backups.is_empty() {
            let segments = self.segments.iter().map(|found| &found.segment);
            let contents = self.untrusted.iter().map(|it| &it.backup.manifest.contents);
            self.unverified = Histories::of(segments, contents).live_branches();
        }
    }

    fn add(&mut self, repository: &Repository, trust: &Trust) -> Result<(), TargetError> {
        // Read first: what is shipped meanwhile is listed after it was named here.
        self.shipped.extend(repository.trusted_leases(trust)?.into_iter().filter_map(|lease| lease.shipped));
        for timeline in repository.timelines()? {
            let placed = repository.checkpoints(timeline)?;
            self.checkpoints.extend(placed.into_iter().map(|placed| (repository.clone(), placed)));
        }
        for listed in repository.backups()? {
            let called = format!("{} at {}", listed.name, repository.target().name());
            match listed.manifest {
                Ok(signed) if listed.bytes == Some(signed.value.object.bytes) => {
                    let trusted = trust.check_manifest(&signed);
                    let backup = FoundBackup {
                        repository: repository.clone(),
                        timeline: listed.timeline,
                        name: listed.name,
                        manifest: signed.value,
                    };
                    match trusted {
                        Ok(()) => self.backups.push(backup),
                        Err(why) => self.untrusted.push(UntrustedBackup { backup, why }),
                    }
                }
                Ok(_) => self.broken.push(format!("{called} is not complete")),
                Err(error) => self.broken.push(format!("{called} {error}")),
            }
        }
        for timeline in repository.timelines()? {
            let segments = repository.segments(timeline)?;
            self.segments.extend(
                segments
                    .into_iter()
                    .map(|segment| FoundSegment { segment, location: SegmentLocation::Target(repository.clone()) }),
            );
        }
        Ok(())
    }
}

fn only_installation(targets: &[Arc<dyn Target>], errors: &mut Vec<TargetError>) -> Result<Uuid, BackupError> {
    let mut found = Vec::new();
    for target in targets {
        match Repository::installations(target.as_ref()) {
            Ok(some) => found.extend(some),
            Err(error) => errors.push(error),
        }
    }
    found.sort();
    found.dedup();
    match (found.as_slice(), errors.first()) {
        ([only], _) => Ok(*only),
        ([], Some(error)) => Err(error.clone().into()),
        ([], None) => Err(BackupError::NotFound("there is no backup at any target".into())),
        (several, _) => {
            let list = several.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ");
            Err(BackupError::NotFound(format!(
                "the targets hold backups of several installations; name one of them with --installation: {list}"
            )))
        }
    }
}
