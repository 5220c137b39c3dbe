//! The manifest of a backup.
//!
//! It is stored twice: as JSON beside the object, written last, so that an object without it is not a backup; and at
//! the start of the object (`codec.rs`), so that a lone file can be identified. The one beside an encrypted object has
//! no trial balance. Both are signed (`signature.rs`).

use super::signature::{self, Kind, Signed};
use crate::domain::clock::Moment;
use crate::store::InstallationKey;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// The version of the format. A reader refuses a higher version, and ignores unknown members of its own.
pub const FORMAT: u32 = 1;

/// The largest manifest that is read, in bytes.
pub const MANIFEST_MAX: u64 = 16 << 20;

/// The most epochs that a manifest lists. Older ones are taken for ancestors.
pub const LINEAGE_MAX: usize = 256;

/// The highest number of a commit: databases count with signed integers.
pub(super) const COMMIT_MAX: u64 = i64::MAX as u64;

/// The manifest beside an object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The facts about the database.
    #[serde(flatten)]
    pub contents: Contents,
    /// The facts about the stored object.
    pub object: ObjectFacts,
    /// The name of the backup, so that an older one cannot be passed off as the newest; absent in those of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The facts about the database of a backup. They are also stored inside the object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contents {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    /// The version of the program that made the backup, such as `0.1.0`.
    pub bursar_version: String,
    /// The schema version of the database.
    pub schema_version: i64,
    /// The identity of the database.
    pub installation: Uuid,
    /// Either `production` or `sandbox`.
    pub mode: String,
    /// The timeline: 1, plus one for each restore.
    pub timeline: i64,
    /// The position of the snapshot in the change journal; absent if there was no journal.
    #[serde(default)]
    pub position: Option<StreamPosition>,
    /// The epochs before that of `position`, the newest first, and at most [`LINEAGE_MAX`].
    #[serde(default)]
    pub lineage: Vec<Ancestor>,
    /// What restores have left behind.
    #[serde(default)]
    pub superseded: Vec<Superseded>,
    /// The name of the machine that made the backup; empty if it is not known.
    #[serde(default)]
    pub host: String,
    /// When the snapshot was taken, by the clock of the machine.
    #[serde(with = "text_of_moment")]
    pub taken_at: Moment,
    /// The latest moment recorded in it, by the clock of the installation, which a sandbox can move.
    #[serde(with = "text_of_moment")]
    pub recorded_at: Moment,
    /// Why the backup was made.
    pub reason: Reason,
    /// The number of entries in the ledger.
    pub entries: u64,
    /// The sequence number of the last entry.
    pub last_entry: i64,
    /// The sequence number of the last event.
    pub last_event: i64,
    /// The hash of the last entry, in hexadecimal.
    pub chain_head: String,
    /// How far the audit log goes; absent in schemas without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogFacts>,
    /// The trial balance by mode, currency and kind of account; absent beside an encrypted object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_balance: Option<Vec<TallyLine>>,
    /// The uncompressed database file.
    pub database: FileFacts,
    /// The proof that it passed.
    pub proof: ProofFacts,
}

/// A position in the change journal: the snapshot contains all commits up to and including this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The id of the stream.
    pub stream: Uuid,
    /// The epoch of that commit; nil in manifests from before epochs were recorded.
    #[serde(default)]
    pub epoch: Uuid,
    /// The number of the last commit in the snapshot.
    #[serde(deserialize_with = "commit_number")]
    pub commit: u64,
}

/// An epoch that the history of a backup has passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ancestor {
    /// Nil: commits from before epochs were recorded.
    pub epoch: Uuid,
    pub stream: Uuid,
    /// Its last commit that belongs to this history.
    #[serde(deserialize_with = "commit_number")]
    pub commit: u64,
    /// The moment of that commit.
    #[serde(with = "text_of_moment")]
    pub recorded_at: Moment,
    /// The moment of the commit after it, with which the next epoch began.
    #[serde(with = "text_of_moment")]
    pub continued_at: Moment,
}

/// A history that a restore has left behind, up to this commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Superseded {
    pub epoch: Uuid,
    pub stream: Uuid,
    #[serde(deserialize_with = "commit_number")]
    pub commit: u64,
}

/// Why a backup was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An operator ran `backup create`.
    Manual,
    Scheduled,
    /// A migration of the schema was about to run.
    Migration,
    /// A stream of the change journal needed its first backup.
    Stream,
}

/// How far the audit log goes, a Merkle tree as in RFC 6962.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogFacts {
    /// The name of the log: `bursar/<installation>/<log>`.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree, in base64.
    pub root: String,
    /// The last signed checkpoint in the database, a signed note; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// A line of the trial balance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TallyLine {
    /// Either `live` or `demo`.
    pub mode: String,
    /// The currency code, such as `EUR`.
    pub currency: String,
    /// `client` for all client accounts together, or the name of a house account.
    pub books: String,
    /// The sum as a decimal number in major units, such as `-78.00`.
    pub balance: String,
}

