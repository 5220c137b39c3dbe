//! Checks that each restore left what a restore leaves: its audit row, its event and its epoch. What it says it left
//! behind is believed only then.

use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;

impl ReadTx<'_> {
    pub(in crate::store) fn prove_restores(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let found = self.all(sql!("proof/restores"), [], |row| {
            let has = |name: &str| row.get::<_, bool>(name);
            Ok((row.get::<_, i64>("timeline")?, [has("has_row")?, has("has_event")?, has("has_epoch")?]))
        })?;
        for (timeline, has) in found {
            for (what, has) in ["audit row", "event", "epoch"].into_iter().zip(has) {
                if !has {
                    proof.find("restores", || format!("the restore that began timeline {timeline} has no {what}"));
                }
            }
        }
        Ok(())
    }
}
