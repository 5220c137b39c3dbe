//! Proves a copy of the database, of this schema version or an older one.

use super::error::BackupError;
use super::manifest::{Contents, LogFacts, TallyLine};
use super::progress::Pace;
use super::signature::Trust;
use crate::store::{self, CopyFacts, LATEST_SCHEMA, LogCheckpoint, Proof, ReadTx, StoreError, Tally};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::path::Path;

pub(super) use super::codec::hex;

/// Checks the file of a copy and its books. An older copy stays as it is: its books are proven on a second copy in
/// `spare`, which is migrated first, and so shows that the backup can be. Its last commit must be signed by a trusted
/// key. With a pace, the check rests in between.
pub(super) fn prove_copy(
    copy: &Path,
    spare: &Path,
    trust: &Trust,
    pace: Option<&Pace>,
) -> Result<(CopyFacts, Proof), BackupError> {
    let foreign = read(copy, pace, |tx| match tx.schema_version()? {
        found if found > LATEST_SCHEMA => Ok(Err(store::MigrationError::TooNew { found })),
        _ => tx.check_schema().map(Ok),
    })??;
    if let Some(finding) = foreign.first() {
        // Nothing else is asked of it: what its statements do is unknown.
        return Err(BackupError::ForeignSchema(finding.what.clone()));
    }
    let (facts, mut findings) = read(copy, pace, |tx| {
        let mut findings = tx.check_file()?;
        findings.extend(trust.check_last_commit(tx)?);
        Ok((tx.copy_facts()?, findings))
    })?;
    store::settle_copy(copy)?;
    if !findings.is_empty() {
        return Ok((facts, Proof { findings, ..Proof::default() }));
    }
    let mut proof = if facts.schema_version == LATEST_SCHEMA {
        let proof = read(copy, pace, |tx| prove(tx, pace))?;
        store::settle_copy(copy)?;
        proof
    } else {
        fs::copy(copy, spare).map_err(|error| BackupError::Local(spare.to_owned(), error))?;
        store::migrate_copy(spare)?;
        let proof = read(spare, pace, |tx| prove(tx, pace))?;
        store::settle_copy(spare)?;
        let _ = fs::remove_file(spare); // the work directory is removed anyway
        proof
    };
    findings.append(&mut proof.findings);
    Ok((facts, Proof { findings, ..proof }))
}

fn read<T>(
    file: &Path,
    pace: Option<&Pace>,
    query: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match pace.cloned() {
        Some(mut pace) => store::read_file_throttled(file, move || pace.pause(), query),
        None => store::read_file(file, query),
    }
}

/// In one thread if it is paced, else in parallel.
fn prove(tx: &ReadTx<'_>, pace: Option<&Pace>) -> Result<Proof, StoreError> {
    if pace.is_some() { tx.prove_in_turn() } else { tx.prove() }
}

/// The first difference between a manifest and the database, as a sentence without its subject.
pub(super) fn difference(contents: &Contents, facts: &CopyFacts, proof: &Proof) -> Option<String> {
    let told = (contents.installation, contents.timeline, contents.schema_version);
    let found = (facts.installation, facts.timeline, facts.schema_version);
    if told != found {
        return Some(format!("says installation, timeline and schema {told:?}, and its database {found:?}"));
    }
    let told = (contents.entries, contents.last_entry, contents.last_event);
    let found = (facts.entries, facts.last_entry, facts.last_event);
    if told != found {
        return Some(format!("says entries, last entry and last event {told:?}, and its database {found:?}"));
    }
    if contents.chain_head != hex(&facts.chain_head) {
        return Some("has another chain of entries than it says".into());
    }
    if contents.log.is_some() && contents.log != log_facts(facts) {
        return Some("has another audit log than it says".into());
    }
    match &contents.trial_balance {
        Some(told) if *told != tallies(proof) => Some("has other sums than it says".into()),
        _ => None,
    }
}

/// How far the audit log goes, in the form of a manifest.
pub(super) fn log_facts(facts: &CopyFacts) -> Option<LogFacts> {
    let (LogCheckpoint { origin, size, root }, checkpoint) = facts.log.as_ref()?;
    Some(LogFacts {
        origin: origin.clone(),
        size: *size,
        root: STANDARD.encode(root),
        checkpoint: checkpoint.as_ref().map(|checkpoint| checkpoint.note.clone()),
    })
}

/// The trial balance in the form of a manifest.
pub(super) fn tallies(proof: &Proof) -> Vec<TallyLine> {
    let line = |tally: &Tally| TallyLine {
        mode: if tally.is_demo { "demo" } else { "live" }.into(),
        currency: tally.currency.clone(),
        books: tally.role.clone(),
        balance: tally.to_text(),
    };
    proof.trial_balance.iter().map(line).collect()
}
