//! The scheduler: runs each due job once, in the savepoint that removes it from the list.

use crate::app::approvals::expire_request;
use crate::app::bank::{contribute, settle_in_sandbox};
use crate::app::command::refusal_of_read;
use crate::app::ledger::{charge_withdrawals, clear_deposit, expire};
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::refusal::Refusal;
use crate::store::{Job, JobRow};
use std::sync::Arc;

/// Runs one job, unless it has been run or cancelled in the meantime.
struct RunJob {
    job: Job,
}

impl Command for RunJob {
    type Outcome = bool;
    const ACTION: &'static str = "job.run";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<bool, Failure> {
        if !context.tx.drop_job(self.job)? {
            return Ok(false);
        }
        match self.job {
            Job::ExpireMovement(movement) => expire(context, movement)?,
            Job::ClearDeposit(movement) => clear_deposit(context, movement)?,
            Job::ExpireApproval(approval) => expire_request(context, approval)?,
            Job::SettleTransfer(movement) => settle_in_sandbox(context, movement)?,
            Job::Contribute(account) => contribute(context, account)?,
            Job::ChargeWithdrawals(account) => charge_withdrawals(context, account)?,
        }
        Ok(true)
    }
}

/// Postpones a job that failed.
struct Postpone {
    row: JobRow,
    reason: String,
}

impl Command for Postpone {
    type Outcome = ();
    const ACTION: &'static str = "job.postpone";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        match self.row.job {
            Some(Job::ExpireMovement(serial) | Job::ClearDeposit(serial) | Job::SettleTransfer(serial)) => {
                if let Some(movement) = context.tx.movement_by_serial(serial)? {
                    context.concerns(ObjectKind::Movement, movement.id.uuid());
                }
            }
            Some(Job::ExpireApproval(serial)) => {
                if let Some(approval) = context.tx.approval_by_serial(serial)? {
                    context.concerns(ObjectKind::Approval, approval.id.uuid());
                }
            }
            Some(Job::Contribute(book) | Job::ChargeWithdrawals(book)) => {
                if let Some(account) = context.tx.account_of_book(book)? {
                    context.concerns(ObjectKind::Account, account.uuid());
                }
            }
            None => {}
        }
        let wait_s = 60 * (1i64 << self.row.attempts.min(6));
        Ok(context.tx.postpone_job(self.row.id, context.clock_now.plus_s(wait_s), &self.reason)?)
    }
}

/// The number of jobs fetched at a time.
const AT_A_TIME: u32 = 100;

impl App {
    /// Runs the due jobs, unless they are paused after a restore, or because the clock is not trusted. Returns how many
    /// ran. Blocks.
    pub fn run_due_jobs(self: &Arc<App>) -> Result<usize, Refusal> {
        if self.clock_leap().is_some() || self.rests_after()?.is_some() {
            return Ok(0);
        }
        let caller = self.system_caller();
        let mut ran = 0;
        loop {
            let Ok(now) = self.clock.trusted_now() else { return Ok(ran) };
            let due = self.store.read(|tx| Ok(tx.due_jobs(now, AT_A_TIME)?)).map_err(refusal_of_read)?;
            if due.is_empty() {
                return Ok(ran);
            }
            for row in due {
                let done = match row.job {
                    Some(job) => self.execute_blocking(&caller, RunJob { job }),
                    None => Err(Refusal::Internal),
                };
                match done {
                    Ok(done) => ran += usize::from(done.outcome),
                    Err(Refusal::ClockLeapt) => return Ok(ran),
                    Err(refusal @ (Refusal::StorageUnavailable | Refusal::ShuttingDown | Refusal::Busy { .. })) => {
                        return Err(refusal);
                    }
                    Err(refusal) => {
                        tracing::error!(row = row.id, job = ?row.job, %refusal, "a job failed");
                        self.execute_blocking(&caller, Postpone { row, reason: refusal.reason().to_owned() })?;
                    }
                }
            }
        }
    }
}
