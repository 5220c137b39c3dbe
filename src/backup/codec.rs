//! The format of objects at targets: compressed with zstd, then encrypted with age if public keys are configured. Both
//! are the plain formats of their tools:
//!
//! ```text
//! zstd -d NAME.bursar -o bursar.db            or, if encrypted:
//! age -d -i KEY NAME.bursar | zstd -d > bursar.db
//! ```
//!
//! An object begins with a signed text (`signature.rs`) in a skippable frame of zstd, which the tool ignores: the
//! manifest of a backup, or the facts of a segment. Segments of earlier versions have none.

use super::error::Cause;
use super::manifest::{Contents, MANIFEST_MAX, ManifestError, SegmentFacts};
use super::signature::{Signed, VERIFIER_LABEL};
use crate::store::Verifier;
use age::secrecy::ExposeSecret;
use age::x25519;
use aws_lc_rs::digest;
use std::fmt::{self, Write as _};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// Higher levels take far more time for little less space.
const LEVEL: i32 = 3;

/// The first bytes of a skippable frame that holds a manifest.
const MANIFEST_FRAME: u32 = 0x184D_2A5B;
/// The first bytes of a skippable frame that holds the facts of a segment.
const SEGMENT_FRAME: u32 = 0x184D_2A5C;
const ZSTD_FRAME: u32 = 0xFD2F_B528;
const AGE_HEADER: &[u8] = b"age-encryption.org/";

/// A public key that backups are encrypted to, such as `age1…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipient(x25519::Recipient);

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.trim().parse().map(Recipient).map_err(|reason| format!("{text:?} is no public key of age: {reason}"))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A private key that opens what was encrypted to its public key.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl Identity {
    /// Generates a key pair.
    pub fn generate() -> Identity {
        Identity(x25519::Identity::generate())
    }

    /// The public key of the pair.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The key as a file that the age tool reads, with the key that verifies backups in a comment.
    pub fn to_file(&self, verifier: Option<&Verifier>) -> String {
        let verifier = verifier.map_or_else(String::new, |it| format!("# {VERIFIER_LABEL} {it}\n"));
        format!("# public key: {}\n{verifier}{}\n", self.recipient(), self.0.to_string().expose_secret())
    }

    /// Reads all keys of such a file. Errors do not contain the key.
    pub fn parse_file(text: &str) -> Result<Vec<Identity>, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read = |(number, line): (usize, &str)| {
            line.parse().map(Identity).map_err(|reason: &str| format!("line {}: {reason}", number + 1))
        };
        match keys.map(read).collect::<Result<Vec<_>, _>>() {
            Ok(found) if found.is_empty() => Err("there is no key in it".into()),
            found => found,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.recipient())
    }
}

/// Why data cannot be unwrapped. The texts continue a sentence that begins with the name of the backup.
#[derive(Debug, Error)]
pub enum CodecError {
    /// Another program wrote it; the text says what it is not.
    #[error("{0}")]
    Foreign(&'static str),
    /// It is encrypted, and no private key was given.
    #[error("is encrypted, and no private key was given")]
    NoKey,
    /// None of the private keys given opens it.
    #[error("is encrypted to another key")]
    WrongKey,
    /// It is truncated or was changed.
    #[error("is damaged: {0}")]
    Damaged(#[source] Cause),
    /// The manifest in it cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Reading the source or writing the result failed.
    #[error(transparent)]
    Io(io::Error),
}

/// A writer that wraps what is written to it. Without [`Sealed::finish`] the result is truncated.
pub struct Sealed<W: Write>(zstd::Encoder<'static, Wrapping<W>>);

enum Wrapping<W: Write> {
    Plain(W),
    Age(Box<age::stream::StreamWriter<W>>),
}

impl<W: Write> Write for Wrapping<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Wrapping::Plain(inner) => inner.write(data),
            Wrapping::Age(inner) => inner.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wrapping::Plain(inner) => inner.flush(),
            Wrapping::Age(inner) => inner.flush(),
        }
    }
}

