//! Proofs for people who need not trust this program: checkpoints of the audit log, and that it contains an entry.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::ids::EntryId;
use crate::domain::merkle::Hash;
use crate::domain::refusal::{Noun, Refusal};
pub use crate::store::{EntryProof, SignedCheckpoint};

/// Shows that the log contains an entry.
///
/// Refusals: no such entry, or one of its clients is hidden; the entry is older than the log.
pub struct ProveEntry(pub EntryId);

impl Query for ProveEntry {
    type Answer = EntryProof;
    const RIGHT: Right = Right::ReadAudit;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<EntryProof, Failure> {
        let hidden = || Refusal::not_found(Noun::Deal);
        let entry = view.tx.entry(self.0)?.ok_or(hidden())?;
        for leg in &entry.legs {
            if let Some(account) = view.tx.account_of_book(leg.book)? {
                view.tx.account(account, view.visibility)?.ok_or(hidden())?;
            }
        }
        let proof = view.tx.prove_entry(self.0)?.ok_or(hidden())?;
        if proof.is_right() { Ok(proof) } else { Err(Refusal::Internal.into()) }
    }
}

/// The last checkpoint, and how it follows from an earlier one.
pub struct ReadCheckpoint {
    /// The size of the earlier one.
    pub old: Option<u64>,
}

/// A checkpoint with the consistency proof from an earlier size.
pub struct Continuation {
    pub checkpoint: SignedCheckpoint,
    /// Empty if no earlier size was asked for; none if that is beyond the checkpoint.
    pub path: Option<Vec<Hash>>,
}

impl Query for ReadCheckpoint {
    type Answer = Continuation;
    const RIGHT: Right = Right::ReadAudit;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Continuation, Failure> {
        // Setting up a database leaves the first row.
        let checkpoint = view.tx.last_checkpoint()?.ok_or(Refusal::Internal)?;
        let (old, size) = (self.old.unwrap_or(0), checkpoint.checkpoint.size);
        let path = if old > size { None } else { Some(view.tx.prove_consistency(old, size)?) };
        Ok(Continuation { checkpoint, path })
    }
}
