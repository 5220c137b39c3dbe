//! Proofs for third parties, as in RFC 6962: that the log contains an entry, and that it continues what it once was.
//! Proofs are made from the stored tree; whether that is right, the proof of the whole log shows.

use crate::domain::clock::Moment;
use crate::domain::ids::{EntryId, EntrySeq, PrincipalSerial};
use crate::domain::ledger::{EntryHash, EntryRecord, GENESIS};
use crate::domain::merkle::{Hash, Prover, leaf_hash, node_hash, root_by_inclusion};
use crate::store::database::trail::{Change, ENTRIES, NODE_LEVEL};
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::ledger::entry_kind;
use crate::store::{LogCheckpoint, SignedCheckpoint, StoreError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// Shows that the log contains an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryProof {
    pub entry: EntrySeq,
    /// What the hash of the entry is made of; the leaf contains that hash.
    pub canonical: Vec<u8>,
    pub hash: EntryHash,
    /// The content of the leaf: the audit row of the action that posted the entry.
    pub leaf: Vec<u8>,
    /// The number of the leaf, from 0.
    pub index: u64,
    /// The audit path from the leaf to the root of the checkpoint.
    pub path: Vec<Hash>,
    pub checkpoint: SignedCheckpoint,
}

impl EntryProof {
    /// Whether leaf and path lead to the root of the checkpoint. If not, somebody has changed the database.
    pub fn is_right(&self) -> bool {
        let LogCheckpoint { size, root, .. } = self.checkpoint.checkpoint;
        root_by_inclusion(leaf_hash(&self.leaf), self.index, size, &self.path) == Some(root)
    }

    /// The proof as a text in the form of C2SP (tlog-proof).
    pub fn text(&self) -> String {
        let mut text = format!("c2sp.org/tlog-proof@v1\nindex {}\n", self.index);
        for hash in &self.path {
            text += &STANDARD.encode(hash);
            text.push('\n');
        }
        text.push('\n');
        text + &self.checkpoint.note
    }
}

impl ReadTx<'_> {
    /// None if there is no such entry, if it is older than the log, or if no checkpoint covers it yet.
    pub fn prove_entry(&self, id: EntryId) -> Result<Option<EntryProof>, StoreError> {
        let found = self.find(sql!("entries/record"), [id.uuid()], |row| {
            let (tag, comment): (Option<String>, Option<Vec<u8>>) = (row.get(6)?, row.get(8)?);
            let legs: Vec<u8> = row.get(9)?;
            let at = Moment::from_unix_ms(row.get(4)?);
            let record = EntryRecord {
                seq: EntrySeq(row.get(0)?),
                id: EntryId::from(row.get::<_, Uuid>(1)?),
                kind: entry_kind(&row.get::<_, String>(2)?)?,
                effective_at: Moment::from_unix_ms(row.get(3)?),
                recorded_at: at,
                principal: PrincipalSerial(row.get(5)?),
                tag: tag.as_deref(),
                reverses: row.get::<_, Option<i64>>(7)?.map(EntrySeq),
                comment_hash: comment.as_deref(),
                legs: &legs,
            };
            let previous = row.get::<_, Option<EntryHash>>(11)?.unwrap_or(GENESIS);
            Ok((record.seq, at, row.get::<_, EntryHash>(10)?, record.canonical(&previous)))
        })?;
        let Some((entry, at, hash, canonical)) = found else { return Ok(None) };
        let (Some((row, leaf)), Some(checkpoint)) = (self.row_of_entry(entry, at, hash)?, self.last_checkpoint()?)
        else {
            return Ok(None);
        };
        let (index, size) = (row.cast_unsigned() - 1, checkpoint.checkpoint.size);
        if index >= size {
            return Ok(None);
        }
        let path = self.prover().inclusion(index, size)?;
        Ok(Some(EntryProof { entry, canonical, hash, leaf, index, path, checkpoint }))
    }

    /// The consistency proof of two sizes of the log.
    pub fn prove_consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.prover().consistency(old, size)
    }

    /// The root that the log had at a size, which must not exceed its present size.
    pub fn log_root(&self, size: u64) -> Result<Hash, StoreError> {
        self.prover().root(size)
    }

    /// Number and leaf of the audit row that contains an entry recorded at a moment.
    fn row_of_entry(&self, entry: EntrySeq, at: Moment, hash: Hash) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let change = Change { table: ENTRIES, key: entry.0, before: None, after: Some(hash) };
        let (from, end) = (self.first_audited(at)?, self.first_audited(at.plus_ms(1))?);
        let mut found = None;
        self.each_leaf((from, end - 1), |id, leaf, row| {
            let changes = row.get_ref("changes")?.as_blob().unwrap_or_default();
            if Change::decode(changes)?.contains(&change) {
                found = Some((id, leaf.to_vec()));
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn prover(&self) -> Prover<impl FnMut(u32, u64) -> Result<Hash, StoreError> + '_> {
        Prover::new(|level, index| self.subtree(level, index))
    }

    /// The hash of a complete subtree.
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, StoreError> {
        if level > NODE_LEVEL {
            return Ok(node_hash(&self.subtree(level - 1, 2 * index)?, &self.subtree(level - 1, 2 * index + 1)?));
        }
        if level == NODE_LEVEL {
            let sql = "SELECT hash FROM log_nodes WHERE position = ?1";
            return self.find(sql, [index], |row| row.get(0))?.ok_or_else(|| StoreError::corrupt("a node is missing"));
        }
        let first = (index << level).cast_signed() + 1;
        let mut row: Vec<Hash> = Vec::with_capacity(1 << level);
        self.each_leaf((first, first + (1 << level) - 1), |_, leaf, _| {
            row.push(leaf_hash(leaf));
            Ok(())
        })?;
        while row.len() > 1 {
            row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        row.pop().ok_or_else(|| StoreError::corrupt("a row of the audit log is missing"))
    }
}
