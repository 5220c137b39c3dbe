//! Checks that each epoch continues the one before it, and that the change journal is in the last one and names the
//! last commit. That nobody has changed an epoch, the log proves.

use crate::domain::clock::Moment;
use crate::store::database::journal::JournalRow;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;
use crate::store::{Epoch, StoreError};
use uuid::Uuid;

impl ReadTx<'_> {
    pub(in crate::store) fn prove_epochs(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let row = self.journal_row()?;
        // The time of a sandbox starts over when it is reset.
        let is_sandbox = self.find("SELECT mode = 'sandbox' FROM installation", [], |row| row.get(0))?.unwrap_or(true);
        let mut before: Option<Epoch> = None;
        for (epoch, number) in self.epochs()?.into_iter().zip(1..) {
            let (continues, since) = match &before {
                // The first one continues commits from before epochs were recorded.
                None => (epoch.parent.is_nil(), Moment::from_unix_ms(0)),
                Some(before) => ((epoch.parent, epoch.parent_stream) == (before.id, before.stream), before.started_at),
            };
            let is_in_time = is_sandbox || since.max(epoch.parent_at) <= epoch.started_at;
            if !continues || !is_in_time {
                proof.find("epochs", || format!("epoch {number} does not continue the one before it"));
            }
            before = Some(epoch);
        }
        let last = before.map_or((Uuid::nil(), row.stream), |last| (last.id, last.stream));
        if (row.epoch, row.stream) != last {
            proof.find("epochs", || "the change journal is not in the last epoch".to_owned());
        }
        self.prove_last_commit(proof, &row)
    }

    fn prove_last_commit(&self, proof: &mut Proof, row: &JournalRow) -> Result<(), StoreError> {
        // A stream begins with the numbers of the one before it.
        if row.number == 0 {
            return Ok(());
        }
        let (last, latest) = self.one(sql!("proof/last"), [], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        if (row.last_entry, row.last_event) != last {
            proof.find("epochs", || "the change journal names another last entry or event".to_owned());
        }
        if row.recorded_at.unix_ms() < latest {
            proof.find("epochs", || "the last commit is earlier than what it recorded".to_owned());
        }
        Ok(())
    }
}
