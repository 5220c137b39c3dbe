//! What one owner does with the money of an account: reserves it, moves it to another account, closes the account.

use crate::app::accounts::{HeldKey, Power, held_as, held_in};
use crate::app::command::refusal_of_read;
use crate::app::ledger::{
    Draft, MovementRequest, OtherSide, Side, admit_covered, count_withdrawal, post, publish_movement_state, reserve,
    save, void,
};
use crate::app::{App, Caller, Command, Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Direction;
use crate::domain::clock::Moment;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, AccountSerial, CurrencySerial, DEFAULT_LEDGER, MovementSerial, ProfileSerial};
use crate::domain::ledger::{EntryKind, House, Movement, MovementKind};
use crate::domain::money::{Amount, DecimalText, Decimals, ExtraDecimals};
use crate::domain::reference::{BankTerms, CurrencyCode, Group};
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use crate::domain::text;
use crate::store::{BookOwner, ReadTx};
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

impl MoveReserve {
    pub(in crate::app) fn run(self, context: &Context<'_>) -> Result<MovementSerial, Failure> {
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
