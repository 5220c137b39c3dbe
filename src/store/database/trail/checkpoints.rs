//! Signed checkpoints: how long the log was and what its root was, as a checkpoint of C2SP (tlog-checkpoint) in a
//! signed note. Whoever keeps one can later prove that the log continues it.

use crate::domain::clock::Moment;
use crate::domain::merkle::Hash;
use crate::store::StoreError;
use crate::store::database::installation_key::{InstallationKey, SIGNATURE_LEN, Verifier};
use crate::store::database::trail::LogHead;
use crate::store::database::transaction::{ReadTx, WriteTx};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// Of older checkpoints, one in this time is kept.
const KEPT_EVERY_MS: i64 = 600_000;

/// The state of a log at one size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogCheckpoint {
    /// `bursar/<installation>/<log>`.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    pub root: Hash,
}

/// A checkpoint with its signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    pub checkpoint: LogCheckpoint,
    /// The whole note.
    pub note: String,
}

impl LogCheckpoint {
    /// The text that is signed.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The installation that the origin names.
    pub fn installation(&self) -> Option<Uuid> {
        self.origin.strip_prefix("bursar/")?.split('/').next()?.parse().ok()
    }

    /// The part of the origin that tells the logs of an installation apart.
    pub fn log(&self) -> &str {
        self.origin.rsplit('/').next().unwrap_or_default()
    }

    fn sign(self, key: &InstallationKey, installation: Uuid) -> SignedCheckpoint {
        let (text, verifier) = (self.text(), key.verifier(installation));
        let signature = [verifier.key_hash().as_slice(), &key.sign(text.as_bytes())].concat();
        let note = format!("{text}\n\u{2014} {} {}\n", verifier.name(), STANDARD.encode(signature));
        SignedCheckpoint { checkpoint: self, note }
    }
}

/// Name and hash of the key, and the signature, in a line of a note.
fn signature(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (hash, signature) = decoded.split_first_chunk::<4>()?;
    Some((name, *hash, signature.to_vec()))
}

impl SignedCheckpoint {
    /// Reads a signed note; none if it is no checkpoint. Who signed it is for [`SignedCheckpoint::is_signed_by`].
    pub fn parse(note: &str) -> Option<SignedCheckpoint> {
        let (text, signatures) = note.split_once("\n\n")?;
        let is_signed = signatures.ends_with('\n') && signatures.lines().all(|line| signature(line).is_some());
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?.to_owned(), lines.next()?.parse().ok()?, lines.next()?);
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let checkpoint = LogCheckpoint { origin, size, root };
        // No other form of the same checkpoint is read, so that what is read is what was signed.
        let is_canonical = checkpoint.text() == format!("{text}\n");
        (is_canonical && is_signed).then(|| SignedCheckpoint { checkpoint, note: note.to_owned() })
    }

    /// Whether a key signed it; none if it has no signature of that key.
    pub fn is_signed_by(&self, verifier: &Verifier) -> Option<bool> {
        let (_, signatures) = self.note.split_once("\n\n")?;
        let text = self.checkpoint.text();
        let of_key = signatures.lines().filter_map(signature).filter_map(|(name, hash, signature)| {
            let is_of_key = name == verifier.name() && hash == verifier.key_hash();
            (is_of_key && signature.len() == SIGNATURE_LEN).then_some(signature)
        });
        of_key.map(|signature| verifier.accepts(text.as_bytes(), &signature)).reduce(|any, one| any || one)
    }
}

