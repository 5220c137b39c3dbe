//! Money between accounts of a client, and between them and accounts elsewhere. Those elsewhere are paid by a bank in
//! steps: initiated, perhaps delayed, sent, and then settled or returned.

use crate::app::accounts::{find_as, owners_of};
use crate::app::approvals::Handled;
use crate::app::ledger::{
    Arrival, MovementRequest, Transfer, admit_external, announce, find as find_movement, pay_withdrawal,
    plan_settlement, publish_movement_state, request_withdrawal, settle, void,
};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, OwnerAccess};
use crate::domain::bank::ExternalAccount;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, AccountSerial, ExternalSerial, MovementId, MovementSerial, ProfileId};
use crate::domain::ledger::{Movement, MovementKind, Stage, TransferStep};
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::refusal::{Field, Noun, Refusal};
use serde::{Deserialize, Serialize};

/// Moves money for a client between two of its accounts, or between one of them and an account elsewhere. Both are
/// named by their serials, which come from one counter. Money from or to elsewhere is announced or requested; the rest
/// is transferred at once, unless it takes a second operator.
///
/// Refusals: invalid amount or texts; reference used for another payment; unknown accounts, or not the client's; both
/// the same, or both elsewhere; the client may only read an account; the account elsewhere is not verified; whatever
/// refuses a deposit, withdrawal or transfer.
pub struct PayForClient {
    pub client: ProfileId,
    /// The serial of an account or an external account.
    pub from: i64,
    /// Likewise.
    pub to: i64,
    /// Above zero, in the currency of the account.
    pub amount: DecimalText,
    pub extra_decimals: ExtraDecimals,
    /// Why; may be empty.
    pub reason: String,
    /// The caller's own id of the payment, unique among deposits, withdrawals and transfers.
    pub reference: Option<String>,
}

/// A payment that [`PayForClient`] has made or begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientPayment {
    pub movement: Movement,
    /// As in the call.
    pub from: i64,
    pub to: i64,
}

/// What a serial stands for.
enum Place {
    Account(Box<Account>),
    External(Box<ExternalAccount>),
}

impl Command for PayForClient {
    type Outcome = ClientPayment;
    const ACTION: &'static str = "payment.make";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<ClientPayment, Failure> {
        let (from, to) =
            (self.place(context, self.from, Field::FromAccount)?, self.place(context, self.to, Field::ToAccount)?);
        if self.from == self.to {
            return Err(Refusal::SameAccount { field: Field::ToAccount }.into());
        }
        admit_new_reference(context, self.reference.as_deref())?;
        let request = |account: AccountId| MovementRequest {
            account,
            amount: self.amount,
            currency: None,
            extra_decimals: self.extra_decimals,
            reason: self.reason.clone(),
            reference: self.reference.clone(),
            expires_at: None,
        };
        let movement = match (from, to) {
            (Place::Account(from), Place::Account(to)) => {
                let transfer = Transfer { request: request(from.id), to: to.id, arrival: Arrival::Same };
                match transfer.run(context)? {
                    Handled::Done(movement) => movement,
                    Handled::Waits { approval } => approval.movement.ok_or(Refusal::Internal)?,
                }
            }
            (Place::External(from), Place::Account(to)) => {
                admit_external(context, &to, &from, self.client).map_err(|failure| at(failure, Field::FromAccount))?;
                announce(context, request(to.id), Some(from.serial))?
            }
            (Place::Account(from), Place::External(to)) => {
                admit_external(context, &from, &to, self.client).map_err(|failure| at(failure, Field::ToAccount))?;
                request_withdrawal(context, request(from.id), Some(to.serial))?
            }
            (Place::External(_), Place::External(_)) => {
                return Err(Refusal::invalid(Field::ToAccount, "one of the two must be an account here").into());
            }
        };
        Ok(ClientPayment { movement, from: self.from, to: self.to })
    }
}

impl PayForClient {
    fn place(&self, context: &Context<'_>, serial: i64, field: Field) -> Result<Place, Failure> {
        if let Some(account) = context.tx.account_with_serial(AccountSerial(serial), context.visibility())? {
            let account = find_as(context, account.id, field.clone())?;
            admit_client(context, &account, self.client, field)?;
            return Ok(Place::Account(Box::new(account)));
        }
        let found = context.tx.external_account_numbered(ExternalSerial(serial), &Visibility::Everything)?;
        let unknown = Refusal::NotFound { noun: Noun::ExternalAccount, field: Some(field) };
        Ok(Place::External(Box::new(found.ok_or(unknown)?)))
    }
}

/// Names the field of what does not exist.
fn at(failure: Failure, field: Field) -> Failure {
    match failure {
        Failure::Refused(Refusal::NotFound { noun, .. }) => Refusal::NotFound { noun, field: Some(field) }.into(),
        other => other,
    }
}

