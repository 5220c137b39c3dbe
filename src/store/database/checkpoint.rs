//! Runs checkpoints outside the path of commits. A thread with its own connection moves the write-ahead log into the
//! file, small and often, while the writer continues. The writer itself moves only the small remainder when the log can
//! restart. Nothing is moved before the change journal has it, see [`crate::store::database::journal`].

use crate::store::StoreError;
use crate::store::database::journal::{Journal, Pin};
use crate::store::database::log_readers::LogWatch;
use crate::store::database::writer::Flag;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::cell::Cell;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

thread_local! {
    // The hook cannot hold state. It runs on the thread of the connection that commits.
    static WAL_PAGES: Cell<i64> = const { Cell::new(0) };
    static HAS_WRITTEN: Cell<bool> = const { Cell::new(false) };
}

/// Measures the size of the write-ahead log, in pages, after each commit of this thread's connection.
pub(in crate::store) struct WalGauge;

impl WalGauge {
    pub(in crate::store) fn attach(connection: &Connection) -> WalGauge {
        fn committed(_: &Wal, pages: std::os::raw::c_int) -> rusqlite::Result<()> {
            WAL_PAGES.set(i64::from(pages));
            HAS_WRITTEN.set(true);
            Ok(())
        }
        connection.wal_hook(Some(committed));
        WalGauge
    }

    pub(in crate::store) fn pages(&self) -> i64 {
        WAL_PAGES.get()
    }

    /// Whether a commit has written anything since the last call.
    pub(in crate::store) fn has_written(&self) -> bool {
        HAS_WRITTEN.take()
    }
}

/// The writer's handle on the thread that runs checkpoints.
pub(in crate::store) struct Checkpointer {
    wake: Mutex<Option<SyncSender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    restart: Arc<Flag>,
    threshold: i64,
    last_seen: Cell<i64>,
}

/// The log may grow to this many thresholds before the writer is asked to let it restart.
const RESTART_FACTOR: i64 = 4;

/// With this many thresholds in the log, a reader keeps it from restarting.
const HELD_FACTOR: i64 = 16;

impl Checkpointer {
    /// Starts the thread. `connection` runs checkpoints; `reader` keeps them from going further than `journal` has
    /// read.
    pub(in crate::store) fn start(
        connection: Connection,
        reader: Connection,
        journal: Arc<Journal>,
        watch: Arc<LogWatch>,
        threshold: u32,
    ) -> Checkpointer {
        let (wake, woken) = sync_channel(1);
        let restart = Arc::new(Flag::default());
        let threshold = i64::from(threshold);
        let raised = Arc::clone(&restart);
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || run(&connection, &reader, &journal, &woken, &raised, &watch, threshold))
            .ok();
        Checkpointer {
            wake: Mutex::new(Some(wake)),
            thread: Mutex::new(thread),
            restart,
            threshold,
            last_seen: Cell::new(0),
        }
    }

    /// Wakes the thread if the log has grown by a threshold since it was last woken.
    pub(in crate::store) fn note_pages(&self, pages: i64) {
        if pages < self.last_seen.get() {
            self.last_seen.set(0); // the log has restarted
        }
        if pages - self.last_seen.get() >= self.threshold {
            self.last_seen.set(pages);
            if let Some(wake) = self.wake.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                let _ = wake.try_send(()); // full: it was woken already
            }
        }
    }

    /// Whether so little is left that the writer should move it itself, so that the log can restart.
    pub(in crate::store) fn wants_restart(&self) -> bool {
        self.restart.take()
    }

    /// Moves the remainder on the writer's connection, between two commits, when nobody can append.
    pub(in crate::store) fn finish(&self, connection: &Connection) {
        if let Err(error) = checkpoint(connection) {
            tracing::warn!(%error, "checkpoint failed");
        }
    }

    pub(in crate::store) fn stop(&self) {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn run(
    connection: &Connection,
    reader: &Connection,
    journal: &Journal,
    woken: &Receiver<()>,
    restart: &Flag,
    watch: &LogWatch,
    threshold: i64,
) {
    while woken.recv().is_ok() {
        match checkpoint_spooled(connection, reader, journal) {
            Ok((logged, moved)) => {
                watch.note(logged - moved >= RESTART_FACTOR * threshold || logged >= HELD_FACTOR * threshold);
                if logged >= RESTART_FACTOR * threshold && logged - moved < threshold {
                    restart.raise();
                }
            }
            Err(error) => tracing::warn!(%error, "checkpoint failed"),
        }
    }
}

/// Moves what the change journal has. Its open read keeps newer commits in the log.
fn checkpoint_spooled(
    connection: &Connection,
    reader: &Connection,
    journal: &Journal,
) -> Result<(i64, i64), StoreError> {
    let pin = Pin::begin(reader)?;
    journal.sync(pin.number()?);
    let moved = checkpoint(connection)?;
    drop(pin);
    Ok(moved)
}

/// Moves what can be moved without waiting for anyone. Returns the pages in the log and the pages moved so far.
fn checkpoint(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
}
