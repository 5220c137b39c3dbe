//! The secret of an installation, in a file of its own outside the database: a copy of the database, or a backup, can
//! neither sign nor read what it seals.
//!
//! Two keys are derived from its 32 random bytes: one seals private keys that the database stores, the other signs
//! backups, the change journal and checkpoints of the audit log.

use crate::store::database::data_dir::{new_private_file, sync_parent};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// The bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

const SECRET_LEN: usize = 32;
/// What the file begins with, so that a wrong file is noticed.
const PREFIX: &str = "BURSAR-INSTALLATION-KEY-2-";
/// What it begins with until the database of an earlier version, whose commits are not signed, has been migrated.
const PREFIX_ADOPTING: &str = "BURSAR-INSTALLATION-KEY-1-";
/// More bytes than any key file has.
const FILE_MAX: u64 = 4096;
/// Marks Ed25519 in a signed note.
const ED25519_MARK: u8 = 1;

#[derive(Debug, Error)]
pub enum InstallationKeyError {
    #[error("{}: {error}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    /// Its content is not shown.
    #[error("{} is no installation key of bursar", .0.display())]
    Foreign(PathBuf),
    #[error("the secret in {} is accessible to other users (mode {mode:04o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl InstallationKeyError {
    /// Whether there is no key file.
    pub fn is_missing(&self) -> bool {
        matches!(self, InstallationKeyError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The secret of an installation.
#[derive(Clone)]
pub struct InstallationKey(Arc<Derived>);

struct Derived {
    may_adopt: bool,
    sealing: RandomizedNonceKey,
    signing: Ed25519KeyPair,
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey")
    }
}

impl InstallationKey {
    /// Reads a key file.
    pub fn load(path: &Path) -> Result<InstallationKey, InstallationKeyError> {
        let text = read_regular(path)?;
        let secret = |prefix: &str| {
            let secret = text.trim().strip_prefix(prefix).and_then(|text| STANDARD.decode(text).ok())?;
            <[u8; SECRET_LEN]>::try_from(secret).ok()
        };
        let key = match secret(PREFIX) {
            Some(secret) => Self::derive(&secret, false),
            None => secret(PREFIX_ADOPTING).and_then(|secret| Self::derive(&secret, true)),
        };
        key.ok_or_else(|| InstallationKeyError::Foreign(path.into()))
    }

    /// Whether a database of an earlier version, whose commits are not signed, may be taken for one of this key. Ends
    /// with [`InstallationKey::end_adoption`]: what comes later and is not signed was changed by somebody else.
    pub fn may_adopt(&self) -> bool {
        self.0.may_adopt
    }

    /// Makes a key and writes it to a new file of mode 0600, which survives a power cut once this returns. An existing
    /// file is never replaced.
    pub fn create(path: &Path) -> Result<InstallationKey, InstallationKeyError> {
        Self::create_with(PREFIX, path)
    }

    /// The same for a database of an earlier version, which is about to be migrated.
    pub fn create_to_adopt(path: &Path) -> Result<InstallationKey, InstallationKeyError> {
        Self::create_with(PREFIX_ADOPTING, path)
    }

    /// A key in memory only, for a copy that is thrown away.
    pub fn passing() -> Result<InstallationKey, InstallationKeyError> {
        let (_, key) = Self::random(false)?;
        Ok(key)
    }

    fn random(may_adopt: bool) -> Result<([u8; SECRET_LEN], InstallationKey), InstallationKeyError> {
        let mut secret = [0; SECRET_LEN];
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| InstallationKeyError::NoRandomness)?;
        let key = Self::derive(&secret, may_adopt).ok_or(InstallationKeyError::NoRandomness)?;
        Ok((secret, key))
    }

    fn create_with(prefix: &str, path: &Path) -> Result<InstallationKey, InstallationKeyError> {
        let of_io = |error: io::Error| InstallationKeyError::Io { path: path.into(), error };
        let (secret, key) = Self::random(prefix == PREFIX_ADOPTING)?;
        // An incomplete file must not count as the key, and a link fails if there is one already.
        let making = path.with_extension("tmp");
        let mut file = new_private_file(&making).map_err(of_io)?;
        let written = writeln!(file, "{prefix}{}", STANDARD.encode(secret)).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&making, path));
        let removed = fs::remove_file(&making);
        linked.and(removed).and_then(|()| sync_parent(path)).map_err(of_io)?;
        Ok(key)
    }

    /// Marks the file of this key: every commit of its database is signed from now on. Does nothing if it is marked.
    pub fn end_adoption(&self, path: &Path) -> Result<(), InstallationKeyError> {
        if !self.0.may_adopt {
            return Ok(());
        }
        let of_io = |error: io::Error| InstallationKeyError::Io { path: path.into(), error };
        let text = read_regular(path)?.replacen(PREFIX_ADOPTING, PREFIX, 1);
        let making = path.with_extension("tmp");
        let mut file = new_private_file(&making).map_err(of_io)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&making, path)).and_then(|()| sync_parent(path)).map_err(of_io)
    }

    fn derive(secret: &[u8; SECRET_LEN], may_adopt: bool) -> Option<InstallationKey> {
        let root = Salt::new(HKDF_SHA256, b"bursar installation key").extract(secret);
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, &expand(&root, b"seal")?).ok()?;
        let signing = Ed25519KeyPair::from_seed_unchecked(&expand(&root, b"sign")?).ok()?;
        Some(InstallationKey(Arc::new(Derived { may_adopt, sealing, signing })))
    }

    /// Encrypts a secret that the database stores. `label` names it: only [`InstallationKey::open`] with the same label
    /// decrypts it, so that sealed values cannot be exchanged for one another. None if there are no random bytes.
    pub fn seal(&self, label: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let mut text = plain.to_vec();
        let nonce = self.0.sealing.seal_in_place_append_tag(Aad::from(label), &mut text).ok()?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Some(sealed)
    }

    /// Decrypts what [`InstallationKey::seal`] made. None if it was sealed by another key or under another label, or
    /// was changed.
    pub fn open(&self, label: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.0.sealing.open_in_place(nonce, Aad::from(label), &mut text).ok()?.len();
        text.truncate(plain);
        Some(text)
    }

    /// Signs with Ed25519.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let mut bytes = [0; SIGNATURE_LEN];
        bytes.copy_from_slice(self.0.signing.sign(message).as_ref());
        bytes
    }

    /// The public key that checks the signatures of this installation.
    pub fn verifier(&self, installation: Uuid) -> Verifier {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.signing.public_key().as_ref());
        Verifier { installation, key }
    }
}

