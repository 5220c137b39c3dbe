//! Checks who signed the checkpoints of the log, and how far they vouch for it.

use crate::store::StoreError;
use crate::store::database::installation_key::Verifier;
use crate::store::database::transaction::ReadTx;
use crate::store::proof::Finding;

/// In production, the longest time of which the log may have no checkpoint: after a crash the next start makes one.
const UNSIGNED_MS_MAX: i64 = 3_600_000;

/// How far signed checkpoints vouch for a log.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SignedLog {
    /// The number of rows.
    pub size: u64,
    /// The number of rows that a checkpoint signed by one of the keys covers.
    pub signed: u64,
    pub findings: Vec<Finding>,
}

impl ReadTx<'_> {
    /// Checks the signatures of the checkpoints by these keys, and how far they vouch for the log. The proof compares
    /// their roots.
    pub fn check_signatures(&self, keys: &[Verifier]) -> Result<SignedLog, StoreError> {
        let (size, _) = self.log_sizes()?;
        let mut log = SignedLog { size, ..SignedLog::default() };
        let mut find = |what: String| log.findings.push(Finding { check: "checkpoints", what });
        for checkpoint in self.checkpoints()?.into_iter().filter_map(|(_, checkpoint)| checkpoint) {
            let size = checkpoint.checkpoint.size;
            let verdicts: Vec<bool> = keys.iter().filter_map(|key| checkpoint.is_signed_by(key)).collect();
            match verdicts.as_slice() {
                [] => {}
                verdicts if verdicts.contains(&true) => log.signed = log.signed.max(size),
                _ => find(format!("the checkpoint at {size} rows has a wrong signature")),
            }
        }
        let sql = "SELECT (SELECT recorded_at FROM audit_log WHERE id = ?1), recorded_at,
                          (SELECT mode = 'production' FROM installation) FROM change_journal";
        let (first, last, is_production): (Option<i64>, i64, Option<bool>) =
            self.one(sql, [log.signed + 1], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let is_old = first.is_some_and(|first| last - first > UNSIGNED_MS_MAX);
        if is_old && is_production == Some(true) {
            let from = log.signed + 1;
            find(format!("no checkpoint signed by a known key covers the audit log from row {from} on"));
        }
        Ok(log)
    }
}