/// Size and checksum of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileFacts {
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// The proof at creation: the copy was reopened, its file and its books were checked, and nothing was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProofFacts {
    /// When the proof ended.
    #[serde(with = "text_of_moment")]
    pub proven_at: Moment,
    /// The number of postings checked.
    pub postings: u64,
    /// Account balances that equal the sum of their postings.
    pub books: u64,
    /// The number of events checked.
    pub events: u64,
}

/// The facts about the stored object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// How the database is encoded.
    pub encoding: Encoding,
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// How an object is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Encoding {
    /// Compressed but not encrypted.
    #[serde(rename = "zstd")]
    Zstd,
    /// Compressed, then encrypted to one or more public keys.
    #[serde(rename = "zstd+age")]
    ZstdAge,
}

/// The facts about a segment of the change journal, at the start of its object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    pub installation: Uuid,
    pub timeline: i64,
    pub stream: Uuid,
    /// The number of the first commit in it.
    pub first: u64,
    /// The number of the last commit in it.
    pub last: u64,
    /// The moment of the last commit in it.
    #[serde(with = "text_of_moment")]
    pub reaches: Moment,
    /// Its place in the history, as in its name.
    #[serde(default)]
    pub line: Option<String>,
    /// The segment as it was in the data directory.
    pub segment: FileFacts,
}

impl SegmentFacts {
    /// Reads the facts at the start of an object. There never were any without a signature: without one, they were
    /// changed.
    pub fn parse(text: &[u8]) -> Result<Signed<SegmentFacts>, ManifestError> {
        let facts = parse_signed(Kind::Segment, text, |facts: &SegmentFacts| facts.installation)?;
        if facts.signer.is_some() { Ok(facts) } else { Err(ManifestError::Forged) }
    }

    /// Indented and signed, as they are stored inside the object.
    pub fn to_json(&self, key: &InstallationKey) -> Result<Vec<u8>, serde_json::Error> {
        to_signed(Kind::Segment, self, key, self.installation)
    }
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, Error)]
pub enum ManifestError {
    /// A later version of the program wrote it in a newer format.
    #[error("has format {format} of bursar {bursar_version}, and this program knows up to {FORMAT}")]
    Newer {
        /// The version of its format.
        format: u32,
        /// The version of that program; empty if it does not say.
        bursar_version: String,
    },
    /// It is not the JSON of a manifest.
    #[error("has no readable manifest: {0}")]
    Unreadable(#[source] Arc<serde_json::Error>),
    /// It belongs to another installation, timeline or name than the place where it was found.
    #[error("has no readable manifest: it belongs to another installation, timeline or name")]
    Misplaced,
    /// It cannot be fetched, although the target can be reached.
    #[error("has no readable manifest: {0}")]
    Unfetched(String),
    /// It was changed after it was signed, or names a key that did not sign it.
    #[error("was changed: its signature is wrong")]
    Forged,
}

/// The members that every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
    #[serde(default)]
    bursar_version: String,
}

fn parse<T: for<'a> Deserialize<'a>>(text: &[u8]) -> Result<T, ManifestError> {
    serde_json::from_slice(text).map_err(|error| ManifestError::Unreadable(Arc::new(error)))
}

/// Reads a text and its signature, which a newer format may have elsewhere. An installation signs what is its own only.
fn parse_signed<T: for<'a> Deserialize<'a>>(
    kind: Kind,
    text: &[u8],
    installation: impl Fn(&T) -> Uuid,
) -> Result<Signed<T>, ManifestError> {
    let head: Head = parse(text)?;
    if head.format > FORMAT {
        return Err(ManifestError::Newer { format: head.format, bursar_version: head.bursar_version });
    }
    let Signed { value, signer } = signature::open(kind, text)?;
    let value = parse(&value)?;
    match signer {
        Some(signer) if signer.installation != installation(&value) => Err(ManifestError::Forged),
        signer => Ok(Signed { value, signer }),
    }
}

fn to_signed<T: Serialize>(
    kind: Kind,
    value: &T,
    key: &InstallationKey,
    installation: Uuid,
) -> Result<Vec<u8>, serde_json::Error> {
    Ok(signature::sign(key, installation, kind, &serde_json::to_string_pretty(value)?).into_bytes())
}

impl Manifest {
    /// Reads a manifest of this format or an older one.
    pub fn parse(text: &[u8]) -> Result<Signed<Manifest>, ManifestError> {
        parse_signed(Kind::Manifest, text, |manifest: &Manifest| manifest.contents.installation)
    }

    /// Indented and signed, as it is stored beside the object.
    pub fn to_json(&self, key: &InstallationKey) -> Result<Vec<u8>, serde_json::Error> {
        to_signed(Kind::Manifest, self, key, self.contents.installation)
    }
}

