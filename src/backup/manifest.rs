//! What a backup says about itself.
//!
//! The manifest stands twice: as JSON beside the object, where it is written last, so that without it there is no backup; and
//! inside of the object at its start (`codec.rs`), so that a lone file still knows what it is. The one beside leaves the
//! trial balance out when the object is encrypted.

use crate::domain::clock::Moment;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// The version of this format. A reader refuses a higher one, and ignores what it does not know in its own.
pub const FORMAT: u32 = 1;

/// The longest manifest that is read.
pub const MANIFEST_MAX: u64 = 16 << 20;

/// The manifest beside an object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// What is in the database.
    #[serde(flatten)]
    pub contents: Contents,
    /// The object as it is stored.
    pub object: ObjectFacts,
}

/// What is in the database of a backup. This part also stands inside of the object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contents {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    /// The program that made it.
    pub bursar_version: String,
    /// The schema of the database.
    pub schema_version: i64,
    /// The identity of the database.
    pub installation: Uuid,
    /// `production` or `sandbox`.
    pub mode: String,
    /// How often the database had been restored, from 1.
    pub timeline: i64,
    /// Where in the stream of changes the snapshot stands; absent where no stream was kept.
    #[serde(default)]
    pub position: Option<StreamPosition>,
    /// When the snapshot was taken, by the clock of the machine.
    #[serde(with = "text_of_moment")]
    pub taken_at: Moment,
    /// The latest moment recorded in it, by the clock of the installation, which a sandbox can move.
    #[serde(with = "text_of_moment")]
    pub recorded_at: Moment,
    /// What it was made for.
    pub reason: Reason,
    /// Entries in the journal of the books.
    pub entries: u64,
    /// The number of the last entry.
    pub last_entry: i64,
    /// The number of the last event.
    pub last_event: i64,
    /// The hash of the last entry, in hexadecimal.
    pub chain_head: String,
    /// The sums of all books by currency and kind; left out where it would be read by those who must not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_balance: Option<Vec<TallyLine>>,
    /// The database file.
    pub database: FileFacts,
    /// What was proven about it, and when.
    pub proof: ProofFacts,
}

/// A place in the stream of changes: everything up to and with this commit is in the snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The stream.
    pub stream: Uuid,
    /// The number of the last commit that is in it.
    pub commit: u64,
}

/// What a backup was made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody asked for it.
    Manual,
    /// Its time had come.
    Scheduled,
    /// The schema was about to change.
    Migration,
    /// A stream of changes needed a new base.
    Stream,
}

/// A sum of books in the trial balance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TallyLine {
    /// `live` or `demo`.
    pub mode: String,
    /// The currency.
    pub currency: String,
    /// `client`, or the name of the house account.
    pub books: String,
    /// The sum as decimal text.
    pub balance: String,
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The proof at creation: the snapshot was opened again, its file and its books were checked, and nothing was wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProofFacts {
    /// When it had passed.
    #[serde(with = "text_of_moment")]
    pub proven_at: Moment,
    /// Postings that were added up.
    pub postings: u64,
    /// Books whose balances followed from them.
    pub books: u64,
    /// Events without a gap.
    pub events: u64,
}

/// The object as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// How the database is wrapped.
    pub encoding: Encoding,
    /// The size of the object.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// How an object is wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Encoding {
    /// Compressed.
    #[serde(rename = "zstd")]
    Zstd,
    /// Compressed, then encrypted to one or more public keys.
    #[serde(rename = "zstd+age")]
    ZstdAge,
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, Error)]
pub enum ManifestError {
    /// It was written by a later version in a format that this one does not know.
    #[error("has format {format} of bursar {bursar_version}, and this program knows up to {FORMAT}")]
    Newer {
        /// The format.
        format: u32,
        /// The program that wrote it, where it says so.
        bursar_version: String,
    },
    /// It is not one.
    #[error("has no manifest that can be read: {0}")]
    Unreadable(#[source] Arc<serde_json::Error>),
    /// It is one, but not of the place where it was found.
    #[error("has no manifest that can be read: it belongs to another installation or timeline")]
    Misplaced,
}

/// What every version of the format begins with.
#[derive(Deserialize)]
struct Head {
    format: u32,
    #[serde(default)]
    bursar_version: String,
}

fn parse<T: for<'a> Deserialize<'a>>(text: &[u8]) -> Result<T, ManifestError> {
    let unreadable = |error: serde_json::Error| ManifestError::Unreadable(Arc::new(error));
    let head: Head = serde_json::from_slice(text).map_err(unreadable)?;
    if head.format > FORMAT {
        return Err(ManifestError::Newer { format: head.format, bursar_version: head.bursar_version });
    }
    serde_json::from_slice(text).map_err(unreadable)
}

impl Manifest {
    /// Reads one, of this format or an older one.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        parse(text)
    }

    /// As it is stored.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }
}

impl Contents {
    /// Reads the part that stands inside of an object.
    pub fn parse(text: &[u8]) -> Result<Contents, ManifestError> {
        parse(text)
    }

    /// What may be told in the open.
    #[must_use]
    pub fn without_sums(&self) -> Contents {
        Contents { trial_balance: None, ..self.clone() }
    }
}

/// Times as RFC 3339: manifests are read by people in bad hours.
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
                position: Some(StreamPosition { stream: Uuid::from_u128(8), commit: 9 }),
                taken_at: at,
                recorded_at: at,
                reason: Reason::Manual,
                entries: 3,
                last_entry: 3,
                last_event: 5,
                chain_head: "00ff".into(),
                trial_balance: Some(vec![line]),
                database: FileFacts { bytes: 4, sha256: "aa".into() },
                proof: ProofFacts { proven_at: at, postings: 6, books: 2, events: 5 },
            },
            object: ObjectFacts { encoding: Encoding::Zstd, bytes: 2, sha256: "bb".into() },
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let manifest = sample();
        assert_eq!(Manifest::parse(&manifest.to_json().unwrap()).unwrap(), manifest);
        let text = String::from_utf8(manifest.to_json().unwrap()).unwrap();
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
        let more = String::from_utf8(sample().to_json().unwrap()).unwrap().replacen('{', "{\"later\":1,", 1);
        assert!(Manifest::parse(more.as_bytes()).is_ok(), "what a later version adds to the same format");
    }
}
