//! Compares the log with what was once seen of it.

use crate::domain::clock::Moment;
use crate::domain::ledger::EntryHash;
use crate::store::database::transaction::ReadTx;
use crate::store::{LogCheckpoint, StoreError};
use uuid::Uuid;

/// What was once seen of a database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Anchor {
    Log(LogCheckpoint),
    /// The last entry and its hash, from before there was a log.
    Chain {
        entry: i64,
        hash: EntryHash,
    },
}

/// Whether a database continues an anchor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It does, and has this many rows or entries more.
    Continued { more: u64 },
    /// A restore has left it behind: it belongs to a history that ended there.
    Abandoned,
    /// It does not. The text continues a sentence that begins with the name of the anchor.
    Broken(String),
}

impl ReadTx<'_> {
    /// The stored tree must have been proven: it is not rebuilt here.
    pub fn check_anchor(&self, anchor: &Anchor) -> Result<Verdict, StoreError> {
        match anchor {
            Anchor::Log(checkpoint) => self.check_log_anchor(checkpoint),
            Anchor::Chain { entry, hash } => self.check_chain_anchor(*entry, hash),
        }
    }

    fn check_log_anchor(&self, anchor: &LogCheckpoint) -> Result<Verdict, StoreError> {
        let origins = self.log_origins()?;
        let (LogCheckpoint { origin, size, root }, (present, _)) = (anchor, self.log_sizes()?);
        let Some((_, end)) = origins.iter().find(|(known, _)| known == origin) else {
            return Ok(Verdict::Broken("is of another log".to_owned()));
        };
        let is_present = origins.last().is_some_and(|(last, _)| last == origin);
        if size > end {
            return Ok(match is_present {
                true => Verdict::Broken(format!("has seen {size} rows of the audit log, which has only {end}")),
                false => Verdict::Abandoned,
            });
        }
        if self.log_root(*size)? != *root {
            return Ok(Verdict::Broken(format!("has seen other rows among the first {size} of the audit log")));
        }
        Ok(Verdict::Continued { more: present - size })
    }

    /// Which restore left behind what an anchor has seen, although nobody had asked it for an earlier moment. The text
    /// continues a sentence that begins with the name of the anchor.
    pub fn left_unasked(&self, anchor: &Anchor) -> Result<Option<String>, StoreError> {
        let Anchor::Log(LogCheckpoint { origin, size, .. }) = anchor else { return Ok(None) };
        let sql = "SELECT log_id, log_size, restored_at, backup FROM restores
                   WHERE log_size < ?1 AND asked_for IS NULL";
        let restores = self.all(sql, [size.cast_signed()], |row| {
            let (log, end, at) = (row.get::<_, Vec<u8>>(0)?, row.get::<_, u64>(1)?, Moment::from_unix_ms(row.get(2)?));
            Ok((log, end, at, row.get::<_, String>(3)?))
        })?;
        let is_of = |log: &[u8]| Uuid::from_slice(log).is_ok_and(|log| origin.ends_with(&log.simple().to_string()));
        Ok(restores.into_iter().find(|(log, ..)| is_of(log)).map(|(_, end, at, backup)| {
            format!(
                "has seen {size} rows of the audit log: the restore of {at} from {backup} took over {end} of them and \
                 left {} behind, although no earlier moment was asked for",
                size - end
            )
        }))
    }

    fn check_chain_anchor(&self, entry: i64, hash: &EntryHash) -> Result<Verdict, StoreError> {
        if entry == 0 {
            return Ok(Verdict::Continued { more: self.entries_after(0)? });
        }
        let found = self.find("SELECT hash FROM entries WHERE seq = ?1", [entry], |row| row.get::<_, EntryHash>(0))?;
        let is_left_out = |entry| {
            let restores = self.restores()?.into_iter();
            let left_out = restores.map(|restore| restore.last_entry..restore.next_entry);
            Ok::<_, StoreError>(
                left_out.into_iter().any(|left_out| left_out.contains(&entry) && entry != left_out.start),
            )
        };
        Ok(match found {
            Some(found) if found == *hash => Verdict::Continued { more: self.entries_after(entry)? },
            Some(_) => Verdict::Broken(format!("has seen another entry {entry}, or others before it")),
            None if is_left_out(entry)? => Verdict::Abandoned,
            None => Verdict::Broken(format!("has seen entry {entry}, which does not exist")),
        })
    }

    fn entries_after(&self, entry: i64) -> Result<u64, StoreError> {
        self.one("SELECT count(*) FROM entries WHERE seq > ?1", [entry], |row| row.get(0))
    }
}
