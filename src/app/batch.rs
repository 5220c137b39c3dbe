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
use crate::domain::refusal::{Field, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Operations that a batch may have.
pub const OPERATIONS_MAX: usize = 1000;

/// Many operations, done in their order; each sees what those before it have done.
///
/// `R` is what the caller's dialect has for refusals, those of its own included: they are kept for retries.
///
/// Refusals: no operations, or too many; of an atomic batch the first one of an operation.
pub enum Batch<R> {
    /// One refusal undoes everything.
    Atomic(Vec<Operation>),
    /// Each for itself. A refusal stands for one that could not be read.
    Independent(Vec<Result<Operation, R>>),
}

impl<R> Batch<R> {
    /// Makes a batch atomic. Fails with the first operation that could not be read, and its place.
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

impl<R> Command for Batch<R>
where
    R: From<Refusal> + Serialize + DeserializeOwned + Send + 'static,
{
    type Outcome = Vec<Result<Performed, R>>;
    const ACTION: &'static str = "batch";
    const RIGHT: Right = Right::MoveFunds;
    const IS_LONG: bool = true;

    /// Each operation takes its own right; who lacks that of all of them has no business here.
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
            return Err(Refusal::out_of_range(Field::Operations, format!("1 to {OPERATIONS_MAX} of them")).into());
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
        // A defect is no answer to one operation: nobody knows what it is worth.
        Err(Refusal::Internal) => Err(Refusal::Internal.into()),
        outcome => Ok(outcome),
    }
}
