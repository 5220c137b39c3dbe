//! Outcomes of commands, kept for retries in three tables that rotate.
//!
//! New outcomes go into the table of the current generation; look-ups also read the previous one. The third table is
//! emptied a few rows at a time and then becomes the next current one. So an outcome lives for one to two retention
//! periods, the table being written stays small, and deleting never stalls the writer.

use super::StoreError;
use crate::domain::clock::Moment;
use crate::domain::ids::ProfileId;
use crate::store::database::transaction::{ReadTx, WriteTx};

/// The outcome of an earlier call with the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredOutcome {
    /// Keyed hash of the command.
    pub command_hash: [u8; 16],
    /// The outcome as JSON, from which the answer is rendered again.
    pub outcome: String,
}

/// Rows deleted at a time.
const FORGET_AT_ONCE: i64 = 200;

const FIND: [&str; 3] = [
    "SELECT command_hash, outcome FROM idempotency_0 WHERE key_hash = ?1",
    "SELECT command_hash, outcome FROM idempotency_1 WHERE key_hash = ?1",
    "SELECT command_hash, outcome FROM idempotency_2 WHERE key_hash = ?1",
];
const INSERT: [&str; 3] = [
    "INSERT INTO idempotency_0 (key_hash, command_hash, outcome) VALUES (?1, ?2, ?3)",
    "INSERT INTO idempotency_1 (key_hash, command_hash, outcome) VALUES (?1, ?2, ?3)",
    "INSERT INTO idempotency_2 (key_hash, command_hash, outcome) VALUES (?1, ?2, ?3)",
];
const FORGET: [&str; 3] = [
    "DELETE FROM idempotency_0 WHERE key_hash IN (SELECT key_hash FROM idempotency_0 LIMIT ?1)",
    "DELETE FROM idempotency_1 WHERE key_hash IN (SELECT key_hash FROM idempotency_1 LIMIT ?1)",
    "DELETE FROM idempotency_2 WHERE key_hash IN (SELECT key_hash FROM idempotency_2 LIMIT ?1)",
];

fn table(generation: i64) -> usize {
    usize::try_from(generation.rem_euclid(3)).unwrap_or(0)
}

/// What is left of an outcome with erased data. It still says that the call was made.
const ERASED: &str = r#"{"erased":true,"o":null}"#;
const ERASE: [&str; 3] = [
    "UPDATE idempotency_0 SET outcome = ?2 WHERE instr(outcome, ?1)",
    "UPDATE idempotency_1 SET outcome = ?2 WHERE instr(outcome, ?1)",
    "UPDATE idempotency_2 SET outcome = ?2 WHERE instr(outcome, ?1)",
];

impl StoredOutcome {
    /// Whether it was erased, because it told personal data of a client.
    pub fn is_erased(&self) -> bool {
        self.outcome == ERASED
    }
}

impl ReadTx<'_> {
    fn generation(&self) -> Result<(i64, Moment), StoreError> {
        self.one("SELECT generation, started_at FROM idempotency_state", [], |row| {
            Ok((row.get(0)?, Moment::from_unix_ms(row.get(1)?)))
        })
    }

    pub fn outcome(&self, key_hash: &[u8; 16]) -> Result<Option<StoredOutcome>, StoreError> {
        let (generation, _) = self.generation()?;
        for table in [table(generation), table(generation - 1)] {
            let found = self.find(FIND[table], [key_hash.as_slice()], |row| {
                Ok(StoredOutcome { command_hash: row.get(0)?, outcome: row.get(1)? })
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl WriteTx<'_> {
    pub fn keep_outcome(&self, key_hash: &[u8; 16], outcome: &StoredOutcome) -> Result<(), StoreError> {
        let (generation, _) = self.generation()?;
        let row = (key_hash.as_slice(), outcome.command_hash.as_slice(), &outcome.outcome);
        self.run(INSERT[table(generation)], row).map(|_| ())
    }

    /// Erases the outcomes that name a client.
    pub(in crate::store) fn erase_outcomes(&self, client: ProfileId) -> Result<(), StoreError> {
        ERASE.iter().try_for_each(|sql| self.run(*sql, (client.to_string(), ERASED)).map(|_| ()))
    }

    /// Deletes some expired outcomes. Starts the next generation once the current one is as old as the retention period
    /// and the next table is empty. True if there is more to delete.
    pub fn forget_outcomes(&self, now: Moment, retention_s: i64) -> Result<bool, StoreError> {
        let (generation, started_at) = self.generation()?;
        if self.run(FORGET[table(generation + 1)], [FORGET_AT_ONCE])? > 0 {
            return Ok(true);
        }
        if started_at.plus_s(retention_s) <= now {
            self.run("UPDATE idempotency_state SET generation = generation + 1, started_at = ?1", [now.unix_ms()])?;
            return Ok(true);
        }
        Ok(false)
    }
}
