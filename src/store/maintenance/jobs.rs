//! Jobs: what is to be done at a time. A job leaves the table in the same savepoint in which its work is done, so that it
//! is done once.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobRow {
    /// Its row.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// On which row.
    pub subject: i64,
    /// When it is to run next.
    pub due_at: Moment,
    /// How often it failed.
    pub attempts: u32,
}

impl ReadTx<'_> {
    /// The jobs that are due, the oldest first.
    pub fn due_jobs(&self, now: Moment, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.all(sql!("jobs/due"), (now.unix_ms(), limit), |row| {
            Ok(JobRow {
                id: row.get("id")?,
                kind: row.get("kind")?,
                subject: row.get("subject_id")?,
                due_at: Moment::from_unix_ms(row.get("due_at")?),
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
    /// Plans a job; a job of the same kind on the same row is replaced.
    pub fn plan_job(&self, kind: &str, subject: i64, due_at: Moment) -> Result<(), StoreError> {
        self.run(sql!("jobs/put"), (kind, subject, due_at.unix_ms())).map(|_| ())
    }

    /// Takes a job off. False if it was not there any more.
    pub fn drop_job(&self, kind: &str, subject: i64) -> Result<bool, StoreError> {
        Ok(self.run("DELETE FROM jobs WHERE kind = ?1 AND subject_id = ?2", (kind, subject))? > 0)
    }

    /// Notes that a job failed, and when it is to be tried again.
    pub fn postpone_job(&self, id: i64, due_at: Moment, error: &str) -> Result<(), StoreError> {
        let sql = "UPDATE jobs SET due_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE id = ?1";
        self.run(sql, (id, due_at.unix_ms(), error)).map(|_| ())
    }
}
