//! Proves the log: its rows are those that made up its tree, and together they lead to the rows of every table that it
//! covers.

use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use crate::store::database::trail::{
    Change, Covered, ENTRIES, EVENTS, LogHead, NODE_LEVEL, Table, WORDS, Word, digest,
};
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;
use crate::store::{LogCheckpoint, StoreError};
use rusqlite::{Row, Rows};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Rows listed for each table that differs from the log.
const ROWS_LISTED: usize = 3;

/// A sum over rows that does not depend on their order. The hashes have a random key in each run, so nobody can choose
/// rows with a given sum.
struct Sums {
    keys: [RandomState; 2],
    /// By the number of the table.
    of: HashMap<u8, [u64; 2]>,
}

impl Sums {
    fn new() -> Sums {
        Sums { keys: [RandomState::new(), RandomState::new()], of: HashMap::new() }
    }

    fn hashes(&self, table: u8, key: i64, image: &Hash) -> [u64; 2] {
        [0, 1].map(|half: usize| self.keys[half].hash_one((table, key, image)))
    }

    fn add(&mut self, table: u8, key: i64, image: &Hash) {
        let hashes = self.hashes(table, key, image);
        let sum = self.of.entry(table).or_default();
        *sum = [sum[0].wrapping_add(hashes[0]), sum[1].wrapping_add(hashes[1])];
    }

    fn subtract(&mut self, table: u8, key: i64, image: &Hash) {
        let hashes = self.hashes(table, key, image);
        let sum = self.of.entry(table).or_default();
        *sum = [sum[0].wrapping_sub(hashes[0]), sum[1].wrapping_sub(hashes[1])];
    }
}

/// Where the log speaks of numbered rows that are not all there.
struct Bounds {
    /// The first entry in the log; those before it are covered by its hash.
    first_entry: Option<i64>,
    /// The last event that was pruned.
    pruned: i64,
}

impl Bounds {
    fn skip(&self, change: &Change) -> bool {
        change.table == EVENTS && change.key <= self.pruned
    }

    fn condition(&self, table: &Table) -> String {
        match (table.covered.number, self.first_entry) {
            (ENTRIES, Some(first)) => format!("WHERE r.seq >= {first}"),
            (EVENTS, _) => format!("WHERE r.seq > {}", self.pruned),
            _ => String::new(),
        }
    }
}

impl ReadTx<'_> {
    pub(in crate::store) fn prove_log(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let mut bounds = Bounds { first_entry: None, pruned: self.feed()?.pruned.0 };
        let mut sums = Sums::new();
        let mut tree = Tree { frontier: Frontier::default(), expected: 1, checkpoints: VecDeque::new() };
        tree.read_checkpoints(self, proof)?;
        let mut statement = self.connection().prepare(sql!("proof/words"))?;
        let mut words = WordsOf::begin(statement.query([])?)?;
        self.each_leaf((i64::MIN, i64::MAX), |id, leaf, row| {
            tree.take(self, proof, id, leaf)?;
            let mut told = None;
            for change in changes_of(row)? {
                if change.table == WORDS {
                    told = change.after;
                    continue;
                }
                if change.table == ENTRIES {
                    bounds.first_entry.get_or_insert(change.key);
                }
                if !bounds.skip(&change) {
                    change.after.iter().for_each(|image| sums.add(change.table, change.key, image));
                    change.before.iter().for_each(|image| sums.subtract(change.table, change.key, image));
                }
            }
            words.prove(proof, id, told)
        })?;
        words.finish(proof);
        tree.finish(self, proof)?;
        for table in self.covered_tables(i64::MAX)? {
            let number = table.covered.number;
            self.each_image(&table, &bounds.condition(&table), |key, image| {
                sums.subtract(number, key, &image);
                Ok(())
            })?;
            if sums.of.get(&number).is_some_and(|sum| *sum != [0, 0]) {
                self.find_rows(proof, &table, &bounds)?;
            }
        }
        Ok(())
    }

    /// Names the first rows of a table that are not as the log says.
    fn find_rows(&self, proof: &mut Proof, table: &Table, bounds: &Bounds) -> Result<(), StoreError> {
        let Covered { table: name, number, key: column, .. } = *table.covered;
        // How often each row should be there and is not; below zero, how often it should not and is.
        let mut missing: HashMap<(i64, Hash), i64> = HashMap::new();
        let mut count = |key, image, by| {
            let left = missing.entry((key, image)).or_default();
            *left += by;
            if *left == 0 {
                missing.remove(&(key, image));
            }
        };
        self.each_leaf((i64::MIN, i64::MAX), |_, _, row| {
            for change in changes_of(row)?.iter().filter(|change| change.table == number && !bounds.skip(change)) {
                change.after.iter().for_each(|image| count(change.key, *image, 1));
                change.before.iter().for_each(|image| count(change.key, *image, -1));
            }
            Ok(())
        })?;
        self.each_image(table, &bounds.condition(table), |key, image| {
            count(key, image, -1);
            Ok(())
        })?;
        let mut keys: Vec<(i64, bool)> = missing.iter().map(|((key, _), left)| (*key, *left > 0)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut listed = 0;
        for group in keys.chunk_by(|a, b| a.0 == b.0) {
            let what = match group {
                [_, _, ..] => "is not as the log says",
                [(_, true)] => "is missing",
                _ => "is not in the log",
            };
            if listed < ROWS_LISTED {
                proof.find("history", || format!("the row of {name} with {column} {} {what}", group[0].0));
            }
            listed += 1;
        }
        if listed > ROWS_LISTED {
            let more = listed - ROWS_LISTED;
            proof.find("history", || format!("{more} more rows of {name} differ from the log"));
        }
        Ok(())
    }
}