impl<W: Write> Wrapping<W> {
    fn new(recipients: &[Recipient], to: W) -> io::Result<Self> {
        let keys = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
        match age::Encryptor::with_recipients(keys) {
            Err(_) if recipients.is_empty() => Ok(Wrapping::Plain(to)),
            Err(error) => Err(io::Error::other(error)),
            Ok(encryptor) => Ok(Wrapping::Age(Box::new(encryptor.wrap_output(to)?))),
        }
    }

    fn finish(self) -> io::Result<W> {
        match self {
            Wrapping::Plain(inner) => Ok(inner),
            Wrapping::Age(inner) => inner.finish(),
        }
    }
}

impl<W: Write> Sealed<W> {
    fn compress(wrapping: Wrapping<W>) -> io::Result<Self> {
        let mut encoder = zstd::Encoder::new(wrapping, LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Sealed(encoder))
    }

    /// Writes the end of the frame and returns the inner writer.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()?.finish()
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Starts to wrap a backup, encrypted to `recipients` unless there are none: writes the signed manifest; the caller
/// writes the database.
pub fn write_backup<W: Write>(recipients: &[Recipient], manifest: &[u8], to: W) -> io::Result<Sealed<W>> {
    seal(recipients, MANIFEST_FRAME, manifest, to)
}

/// Starts to wrap a segment: writes its signed facts; the caller writes the segment.
pub fn write_segment<W: Write>(recipients: &[Recipient], facts: &[u8], to: W) -> io::Result<Sealed<W>> {
    seal(recipients, SEGMENT_FRAME, facts, to)
}

fn seal<W: Write>(recipients: &[Recipient], frame: u32, text: &[u8], to: W) -> io::Result<Sealed<W>> {
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    let mut wrapping = Wrapping::new(recipients, to)?;
    wrapping.write_all(&frame.to_le_bytes())?;
    wrapping.write_all(&length.to_le_bytes())?;
    wrapping.write_all(text)?;
    Sealed::compress(wrapping)
}

/// The data without its encryption, if it had one.
struct Decrypted<'a> {
    plain: Box<dyn BufRead + 'a>,
    was_encrypted: bool,
}

/// A reader of unwrapped data. It fails with [`io::ErrorKind::InvalidData`] if the data is damaged. It does not know
/// how much there should be.
pub struct Opened<'a> {
    data: zstd::Decoder<'static, Box<dyn BufRead + 'a>>,
    was_encrypted: bool,
}

impl Opened<'_> {
    pub fn was_encrypted(&self) -> bool {
        self.was_encrypted
    }
}

/// Unwraps a backup: returns its manifest and a reader of its database.
pub fn read_backup<'a>(
    from: impl Read + 'a,
    identities: &[Identity],
) -> Result<(Signed<Contents>, Opened<'a>), CodecError> {
    let mut from = unwrap(from, identities)?;
    if from.magic()? != MANIFEST_FRAME {
        return Err(CodecError::Foreign("is not a backup of bursar"));
    }
    let contents = Contents::parse(&from.text()?)?;
    Ok((contents, decompress(from)?))
}

/// Unwraps a segment: returns its facts, none in those of earlier versions, and a reader of its commits.
pub fn read_segment<'a>(
    from: impl Read + 'a,
    identities: &[Identity],
) -> Result<(Option<Signed<SegmentFacts>>, Opened<'a>), CodecError> {
    let mut from = unwrap(from, identities)?;
    let facts = match from.magic()? {
        SEGMENT_FRAME => Some(SegmentFacts::parse(&from.text()?)?),
        ZSTD_FRAME => None,
        _ => return Err(CodecError::Foreign("was not written by bursar")),
    };
    Ok((facts, decompress(from)?))
}

impl Decrypted<'_> {
    /// The first four bytes, without consuming them.
    fn magic(&mut self) -> Result<u32, CodecError> {
        let start = self.plain.fill_buf().map_err(damage)?;
        let first = start.first_chunk().ok_or(CodecError::Damaged("it is too short".into()))?;
        Ok(u32::from_le_bytes(*first))
    }

    /// The text in the skippable frame at the start.
    fn text(&mut self) -> Result<Vec<u8>, CodecError> {
        let mut header = [0; 8];
        self.plain.read_exact(&mut header).map_err(damage)?;
        let length = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        if length > MANIFEST_MAX {
            return Err(CodecError::Damaged(format!("a manifest of {length} bytes").into()));
        }
        let mut text = Vec::new();
        (&mut self.plain).take(length).read_to_end(&mut text).map_err(damage)?;
        match text.len() as u64 == length {
            true => Ok(text),
            false => Err(CodecError::Damaged("it ends within its manifest".into())),
        }
    }
}

