//! Signatures of what lies at targets: the manifest of a backup, inside its object and beside it, the facts of a
//! segment, and leases. What these name by size and checksum is authentic with them.
//!
//! A signed text is JSON whose last member is the signature:
//!
//! ```text
//! {
//!   "format": 1,
//!   …,
//!   "signature": "<verifier key> <base64 of the Ed25519 signature>"
//! }
//! ```
//!
//! Signed are the bytes of the text without that member, `{…` up to the comma before it and then `\n}`, after a line
//! that names the kind of text, so that one kind cannot stand for another.

use super::codec::hex;
use super::manifest::{Encoding, Manifest, ManifestError};
use crate::store::{Finding, InstallationKey, ReadTx, SignedCheckpoint, StoreError, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use uuid::Uuid;

/// The kinds of signed text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The manifest beside an object.
    Manifest,
    /// The manifest inside an object.
    Contents,
    /// The facts of a segment of the change journal, inside its object.
    Segment,
    /// What a writer says about itself.
    Lease,
}

impl Kind {
    /// The bytes that are signed.
    fn message(self, text: &[u8]) -> Vec<u8> {
        let line = match self {
            Kind::Manifest => "bursar manifest beside a backup, version 1\n",
            Kind::Contents => "bursar manifest in a backup, version 1\n",
            Kind::Segment => "bursar segment, version 1\n",
            Kind::Lease => "bursar lease, version 1\n",
        };
        [line.as_bytes(), text].concat()
    }
}

/// The member of the signature, from the comma before it up to its value.
const MEMBER: &str = ",\n  \"signature\": \"";
const END: &str = "\n}";

/// A text that was read, and whose key signed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed<T> {
    pub value: T,
    /// The key that signed it, which need not be trusted; none if it is not signed.
    pub signer: Option<Verifier>,
}

/// Adds the signature of an installation to indented JSON.
pub fn sign(key: &InstallationKey, installation: Uuid, kind: Kind, json: &str) -> String {
    let signature = STANDARD.encode(key.sign(&kind.message(json.as_bytes())));
    let body = json.strip_suffix(END).unwrap_or(json);
    format!("{body}{MEMBER}{} {signature}\"{END}", key.verifier(installation))
}

/// Separates a text from its signature.
///
/// # Errors
/// If the text was not signed by the key that it names.
pub fn open(kind: Kind, text: &[u8]) -> Result<Signed<Vec<u8>>, ManifestError> {
    let Some(at) = find_last(text, MEMBER.as_bytes()) else {
        return Ok(Signed { value: text.to_vec(), signer: None });
    };
    let (body, member) = text.split_at(at);
    let value = [body, END.as_bytes()].concat();
    let member = str::from_utf8(&member[MEMBER.len()..]).ok().and_then(|rest| rest.strip_suffix(&format!("\"{END}")));
    let parts = member.and_then(|member| member.split_once(' '));
    let parsed = parts.and_then(|(verifier, signature)| {
        let signature = STANDARD.decode(signature).ok()?;
        Some((verifier.parse::<Verifier>().ok()?, signature))
    });
    match parsed {
        Some((verifier, signature)) if verifier.accepts(&kind.message(&value), &signature) => {
            Ok(Signed { value, signer: Some(verifier) })
        }
        _ => Err(ManifestError::Forged),
    }
}

fn find_last(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|window| window == wanted)
}

/// Whose signatures are believed, and what is accepted without.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The key of this installation, which also signs; none if there is none yet.
    pub own: Option<InstallationKey>,
    /// Keys that an operator has named.
    pub keys: Vec<Verifier>,
    /// Whether plain objects are refused, because backups are encrypted here.
    pub wants_encryption: bool,
    /// Whether an operator accepts what is not to be trusted.
    pub accepts_all: bool,
}

/// Why something at a target is not trusted. The texts continue a sentence that begins with its name.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Distrust {
    #[error("is not signed")]
    Unsigned,
    #[error("is signed by a key that is not trusted here, with the hash {}", hex(&.0.key_hash()))]
    Foreign(Verifier),
    /// What is signed at its start names another one, so somebody has copied or renamed it.
    #[error("was signed under another name")]
    Renamed,
    /// No put leaves one behind.
    #[error("is empty")]
    Empty,
    #[error("is not encrypted, although backup.recipients is set")]
    Plain,
}

impl Trust {
    /// Whether something may be used, by its signature and its encryption.
    pub fn check(&self, signer: Option<&Verifier>, is_encrypted: bool) -> Result<(), Distrust> {
        match signer {
            _ if self.accepts_all => Ok(()),
            None => Err(Distrust::Unsigned),
            Some(signer) if !self.knows(signer) => Err(Distrust::Foreign(*signer)),
            Some(_) if self.wants_encryption && !is_encrypted => Err(Distrust::Plain),
            Some(_) => Ok(()),
        }
    }

