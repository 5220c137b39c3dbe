//! Batches: many operations in one call and one commit, each with its own checks and audit row.

use super::accounts::ArchiveAccount;
use super::{Command, Context, Failure};
use crate::app::accounts::{ApproveAccount, CloseAccount, LockAccount, SetLifecycle, UnlockAccount};
use crate::app::approvals::AtOnce;
use crate::app::command::Undo;
use crate::app::ledger::{
    AnnounceDeposit, ApproveWithdrawal, CaptureHold, PayWithdrawal, PlaceHold, PostFunds, Posted, ReleaseHold,
    RequestWithdrawal, ReturnDeposit, ReverseEntry, SettleDeposit, Transfer, VoidWithdrawal,
};
use crate::domain::access::{Principal, Right};
use crate::domain::accounts::Account;
use crate::domain::ledger::Movement;
use crate::domain::refusal::{Field, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub const OPERATIONS_MAX: usize = 1000;

/// Operations to run in order; each one sees the effects of those before it.
///
/// `R` is the dialect's type for refusals, including its own; they are stored for retries.
///
/// Refusals: no operations or too many; for an atomic batch, the first refusal of an operation.
pub enum Batch<R> {
    /// One refusal undoes the whole batch.
    Atomic(Vec<Operation>),
    /// Each operation succeeds or fails on its own. An `Err` is the refusal of an operation that could not be parsed.
    Independent(Vec<Result<Operation, R>>),
}

impl<R> Batch<R> {
    /// Makes the batch atomic. Fails with the position and refusal of the first operation that could not be parsed.
    pub fn into_atomic(self) -> Result<Batch<R>, (usize, R)> {
        let Batch::Independent(operations) = self else { return Ok(self) };
        let read = operations.into_iter().enumerate().map(|(index, it)| it.map_err(|refusal| (index, refusal)));
        read.collect::<Result<_, _>>().map(Batch::Atomic)
    }

    fn len(&self) -> usize {
        match self {
            Batch::Atomic(operations) => operations.len(),
            Batch::Independent(operations) => operations.len(),
        }
    }

    fn readable(&self) -> Vec<&Operation> {
        match self {
            Batch::Atomic(operations) => operations.iter().collect(),
            Batch::Independent(operations) => operations.iter().flatten().collect(),
        }
    }
}

/// Lists the commands that can be operations, each with the variant of its outcome.
macro_rules! operations {
    ($($command:ident => $outcome:ident),+ $(,)?) => {
        /// A command that can be part of a batch.
        pub enum Operation {
            $(#[doc = concat!("See [`", stringify!($command), "`].")] $command($command),)+
        }

        $(impl From<$command> for Operation {
            fn from(command: $command) -> Self {
                Operation::$command(command)
            }
        })+

        impl Operation {
            /// Refuses callers without the command's right.
            fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
                match self {
                    $(Operation::$command(command) => command.admit(principal),)+
                }
            }

            fn run(self, context: &Context<'_>, undo: Undo) -> Result<Result<Performed, Refusal>, Failure> {
                match self {
                    $(Operation::$command(command) => {
                        Ok(context.part(command, undo)?.map(|done| Performed::$outcome(done.into())))
                    })+
                }
            }
        }
    };
}

/// Nothing in a batch waits: what comes after it might count on it.
pub type TransferAtOnce = AtOnce<Transfer>;

operations! {
    PostFunds => Posted,
    TransferAtOnce => Movement,
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

/// The outcome of one operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Performed {
    Posted(Posted),
    /// A movement was created or changed state.
    Movement(Box<Movement>),
    Account(Box<Account>),
    Archived(()),
}

impl<R> Command for Batch<R>
where
    R: From<Refusal> + Serialize + DeserializeOwned + Send + 'static,
{
    type Outcome = Vec<Result<Performed, R>>;
    const ACTION: &'static str = "batch";
    const RIGHT: Right = Right::MoveFunds;
    const IS_LONG: bool = true;

    /// Each operation requires its own right; a caller that lacks the rights of all operations is refused at once.
    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        let mut admissions = self.readable().into_iter().map(|operation| operation.admit(principal));
        match admissions.next() {
            None => principal.require(Self::RIGHT),
            Some(Ok(())) => Ok(()),
            Some(refused) => admissions.find(Result::is_ok).unwrap_or(refused),
        }
    }

    fn run(self, context: &Context<'_>) -> Result<Vec<Result<Performed, R>>, Failure> {
        if !(1..=OPERATIONS_MAX).contains(&self.len()) {
            return Err(Refusal::out_of_range(Field::Operations, format!("1 to {OPERATIONS_MAX} operations")).into());
        }
        match self {
            Batch::Atomic(operations) => {
                let each = operations.into_iter().enumerate();
                each.map(|(index, operation)| match perform(operation, context, Undo::Whole)? {
                    Err(refusal) => Err(Refusal::InOperation { index, refusal: Box::new(refusal) }.into()),
                    Ok(performed) => Ok(Ok(performed)),
                })
                .collect()
            }
            Batch::Independent(operations) => {
                let each = operations.into_iter();
                each.map(|operation| match operation {
                    Ok(operation) => Ok(perform(operation, context, Undo::Part)?.map_err(R::from)),
                    Err(unreadable) => Ok(Err(unreadable)),
                })
                .collect()
            }
        }
    }
}

fn perform(operation: Operation, context: &Context<'_>, undo: Undo) -> Result<Result<Performed, Refusal>, Failure> {
    match operation.run(context, undo)? {
        // An internal error fails the whole batch rather than one operation: its effects are unknown.
        Err(Refusal::Internal) => Err(Refusal::Internal.into()),
        outcome => Ok(outcome),
    }
}