impl ReadTx<'_> {
    /// The name of the log.
    pub fn log_origin(&self) -> Result<String, StoreError> {
        self.one("SELECT (SELECT uuid FROM installation), log_id FROM change_journal", [], |row| {
            Ok(origin(row.get::<_, Option<Uuid>>(0)?.unwrap_or_default(), row.get(1)?))
        })
    }

    /// The names of the log and of those that it continues, each with the size up to which it does.
    pub fn log_origins(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let installation = self.installation_uuid()?;
        let sql = "SELECT log_id, log_size FROM restores WHERE log_id IS NOT NULL
                   UNION ALL SELECT log_id, log_size FROM change_journal";
        self.all(sql, [], |row| Ok((origin(installation, row.get(0)?), row.get(1)?)))
    }

    /// The size of the log, and that of the last checkpoint.
    pub fn log_sizes(&self) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT log_size, (SELECT coalesce(max(size), 0) FROM log_checkpoints) FROM change_journal";
        self.one(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// When the last row was written that a log of this size has; none if there is no such row.
    pub fn log_time(&self, size: u64) -> Result<Option<Moment>, StoreError> {
        let sql = "SELECT recorded_at FROM audit_log WHERE id = ?1";
        self.find(sql, [size.cast_signed()], |row| Ok(Moment::from_unix_ms(row.get(0)?)))
    }

    /// How far the log goes.
    pub fn log_position(&self) -> Result<LogCheckpoint, StoreError> {
        let head = self.log_head()?.ok_or_else(|| StoreError::corrupt("the head of the log"))?;
        Ok(LogCheckpoint { origin: self.log_origin()?, size: head.frontier.size(), root: head.frontier.root() })
    }

    pub fn last_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let sql = "SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1";
        let note = self.find(sql, [], |row| row.get::<_, String>(0))?;
        Ok(note.and_then(|note| SignedCheckpoint::parse(&note)))
    }

    /// All checkpoints in order: the size by which they are filed, and their note; none if that cannot be read.
    pub(in crate::store) fn checkpoints(&self) -> Result<Vec<(u64, Option<SignedCheckpoint>)>, StoreError> {
        self.all("SELECT size, note FROM log_checkpoints ORDER BY size", [], |row| {
            Ok((row.get(0)?, SignedCheckpoint::parse(&row.get::<_, String>(1)?)))
        })
    }
}

/// The name of a log.
fn origin(installation: Uuid, log: Vec<u8>) -> String {
    format!("bursar/{installation}/{}", Uuid::from_slice(&log).unwrap_or_default().simple())
}

impl WriteTx<'_> {
    /// Signs the log with everything up to here, unless the last checkpoint has all of it. True if it was signed.
    pub fn sign_log(&self, key: &InstallationKey, now: Moment) -> Result<bool, StoreError> {
        let (_, signed) = self.log_sizes()?;
        let Some(LogHead { mut frontier, .. }) = self.log_head()? else {
            return Err(StoreError::corrupt("the head of the log"));
        };
        self.trail().each_leaf(|leaf| _ = frontier.push(leaf, 0));
        if frontier.size() <= signed {
            return Ok(false);
        }
        let installation = self.installation_uuid()?;
        let checkpoint = LogCheckpoint { origin: self.log_origin()?, size: frontier.size(), root: frontier.root() };
        let SignedCheckpoint { checkpoint, note } = checkpoint.sign(key, installation);
        // The last one gives way to this one, unless it is the first in its time.
        let thin = "DELETE FROM log_checkpoints
                    WHERE size = (SELECT max(size) FROM log_checkpoints)
                      AND made_at / ?1 = (SELECT made_at / ?1 FROM log_checkpoints
                                          ORDER BY size DESC LIMIT 1 OFFSET 1)";
        self.run(thin, [KEPT_EVERY_MS])?;
        let sql = "INSERT INTO log_checkpoints (size, made_at, note) VALUES (?1, ?2, ?3)";
        self.run(sql, (checkpoint.size, now.unix_ms(), note))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_it_was_signed_and_in_no_other_form() {
        let dir = tempfile::tempdir().unwrap();
        let key = |name: &str| InstallationKey::create(&dir.path().join(name)).unwrap();
        let (installation, one, other) = (Uuid::from_u128(7), key("one"), key("other"));
        let checkpoint = LogCheckpoint { origin: origin(installation, vec![1; 16]), size: 3, root: [5; 32] };
        assert_eq!(checkpoint.installation(), Some(installation));
        let signed = checkpoint.sign(&one, installation);
        assert_eq!(SignedCheckpoint::parse(&signed.note), Some(signed.clone()));
        assert_eq!(signed.is_signed_by(&one.verifier(installation)), Some(true));
        assert_eq!(signed.is_signed_by(&other.verifier(installation)), None);
        let changed = SignedCheckpoint::parse(&signed.note.replace("\n3\n", "\n4\n")).unwrap();
        assert_eq!(changed.is_signed_by(&one.verifier(installation)), Some(false));
        for (from, to) in [("\n3\n", "\n03\n"), ("\n3\n", "\n+3\n"), ("\n\n", "\nmore\n\n"), ("\n\n", "\n")] {
            assert_eq!(SignedCheckpoint::parse(&signed.note.replacen(from, to, 1)), None, "{from:?} {to:?}");
        }
    }
}
