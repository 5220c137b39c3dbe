//! Jobs: what is to be done at a time. A job leaves the table in the same savepoint in which its work is done, so that it
//! is done once.

use crate::domain::clock::Moment;
use crate::domain::ids::MovementSerial;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// Makes the type of jobs from one list: what is done, to what, and under which name it is stored.
macro_rules! jobs {
    ($($(#[$doc:meta])* $job:ident($subject:ident) = $kind:literal),+ $(,)?) => {
        /// What is to be done at a time, and to what.
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
    /// Ends a movement that nobody decided in time.
    ExpireMovement(MovementSerial) = "movement.expire",
    /// Makes the funds of a deposit available.
    ClearDeposit(MovementSerial) = "deposit.clear",
}

/// A job that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobRow {
    /// Its row.
    pub id: i64,
    /// What is to be done; none for a job that no version of the program plans, lest it hold up the others.
    pub job: Option<Job>,
    /// How often it failed.
    pub attempts: u32,
}

impl ReadTx<'_> {
    /// The jobs that are due, the oldest first.
    pub fn due_jobs(&self, now: Moment, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.all(sql!("jobs/due"), (now.unix_ms(), limit), |row| {
            Ok(JobRow {
                id: row.get("id")?,
                job: Job::from_columns(row.get_ref("kind")?.as_str()?, row.get("subject_id")?),
                attempts: row.get("attempts")?,
            })
        })
    }

    /// When the next job is due.
    pub fn next_job_at(&self) -> Result<Option<Moment>, StoreError> {
        self.one("SELECT min(due_at) FROM jobs", [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Moment::from_unix_ms)))
    }
}

impl WriteTx<'_> {
    /// Plans a job; the same job planned before is moved.
    pub fn plan_job(&self, job: Job, due_at: Moment) -> Result<(), StoreError> {
        self.run(sql!("jobs/put"), (job.kind(), job.subject(), due_at.unix_ms())).map(|_| ())
    }

    /// Takes a job off. False if it was not there any more.
    pub fn drop_job(&self, job: Job) -> Result<bool, StoreError> {
        let sql = "DELETE FROM jobs WHERE kind = ?1 AND subject_id = ?2";
        Ok(self.run(sql, (job.kind(), job.subject()))? > 0)
    }

    /// Notes that a job failed, and when it is to be tried again.
    pub fn postpone_job(&self, id: i64, due_at: Moment, error: &str) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET due_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE id = ?1";
        self.run(sql, (id, due_at.unix_ms(), error)).map(|_| ())
    }
}
