//! The single writer. Operations that wait together share one COMMIT. Each runs in its own savepoint, so that a refusal
//! undoes only itself, and each caller gets its answer after the COMMIT that makes its change durable. A long operation
//! has a transaction to itself and needs no savepoint.

use crate::store::database::checkpoint::{Checkpointer, WalGauge};
use crate::store::database::connection::STATEMENT_CACHE;
use crate::store::database::failed_commit;
use crate::store::database::installation_key::InstallationKey;
use crate::store::database::journal::Journal;
use crate::store::database::statements::Statements;
use crate::store::database::trail::Trail;
use crate::store::database::transaction::{CommitMoment, WriteTx};
use crate::store::{StoreError, Tuning, with_causes};
use rusqlite::Connection;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

/// The most operations in one commit.
const BATCH_MAX: usize = 256;
/// How long a batch is filled at most, which keeps commits short even if operations are slow.
const BATCH_TIME: Duration = Duration::from_millis(10);
/// The pause between two attempts to remove a failed commit from the log. Operations that arrive do not wait for it.
const REMOVAL_PAUSE: Duration = Duration::from_millis(100);
/// How long the callers of a failed commit are kept waiting for a definite answer.
const REMOVAL_TIME: Duration = Duration::from_secs(10);

/// Why an operation was rolled back.
#[derive(Debug)]
pub enum Abort<E> {
    /// Refused by a business rule.
    Refused(E),
    Store(StoreError),
}

impl<E> From<StoreError> for Abort<E> {
    fn from(error: StoreError) -> Self {
        Abort::Store(error)
    }
}

/// Why an operation has no outcome. Except with [`NoOutcome::InDoubt`], it was certainly not applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoOutcome {
    QueueFull,
    /// The caller cancelled it before the writer took it.
    Cancelled,
    StorageFailed,
    Closing,
    /// The operation panicked or hit a defect; the log has the details.
    Defect,
    /// Its COMMIT failed and was not removed from the log in time: a restart may apply it. No caller may be told that
    /// it was not applied.
    InDoubt,
}

/// The state of the writer, for probes and metrics.
#[derive(Debug, Default)]
pub struct Health {
    failure: Mutex<Option<String>>,
    pub commits: AtomicU64,
    pub operations: AtomicU64,
    /// From taking the first operation of a commit to the return of COMMIT.
    pub slowest_commit_us: AtomicU64,
}

impl Health {
    /// Why the last attempt to write failed; none if it succeeded.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, failure: Option<String>) {
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*last, &failure) {
            (None, Some(reason)) => tracing::error!(%reason, "the database cannot be written"),
            (Some(_), None) => tracing::info!("the database can be written again"),
            _ => {}
        }
        *last = failure;
    }
}

const QUEUED: u8 = 0;
const TAKEN: u8 = 1;
const CANCELLED: u8 = 2;

/// A caller's handle on its queued or running operation.
pub struct Ticket<T, E> {
    answer: oneshot::Receiver<Result<Result<T, E>, NoOutcome>>,
    state: Arc<AtomicU8>,
}

impl<T, E> Ticket<T, E> {
    /// Waits for the commit and returns the outcome.
    pub async fn answer(&mut self) -> Result<Result<T, E>, NoOutcome> {
        (&mut self.answer).await.unwrap_or_else(|_| Err(dropped(&self.state)))
    }

    /// Like [`Ticket::answer`], for callers that may block their thread.
    pub fn wait(self) -> Result<Result<T, E>, NoOutcome> {
        self.answer.blocking_recv().unwrap_or_else(|_| Err(dropped(&self.state)))
    }

