//! What files outside a database say about it: manifests of backups, and checkpoints of its log.

use super::codec::hex;
use super::directory::open_regular;
use super::manifest::{Contents, LogFacts, Manifest};
use crate::domain::ledger::EntryHash;
use crate::store::{Anchor, LogCheckpoint, SignedCheckpoint, Verifier};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The end of the names of files with a checkpoint.
pub(super) const CHECKPOINT_SUFFIX: &str = "checkpoint";

/// The largest file that may be an anchor, in bytes.
const ANCHOR_MAX: u64 = 16 << 20;

/// An anchor in a file.
#[derive(Clone, Debug)]
pub struct FoundAnchor {
    pub file: PathBuf,
    pub installation: Uuid,
    pub anchor: Anchor,
    /// Whose signature it bears; none if by nobody, or only by keys that were not given.
    pub signer: Option<Verifier>,
}

/// The anchors in a file, or in a folder and below it. Files that are none are left out.
///
/// # Errors
/// If a file or folder cannot be read.
pub fn find_anchors(place: &Path, keys: &[Verifier]) -> io::Result<Vec<FoundAnchor>> {
    let mut found = Vec::new();
    let mut folders = vec![place.to_owned()];
    if !fs::metadata(place)?.is_dir() {
        folders.clear();
        read_file(&fs::canonicalize(place)?, keys, &mut found)?;
    }
    while let Some(folder) = folders.pop() {
        // Links are not followed, which could lead in circles; nor are pipes and devices read.
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => read_file(&entry.path(), keys, &mut found)?,
                _ => {}
            }
        }
    }
    found.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(found)
}

fn read_file(path: &Path, keys: &[Verifier], found: &mut Vec<FoundAnchor>) -> io::Result<()> {
    let file = open_regular(path)?;
    if file.metadata()?.len() <= ANCHOR_MAX {
        let mut bytes = Vec::new();
        file.take(ANCHOR_MAX).read_to_end(&mut bytes)?;
        found.extend(read_anchor(path, &bytes, keys));
    }
    Ok(())
}

fn read_anchor(file: &Path, bytes: &[u8], keys: &[Verifier]) -> Option<FoundAnchor> {
    let file = file.to_owned();
    if let Some(signed) = str::from_utf8(bytes).ok().and_then(SignedCheckpoint::parse) {
        let signer = keys.iter().find(|key| signed.is_signed_by(key) == Some(true)).copied();
        let installation = signed.checkpoint.installation()?;
        return Some(FoundAnchor { file, installation, anchor: Anchor::Log(signed.checkpoint), signer });
    }
    let signed = Manifest::parse(bytes).ok()?;
    let signer = signed.signer.filter(|signer| keys.contains(signer));
    let contents = signed.value.contents;
    Some(FoundAnchor { file, installation: contents.installation, anchor: anchor_of(&contents)?, signer })
}

/// What a manifest says about the log, or about the entries if it is older.
fn anchor_of(contents: &Contents) -> Option<Anchor> {
    match &contents.log {
        Some(LogFacts { origin, size, root, .. }) => {
            let root = STANDARD.decode(root).ok()?.try_into().ok()?;
            Some(Anchor::Log(LogCheckpoint { origin: origin.clone(), size: *size, root }))
        }
        None => {
            let digits = contents.chain_head.as_bytes().chunks_exact(2);
            let bytes: Vec<u8> =
                digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect::<Option<_>>()?;
            let hash: EntryHash = bytes.try_into().ok()?;
            let is_whole = hex(&hash) == contents.chain_head;
            is_whole.then_some(Anchor::Chain { entry: contents.last_entry, hash })
        }
    }
}
