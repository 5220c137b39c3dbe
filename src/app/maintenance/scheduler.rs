//! Jobs that are due: each runs once, in the savepoint in which it leaves the list.

use crate::app::command::refusal_of_read;
use crate::app::ledger::{clear_deposit, expire};
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::ids::MovementSerial;
use crate::domain::refusal::Refusal;
use crate::store::JobRow;
use std::sync::Arc;

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum JobKind {
    /// Ends a movement that nobody decided in time.
    ExpireMovement,
    /// Makes the funds of a deposit available.
    ClearDeposit,
}

impl JobKind {
    const ALL: [JobKind; 2] = [JobKind::ExpireMovement, JobKind::ClearDeposit];

    /// Its name, as it is stored.
    pub(in crate::app) fn name(self) -> &'static str {
        match self {
            JobKind::ExpireMovement => "movement.expire",
            JobKind::ClearDeposit => "deposit.clear",
        }
    }
}

/// Runs one job, unless somebody else has run or called it off meanwhile.
struct RunJob {
    job: JobRow,
}

impl Command for RunJob {
    type Outcome = bool;
    const ACTION: &'static str = "job.run";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<bool, Failure> {
        if !context.tx.drop_job(&self.job.kind, self.job.subject)? {
            return Ok(false);
        }
        let subject = MovementSerial(self.job.subject);
        match JobKind::ALL.into_iter().find(|kind| kind.name() == self.job.kind) {
            Some(JobKind::ExpireMovement) => expire(context, subject)?,
            Some(JobKind::ClearDeposit) => clear_deposit(context, subject)?,
            None => return Err(Refusal::Internal.into()),
        }
        Ok(true)
    }
}

/// Puts a job that failed off.
struct Postpone {
    job: JobRow,
    reason: String,
}

impl Command for Postpone {
    type Outcome = ();
    const ACTION: &'static str = "job.postpone";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let wait_s = 60 * (1i64 << self.job.attempts.min(6));
        Ok(context.tx.postpone_job(self.job.id, context.now.plus_s(wait_s), &self.reason)?)
    }
}

/// Jobs that are looked up at a time.
const AT_A_TIME: u32 = 100;

impl App {
    /// Runs the jobs that are due, unless they rest after a restore. Returns how many ran. Blocks.
    pub fn run_due_jobs(self: &Arc<App>) -> Result<usize, Refusal> {
        if self.rests_after()?.is_some() {
            return Ok(0);
        }
        let caller = self.system_caller();
        let mut ran = 0;
        loop {
            let now = self.now();
            let due = self.store.read(|tx| Ok(tx.due_jobs(now, AT_A_TIME)?)).map_err(refusal_of_read)?;
            if due.is_empty() {
                return Ok(ran);
            }
            for job in due {
                match self.execute_blocking(&caller, RunJob { job: job.clone() }) {
                    Ok(done) => ran += usize::from(done.outcome),
                    Err(refusal @ (Refusal::StorageUnavailable | Refusal::ShuttingDown | Refusal::Busy { .. })) => {
                        return Err(refusal);
                    }
                    Err(refusal) => {
                        tracing::error!(kind = job.kind, subject = job.subject, %refusal, "a job failed");
                        self.execute_blocking(&caller, Postpone { job, reason: refusal.reason().to_owned() })?;
                    }
                }
            }
        }
    }
}