impl Contents {
    /// Reads the part that is stored inside an object.
    pub fn parse(text: &[u8]) -> Result<Signed<Contents>, ManifestError> {
        parse_signed(Kind::Contents, text, |contents: &Contents| contents.installation)
    }

    /// Indented and signed, as it is stored inside the object.
    pub fn to_json(&self, key: &InstallationKey) -> Result<Vec<u8>, serde_json::Error> {
        to_signed(Kind::Contents, self, key, self.installation)
    }

    /// The same without the trial balance, for a manifest that everybody may read.
    #[must_use]
    pub fn without_sums(&self) -> Contents {
        Contents { trial_balance: None, ..self.clone() }
    }
}

fn commit_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    let is_possible = number <= COMMIT_MAX;
    is_possible.then_some(number).ok_or_else(|| D::Error::custom(format!("{number} is no number of a commit")))
}

/// Times as RFC 3339, because people read manifests, and in a hurry.
mod text_of_moment {
    use crate::domain::clock::Moment;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(deserializer)?;
        Moment::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no time")))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::backup::signature::tests::key;

    pub(in crate::backup) fn sample() -> Manifest {
        let at = Moment::from_unix_ms(1_772_439_300_120);
        let line =
            TallyLine { mode: "live".into(), currency: "USD".into(), books: "client".into(), balance: "1.00".into() };
        Manifest {
            contents: Contents {
                format: FORMAT,
                bursar_version: "0.1.0".into(),
                schema_version: 6,
                installation: Uuid::from_u128(7),
                mode: "production".into(),
                timeline: 1,
                position: Some(StreamPosition { stream: Uuid::from_u128(8), epoch: Uuid::from_u128(10), commit: 9 }),
                lineage: vec![Ancestor {
                    epoch: Uuid::from_u128(11),
                    stream: Uuid::from_u128(8),
                    commit: 4,
                    recorded_at: at,
                    continued_at: at,
                }],
                superseded: vec![Superseded { epoch: Uuid::from_u128(12), stream: Uuid::from_u128(8), commit: 7 }],
                host: "one".into(),
                taken_at: at,
                recorded_at: at,
                reason: Reason::Manual,
                entries: 3,
                last_entry: 3,
                last_event: 5,
                chain_head: "00ff".into(),
                log: Some(LogFacts { origin: "bursar/x/y".into(), size: 1, root: "AA==".into(), checkpoint: None }),
                trial_balance: Some(vec![line]),
                database: FileFacts { bytes: 4, sha256: "aa".into() },
                proof: ProofFacts { proven_at: at, postings: 6, books: 2, events: 5 },
            },
            object: ObjectFacts { encoding: Encoding::Zstd, bytes: 2, sha256: "bb".into() },
            name: None,
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let (manifest, key) = (sample(), key());
        let text = manifest.to_json(&key).unwrap();
        let signer = Some(key.verifier(manifest.contents.installation));
        assert_eq!(Manifest::parse(&text).unwrap(), Signed { value: manifest.clone(), signer });
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("\"taken_at\": \"2026-03-02T08:15:00.120Z\""), "{text}");
        assert_eq!(manifest.contents.without_sums().trial_balance, None);
    }

    #[test]
    fn a_newer_format_is_told_from_nonsense() {
        let newer = br#"{"format":2,"bursar_version":"9.0","all":"different"}"#;
        assert!(matches!(Manifest::parse(newer), Err(ManifestError::Newer { format: 2, .. })));
        for text in ["", "{}", "[]", r#"{"format":1}"#, r#"{"format":-1}"#] {
            assert!(matches!(Manifest::parse(text.as_bytes()), Err(ManifestError::Unreadable(_))), "{text}");
        }
        let unsigned = serde_json::to_string(&sample()).unwrap();
        let more = unsigned.replacen('{', "{\"later\":1,", 1);
        let read = Manifest::parse(more.as_bytes()).unwrap();
        assert_eq!(read, Signed { value: sample(), signer: None }, "what a later version adds to the same format");
    }

    #[test]
    fn an_installation_signs_only_its_own() {
        let mut manifest = sample();
        let text = String::from_utf8(manifest.to_json(&key()).unwrap()).unwrap();
        manifest.contents.installation = Uuid::from_u128(9);
        let moved = signature::sign(
            &key(),
            Uuid::from_u128(7),
            Kind::Manifest,
            &serde_json::to_string_pretty(&manifest).unwrap(),
        );
        assert!(matches!(Manifest::parse(moved.as_bytes()), Err(ManifestError::Forged)));
        let changed = text.replace("\"entries\": 3", "\"entries\": 4");
        assert!(matches!(Manifest::parse(changed.as_bytes()), Err(ManifestError::Forged)));
    }
}