/// Refuses a client who may not move the money of an account. To one without access, it does not exist.
pub(in crate::app) fn admit_client(
    context: &Context<'_>,
    account: &Account,
    client: ProfileId,
    field: Field,
) -> Result<(), Failure> {
    match owners_of(context, account)?.access(client) {
        Some(OwnerAccess::Full) => Ok(()),
        Some(OwnerAccess::Read) => Err(Refusal::OwnerAccess.into()),
        Some(OwnerAccess::None) | None => Err(Refusal::NotFound { noun: Noun::Account, field: Some(field) }.into()),
    }
}

/// Refuses a reference that a deposit, withdrawal or transfer has.
pub(in crate::app) fn admit_new_reference(context: &Context<'_>, reference: Option<&str>) -> Result<(), Failure> {
    let Some(reference) = reference else { return Ok(()) };
    for kind in [MovementKind::Deposit, MovementKind::Withdrawal, MovementKind::Transfer] {
        if let Some(holder) = context.tx.account_of_movement_reference(kind, reference)? {
            let holder = context.tx.account(holder, context.visibility())?;
            if let Some(holder) = &holder {
                context.involve(holder.profile);
            }
            return Err(context.taken(holder.is_some(), Field::Reference, Refusal::DuplicateReference).into());
        }
    }
    Ok(())
}

/// A payment from or to an account elsewhere that its caller can see, with its account and its step.
fn find_payment(context: &Context<'_>, id: MovementId) -> Result<(Movement, Account, TransferStep), Failure> {
    let kind = match context.tx.movement(MovementKind::Deposit, id)? {
        Some(_) => MovementKind::Deposit,
        None => MovementKind::Withdrawal,
    };
    let (movement, account) = find_movement(context, kind, id)?;
    let step = movement.external.ok_or(Refusal::not_found(kind.noun()))?.step;
    Ok((movement, account, step))
}

/// Notes what a bank has done with a payment from or to an account elsewhere. It is settled, paid or returned like
/// others.
///
/// Refusals: unknown, or without an account elsewhere; already decided or expired; in a step that does not lead there;
/// it awaits a second operator.
pub struct NoteTransferStep {
    pub id: MovementId,
    pub step: TransferStep,
}

impl Command for NoteTransferStep {
    type Outcome = Movement;
    const ACTION: &'static str = "payment.note_step";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account, present) = find_payment(context, self.id)?;
        let movement = movement.undecided(context.clock_now)?;
        if present == self.step {
            return Ok((*movement).clone());
        }
        if !present.may_become(self.step) {
            return Err(Refusal::TransferStep(present).into());
        }
        let waits = movement.kind == MovementKind::Withdrawal
            && account.standing.requires_approval
            && !movement.is_approved_by_another();
        if self.step == TransferStep::Sent && waits {
            return Err(Refusal::NeedsApproval.into());
        }
        context.tx.set_transfer_step(movement.serial, self.step, context.now)?;
        publish_movement_state(context, movement.serial, EventType::MovementChanged)
    }
}

/// Takes back a payment of a client that its bank has not sent.
///
/// Refusals: unknown, or of another client; sent; already decided or expired; the client may only read the account.
pub struct TakeBackPayment {
    pub client: ProfileId,
    pub id: MovementId,
}

impl Command for TakeBackPayment {
    type Outcome = Movement;
    const ACTION: &'static str = "payment.take_back";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account, step) = find_payment(context, self.id)?;
        admit_client(context, &account, self.client, Field::Transfer)?;
        if step == TransferStep::Sent && !matches!(movement.stage, Stage::Posted { .. }) {
            return Err(Refusal::TransferStep(step).into());
        }
        void(context, movement, &account)
    }
}

/// Settles a payment of a sandbox, where no bank does. One that cannot be yet is tried again an hour later.
pub(in crate::app) fn settle_in_sandbox(context: &Context<'_>, serial: MovementSerial) -> Result<(), Failure> {
    let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
    let Ok(undecided) = movement.clone().undecided(context.clock_now) else { return Ok(()) };
    let is_delayed = movement.external.is_some_and(|external| external.step == TransferStep::Delayed);
    let settled = match is_delayed {
        true => Err(Refusal::TransferStep(TransferStep::Delayed)),
        false => context.attempt(|| match undecided.kind {
            MovementKind::Deposit => settle(context, movement.id).map(|_| ()),
            _ => pay_withdrawal(context, movement.id).map(|_| ()),
        })?,
    };
    if let Err(refusal) = settled {
        context.explain("waits", refusal.reason());
        plan_settlement(context, serial)?;
    }
    Ok(())
}
