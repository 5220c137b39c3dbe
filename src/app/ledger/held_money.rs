//! What one owner does with the money of an account: reserves it, moves it to another account, closes the account.

use crate::app::accounts::{ArchiveAccount, HeldKey, Power, held_as, held_in, write_details};
use crate::app::approvals::AtOnce;
use crate::app::command::{Undo, refusal_of_read};
use crate::app::ledger::{
    Arrival, Draft, MovementRequest, OtherSide, Side, Transfer, admit_covered, count_withdrawal, post,
    publish_movement_state, reserve, save, void,
};
use crate::app::{App, Caller, Command, Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::{AccountDetails, CloseReason, Direction, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, AccountSerial, CurrencySerial, DEFAULT_LEDGER, MovementSerial, ProfileSerial};
use crate::domain::ledger::{EntryKind, House, Movement, MovementKind};
use crate::domain::money::{Amount, DecimalText, Decimals, ExtraDecimals};
use crate::domain::reference::{BankTerms, CurrencyCode, Group};
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use crate::domain::text;
use crate::store::{BookOwner, ReadTx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Reserves money on an account that has no hold. The hold may exceed what is available.
///
/// Refusals: unknown; the owner may only read it; archived; neither a checking nor a savings account; there is a hold;
/// an invalid amount, reason or end.
pub struct PlaceHeldHold {
    pub key: HeldKey,
    pub amount: DecimalText,
    /// May not be empty.
    pub reason: String,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
}

impl Command for PlaceHeldHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.place_for_client";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let account = held_in(context, self.key, Power::Use)?.account;
        account.admit_change()?;
        let mut request = MovementRequest {
            account: account.id,
            amount: self.amount,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            reason: self.reason,
            reference: None,
            expires_at: self.expires_at,
        };
        let (account, amount) = request.resolve(context, MovementKind::Hold)?;
        if request.reason.is_empty() {
            return Err(Refusal::Required { field: Field::Reason }.into());
        }
        let group = context.tx.group(account.group)?.ok_or(Refusal::Internal)?;
        if !group.declared.bank.as_ref().is_some_and(|terms| terms.kind.takes_holds()) {
            let reason = "only checking and savings accounts take holds";
            return Err(Refusal::invalid(Field::Group, reason).into());
        }
        if context.tx.first_hold(account.book)?.is_some() {
            return Err(Refusal::NotEmpty(Remainder::Holds).into());
        }
        reserve(context, &account, MovementKind::Hold, amount)?;
        let serial = request.note(context, MovementKind::Hold, &account, OtherSide::Unsaid, amount)?;
        publish_movement_state(context, serial, EventType::MovementRequested)
    }
}

/// Releases the hold of an account, the oldest if there are several. Refusals: unknown; the owner may only read it;
/// there is no hold.
pub struct ReleaseHeldHold {
    pub key: HeldKey,
}

impl Command for ReleaseHeldHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.release_for_client";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let account = held_in(context, self.key, Power::Use)?.account;
        let serial = context.tx.first_hold(account.book)?.ok_or(Refusal::not_found(Noun::Hold))?;
        let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
        void(context, movement, &account)
    }
}

/// Money on its way, as an owner asks for it.
#[derive(Clone, Debug)]
pub struct HeldAmount {
    pub client: ProfileSerial,
    /// In the currency of the account that pays; above zero, without extra decimals.
    pub amount: DecimalText,
    /// Unique among deposits, withdrawals and transfers.
    pub reference: Option<String>,
    pub description: String,
}

impl HeldAmount {
    fn request(self, account: AccountId) -> MovementRequest {
        MovementRequest {
            account,
            amount: self.amount,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            reason: self.description,
            reference: self.reference.filter(|reference| !reference.is_empty()),
            expires_at: None,
        }
    }
}

/// Refuses a reference that any movement of money has.
fn admit_reference(context: &Context<'_>, reference: Option<&str>) -> Result<(), Failure> {
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else { return Ok(()) };
    let reference = text::nfc(reference);
    for kind in [MovementKind::Deposit, MovementKind::Withdrawal, MovementKind::Transfer] {
        if let Some(holder) = context.tx.account_of_movement_reference(kind, &reference)? {
            let is_visible = context.tx.account(holder, context.visibility())?.is_some();
            return Err(context.taken(is_visible, Field::Reference, Refusal::DuplicateReference).into());
        }
    }
    Ok(())
}

/// Moves money between two accounts of one client.
///
/// Refusals: reference already used; an account that does not exist or that the client may only read; those of a
/// transfer; it takes a second operator.
pub struct MakeHeldTransfer {
    pub asked: HeldAmount,
    pub from: AccountSerial,
    pub to: AccountSerial,
}

impl Command for MakeHeldTransfer {
    type Outcome = MovementSerial;
    const ACTION: &'static str = "transfer.for_client";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<MovementSerial, Failure> {
        let client = self.asked.client;
        let side =
            |account, field| held_as(context.tx, context.visibility(), HeldKey { client, account }, Power::Use, field);
        let from = side(self.from, Field::FromAccount)?.account;
        let to = side(self.to, Field::ToAccount)?.account;
        context.involve(from.profile);
        admit_reference(context, self.asked.reference.as_deref())?;
        let request = self.asked.request(from.id);
        let transfer = Transfer { request, to: to.id, arrival: Arrival::Same };
        Ok(context.part(AtOnce(transfer), Undo::Whole)??.serial)
    }
}

