//! Housekeeping: forgets what is past its time, a little at a time, so that clients never wait for it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::app::App;

/// How long it rests when there was nothing left to forget.
const REST: Duration = Duration::from_secs(60);

/// A thread that tidies up until this is dropped.
pub struct Housekeeping {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts it.
    pub fn start(app: Arc<App>) -> io::Result<Housekeeping> {
        let (stop, stopped) = mpsc::channel::<()>();
        let work = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(REST) {
                while matches!(stopped.try_recv(), Err(TryRecvError::Empty)) && tidy(&app) {}
            }
        };
        let thread = thread::Builder::new().name("housekeeping".into()).spawn(work)?;
        Ok(Housekeeping { stop: Some(stop), thread: Some(thread) })
    }
}

/// One step. True if there is more to do at once; a failure waits for the next round.
fn tidy(app: &App) -> bool {
    app.tidy_up().unwrap_or_else(|refusal| {
        tracing::warn!(%refusal, "housekeeping was put off");
        false
    })
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("housekeeping had panicked");
        }
    }
}