    /// Whether a backup may be used, by the manifest beside it.
    pub fn check_manifest(&self, signed: &Signed<Manifest>) -> Result<(), Distrust> {
        self.check(signed.signer.as_ref(), signed.value.object.encoding == Encoding::ZstdAge)
    }

    /// Whether a trusted key has signed a checkpoint.
    pub fn has_signed(&self, signed: &SignedCheckpoint) -> bool {
        let keys = signed.checkpoint.installation().map_or_else(Vec::new, |installation| self.keys_of(installation));
        keys.iter().any(|key| signed.is_signed_by(key) == Some(true))
    }

    /// The trusted keys of an installation.
    pub fn keys_of(&self, installation: Uuid) -> Vec<Verifier> {
        let own = self.own.iter().map(|key| key.verifier(installation));
        own.chain(self.keys.iter().copied().filter(|key| key.installation == installation)).collect()
    }

    /// What is wrong with the signature of the last commit in a copy; nothing where an operator accepts what is not to
    /// be trusted.
    pub fn check_last_commit(&self, tx: &ReadTx<'_>) -> Result<Option<Finding>, StoreError> {
        if self.accepts_all {
            return Ok(None);
        }
        tx.check_last_commit(&self.keys_of(tx.copy_facts()?.installation))
    }

    fn knows(&self, signer: &Verifier) -> bool {
        let own = self.own.as_ref().map(|key| key.verifier(signer.installation));
        own.as_ref() == Some(signer) || self.keys.contains(signer)
    }
}

/// The verifier keys in a text, such as a key file of age that `bursar backup keygen` wrote: one in a line, alone or
/// after `# bursar verifier:`.
pub fn verifiers(text: &str) -> Vec<Verifier> {
    let key = |line: &str| line.trim().trim_start_matches('#').trim().trim_start_matches(VERIFIER_LABEL).parse().ok();
    text.lines().filter_map(key).collect()
}

/// What stands before a verifier key in a comment.
pub const VERIFIER_LABEL: &str = "bursar verifier:";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::backup) fn key() -> InstallationKey {
        let dir = tempfile::tempdir().unwrap();
        InstallationKey::create(&dir.path().join("installation.key")).unwrap()
    }

    #[test]
    fn every_changed_and_every_missing_byte_of_a_signed_text_is_seen() {
        let (key, id) = (key(), Uuid::from_u128(7));
        let json = "{\n  \"a\": 1\n}";
        let text = sign(&key, id, Kind::Segment, json).into_bytes();
        assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok());
        let opened = open(Kind::Segment, &text).unwrap();
        assert_eq!((opened.value.as_slice(), opened.signer), (json.as_bytes(), Some(key.verifier(id))));
        assert!(open(Kind::Manifest, &text).is_err(), "of another kind");
        let is_the_same = |changed: &[u8]| open(Kind::Segment, changed).is_ok_and(|opened| opened.signer.is_some());
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(!is_the_same(&changed), "changed at {at}");
            assert!(!is_the_same(&text[..at]), "cut at {at}");
        }
    }

    #[test]
    fn what_is_not_signed_or_signed_elsewhere_is_not_trusted() {
        let (id, own_key) = (Uuid::from_u128(7), key());
        let (own, other) = (own_key.verifier(id), key().verifier(id));
        let named = Trust { keys: vec![other], ..Trust::default() };
        assert_eq!(
            (named.check(Some(&own), true), named.check(Some(&other), true)),
            (Err(Distrust::Foreign(own)), Ok(()))
        );
        let trust = Trust { own: Some(own_key), ..Trust::default() };
        assert_eq!(trust.check(Some(&own), false), Ok(()));
        assert_eq!(trust.check(Some(&other), true), Err(Distrust::Foreign(other)));
        assert_eq!(trust.check(None, true), Err(Distrust::Unsigned));
        let encrypting = Trust { wants_encryption: true, ..trust.clone() };
        assert_eq!(encrypting.check(Some(&own), false), Err(Distrust::Plain));
        assert_eq!(encrypting.check(Some(&own), true), Ok(()));
        assert_eq!(Trust { accepts_all: true, ..encrypting }.check(None, false), Ok(()));
    }

    #[test]
    fn verifiers_are_read_from_key_files() {
        let one = key().verifier(Uuid::from_u128(7));
        let text = format!("# public key: age1x\n# {VERIFIER_LABEL} {one}\nAGE-SECRET-KEY-1X\n{one}\n");
        assert_eq!(verifiers(&text), [one, one]);
    }
}
