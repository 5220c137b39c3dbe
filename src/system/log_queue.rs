//! The queue between those who log and stderr. A thread of its own writes, so that a stderr that is full, slow or gone
//! neither fails nor delays anybody. Lines that do not fit or cannot be written are lost and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The most lines that wait while stderr takes none.
const LINES_MAX: usize = 4096;

/// How long a process that ends waits for the remaining lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

static QUEUE: LogQueue = LogQueue::new();
static LOST: AtomicU64 = AtomicU64::new(0);

/// The number of log lines that this process has lost.
pub fn lines_lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Writes never fail or block. Each one is a line.
#[derive(Debug)]
pub struct LogQueue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// Whether the thread is writing a line that is no longer in `lines`.
    is_writing: bool,
}

/// Waits up to a second on drop for the remaining lines to be written.
#[derive(Debug)]
pub struct LogFlush(());

impl LogQueue {
    const fn new() -> LogQueue {
        let waiting = Waiting { lines: VecDeque::new(), is_writing: false };
        LogQueue { waiting: Mutex::new(waiting), changed: Condvar::new() }
    }

    /// Starts the thread that writes. Call it once.
    pub fn start() -> io::Result<(&'static LogQueue, LogFlush)> {
        thread::Builder::new().name("log".into()).spawn(|| QUEUE.write_all_to(io::stderr()))?;
        Ok((&QUEUE, LogFlush(())))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut out: impl Write) {
        let (mut told, mut is_cut) = (0, false);
        loop {
            let mut waiting = self.lock();
            waiting.is_writing = false;
            self.changed.notify_all();
            let line = loop {
                match waiting.lines.pop_front() {
                    Some(line) => break line,
                    None => waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                }
            };
            waiting.is_writing = true;
            let is_last = waiting.lines.is_empty();
            drop(waiting);
            match write_line(&mut out, &line, is_cut) {
                Written::Whole => {
                    is_cut = false;
                    let lost = lines_lost();
                    // Only when nothing else waits, so that this line is not lost as well.
                    if is_last && lost > told {
                        tracing::warn!(lines = lost - told, since_start = lost, "log lines were lost");
                        told = lost;
                    }
                }
                Written::Nothing => count_lost(),
                Written::Part => {
                    is_cut = true;
                    count_lost();
                }
            }
        }
    }
}

fn count_lost() {
    LOST.fetch_add(1, Ordering::Relaxed);
}

enum Written {
    Whole,
    Part,
    Nothing,
}

/// Writes a line, on a fresh one if the line before was cut.
fn write_line(out: &mut impl Write, line: &[u8], is_cut: bool) -> Written {
    let text = if is_cut { &[b"\n", line].concat() } else { line };
    let mut rest = text;
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(n) if n > 0 => rest = &rest[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ if is_cut || rest.len() < text.len() => return Written::Part,
            _ => return Written::Nothing,
        }
    }
    Written::Whole
}

impl Write for &LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lock();
        if waiting.lines.len() < LINES_MAX {
            waiting.lines.push_back(line.to_vec());
            drop(waiting);
            self.changed.notify_all();
        } else {
            drop(waiting);
            count_lost();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogFlush {
    fn drop(&mut self) {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        // What remains after that is lost with the process.
        let _ = QUEUE.changed.wait_timeout_while(QUEUE.lock(), LAST_LINES, is_busy);
    }
}
