//! Many operations in one call: each with the checks and the trail that it has alone, all in one commit.

use super::accounts::ArchiveAccount;
use super::{Command, Context, Failure};
use crate::app::accounts::{ApproveAccount, CloseAccount, LockAccount, SetLifecycle, UnlockAccount};
use crate::app::command::Undo;
use crate::app::ledger::{
    AnnounceDeposit, ApproveWithdrawal, CaptureHold, PayWithdrawal, PlaceHold, PostFunds, Posted, ReleaseHold,
    RequestWithdrawal, ReturnDeposit, ReverseEntry, SettleDeposit, Transfer, VoidWithdrawal,
};
use crate::domain::access::{Principal, Right};
use crate::domain::accounts::Account;
use crate::domain::ledger::Movement;
use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// Operations that a batch may have.
pub const OPERATIONS_MAX: usize = 1000;

/// Many operations, done in their order; each sees what those before it have done.
///
/// Refusals: no operations, or too many. Those of the operations are in the outcome, but for an atomic batch: there the
/// first one is the refusal of the whole.
pub struct Batch {
    /// Whether one refusal undoes everything.
    pub is_atomic: bool,
    /// The operations; a refusal stands for one that could not be read.
    pub operations: Vec<Result<Operation, Refusal>>,
}

/// Lists the commands that can be operations, each with the kind of its outcome.
macro_rules! operations {
    ($($command:ident => $outcome:ident),+ $(,)?) => {
        /// A command that can be an operation of a batch.
        pub enum Operation {
            $(#[doc = concat!("See [`", stringify!($command), "`].")] $command($command),)+
        }

        $(impl From<$command> for Operation {
            fn from(command: $command) -> Self {
                Operation::$command(command)
            }
        })+

        impl Operation {
            /// Refuses those who may not ask for it.
            fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
                match self {
                    $(Operation::$command(command) => command.admit(principal),)+
                }
            }

            /// Does it.
            fn run(self, context: &Context<'_>, undo: Undo) -> Result<OperationOutcome, Failure> {
                match self {
                    $(Operation::$command(command) => Ok(context.part(command, undo)?.map(|done| Performed::$outcome(done.into()))),)+
                }
            }
        }
    };
}

operations! {
    PostFunds => Posted,
    Transfer => Movement,
    AnnounceDeposit => Movement,
    SettleDeposit => Movement,
    ReturnDeposit => Movement,
    RequestWithdrawal => Movement,
    ApproveWithdrawal => Movement,
    PayWithdrawal => Movement,
    VoidWithdrawal => Movement,
    PlaceHold => Movement,
    CaptureHold => Movement,
    ReleaseHold => Movement,
    ReverseEntry => Posted,
    LockAccount => Account,
    UnlockAccount => Account,
    ApproveAccount => Account,
    SetLifecycle => Account,
    CloseAccount => Account,
    ArchiveAccount => Archived,
}

/// What one operation led to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Performed {
    /// An entry was posted.
    Posted(Posted),
    /// A movement was made, or went on.
    Movement(Box<Movement>),
    /// An account was changed.
    Account(Box<Account>),
    /// An account was archived.
    Archived(()),
}

/// What became of one operation.
pub type OperationOutcome = Result<Performed, Refusal>;

impl Command for Batch {
    type Outcome = Vec<OperationOutcome>;
    const ACTION: &'static str = "batch";
    const RIGHT: Right = Right::MoveFunds;
    const IS_LONG: bool = true;

    /// Each operation takes its own right; who lacks that of all of them has no business here.
    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        let mut admissions = self.operations.iter().flatten().map(|operation| operation.admit(principal));
        match admissions.next() {
            None => principal.require(Self::RIGHT),
            Some(Ok(())) => Ok(()),
            Some(refused) => admissions.find(Result::is_ok).unwrap_or(refused),
        }
    }

    fn run(self, context: &Context<'_>) -> Result<Vec<OperationOutcome>, Failure> {
        if !(1..=OPERATIONS_MAX).contains(&self.operations.len()) {
            return Err(Refusal::out_of_range("operations", format!("1 to {OPERATIONS_MAX} of them")).into());
        }
        let whole = |index, refusal| Failure::from(Refusal::InOperation { index, refusal: Box::new(refusal) });
        // What cannot be read is found before anything is done.
        if self.is_atomic
            && let Some((index, Err(refusal))) = self.operations.iter().enumerate().find(|(_, it)| it.is_err())
        {
            return Err(whole(index, refusal.clone()));
        }
        let undo = if self.is_atomic { Undo::Whole } else { Undo::Part };
        let mut outcomes = Vec::with_capacity(self.operations.len());
        for (index, operation) in self.operations.into_iter().enumerate() {
            let outcome = match operation {
                Ok(operation) => operation.run(context, undo)?,
                Err(refusal) => Err(refusal),
            };
            match outcome {
                // A defect is no answer to one operation: nobody knows what it is worth.
                Err(Refusal::Internal) => return Err(Refusal::Internal.into()),
                Err(refusal) if self.is_atomic => return Err(whole(index, refusal)),
                outcome => outcomes.push(outcome),
            }
        }
        Ok(outcomes)
    }
}
