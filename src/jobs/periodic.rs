//! A thread that repeats a task at an interval until it is dropped.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The thread. Dropping it waits until the current step has finished.
pub struct PeriodicThread {
    name: &'static str,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PeriodicThread {
    /// Starts the thread. After a `step` that returns true, the next one follows without a rest.
    pub fn start(
        name: &'static str,
        rest: Duration,
        step: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<PeriodicThread> {
        let (stop, stopped) = mpsc::channel::<()>();
        let work = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(rest) {
                while matches!(stopped.try_recv(), Err(TryRecvError::Empty)) && step() {}
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(work)?;
        Ok(PeriodicThread { name, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for PeriodicThread {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(thread = self.name, "a background thread panicked");
        }
    }
}
