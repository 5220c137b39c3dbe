//! What the outside is told: the payloads of events, in the spelling of the native API.
//!
//! Events are kept for good, so they hold nothing that may have to be erased: no comments, reasons, names and free texts of
//! callers, and of a client only its ids and its tags. Nor do they hold anything secret. Whatever changes balances says what they are afterwards, in
//! `balances`: the last word on each book, taken from all events, is what the books say. `bursar audit` proves it.

use crate::app::command::to_json;
use crate::app::{Context, ExactNumber, Failure};
use crate::domain::accounts::{Account, Balances, Lifecycle, LockHolder, LockReason, PositionMode};
use crate::domain::clients::{Profile, ProfileStatus};
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType};
use crate::domain::ids::{
    AccountId, BookId, EntryId, EntrySeq, GroupId, MovementId, PortfolioId, ProfileId, ProfileSerial,
};
use crate::domain::ledger::{EntryKind, House, Movement, MovementKind, MovementState};
use crate::domain::money::{Amount, Decimals};
use crate::domain::reference::{MarginCalculation, TradeStatus};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The balances of a book after a change.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::app) struct BalancesTold<'a> {
    book: BookId,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house: Option<&'static str>,
    currency: Cow<'a, str>,
    is_demo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<ExactNumber>,
    balance: ExactNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<ExactNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncleared: Option<ExactNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<ExactNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<ExactNumber>,
}

impl<'a> BalancesTold<'a> {
    /// Those of a client's account.
    pub(in crate::app) fn of_account(account: &'a Account, balances: &Balances) -> BalancesTold<'a> {
        let money = |amount| ExactNumber::of(amount, account.decimals);
        BalancesTold {
            book: account.book,
            account_id: Some(account.id),
            house: None,
            currency: account.currency.as_str().into(),
            is_demo: account.is_demo,
            amount: None,
            balance: money(balances.balance),
            held: Some(money(balances.held)),
            uncleared: Some(money(balances.uncleared)),
            pending: Some(money(balances.pending)),
            credit: Some(money(balances.credit())),
        }
    }

    /// The balance of a house account.
    pub(in crate::app) fn of_house(
        house: House,
        book: BookId,
        currency: Cow<'a, str>,
        decimals: Decimals,
        is_demo: bool,
        balance: Amount,
    ) -> BalancesTold<'a> {
        BalancesTold {
            book,
            account_id: None,
            house: Some(house.name()),
            currency,
            is_demo,
            amount: None,
            balance: ExactNumber::of(balance, decimals),
            held: None,
            uncleared: None,
            pending: None,
            credit: None,
        }
    }

    /// The same with what an entry posted on the book.
    pub(in crate::app) fn posted(self, amount: Amount, decimals: Decimals) -> BalancesTold<'a> {
        BalancesTold { amount: Some(ExactNumber::of(amount, decimals)), ..self }
    }
}

/// Times are texts, and so are 64-bit numbers, as everywhere in the native API.
fn text<S: Serializer, T: std::fmt::Display>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn text_if_any<S: Serializer, T: std::fmt::Display>(number: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}

/// An entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::app) struct EntryTold<'a> {
    pub(in crate::app) id: EntryId,
    #[serde(serialize_with = "text")]
    pub(in crate::app) seq: EntrySeq,
    pub(in crate::app) kind: EntryKind,
    #[serde(serialize_with = "text")]
    pub(in crate::app) recorded_at: Moment,
    /// From when on it counts, where that is before it was recorded.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text_if_any")]
    pub(in crate::app) effective_at: Option<Moment>,
    /// The sequence number of the entry that it reverses.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text_if_any")]
    pub(in crate::app) reverses: Option<EntrySeq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::app) reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::app) movement_id: Option<MovementId>,
}

#[derive(Serialize)]
struct WithBalances<'a, T> {
    #[serde(flatten)]
    what: &'a T,
    balances: &'a [BalancesTold<'a>],
}