/// The text of a key file. A pipe is not waited for.
fn read_regular(path: &Path) -> Result<String, InstallationKeyError> {
    let of_io = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => InstallationKeyError::Foreign(path.into()),
        _ => InstallationKeyError::Io { path: path.into(), error },
    };
    let not_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(not_waiting).open(path).map_err(of_io)?;
    let found = file.metadata().map_err(of_io)?;
    if !found.is_file() {
        return Err(InstallationKeyError::Foreign(path.into()));
    }
    // Another owner lets this user read it through its group: root does so with the credentials of systemd.
    let is_own = found.uid() == rustix::process::geteuid().as_raw();
    if found.mode() & if is_own { 0o077 } else { 0o037 } != 0 {
        return Err(InstallationKeyError::Exposed { path: path.into(), mode: found.mode() & 0o7777 });
    }
    let mut text = String::new();
    file.take(FILE_MAX).read_to_string(&mut text).map_err(of_io)?;
    Ok(text)
}

fn expand(root: &Prk, purpose: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    root.expand(&[purpose], HKDF_SHA256).ok()?.fill(&mut key).ok()?;
    Some(key)
}

/// The public key of an installation. As text it is a verifier key of the signed notes of C2SP:
/// `bursar/<installation>+<hash>+<base64>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Verifier {
    pub installation: Uuid,
    key: [u8; 32],
}