/// The broker's own money that callers pay to clients and take from them, in one currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reserve {
    /// From the counter of accounts.
    pub serial: AccountSerial,
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    /// Negative once more was paid than taken.
    pub balance: Amount,
}

/// The currency of the reserve.
const RESERVE_CURRENCY: &str = "USD";

fn reserve_of(tx: &ReadTx<'_>) -> Result<Option<Reserve>, Failure> {
    let Some((serial, owner, balance)) = tx.reserve_account(House::Reserve)? else { return Ok(None) };
    let code = tx.currency_code(owner.currency)?.ok_or(Refusal::Internal)?;
    let currency = tx.currency(&code)?.ok_or(Refusal::Internal)?;
    Ok(Some(Reserve { serial, currency: code, decimals: currency.decimals, balance }))
}

/// Gives the reserve a number, unless it has one.
struct NumberReserve;

impl Command for NumberReserve {
    type Outcome = ();
    const ACTION: &'static str = "reserve.number";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        if context.tx.reserve_account(House::Reserve)?.is_some() {
            return Ok(());
        }
        let code = CurrencyCode::from_stored(RESERVE_CURRENCY.into());
        let Some(currency) = context.tx.currency(&code)? else { return Ok(()) };
        let serial = context.tx.next_account_serial()?;
        let owner = BookOwner { ledger: DEFAULT_LEDGER, currency: currency.serial, is_demo: false };
        context.tx.add_reserve_account(serial, owner)?;
        Ok(())
    }
}

impl App {
    /// The number of the reserve; None until it has one. Blocks briefly.
    pub fn reserve_number(&self, caller: &Caller) -> Result<Option<AccountSerial>, Refusal> {
        caller.principal.require(Right::MoveFunds)?;
        let number = |tx: &ReadTx<'_>| Ok::<_, Failure>(tx.reserve_account(House::Reserve)?.map(|(serial, ..)| serial));
        self.store().read(number).map_err(refusal_of_read)
    }

    /// The reserve, which gets its number when it is first asked for. None while there are no US dollars.
    pub async fn reserve(self: &Arc<App>, caller: &Caller) -> Result<Option<Reserve>, Refusal> {
        caller.principal.require(Right::ReadReference)?;
        let read = || self.store().read(reserve_of).map_err(refusal_of_read);
        if let Some(found) = read()? {
            return Ok(Some(found));
        }
        self.execute(&self.system_caller(), None, NumberReserve).await?;
        read()
    }
}

/// Pays money from the reserve to an account of a client, or takes it from there.
///
/// Refusals: reference already used; an account that does not exist, that the client may only read, or that is in
/// another currency than the reserve; its lifecycle, lock or flags; a debit that is not covered, or where the group
/// requires approval; overflow.
pub struct MoveReserve {
    pub asked: HeldAmount,
    pub account: AccountSerial,
    /// As seen from the account.
    pub direction: Direction,
}

impl Command for MoveReserve {
    type Outcome = MovementSerial;
    const ACTION: &'static str = "reserve.move";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<MovementSerial, Failure> {
        let is_credit = self.direction == Direction::Credit;
        let (kind, field) = match is_credit {
            true => (MovementKind::Deposit, Field::ToAccount),
            false => (MovementKind::Withdrawal, Field::FromAccount),
        };
        let key = HeldKey { client: self.asked.client, account: self.account };
        let held = held_as(context.tx, context.visibility(), key, Power::Use, field.clone())?;
        let currency: CurrencySerial = held.account.standing.currency;
        let (_, owner, _) = context.tx.reserve_account(House::Reserve)?.ok_or(Refusal::not_found(Noun::Account))?;
        if BookOwner::of(&held.account) != owner || currency != owner.currency {
            return Err(Refusal::invalid(field, "the reserve has another currency or ledger").into());
        }
        admit_reference(context, self.asked.reference.as_deref())?;
        let mut request = self.asked.request(held.account.id);
        let (account, amount) = request.resolve(context, kind)?;
        let change = if is_credit { amount } else { amount.checked_neg().ok_or(Refusal::BalanceOverflow)? };
        if is_credit {
            account.admit_credit(amount, false)?;
        } else {
            if account.standing.requires_approval {
                return Err(Refusal::NeedsApproval.into());
            }
            account.admit_funds(Direction::Debit)?;
            admit_covered(context, &account, change, false)?;
        }
        let serial = request.note(context, kind, &account, OtherSide::Unsaid, amount)?;
        let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
        let opposite = change.checked_neg().ok_or(Refusal::BalanceOverflow)?;
        let sides = [(Side::Client(&account), change), (Side::House(owner, House::Reserve), opposite)];
        let draft = Draft {
            kind: EntryKind::Balance,
            sides: &sides,
            comment: &movement.reason,
            tag: movement.reference.as_deref(),
            reverses: None,
            is_credit: false,
            effective_at: None,
        };
        let posted = post(context, &draft)?;
        if !is_credit {
            count_withdrawal(context, &account)?;
        }
        save(context, &movement.undecided(context.clock_now)?.post(posted.id, amount, None, context.now))?;
        publish_movement_state(context, serial, EventType::MovementRequested)?;
        Ok(serial)
    }
}

