//! Checks that each epoch continues the one before it, and that the change journal is in the last one.

use crate::domain::clock::Moment;
use crate::store::database::transaction::ReadTx;
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
        Ok(())
    }
}
