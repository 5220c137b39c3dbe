//! What the operations of a commit change, for the log.
//!
//! Triggers of the writer's connection pass each changed row of a covered table to a function, so that no statement can
//! forget to. The row's image becomes part of the audit row of the action, and what changed is told in words beside it.
//! Nothing of this is in the schema of the file.

mod checkpoints;
mod covered;
mod image;
mod log;
mod triggers;
mod words;

pub use checkpoints::{LogCheckpoint, SignedCheckpoint};
pub(in crate::store) use covered::{Covered, ENTRIES, EVENTS, Table, WORDS};
pub(in crate::store) use image::{Change, encode_row, image};
pub(in crate::store) use log::{LogHead, NODE_LEVEL, audit_columns};
pub(in crate::store) use words::{Word, digest};

use crate::domain::merkle::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use words::Words;

/// Collects the changes of the current commit. Clones share one collection.
#[derive(Clone, Default)]
pub(in crate::store) struct Trail(Arc<Mutex<Pending>>);

#[derive(Default)]
struct Pending {
    /// Encoded changes that no audit row contains yet.
    changes: Vec<u8>,
    /// What is to be told of them.
    words: Words,
    /// The leaves of the audit rows of this commit.
    leaves: Vec<Hash>,
    /// Whether changes are ignored, because the log starts over or they are noted in another way.
    is_paused: bool,
    buffer: Vec<u8>,
}

/// A point among the changes of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Mark {
    changes: usize,
    words: usize,
    leaves: usize,
}

impl Trail {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::store) fn mark(&self) -> Mark {
        let pending = self.pending();
        Mark { changes: pending.changes.len(), words: pending.words.len(), leaves: pending.leaves.len() }
    }

    /// Forgets what came after the mark, because it was rolled back.
    pub(in crate::store) fn roll_back(&self, mark: Mark) {
        let mut pending = self.pending();
        pending.changes.truncate(mark.changes);
        pending.words.truncate(mark.words);
        pending.leaves.truncate(mark.leaves);
        pending.is_paused = false;
    }

    /// Forgets everything, at the begin of a transaction and where the log starts over.
    pub(in crate::store) fn clear(&self) {
        self.roll_back(Mark::default());
    }

    /// Ignores changes until [`Trail::resume`] or [`Trail::clear`].
    pub(in crate::store) fn pause(&self) {
        self.pending().is_paused = true;
    }

    /// Notes changes again after [`Trail::pause`].
    pub(in crate::store) fn resume(&self) {
        self.pending().is_paused = false;
    }

    /// Whether there are changes that no audit row contains.
    pub(in crate::store) fn has_changes(&self) -> bool {
        !self.pending().changes.is_empty()
    }

    /// The changes after the mark, for the audit row that is about to be written.
    pub(in crate::store) fn take_changes(&self, mark: Mark) -> (Vec<u8>, Vec<Word>) {
        let mut pending = self.pending();
        let from = mark.changes.min(pending.changes.len());
        (pending.changes.split_off(from), pending.words.take(mark.words))
    }

    pub(in crate::store) fn note(&self, change: &Change) {
        change.encode(&mut self.pending().changes);
    }

    /// Takes rows that were written without triggers as leaves of this commit.
    fn adopt_leaves(&self, leaves: Vec<Hash>) {
        self.pending().leaves = leaves;
    }

    /// The leaves of this commit so far.
    fn each_leaf(&self, visit: impl FnMut(Hash)) {
        self.pending().leaves.iter().copied().for_each(visit);
    }

    fn take_leaves(&self) -> Vec<Hash> {
        std::mem::take(&mut self.pending().leaves)
    }
}
