//! Deposits in two phases: announced, then settled or returned.

use crate::app::accounts::find as find_account;
use crate::app::ledger::{
    MovementRequest, OtherSide, PostedDraft, admit_limits, admit_settling, amount_of, external_of, find, free,
    note_posted, post_with_bank, publish_movement_state, reserve, save, void,
};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Direction};
use crate::domain::events::EventType;
use crate::domain::ids::{
    AccountId, AccountSerial, ExternalAccountId, ExternalSerial, MovementId, MovementSerial, ProfileSerial,
};
use crate::domain::ledger::{Clearing, Commissions, Movement, MovementKind};
use crate::domain::money::{Amount, AmountError, DecimalText, ExtraDecimals};
use crate::domain::page::Window;
use crate::domain::reference::Currency;
use crate::domain::refusal::{Field, Noun, Refusal};
pub use crate::store::DepositFilter;
use crate::store::{Job, NumberedMovement, ReadTx};
use serde::{Deserialize, Serialize};

/// Announces an incoming deposit: raises `pending`, not the balance.
///
/// Refusals: invalid amount, texts or expiry; reference already used; the account's lifecycle, lock or flags; overflow.
pub struct AnnounceDeposit {
    pub request: MovementRequest,
    /// The account elsewhere that it comes from.
    pub external: Option<ExternalAccountId>,
}

impl Command for AnnounceDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.announce";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let external = match self.external {
            Some(id) => Some(external_of(context, &find_account(context, self.request.account)?, id)?),
            None => None,
        };
        announce(context, self.request, external)
    }
}

/// Announces a deposit, perhaps from an account elsewhere that has been admitted.
pub(in crate::app) fn announce(
    context: &Context<'_>,
    mut request: MovementRequest,
    external: Option<ExternalSerial>,
) -> Result<Movement, Failure> {
    let (account, amount) = request.resolve(context, MovementKind::Deposit)?;
    admit_limits(context, &account, Direction::Credit, amount)?;
    account.admit_funds(Direction::Credit)?;
    reserve(context, &account, MovementKind::Deposit, amount)?;
    let other = OtherSide::external(external);
    let serial = request.note(context, MovementKind::Deposit, &account, other, amount)?;
    publish_movement_state(context, serial, EventType::MovementRequested)
}

/// Settles an announced deposit: posts it, with a clearing period if the group has one.
///
/// Refusals: unknown; already decided or expired; the account's lifecycle, lock or flags; overflow.
pub struct SettleDeposit {
    pub id: MovementId,
}

impl Command for SettleDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.settle";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        settle(context, self.id)
    }
}

/// Settles an announced deposit.
pub(in crate::app) fn settle(context: &Context<'_>, id: MovementId) -> Result<Movement, Failure> {
    let (movement, account) = find(context, MovementKind::Deposit, id)?;
    let movement = movement.undecided(context.clock_now)?;
    admit_settling(&movement)?;
    account.admit_funds(Direction::Credit)?;
    let account = free(context, &movement, &account)?;
    let (reason, reference) = (&movement.reason, movement.reference.as_deref());
    let posted = post_with_bank(context, &account, movement.amount, reason, reference)?;
    let clearing = hold_back(context, &account, movement.amount)?;
    plan_clearing(context, movement.serial, clearing)?;
    let amount = movement.amount;
    let settled = movement.post(posted.id, amount, clearing, context.now);
    save(context, &settled)?;
    publish_movement_state(context, settled.serial, EventType::MovementChanged)
}

/// Posts a deposit that is announced and settled in one call.
pub(in crate::app) fn post_deposit(
    context: &Context<'_>,
    account: &Account,
    amount: Amount,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    post_noting(context, account, (amount, Commissions::default()), comment).map(|(posted, _)| posted)
}

fn post_noting(
    context: &Context<'_>,
    account: &Account,
    (amount, commissions): (Amount, Commissions),
    comment: &str,
) -> Result<(PostedDraft, MovementSerial), Failure> {
    let posted = post_with_bank(context, account, amount, comment, None)?;
    let clearing = hold_back(context, account, amount)?;
    let serial = note_posted(context, MovementKind::Deposit, account, (amount, commissions), posted, clearing)?;
    plan_clearing(context, serial, clearing)?;
    // Without a clearing period, the entry's event says everything about the deposit.
    if clearing.is_some() {
        publish_movement_state(context, serial, EventType::MovementRequested)?;
    }
    Ok((posted, serial))
}

/// A deposit with what a dialect shows of its account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DescribedDeposit {
    pub movement: Movement,
    pub account: AccountSerial,
    /// The primary owner.
    pub client: ProfileSerial,
    pub currency: Currency,
    /// Whether it was posted, and its posting was reversed later.
    #[serde(default)]
    pub is_reversed: bool,
}

