//! Passwords: hashed with Argon2id, at most two at a time, never on the writer's thread.

use crate::app::App;
use crate::domain::clock::Randomness;
use crate::domain::refusal::Refusal;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Concurrent computations: each takes 19 MiB and a core for tens of milliseconds.
const AT_A_TIME: usize = 2;
/// Computations that may be queued; beyond that callers are refused as busy.
const WAITING_MAX: usize = 64;

/// An Argon2id hash in PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash made elsewhere, for example by another process. None if it is not an Argon2id hash.
    pub fn from_stored(text: String) -> Option<PasswordHash> {
        let parsed = argon2::password_hash::phc::PasswordHash::new(&text).ok()?;
        (parsed.algorithm == argon2::ARGON2ID_IDENT).then_some(PasswordHash(text))
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

/// Limits the CPU time and memory spent on hashing.
pub(in crate::app) struct PasswordHasher {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// Verified in place of a missing hash, so that unknown names take as long as wrong passwords.
    decoy: String,
}

impl PasswordHasher {
    pub(in crate::app) fn new(randomness: &dyn Randomness) -> PasswordHasher {
        let mut nobody = [0; 32];
        randomness.fill(&mut nobody);
        let decoy = hash_blocking(&nobody, randomness).map_or_else(|_| String::new(), |hash| hash.0);
        PasswordHasher { slots: Arc::new(Semaphore::new(AT_A_TIME)), waiting: Arc::default(), decoy }
    }

    /// Runs a computation once a slot is free. The slot is released when the computation ends, not when the caller
    /// disconnects: hanging up does not make room for another computation.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let waiting = Waiting::enter(&self.waiting)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| Refusal::ShuttingDown)?;
        let computation = tokio::task::spawn_blocking(move || {
            let _until_the_end = (waiting, slot);
            work()
        });
        computation.await.map_err(|error| {
            tracing::error!(%error, "hashing a password panicked");
            Refusal::Internal
        })
    }
}

/// A place in the queue, released on drop.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn enter(count: &Arc<AtomicUsize>) -> Result<Waiting, Refusal> {
        let place = Waiting(Arc::clone(count));
        if count.fetch_add(1, Ordering::AcqRel) >= WAITING_MAX {
            Err(Refusal::Busy { retry_after_s: 1 })
        } else {
            Ok(place)
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Hashes a password on the current thread.
pub fn hash_blocking(password: &[u8], randomness: &dyn Randomness) -> Result<PasswordHash, Refusal> {
    let mut salt = [0; 16];
    randomness.fill(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(password, &salt).map_err(|error| {
        tracing::error!(%error, "failed to hash a password");
        Refusal::Internal
    })?;
    Ok(PasswordHash(hash.to_string()))
}

impl App {
    pub async fn hash_password(self: &Arc<App>, password: String) -> Result<PasswordHash, Refusal> {
        let app = Arc::clone(self);
        self.hasher.run(move || hash_blocking(password.as_bytes(), app.randomness())).await?
    }

    /// Hashes a call that contains a secret, as slowly as a password: a copy of the database must not allow the secret
    /// to be guessed faster than from the password's own hash.
    pub(in crate::app) async fn slow_hash(&self, call: Vec<u8>, salt: [u8; 16]) -> Result<[u8; 16], Refusal> {
        let hashed = self.hasher.run(move || {
            let mut hash = [0; 16];
            Argon2::default().hash_password_into(&call, &salt, &mut hash).map(|()| hash)
        });
        hashed.await?.map_err(|error| {
            tracing::error!(%error, "failed to hash a call");
            Refusal::Internal
        })
    }

    /// Whether a password matches a hash. Without a hash the answer is no, after the same time.
    pub(in crate::app) async fn verify_password(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Refusal> {
        let is_real = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.hasher.decoy.clone());
        let matches = self
            .hasher
            .run(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok())
            .await?;
        Ok(matches && is_real)
    }
}