/// Tells a client, or those who see all, of an entry.
pub(in crate::app) fn publish_entry(
    context: &Context<'_>,
    entry: &EntryTold<'_>,
    profile: Option<(ProfileSerial, ProfileId)>,
    balances: &[BalancesTold<'_>],
) -> Result<(), Failure> {
    let payload = to_json(&WithBalances { what: entry, balances })?;
    context.emit(&Event { kind: EventType::EntryPosted, object: entry.id.uuid(), profile, payload })?;
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountTold<'a> {
    id: AccountId,
    number: i64,
    account_number: &'a str,
    reference: &'a str,
    category: &'a str,
    profile_id: ProfileId,
    group_id: GroupId,
    portfolio_id: PortfolioId,
    currency: &'a str,
    is_demo: bool,
    spread_betting: bool,
    position_mode: Option<PositionMode>,
    margin_calculation_override: Option<MarginCalculation>,
    trade_status: TradeStatus,
    #[serde(serialize_with = "text")]
    max_leverage: u32,
    nop: ExactNumber,
    daily_statement: bool,
    lifecycle: Lifecycle,
    lock: &'static str,
    lock_holder: Option<LockHolder>,
    lock_reason: Option<LockReason>,
    allows_credits: bool,
    allows_debits: bool,
    minimum_balance: ExactNumber,
    #[serde(serialize_with = "text")]
    version: u64,
    #[serde(serialize_with = "text")]
    created_at: Moment,
    #[serde(serialize_with = "text")]
    updated_at: Moment,
    #[serde(serialize_with = "text_if_any")]
    archived_at: Option<Moment>,
}

/// Tells of an account as it is now.
pub(in crate::app) fn publish_account(
    context: &Context<'_>,
    kind: EventType,
    account: &Account,
) -> Result<(), Failure> {
    let money = |amount| ExactNumber::of(amount, account.decimals);
    let what = AccountTold {
        id: account.id,
        number: account.serial.0,
        account_number: &account.number,
        reference: &account.labels.common.reference,
        category: &account.labels.common.category,
        profile_id: account.profile,
        group_id: account.group,
        portfolio_id: account.portfolio,
        currency: account.currency.as_str(),
        is_demo: account.is_demo,
        spread_betting: account.is_spread_betting,
        position_mode: account.position_mode,
        margin_calculation_override: account.margin_calculation_override,
        trade_status: account.trade_status,
        max_leverage: account.max_leverage,
        nop: money(account.net_open_position_limit),
        daily_statement: account.wants_daily_statement,
        lifecycle: account.lifecycle,
        lock: account.lock.name(),
        lock_holder: account.lock.holder(),
        lock_reason: account.lock.reason(),
        allows_credits: account.allows_credits,
        allows_debits: account.allows_debits,
        minimum_balance: money(account.balances.minimum),
        version: account.version,
        created_at: account.created_at,
        updated_at: account.updated_at,
        archived_at: account.closed_at,
    };
    publish_with_balances(context, kind, account.id.uuid(), account, &what)
}

/// Tells of something with what its account has after it.
fn publish_with_balances(
    context: &Context<'_>,
    kind: EventType,
    object: Uuid,
    account: &Account,
    what: &impl Serialize,
) -> Result<(), Failure> {
    let balances = [BalancesTold::of_account(account, &account.balances)];
    let payload = to_json(&WithBalances { what, balances: &balances })?;
    let profile = Some((account.standing.profile, account.profile));
    context.emit(&Event { kind, object, profile, payload })?;
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MovementTold<'a> {
    id: MovementId,
    number: i64,
    kind: MovementKind,
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_account_id: Option<AccountId>,
    currency: &'a str,
    amount: ExactNumber,
    posted_amount: ExactNumber,
    uncleared: ExactNumber,
    state: MovementState,
    reference: Option<&'a str>,
    #[serde(serialize_with = "text_if_any")]
    expires_at: Option<Moment>,
    #[serde(serialize_with = "text_if_any")]
    available_at: Option<Moment>,
    entry_id: Option<EntryId>,
    #[serde(serialize_with = "text")]
    created_at: Moment,
    #[serde(serialize_with = "text")]
    updated_at: Moment,
}

/// Tells of a movement as it is now, with the account from which or to which it goes.
pub(in crate::app) fn publish_movement(
    context: &Context<'_>,
    kind: EventType,
    movement: &Movement,
    account: &Account,
) -> Result<(), Failure> {
    let money = |amount| ExactNumber::of(amount, movement.decimals);
    let what = MovementTold {
        id: movement.id,
        number: movement.serial.0,
        kind: movement.kind,
        account_id: movement.account,
        to_account_id: movement.to_account,
        currency: account.currency.as_str(),
        amount: money(movement.amount),
        posted_amount: money(movement.stage.posted()),
        uncleared: money(movement.stage.uncleared()),
        state: movement.stage.state(),
        reference: movement.reference.as_deref(),
        expires_at: movement.expires_at,
        available_at: movement.stage.clearing().map(|clearing| clearing.at),
        entry_id: movement.stage.entry(),
        created_at: movement.created_at,
        updated_at: movement.updated_at,
    };
    publish_with_balances(context, kind, movement.id.uuid(), account, &what)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileTold<'a> {
    id: ProfileId,
    number: i64,
    status: ProfileStatus,
    reference: &'a str,
    category: &'a str,
    tags: &'a BTreeSet<String>,
    #[serde(serialize_with = "text")]
    version: u64,
    #[serde(serialize_with = "text")]
    created_at: Moment,
    #[serde(serialize_with = "text")]
    updated_at: Moment,
}

/// Tells of a client. What it says about itself is left out: it must be possible to erase that.
pub(in crate::app) fn publish_profile(
    context: &Context<'_>,
    kind: EventType,
    profile: &Profile,
) -> Result<(), Failure> {
    let payload = to_json(&ProfileTold {
        id: profile.id,
        number: profile.serial.0,
        status: profile.status,
        reference: &profile.labels.reference,
        category: &profile.labels.category,
        tags: &profile.tags,
        version: profile.version,
        created_at: profile.created_at,
        updated_at: profile.updated_at,
    })?;
    let concerned = Some((profile.serial, profile.id));
    context.emit(&Event { kind, object: profile.id.uuid(), profile: concerned, payload })?;
    Ok(())
}
