//! Passwords, stored as Argon2id hashes.

use crate::app::App;
use crate::app::access::{HashingQueue, Purpose};
use crate::domain::access::{Password, TypedPassword};
use crate::domain::clock::Randomness;
use crate::domain::refusal::Refusal;
use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};

/// An Argon2id hash in PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash made elsewhere, for example by another process. None if it is not an Argon2id hash.
    pub fn from_stored(text: String) -> Option<PasswordHash> {
        let parsed = phc::PasswordHash::new(&text).ok()?;
        (parsed.algorithm == ARGON2ID_IDENT).then_some(PasswordHash(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The memory that Argon2 works in: 19 MiB.
#[derive(Default)]
pub(in crate::app) struct HashingMemory(Vec<Block>);

impl HashingMemory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count(), Block::new());
        }
        &mut self.0
    }

    /// Overwrites what a computation has left, from which its password could be guessed quickly.
    pub(in crate::app) fn wipe(&mut self) {
        self.0.fill(Block::new());
    }
}

/// Verified in place of a missing hash, so that unknown names take as long as wrong passwords.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a password on the current thread.
pub fn hash_blocking(password: &Password, randomness: &dyn Randomness) -> Result<PasswordHash, Refusal> {
    new_hash(password.as_bytes(), randomness, &mut HashingMemory::default())
}

fn new_hash(password: &[u8], randomness: &dyn Randomness, memory: &mut HashingMemory) -> Result<PasswordHash, Refusal> {
    let mut salt = [0; 16];
    randomness.fill(&mut salt);
    let params = Params::default();
    let mut text = || -> Result<String, argon2::password_hash::Error> {
        let hash = phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(&salt)?),
            hash: Some(output(&Argon2::from(params.clone()), password, &salt, memory)?),
        };
        Ok(hash.to_string())
    };
    text().map(PasswordHash).map_err(|error| {
        tracing::error!(%error, "failed to hash a password");
        Refusal::Internal
    })
}

fn output(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    memory: &mut HashingMemory,
) -> Result<Output, argon2::password_hash::Error> {
    let mut out = [0; Output::MAX_LENGTH];
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let out = out.get_mut(..length).ok_or(argon2::password_hash::Error::OutputSize)?;
    argon2.hash_password_into_with_memory(password, salt, out, memory.blocks(argon2.params()))?;
    Ok(Output::new(out)?)
}

/// Whether one of the forms of a password has this hash.
fn matches(password: &TypedPassword, hash: &str, memory: &mut HashingMemory) -> bool {
    let mut is_any_form = || -> Option<bool> {
        let hash = phc::PasswordHash::new(hash).ok()?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Some(Version::default()), |version| Version::try_from(version).ok())?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash).ok()?);
        let (salt, expected) = (hash.salt?, hash.hash?);
        // The comparison of outputs takes constant time.
        let has_hash = |form: &str| output(&argon2, form.as_bytes(), &salt, memory).is_ok_and(|it| it == expected);
        Some(password.forms().any(has_hash))
    };
    is_any_form().unwrap_or(false)
}

impl App {
    /// Hashes a new password of an end user.
    pub async fn hash_password(&self, password: Password) -> Result<PasswordHash, Refusal> {
        self.hash_in(&self.hashers.clients, password).await
    }

    pub(in crate::app) async fn hash_in(
        &self,
        queue: &HashingQueue,
        password: Password,
    ) -> Result<PasswordHash, Refusal> {
        let randomness = std::sync::Arc::clone(&self.randomness);
        let hash = move |memory: &mut HashingMemory| new_hash(password.as_bytes(), randomness.as_ref(), memory);
        queue.run(Purpose::SetPassword, hash).await?
    }

    /// Hashes a call that contains a secret, as slowly as a password: a copy of the database must not allow the secret
    /// to be guessed faster than from the password's own hash.
    pub(in crate::app) async fn slow_hash(&self, call: Vec<u8>, salt: [u8; 16]) -> Result<[u8; 16], Refusal> {
        let hashed = self.hashers.clients.run(Purpose::SetPassword, move |memory| {
            let (argon2, mut hash) = (Argon2::default(), [0; 16]);
            let blocks = memory.blocks(argon2.params());
            argon2.hash_password_into_with_memory(&call, &salt, &mut hash, blocks).map(|()| hash)
        });
        hashed.await?.map_err(|error| {
            tracing::error!(%error, "failed to hash a call");
            Refusal::Internal
        })
    }

    /// Whether a password matches a hash. Without a hash the answer is no, after the same time.
    pub(in crate::app) async fn verify_password(
        &self,
        queue: &HashingQueue,
        password: TypedPassword,
        hash: Option<String>,
    ) -> Result<bool, Refusal> {
        let is_real = hash.is_some();
        let check = move |memory: &mut HashingMemory| matches(&password, hash.as_deref().unwrap_or(DECOY), memory);
        let is_right = queue.run(Purpose::LogIn, check).await?;
        Ok(is_right && is_real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Field;
    use argon2::PasswordHasher;

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn typed(text: &str) -> TypedPassword {
        TypedPassword::new(Field::Password, text).unwrap()
    }

    #[test]
    fn hashes_are_those_of_the_library_and_memory_is_reused_and_wiped() {
        let mut memory = HashingMemory::default();
        let ours = new_hash(b"correct horse", &Sevens, &mut memory).unwrap();
        let theirs = Argon2::default().hash_password_with_salt(b"correct horse", &[7; 16]).unwrap();
        assert_eq!(ours.as_str(), theirs.to_string());
        assert!(matches(&typed("correct horse"), ours.as_str(), &mut memory));
        assert!(!matches(&typed("correct hors"), ours.as_str(), &mut memory));
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((cost(ours.as_str()), ours.as_str().len()), (cost(DECOY), DECOY.len()), "both cost the same");
        let left = |memory: &HashingMemory| memory.0.iter().flat_map(AsRef::as_ref).any(|word: &u64| *word != 0);
        assert!(left(&memory));
        memory.wipe();
        assert!(!left(&memory));
        assert_eq!(memory.0.len(), 19 * 1024);
    }
}