impl Verifier {
    /// The name of the signer in signed notes.
    pub fn name(&self) -> String {
        format!("bursar/{}", self.installation)
    }

    /// The first bytes of the hash of name and key, which tell the keys of one signer apart.
    pub fn key_hash(&self) -> [u8; 4] {
        let content = [self.name().as_bytes(), b"\n", &[ED25519_MARK], &self.key].concat();
        let mut hash = [0; 4];
        hash.copy_from_slice(&digest(&SHA256, &content).as_ref()[..4]);
        hash
    }

    /// Whether the installation signed this message.
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.key_hash());
        let key = STANDARD.encode([&[ED25519_MARK], self.key.as_slice()].concat());
        write!(f, "{}+{hash:08x}+{key}", self.name())
    }
}

impl FromStr for Verifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no verifier key, such as bursar/<installation>+<hash>+<base64>");
        // The base64 part may contain a plus sign.
        let mut parts = text.trim().splitn(3, '+');
        let mut part = || parts.next().ok_or_else(wrong);
        let installation = part()?.strip_prefix("bursar/").ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
        let (_, key) = (part()?, STANDARD.decode(part()?).map_err(|_| wrong())?);
        let key = key.strip_prefix(&[ED25519_MARK]).and_then(|key| key.try_into().ok()).ok_or_else(wrong)?;
        let verifier = Verifier { installation, key };
        match verifier.to_string() == text.trim() {
            true => Ok(verifier),
            false => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn made(dir: &tempfile::TempDir, name: &str) -> InstallationKey {
        InstallationKey::create(&dir.path().join(name)).unwrap()
    }

    #[test]
    fn a_key_file_is_private_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("installation.key");
        let key = InstallationKey::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let before = fs::read(&path).unwrap();
        assert!(matches!(InstallationKey::create(&path), Err(InstallationKeyError::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        let id = Uuid::from_u128(7);
        assert_eq!(InstallationKey::load(&path).unwrap().verifier(id), key.verifier(id));
        for wrong in ["", "nonsense", PREFIX, "BURSAR-INSTALLATION-KEY-2-AAAA"] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(InstallationKey::load(&path), Err(InstallationKeyError::Foreign(_))), "{wrong}");
        }
    }

    #[test]
    fn a_key_adopts_until_that_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("installation.key");
        let (key, id) = (InstallationKey::create_to_adopt(&path).unwrap(), Uuid::from_u128(7));
        assert!(key.may_adopt() && InstallationKey::load(&path).unwrap().may_adopt());
        key.end_adoption(&path).unwrap();
        let marked = InstallationKey::load(&path).unwrap();
        assert!(!marked.may_adopt() && marked.verifier(id) == key.verifier(id));
        marked.end_adoption(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!made(&dir, "new").may_adopt());
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_label_only() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (made(&dir, "one"), made(&dir, "other"));
        let sealed = one.seal("key 1", b"secret").unwrap();
        assert_eq!(one.open("key 1", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!((one.open("key 2", &sealed), other.open("key 1", &sealed)), (None, None));
        assert_ne!(sealed, one.seal("key 1", b"secret").unwrap());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(one.open("key 1", &changed), None, "changed at {at}");
            assert_eq!(one.open("key 1", &sealed[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn a_verifier_is_read_as_it_is_written_and_accepts_its_own_signatures_only() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (made(&dir, "one"), made(&dir, "other"));
        let id = Uuid::from_u128(7);
        let verifier = one.verifier(id);
        assert_eq!(verifier.to_string().parse(), Ok(verifier));
        let signature = one.sign(b"message");
        assert!(verifier.accepts(b"message", &signature));
        assert!(!verifier.accepts(b"Message", &signature) && !other.verifier(id).accepts(b"message", &signature));
        let text = verifier.to_string();
        let of_other_installation = text.replace(&id.to_string(), &Uuid::from_u128(8).to_string());
        for wrong in ["", "bursar/x+1+2", &text[..text.len() - 1], &of_other_installation] {
            assert!(wrong.parse::<Verifier>().is_err(), "{wrong}");
        }
    }
}