    /// Cancels the operation. True if it was still waiting and will never run; false if the writer has taken it, and
    /// its answer will come.
    pub fn cancel(&self) -> bool {
        self.state.compare_exchange(QUEUED, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// What it means that an operation was dropped without an answer: in doubt once the writer had begun it.
fn dropped(state: &AtomicU8) -> NoOutcome {
    if state.load(Ordering::Acquire) == TAKEN { NoOutcome::InDoubt } else { NoOutcome::Closing }
}

/// The result of one operation inside its savepoint.
enum Verdict {
    Keep,
    Undo,
    Failed(StoreError),
}

trait Job: Send {
    /// Claims the job for execution. False if the caller cancelled it.
    fn take(&self) -> bool;
    fn is_cancelled(&self) -> bool;
    /// Whether it is slow and so gets its own commit.
    fn is_long(&self) -> bool;
    fn run(&mut self, tx: &WriteTx<'_>) -> Verdict;
    fn answer(self: Box<Self>, fate: Result<(), NoOutcome>);
}

struct Operation<T, E, F> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<Result<T, E>, NoOutcome>>,
    state: Arc<AtomicU8>,
    is_long: bool,
}

impl<T, E, F> Job for Operation<T, E, F>
where
    T: Send,
    E: Send,
    F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send,
{
    fn take(&self) -> bool {
        self.state.compare_exchange(QUEUED, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) == CANCELLED
    }

    fn is_long(&self) -> bool {
        self.is_long
    }

    fn run(&mut self, tx: &WriteTx<'_>) -> Verdict {
        let Some(work) = self.work.take() else { return Verdict::Undo };
        match work(tx) {
            Ok(value) => {
                self.outcome = Some(Ok(value));
                Verdict::Keep
            }
            Err(Abort::Refused(refusal)) => {
                self.outcome = Some(Err(refusal));
                Verdict::Undo
            }
            Err(Abort::Store(error)) => Verdict::Failed(error),
        }
    }

    fn answer(self: Box<Self>, fate: Result<(), NoOutcome>) {
        let answer = match (fate, self.outcome) {
            (Ok(()), Some(outcome)) => Ok(outcome),
            (Ok(()), None) => Err(NoOutcome::Defect),
            (Err(reason), _) => Err(reason),
        };
        // The caller may be gone. That changes nothing about what was done.
        let _ = self.answer.send(answer);
    }
}

/// The handle on the writer's thread.
pub(in crate::store) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    health: Arc<Health>,
    news: Arc<watch::Sender<()>>,
}

impl Writer {
    pub(in crate::store) fn start(
        connection: Connection,
        checkpointer: Checkpointer,
        journal: Arc<Journal>,
        (moment, trail, key): (CommitMoment, Trail, InstallationKey),
        epoch_found: Uuid,
        tuning: &Tuning,
    ) -> Writer {
        let (queue, jobs) = sync_channel(tuning.queue);
        let health = Arc::new(Health::default());
        let number = Cell::new(journal.status().committed);
        let news = Arc::new(watch::Sender::new(()));
        let state = Loop {
            connection,
            jobs,
            health: Arc::clone(&health),
            checkpointer,
            journal,
            moment,
            epoch_found: Cell::new(Some(epoch_found)),
            trail,
            key,
            number,
            is_restart_due: Cell::new(false),
            news: Arc::clone(&news),
            has_news: Cell::new(false),
        };
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || {
            let health = Arc::clone(&state.health);
            if catch_unwind(AssertUnwindSafe(|| state.run())).is_err() {
                health.note(Some("the writer has stopped; restart the server".to_owned()));
            }
        });
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                health.note(Some(format!("the writer thread did not start: {error}")));
                None
            }
        };
        Writer { queue: Mutex::new(Some(queue)), thread: Mutex::new(thread), health, news }
    }

    pub(in crate::store) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Changes when a commit has made events durable.
    pub(in crate::store) fn news(&self) -> &watch::Sender<()> {
        &self.news
    }

    pub(in crate::store) fn submit<T, E, F>(&self, work: F, is_long: bool) -> Result<Ticket<T, E>, NoOutcome>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let state = Arc::new(AtomicU8::new(QUEUED));
        let job = Operation { work: Some(work), outcome: None, answer: sender, state: Arc::clone(&state), is_long };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(Box::new(job))) {
            Some(Ok(())) => Ok(Ticket { answer, state }),
            Some(Err(TrySendError::Full(_))) => Err(NoOutcome::QueueFull),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(NoOutcome::Closing),
        }
    }

    pub(in crate::store) fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the writer's thread owns.
