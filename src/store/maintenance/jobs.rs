//! Jobs: work planned for a moment. A job is deleted in the same savepoint in which its work is done, so that it is
//! done once.

use crate::domain::clock::Moment;
use crate::domain::ids::{ApprovalSerial, BookId, MovementSerial};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// Generates the type of jobs from a list of their names, subjects and stored kinds.
macro_rules! jobs {
    ($($(#[$doc:meta])* $job:ident($subject:ident) = $kind:literal),+ $(,)?) => {
        /// A job and its subject.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Job {
            $($(#[$doc])* $job($subject)),+
        }

        impl Job {
            fn kind(self) -> &'static str {
                match self {
                    $(Job::$job(_) => $kind),+
                }
            }

            fn subject(self) -> i64 {
                match self {
                    $(Job::$job(subject) => subject.0),+
                }
            }

            fn from_columns(kind: &str, subject: i64) -> Option<Job> {
                match kind {
                    $($kind => Some(Job::$job($subject(subject))),)+
                    _ => None,
                }
            }
        }
    };
}

jobs! {
    /// Expires a movement that was not decided in time.
    ExpireMovement(MovementSerial) = "movement.expire",
    /// Makes the funds of a deposit available.
    ClearDeposit(MovementSerial) = "deposit.clear",
    /// Expires a request that moves no money and was not decided in time.
    ExpireApproval(ApprovalSerial) = "approval.expire",
    /// Settles a payment from or to an account elsewhere; only in a sandbox.
    SettleTransfer(MovementSerial) = "transfer.settle",
    /// Makes the recurring contribution of an account.
    Contribute(BookId) = "contribution.make",
    /// Posts the fee for the withdrawals of an account, once the month is over.
    ChargeWithdrawals(BookId) = "withdrawals.charge",
}

/// A job that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobRow {
    pub id: i64,
    /// None for an unknown kind, which is postponed so that it does not block the others.
    pub job: Option<Job>,
    /// The number of failed attempts.
    pub attempts: u32,
}

impl ReadTx<'_> {
    /// The jobs that are due, oldest first.
    pub fn due_jobs(&self, now: Moment, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.all(sql!("jobs/due"), (now.unix_ms(), limit), |row| {
            Ok(JobRow {
                id: row.get("id")?,
                job: Job::from_columns(row.get_ref("kind")?.as_str()?, row.get("subject_id")?),
                attempts: row.get("attempts")?,
            })
        })
    }

    pub fn next_job_at(&self) -> Result<Option<Moment>, StoreError> {
        self.one("SELECT min(due_at) FROM jobs", [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Moment::from_unix_ms)))
    }
}

impl WriteTx<'_> {
    /// Plans a job. If the same job was planned before, only its time changes.
    pub fn plan_job(&self, job: Job, due_at: Moment) -> Result<(), StoreError> {
        self.run(sql!("jobs/put"), (job.kind(), job.subject(), due_at.unix_ms())).map(|_| ())
    }

    /// Plans a job, unless it is planned already.
    pub fn plan_job_once(&self, job: Job, due_at: Moment) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO jobs (kind, subject_id, due_at, attempts) VALUES (?1, ?2, ?3, 0)";
        self.run(sql, (job.kind(), job.subject(), due_at.unix_ms())).map(|_| ())
    }

    /// Removes a job. False if there was none.
    pub fn drop_job(&self, job: Job) -> Result<bool, StoreError> {
        let sql = "DELETE FROM jobs WHERE kind = ?1 AND subject_id = ?2";
        Ok(self.run(sql, (job.kind(), job.subject()))? > 0)
    }

    /// Records a failed attempt and the time of the next one.
    pub fn postpone_job(&self, id: i64, due_at: Moment, error: &str) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET due_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE id = ?1";
        self.run(sql, (id, due_at.unix_ms(), error)).map(|_| ())
    }
}
