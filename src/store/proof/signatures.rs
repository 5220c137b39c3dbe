//! Checks who signed the commits and the checkpoints of the log.

use crate::store::database::installation_key::Verifier;
use crate::store::database::transaction::ReadTx;
use crate::store::proof::Finding;
use crate::store::{LATEST_SCHEMA, SIGNED_SINCE, StoreError};

/// How far signatures vouch for a log.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SignedLog {
    /// The number of rows.
    pub size: u64,
    /// The number of rows that something signed by one of the keys covers: all, or those of a checkpoint.
    pub signed: u64,
    /// Whether one of the keys signed the last commit.
    pub is_last_commit_signed: bool,
    pub findings: Vec<Finding>,
}

impl ReadTx<'_> {
    /// Whether one of these keys signed the last commit. True if the database is not set up yet, and in schemas whose
    /// commits are not signed, or not known here.
    pub(in crate::store) fn is_signed_by(&self, keys: &[Verifier]) -> Result<bool, StoreError> {
        if !(SIGNED_SINCE..=LATEST_SCHEMA).contains(&self.schema_version()?) || self.installation_uuid()?.is_nil() {
            return Ok(true);
        }
        let head = self.signed_head()?;
        Ok(keys.iter().any(|key| head.is_signed_by(key)))
    }

    /// What is wrong with the signature of the last commit, see [`ReadTx::check_signatures`].
    pub fn check_last_commit(&self, keys: &[Verifier]) -> Result<Option<Finding>, StoreError> {
        let what =
            || "the last commit is not signed by a known key: somebody else has written to the database".to_owned();
        Ok((!self.is_signed_by(keys)?).then(|| Finding { check: "signatures", what: what() }))
    }

    /// Checks the signatures of the last commit, which covers the whole log, and of the checkpoints by these keys. The
    /// proof compares their roots.
    pub fn check_signatures(&self, keys: &[Verifier]) -> Result<SignedLog, StoreError> {
        let (size, _) = self.log_sizes()?;
        let mut log = SignedLog { size, ..SignedLog::default() };
        match self.check_last_commit(keys)? {
            None => (log.signed, log.is_last_commit_signed) = (size, true),
            Some(finding) => log.findings.push(finding),
        }
        for checkpoint in self.checkpoints()?.into_iter().filter_map(|(_, checkpoint)| checkpoint) {
            let size = checkpoint.checkpoint.size;
            let verdicts: Vec<bool> = keys.iter().filter_map(|key| checkpoint.is_signed_by(key)).collect();
            match verdicts.as_slice() {
                [] => {}
                verdicts if verdicts.contains(&true) => log.signed = log.signed.max(size),
                _ => log.findings.push(Finding {
                    check: "checkpoints",
                    what: format!("the checkpoint at {size} rows has a wrong signature"),
                }),
            }
        }
        Ok(log)
    }
}