fn unwrap<'a>(from: impl Read + 'a, identities: &[Identity]) -> Result<Decrypted<'a>, CodecError> {
    let mut from = BufReader::with_capacity(1 << 17, from);
    if !from.fill_buf().map_err(CodecError::Io)?.starts_with(AGE_HEADER) {
        return Ok(Decrypted { plain: Box::new(from), was_encrypted: false });
    }
    if identities.is_empty() {
        return Err(CodecError::NoKey);
    }
    let wrong = |error| match error {
        age::DecryptError::NoMatchingKeys => CodecError::WrongKey,
        age::DecryptError::Io(error) => damage(error),
        error => CodecError::Damaged(error.into()),
    };
    let decryptor = age::Decryptor::new_buffered(from).map_err(wrong)?;
    let keys = identities.iter().map(|identity| &identity.0 as &dyn age::Identity);
    let plain = decryptor.decrypt(keys).map_err(wrong)?;
    Ok(Decrypted { plain: Box::new(BufReader::with_capacity(1 << 17, plain)), was_encrypted: true })
}

fn decompress(from: Decrypted<'_>) -> Result<Opened<'_>, CodecError> {
    let data = zstd::Decoder::with_buffer(from.plain).map_err(CodecError::Io)?;
    Ok(Opened { data, was_encrypted: from.was_encrypted })
}

impl Read for Opened<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.data.read(into).map_err(|error| match error.kind() {
            // What comes from a disk or a network says so; the rest is the decoder's opinion of the data.
            io::ErrorKind::Other | io::ErrorKind::UnexpectedEof => io::Error::new(io::ErrorKind::InvalidData, error),
            _ => error,
        })
    }
}

fn damage(error: io::Error) -> CodecError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => CodecError::Damaged("it is cut short".into()),
        io::ErrorKind::InvalidData | io::ErrorKind::Other => CodecError::Damaged(error.into()),
        _ => CodecError::Io(error),
    }
}

/// A reader or writer that counts and hashes the bytes that pass through it.
pub struct Hashing<T> {
    inner: T,
    digest: digest::Context,
    bytes: u64,
}

