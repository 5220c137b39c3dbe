//! Hashing of passwords off the writer's thread: a queue for operators and one for end users, so that a flood of one
//! kind does not keep the other waiting. The memory that each computation needs is kept and reused: an allocator would
//! keep it too, once for each thread that ever hashed.

use crate::app::access::HashingMemory;
use crate::domain::refusal::Refusal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Concurrent computations of each queue: each takes 19 MiB and a core for tens of milliseconds.
const AT_A_TIME: usize = 2;
/// Computations that may be under way or waiting in each queue; beyond that callers are refused as busy.
const PLACES: usize = 64;
/// The places that logins may take: a flood of logins leaves room for callers who set a password.
const PLACES_OF_LOGINS: usize = 48;

#[derive(Default)]
pub(in crate::app) struct Hashers {
    pub operators: HashingQueue,
    pub clients: HashingQueue,
}

/// What a computation is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum Purpose {
    LogIn,
    /// A caller who has already been authenticated sets a password.
    SetPassword,
}

/// Computations that wait for each other.
pub(in crate::app) struct HashingQueue {
    slots: Arc<Semaphore>,
    taken: Arc<AtomicUsize>,
    /// The memory of the slots that are free.
    memory: Arc<Mutex<Vec<HashingMemory>>>,
}

impl Default for HashingQueue {
    fn default() -> Self {
        HashingQueue { slots: Arc::new(Semaphore::new(AT_A_TIME)), taken: Arc::default(), memory: Arc::default() }
    }
}

impl HashingQueue {
    /// Runs a computation once a slot is free. The slot is released when the computation ends, not when the caller
    /// disconnects: hanging up does not make room for another computation. Refuses if too many are waiting.
    pub(in crate::app) async fn run<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut HashingMemory) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Place::take(&self.taken, purpose)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| Refusal::ShuttingDown)?;
        let pool = Arc::clone(&self.memory);
        let computation = tokio::task::spawn_blocking(move || {
            let _until_the_end = (place, slot);
            let kept = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = kept.unwrap_or_default();
            let outcome = work(&mut memory);
            memory.wipe();
            pool.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            outcome
        });
        computation.await.map_err(|error| {
            tracing::error!(%error, "hashing a password panicked");
            Refusal::Internal
        })
    }
}

/// A place in a queue, released on drop.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, purpose: Purpose) -> Result<Place, Refusal> {
        let places = match purpose {
            Purpose::LogIn => PLACES_OF_LOGINS,
            Purpose::SetPassword => PLACES,
        };
        let place = Place(Arc::clone(taken));
        if taken.fetch_add(1, Ordering::AcqRel) >= places { Err(Refusal::Busy { retry_after_s: 1 }) } else { Ok(place) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