fn changes_of(row: &Row<'_>) -> Result<Vec<Change>, StoreError> {
    row.get_ref("changes")?.as_blob_or_null().ok().flatten().map_or_else(|| Ok(Vec::new()), Change::decode)
}

/// Rebuilds the tree and compares it with the stored parts.
struct Tree {
    frontier: Frontier,
    /// The number of the next row.
    expected: i64,
    /// Size and root of the checkpoints that are yet to be compared.
    checkpoints: VecDeque<(u64, Hash)>,
}

impl Tree {
    fn read_checkpoints(&mut self, tx: &ReadTx<'_>, proof: &mut Proof) -> Result<(), StoreError> {
        let origins = tx.log_origins()?;
        for (size, signed) in tx.checkpoints()? {
            let is_known = |checkpoint: &LogCheckpoint| {
                origins.iter().any(|(origin, end)| *origin == checkpoint.origin && size <= *end)
            };
            match signed.map(|signed| signed.checkpoint).filter(|it| it.size == size && is_known(it)) {
                Some(checkpoint) => self.checkpoints.push_back((size, checkpoint.root)),
                None => proof.find("checkpoints", || format!("the checkpoint at {size} rows is not of this log")),
            }
        }
        Ok(())
    }

    /// Compares the checkpoint at the present size, if there is one.
    fn compare(&mut self, proof: &mut Proof) {
        let size = self.frontier.size();
        let Some((_, root)) = self.checkpoints.front().filter(|(at, _)| *at == size) else { return };
        if *root != self.frontier.root() {
            proof.find("checkpoints", || {
                format!("the first {size} rows of the audit log are not those of its checkpoint")
            });
        }
        self.checkpoints.pop_front();
    }

    fn take(&mut self, tx: &ReadTx<'_>, proof: &mut Proof, id: i64, leaf: &[u8]) -> Result<(), StoreError> {
        if id != self.expected {
            let before = self.expected - 1;
            proof.find("log", || format!("row {id} of the audit log follows row {before}"));
        }
        self.expected = id.saturating_add(1);
        let completed = self.frontier.push(leaf_hash(leaf), NODE_LEVEL);
        self.compare(proof);
        let Some(node) = completed else { return Ok(()) };
        let position = (self.frontier.size() >> NODE_LEVEL) - 1;
        let stored = "SELECT hash FROM log_nodes WHERE position = ?1";
        if tx.find(stored, [position], |row| row.get::<_, Hash>(0))? != Some(node) {
            let first = id - (1 << NODE_LEVEL) + 1;
            proof.find("log", || format!("rows {first} to {id} of the audit log are not those that were written"));
        }
        Ok(())
    }

    fn finish(&self, tx: &ReadTx<'_>, proof: &mut Proof) -> Result<(), StoreError> {
        let size = self.frontier.size();
        let Some(LogHead { frontier, .. }) = tx.log_head()? else {
            proof.find("log", || "the head of the log cannot be read".to_owned());
            return Ok(());
        };
        if frontier.size() != size {
            let recorded = frontier.size();
            proof.find("log", || format!("the audit log has {size} rows, and {recorded} were written"));
        } else if frontier != self.frontier {
            let whole = size >> NODE_LEVEL << NODE_LEVEL;
            proof.find("log", || {
                format!("the audit log does not lead to its head; if nothing else is found: from row {} on", whole + 1)
            });
        }
        for (at, _) in &self.checkpoints {
            proof.find("checkpoints", || format!("a checkpoint has {at} rows, the audit log only {size}"));
        }
        let nodes: u64 = tx.one("SELECT count(*) FROM log_nodes", [], |row| row.get(0))?;
        if nodes != size >> NODE_LEVEL {
            proof.find("log", || format!("the log has {nodes} groups of rows, not {}", size >> NODE_LEVEL));
        }
        Ok(())
    }
}

/// The changes in words, beside the audit rows that they belong to.
struct WordsOf<'s> {
    rows: Rows<'s>,
    next: Option<(i64, i64, Word)>,
}

impl<'s> WordsOf<'s> {
    fn begin(rows: Rows<'s>) -> Result<WordsOf<'s>, StoreError> {
        let mut words = WordsOf { rows, next: None };
        words.advance()?;
        Ok(words)
    }

    fn advance(&mut self) -> Result<Option<(i64, i64, Word)>, StoreError> {
        let next = self.rows.next()?.map(|row| {
            let word = Word {
                subject: row.get("subject")?,
                subject_id: row.get("subject_id")?,
                field: row.get("field")?,
                old: row.get("old")?,
                new: row.get("new")?,
            };
            Ok::<_, rusqlite::Error>((row.get("audit_id")?, row.get("position")?, word))
        });
        Ok(std::mem::replace(&mut self.next, next.transpose()?))
    }

    fn prove(&mut self, proof: &mut Proof, id: i64, told: Option<Hash>) -> Result<(), StoreError> {
        let mut words = Vec::new();
        let mut is_numbered = true;
        while self.next.as_ref().is_some_and(|(of, ..)| *of <= id) {
            let Some((_, position, word)) = self.advance()? else { break };
            is_numbered &= i64::try_from(words.len()) == Ok(position);
            words.push(word);
        }
        let found = (!words.is_empty()).then(|| digest(&words));
        if found != told || !is_numbered {
            proof.find("changes", || format!("the changes of row {id} of the audit log are not those that were told"));
        }
        Ok(())
    }

    fn finish(&self, proof: &mut Proof) {
        if let Some((id, ..)) = &self.next {
            proof.find("changes", || format!("there are changes of row {id} of the audit log, which does not exist"));
        }
    }
}