fn describe(tx: &ReadTx<'_>, found: NumberedMovement) -> Result<DescribedDeposit, Failure> {
    let currency = tx.currency(&found.movement.currency)?.ok_or(Refusal::Internal)?;
    let NumberedMovement { movement, account, client } = found;
    let is_reversed = movement.stage.entry().map_or(Ok(false), |entry| tx.has_reversal(entry))?;
    Ok(DescribedDeposit { movement, account, client, currency, is_reversed })
}

/// Makes a deposit, settled at once, with the commissions that others took.
///
/// Refusals: an amount or a commission that is no amount of the account's currency; unknown account; the account's
/// lifecycle, lock or flags; overflow.
pub struct MakeDeposit {
    pub account: AccountId,
    /// Above zero, in the account's currency.
    pub amount: DecimalText,
    /// Zero or more; None means zero.
    pub provider_commission: Option<DecimalText>,
    /// Zero or more; None means zero.
    pub vendor_commission: Option<DecimalText>,
}

impl Command for MakeDeposit {
    type Outcome = DescribedDeposit;
    const ACTION: &'static str = "deposit.make";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<DescribedDeposit, Failure> {
        let account = find_account(context, self.account)?;
        let amount = amount_of(&account, self.amount, ExtraDecimals::Refuse)?;
        if amount.is_negative() {
            return Err(Refusal::invalid(Field::Amount, "must be above zero").into());
        }
        let commissions = Commissions {
            provider: commission(&account, self.provider_commission, Field::ProviderCommission)?,
            vendor: commission(&account, self.vendor_commission, Field::VendorCommission)?,
        };
        admit_limits(context, &account, Direction::Credit, amount)?;
        account.admit_credit(amount, false)?;
        let (_, serial) = post_noting(context, &account, (amount, commissions), "")?;
        let everything = Visibility::Everything;
        let found = context.tx.movement_numbered(MovementKind::Deposit, serial, &everything)?;
        describe(context.tx, found.ok_or(Refusal::Internal)?)
    }
}

fn commission(account: &Account, text: Option<DecimalText>, field: Field) -> Result<Amount, Refusal> {
    let Some(text) = text else { return Ok(Amount::ZERO) };
    let amount = text.to_amount(account.decimals, ExtraDecimals::Refuse).map_err(|error| match error {
        AmountError::TooLarge => Refusal::out_of_range(field.clone(), error.to_string()),
        _ => Refusal::invalid(field.clone(), error.to_string()),
    })?;
    if amount.is_negative() { Err(Refusal::out_of_range(field, "zero or more")) } else { Ok(amount) }
}

/// A deposit by its serial. Refusals: unknown.
pub struct GetNumberedDeposit {
    pub serial: MovementSerial,
}

impl Query for GetNumberedDeposit {
    type Answer = DescribedDeposit;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<DescribedDeposit, Failure> {
        let found = view.tx.movement_numbered(MovementKind::Deposit, self.serial, view.visibility)?;
        describe(view.tx, found.ok_or(Refusal::not_found(Noun::Deposit))?)
    }
}

/// The deposits in a window of a list, and the total count.
pub struct ListDescribedDeposits {
    pub filter: DepositFilter,
    pub window: Window,
}

impl Query for ListDescribedDeposits {
    type Answer = (Vec<DescribedDeposit>, u64);
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        let (found, total) = view.tx.deposits_in(&self.filter, view.visibility, self.window)?;
        let described = found.into_iter().map(|found| describe(view.tx, found)).collect::<Result<_, _>>()?;
        Ok((described, total))
    }
}

/// Marks the deposit uncleared for the group's hold period, or for that of new clients if it ends later.
fn hold_back(context: &Context<'_>, account: &Account, amount: Amount) -> Result<Option<Clearing>, Failure> {
    let standing = &account.standing;
    let days = |days: u32| i64::from(days) * 86_400;
    let of_deposit = context.clock_now.plus_s(days(standing.deposit_hold_days));
    let at = of_deposit.max(standing.client_since.plus_s(days(standing.new_client_hold_days)));
    if at <= context.clock_now {
        return Ok(None);
    }
    account.balances.uncleared.checked_add(amount).ok_or(Refusal::BalanceOverflow)?;
    context.tx.reserve(account.book, Amount::ZERO, amount, Amount::ZERO, context.now)?;
    Ok(Some(Clearing { at, uncleared: amount }))
}

fn plan_clearing(context: &Context<'_>, serial: MovementSerial, clearing: Option<Clearing>) -> Result<(), Failure> {
    if let Some(Clearing { at, .. }) = clearing {
        context.tx.plan_job(Job::ClearDeposit(serial), at)?;
    }
    Ok(())
}

/// Returns an announced deposit whose money did not arrive.
///
/// Refusals: unknown; already decided or expired.
pub struct ReturnDeposit {
    pub id: MovementId,
}

impl Command for ReturnDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.return";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Deposit, self.id)?;
        void(context, movement, &account)
    }
}