/// Closes an account on behalf of an owner. What it has goes to another account of the client.
///
/// Refusals: an invalid reference or notes; a reason that takes notes without any; unknown; the owner may only read it;
/// archived or closing; the client cannot close it ([`Refusal::Permanent`]); holds, movements, positions or orders are
/// left; a negative balance; a balance without an account to receive it, or one that cannot; accounts are nested in it.
pub struct CloseHeldAccount {
    pub key: HeldKey,
    /// Where the balance goes.
    pub to: Option<AccountSerial>,
    /// Of the transfer.
    pub reference: Option<String>,
    pub reason: Option<CloseReason>,
    /// In words.
    pub notes: String,
}

/// An account that was closed, and what was on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldClosing {
    pub to: Option<AccountSerial>,
    /// What moved the balance; None if there was nothing to move.
    pub movement: Option<MovementSerial>,
    pub reference: Option<String>,
    pub balance: Amount,
    pub decimals: Decimals,
}

impl Command for CloseHeldAccount {
    type Outcome = HeldClosing;
    const ACTION: &'static str = "account.close_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<HeldClosing, Failure> {
        let notes = text::note(Field::Reason, self.notes, text::COMMENT_MAX)?;
        if self.reason == Some(CloseReason::Other) && notes.is_empty() {
            return Err(Refusal::Required { field: Field::Reason }.into());
        }
        let account = held_in(context, self.key, Power::Use)?.account;
        if matches!(account.lifecycle, Lifecycle::Closed | Lifecycle::Closing) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        let present = context.tx.account_details(account.book)?;
        if present.is_kept {
            return Err(Refusal::Permanent(Noun::Account).into());
        }
        match account.admit_archiving() {
            Err(refusal @ Refusal::BalanceLeft { .. }) if account.balances.balance.is_negative() => {
                return Err(refusal.into());
            }
            // Money leaves with the account, but only money that nothing else waits for.
            Err(Refusal::BalanceLeft { .. }) => {
                let mut emptied = account.clone();
                emptied.balances.balance = Amount::ZERO;
                emptied.admit_archiving()?;
            }
            other => other?,
        }
        let balance = account.balances.balance;
        let target = match self.to {
            Some(to) if to == account.serial => return Err(Refusal::SameAccount { field: Field::SweepTo }.into()),
            Some(to) => {
                let key = HeldKey { account: to, ..self.key };
                let target = held_as(context.tx, context.visibility(), key, Power::Use, Field::SweepTo)?.account;
                if target.lifecycle != Lifecycle::Active {
                    let reason = format!("the account is {}", target.lifecycle.word());
                    return Err(Refusal::invalid(Field::SweepTo, reason).into());
                }
                Some(target)
            }
            None if !balance.is_zero() => return Err(Refusal::Required { field: Field::SweepTo }.into()),
            None => None,
        };
        admit_reference(context, self.reference.as_deref())?;
        let movement = match &target {
            Some(target) if !balance.is_zero() => {
                context.caller.principal.require(Right::MoveFunds)?;
                let asked = HeldAmount {
                    client: self.key.client,
                    amount: DecimalText::parse(&balance.to_text(account.decimals)).map_err(|_| Refusal::Internal)?,
                    reference: self.reference.clone(),
                    description: String::new(),
                };
                let transfer = Transfer { request: asked.request(account.id), to: target.id, arrival: Arrival::Same };
                Some(context.part(AtOnce(transfer), Undo::Whole)??.serial)
            }
            _ => None,
        };
        let details = AccountDetails { close_reason: self.reason, close_notes: notes, ..present.clone() };
        write_details(context, &account, &present, details)?;
        context.part(ArchiveAccount { id: account.id, expected_version: None }, Undo::Whole)??;
        let to = target.map(|target| target.serial);
        Ok(HeldClosing { to, movement, reference: self.reference, balance, decimals: account.decimals })
    }
}

/// The products of the program, with their terms, and the decimals of the reserve's currency.
pub struct ProgramSeen {
    pub products: Vec<(Group, BankTerms)>,
    pub decimals: Decimals,
}

/// The products in which accounts can be opened.
pub struct GetProgram;

impl Query for GetProgram {
    type Answer = ProgramSeen;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<ProgramSeen, Failure> {
        let groups = view.tx.groups()?.into_iter().filter(|group| group.declared.enabled);
        let products = groups.filter_map(|group| group.declared.bank.clone().map(|terms| (group, terms))).collect();
        let currency = view.tx.currency(&CurrencyCode::from_stored(RESERVE_CURRENCY.into()))?;
        let decimals = currency.map(|currency| currency.decimals).or(Decimals::new(2));
        Ok(ProgramSeen { products, decimals: decimals.ok_or(Refusal::Internal)? })
    }
}