struct Loop {
    connection: Connection,
    jobs: Receiver<Box<dyn Job>>,
    health: Arc<Health>,
    checkpointer: Checkpointer,
    journal: Arc<Journal>,
    moment: CommitMoment,
    /// The epoch in which the database was found; none once this writer's own epoch has begun, with its first commit.
    epoch_found: Cell<Option<Uuid>>,
    trail: Trail,
    /// Signs every commit.
    key: InstallationKey,
    /// The number of the last commit in the change journal.
    number: Cell<u64>,
    /// Whether the log should restart as soon as the change journal has nearly caught up.
    is_restart_due: Cell<bool>,
    news: Arc<watch::Sender<()>>,
    /// Whether the current batch has something for followers of events.
    has_news: Cell<bool>,
}

impl Loop {
    fn run(self) {
        // The gauge counts on the thread that attached it.
        let gauge = WalGauge::attach(&self.connection);
        let statements = Statements::of(&self.connection, STATEMENT_CACHE);
        let mut left = None;
        while let Some(first) = left.take().or_else(|| self.jobs.recv().ok()) {
            let since = Instant::now();
            let is_restart_due = self.is_restart_due.get() || self.checkpointer.wants_restart();
            // If the spool is far behind, callers do not wait for it: the restart is postponed.
            self.is_restart_due.set(is_restart_due && !self.journal.is_near(self.number.get()));
            if is_restart_due && !self.is_restart_due.get() {
                // Nobody commits meanwhile, so everything that is moved is in the spool.
                self.journal.sync(self.number.get());
                self.checkpointer.finish(&self.connection);
            }
            left = self.commit_batch(first, since, &gauge, &statements);
            self.checkpointer.note_pages(gauge.pages());
        }
        self.checkpointer.stop();
        tracing::info!(
            operations = self.health.operations.load(Ordering::Relaxed),
            commits = self.health.commits.load(Ordering::Relaxed),
            slowest_commit_us = self.health.slowest_commit_us.load(Ordering::Relaxed),
            "the writer has stopped"
        );
        let has_committed = self.health.commits.load(Ordering::Relaxed) > 0;
        if has_committed && let Err(error) = self.optimize(&gauge) {
            tracing::warn!(%error, "the database was not optimized");
            self.rollback();
        }
        self.journal.committed(self.number.get(), u32::try_from(gauge.pages()).unwrap_or(u32::MAX));
        self.journal.stop();
        // After a clean stop the file alone is complete.
        match self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)) {
            Ok(0) => {
                if let Some(file) = self.connection.path() {
                    self.journal.note_clean_stop(Path::new(file));
                }
            }
            Ok(_) => {
                tracing::info!("another process is reading: the write-ahead log was not folded into the database file")
            }
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not folded into the file; the next start will do it");
            }
        }
    }

    /// Has SQLite refresh the planner's statistics, in a numbered commit like any other.
    fn optimize(&self, gauge: &WalGauge) -> Result<(), StoreError> {
        self.moment.begin();
        self.execute("BEGIN IMMEDIATE")?;
        self.trail.clear();
        self.connection.execute_batch("PRAGMA optimize")?;
        // SQLite does not count these writes as changes.
        let number = self.stamp_if(true, &WriteTx::new(&self.connection, &self.moment, &self.trail))?;
        self.execute("COMMIT")?;
        self.report(number, gauge);
        Ok(())
    }

    /// Numbers and signs the commit if it changes anything.
    fn stamp_if(&self, has_changed: bool, tx: &WriteTx<'_>) -> Result<Option<u64>, StoreError> {
        if !has_changed {
            return Ok(None);
        }
        if let Some(found) = self.epoch_found.get() {
            tx.begin_epoch(found)?;
        }
        tx.extend_log()?;
        tx.stamp(self.moment.latest(), &self.key).map(Some)
    }

    /// Reports a commit to the journal.
    fn report(&self, number: Option<u64>, gauge: &WalGauge) {
        if let Some(number) = number {
            self.epoch_found.set(None);
            self.number.set(number);
            self.journal.committed(number, u32::try_from(gauge.pages()).unwrap_or(u32::MAX));
        }
    }

    /// Runs `first`, taken at `since`, and everything queued behind it in one transaction; a slow operation gets its
    /// own. Returns the job that was taken from the queue but belongs to the next transaction.
    fn commit_batch(
        &self,
        first: Box<dyn Job>,
        since: Instant,
        gauge: &WalGauge,
        statements: &Statements<'_>,
    ) -> Option<Box<dyn Job>> {
        // Waiting for a lock on behalf of callers who are gone would make the others wait too.
        if first.is_cancelled() {
            first.answer(Err(NoOutcome::Cancelled));
            return None;
        }
        let started = Instant::now();
        if let Err(error) = self.execute("BEGIN IMMEDIATE") {
            self.fail(vec![first], &error);
            return None;
        }
        self.moment.begin();
        self.trail.clear();
        let mut left = None;
        self.has_news.set(false);
        let mut done: Vec<(Box<dyn Job>, Result<(), NoOutcome>)> = Vec::new();
        let mut next = Some(first);
        let mut has_changed = false;
        while let Some(mut job) = next.take() {
            let is_long = job.is_long();
            if is_long && !done.is_empty() {
                left = Some(job);
                break;
            }
            if job.take() {
                let changes = self.connection.total_changes();
                match self.run_job(job.as_mut(), self.transaction(statements)) {
                    Ok((fate, is_kept)) => {
                        has_changed |= is_kept && self.connection.total_changes() != changes;
                        done.push((job, fate));
                    }
                    Err(error) => {
                        // The transaction is gone, and with it all operations in it.
                        self.rollback();
                        let mut lost: Vec<_> = done.into_iter().map(|(job, _)| job).collect();
                        lost.push(job);
                        self.fail(lost, &error);
                        return None;
                    }
                }
            } else {
                job.answer(Err(NoOutcome::Cancelled));
            }
            if !is_long && done.len() < BATCH_MAX && started.elapsed() < BATCH_TIME {
                next = self.jobs.try_recv().ok();
            }
        }
        // Operations that were rolled back have still touched pages, and a COMMIT would write them: a commit without a
        // number, after which the change journal could not continue. So if nothing is kept, roll back.
        let end = if has_changed { "COMMIT" } else { "ROLLBACK" };
        match self
            .stamp_if(has_changed, &self.transaction(statements))
            .and_then(|number| self.execute(end).map(|()| number))
        {
            Ok(number) => {
                self.report(number, gauge);
                // A batch of refusals writes nothing and so does not prove that writing works.
                if gauge.has_written() {
                    self.health.note(None);
                }
                self.count(done.len(), since.elapsed());
                // Only after the COMMIT: followers must not see events that are not on disk.
                if self.has_news.get() {
                    self.news.send_replace(());
                }
                for (job, fate) in done {
                    job.answer(fate);
                }
            }
            Err(error) => left = self.take_back(done.into_iter().map(|(job, _)| job).collect(), &error, left),
        }
        left
    }

    /// Runs the job in a savepoint. Returns its fate if the batch commits and whether its changes are kept. An error
    /// means that the whole transaction is broken.
    ///
    /// A long job has no savepoint: its transaction ends with ROLLBACK if it keeps nothing. A savepoint around all of
    /// it would make SQLite copy each page that it changes, and walk over all these copies at the end of each savepoint
    /// inside it.
    fn run_job(&self, job: &mut dyn Job, tx: WriteTx<'_>) -> Result<(Result<(), NoOutcome>, bool), StoreError> {
        let is_long = job.is_long();
        let savepoint = |sql: &'static str| if is_long { Ok(()) } else { tx.run(sql, []).map(|_| ()) };
        savepoint("SAVEPOINT operation")?;
        let mark = self.trail.mark();
        let verdict = catch_unwind(AssertUnwindSafe(|| match job.run(&tx) {
            Verdict::Keep => tx.settle_trail().map_or_else(Verdict::Failed, |()| Verdict::Keep),
            verdict => verdict,
        }));
        if self.connection.is_autocommit() {
            let error = match verdict {
                Ok(Verdict::Failed(error)) => error,
                _ => StoreError::corrupt("SQLite ended the transaction"),
            };
            return Err(error);
        }
        let fate = match verdict {
            Ok(Verdict::Keep) => {
                savepoint("RELEASE operation")?;
                if tx.has_news() {
                    self.has_news.set(true);
                }
                return Ok((Ok(()), true));
            }
            Ok(Verdict::Undo) => Ok(()),
            Ok(Verdict::Failed(error)) if error.is_storage_failure() => return Err(error),
            Ok(Verdict::Failed(error)) => {
                let error = with_causes(&error);
                tracing::error!(error, "an operation failed in the database and was undone");
                Err(NoOutcome::Defect)
            }
            Err(_) => {
                tracing::error!("an operation panicked and was undone");
                Err(NoOutcome::Defect)
            }
        };
        savepoint("ROLLBACK TO operation")?;
        self.trail.roll_back(mark);
        savepoint("RELEASE operation")?;
        Ok((fate, false))
    }

    fn transaction<'t>(&'t self, statements: &'t Statements<'_>) -> WriteTx<'t> {
        WriteTx::new(&self.connection, &self.moment, &self.trail).keeping(statements)
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn rollback(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "ROLLBACK failed");
        }
    }

    /// Removes what a failed COMMIT may have left in the write-ahead log, and only then tells its callers that nothing
    /// was applied: a restart would apply what the disk has stored without confirming it. Until the disk confirms the
    /// removal, nothing else is written. If that takes too long, the callers get no answer at all.
    ///
    /// `next` is the job for the next transaction. Returns the one that goes there.
    fn take_back(
        &self,
        mut jobs: Vec<Box<dyn Job>>,
        error: &StoreError,
        mut next: Option<Box<dyn Job>>,
    ) -> Option<Box<dyn Job>> {
        let since = Instant::now();
        loop {
            self.rollback();
            let Err(obstacle) = failed_commit::remove(&self.connection) else { break };
            let (error, obstacle) = (with_causes(error), with_causes(&obstacle));
            self.health.note(Some(format!("{error}; the failed commit cannot be removed: {obstacle}")));
            // None of these has begun.
            for job in next.take().into_iter().chain(self.jobs.try_iter()) {
                job.answer(Err(NoOutcome::StorageFailed));
            }
            if since.elapsed() >= REMOVAL_TIME && !jobs.is_empty() {
                tracing::error!(calls = jobs.len(), error, obstacle, "a failed commit is in doubt: no answers");
                jobs.clear();
            }
            match self.jobs.recv_timeout(REMOVAL_PAUSE) {
                Ok(job) => next = Some(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        self.fail(jobs, error);
        next
    }

    fn fail(&self, jobs: Vec<Box<dyn Job>>, error: &StoreError) {
        self.health.note(Some(with_causes(error)));
        for job in jobs {
            job.answer(Err(NoOutcome::StorageFailed));
        }
    }

    fn count(&self, operations: usize, took: Duration) {
        self.health.commits.fetch_add(1, Ordering::Relaxed);
        self.health.operations.fetch_add(operations as u64, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.health.slowest_commit_us.fetch_max(us, Ordering::Relaxed);
    }
}

/// A flag that one thread sets and another clears.
#[derive(Debug, Default)]
pub(in crate::store) struct Flag(AtomicBool);

impl Flag {
    pub(in crate::store) fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(in crate::store) fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}