impl<T> Hashing<T> {
    /// Counts and hashes the bytes from or to `inner`.
    pub fn new(inner: T) -> Hashing<T> {
        Hashing { inner, digest: digest::Context::new(&digest::SHA256), bytes: 0 }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// `inner`, the number of bytes, and their SHA-256 in hexadecimal.
    pub fn finish(self) -> (T, u64, String) {
        (self.inner, self.bytes, hex(self.digest.finish().as_ref()))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.digest.update(&into[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(data)?;
        self.digest.update(&data[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A reader that remembers whether it failed, so that a failed download is not taken for damaged data.
pub struct FailureFlag<R> {
    inner: R,
    failed: Arc<AtomicBool>,
}

impl<R> FailureFlag<R> {
    /// The reader and its flag, which is set once `inner` has failed.
    pub fn new(inner: R) -> (FailureFlag<R>, Arc<AtomicBool>) {
        let failed = Arc::new(AtomicBool::new(false));
        (FailureFlag { inner, failed: Arc::clone(&failed) }, failed)
    }
}

impl<R: Read> Read for FailureFlag<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed.store(true, Ordering::Release);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::manifest::tests::sample;
    use crate::backup::signature::tests::key;

    fn backup(recipients: &[Recipient], database: &[u8]) -> Vec<u8> {
        let manifest = sample().contents.to_json(&key()).unwrap();
        let mut sealed = write_backup(recipients, &manifest, Vec::new()).unwrap();
        sealed.write_all(database).unwrap();
        sealed.finish().unwrap()
    }

    fn read(object: &[u8], identities: &[Identity]) -> Result<Vec<u8>, CodecError> {
        let (contents, mut database) = read_backup(object, identities)?;
        assert_eq!(contents.value, sample().contents);
        let mut data = Vec::new();
        database.read_to_end(&mut data).map_err(damage)?;
        Ok(data)
    }

    #[test]
    fn a_backup_is_read_with_its_key_only() {
        let (one, other) = (Identity::generate(), Identity::generate());
        let data: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(read(&backup(&[], &data), &[]).unwrap(), data);
        let sealed = backup(&[one.recipient()], &data);
        assert_eq!(read(&sealed, &[other.clone(), one.clone()]).unwrap(), data);
        assert!(matches!(read(&sealed, &[]), Err(CodecError::NoKey)));
        assert!(matches!(read(&sealed, std::slice::from_ref(&other)), Err(CodecError::WrongKey)));
        let both = backup(&[one.recipient(), other.recipient()], &data);
        assert_eq!((read(&both, &[one]).unwrap(), read(&both, &[other]).unwrap()), (data.clone(), data));
    }

    #[test]
    fn every_cut_and_every_change_is_seen() {
        let key = Identity::generate();
        let data: Vec<u8> = (0..5_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for object in [backup(&[], &data), backup(&[key.recipient()], &data)] {
            let keys = std::slice::from_ref(&key);
            for length in (0..object.len()).step_by(211).chain([object.len() - 1]) {
                assert!(read(&object[..length], keys).is_err(), "cut at {length} of {}", object.len());
            }
            // A bit or two of the headers of zstd do not matter; that the object was changed shows in its checksum.
            for at in (0..2_000).chain((2_000..object.len()).step_by(97)) {
                let mut changed = object.clone();
                changed[at] ^= 1;
                let is_seen = read_backup(&changed[..], keys).map_or(true, |(contents, mut database)| {
                    let mut read = Vec::new();
                    let is_read = database.read_to_end(&mut read).is_ok() && read == data;
                    !is_read || contents.signer.is_none() || contents.value == sample().contents
                });
                assert!(is_seen, "changed at {at}");
            }
        }
    }

    #[test]
    fn what_is_none_is_told_from_what_is_damaged() {
        for foreign in [&b"SQLite format 3\0 and more"[..], b"PK\x03\x04 zip", &[0; 64]] {
            assert!(matches!(read(foreign, &[]), Err(CodecError::Foreign(_))), "{foreign:?}");
        }
        let facts = SegmentFacts {
            format: 1,
            installation: sample().contents.installation,
            timeline: 1,
            stream: sample().contents.installation,
            first: 1,
            last: 2,
            reaches: sample().contents.taken_at,
            line: None,
            segment: sample().contents.database,
        };
        let mut segment = write_segment(&[], &facts.to_json(&key()).unwrap(), Vec::new()).unwrap();
        segment.write_all(b"frames").unwrap();
        let segment = segment.finish().unwrap();
        assert!(matches!(read(&segment, &[]), Err(CodecError::Foreign(_))));
        let of_earlier_versions = zstd::encode_all(&b"frames"[..], 3).unwrap();
        for (object, facts) in [(segment, Some(facts)), (of_earlier_versions, None)] {
            let mut text = String::new();
            let (found, mut data) = read_segment(&object[..], &[]).unwrap();
            data.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), found.map(|found| found.value)), ("frames", facts));
        }
    }

    #[test]
    fn a_key_file_is_what_age_writes() {
        let key = Identity::generate();
        let file = key.to_file(None);
        assert!(file.contains("\nAGE-SECRET-KEY-1"), "{file}");
        assert_eq!(Identity::parse_file(&file).unwrap()[0].recipient(), key.recipient());
        assert_eq!(key.recipient().to_string().parse::<Recipient>(), Ok(key.recipient()));
        for wrong in ["", "# nothing\n", "AGE-SECRET-KEY-1WRONG"] {
            assert!(Identity::parse_file(wrong).is_err());
        }
        assert!("age1nonsense".parse::<Recipient>().is_err());
        assert!(!format!("{key:?}").contains("SECRET"));
    }
}
