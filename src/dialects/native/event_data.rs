//! Renders the `data` of an event: its object after the change, without comments, reasons and personal data.

use super::{fields, legacy_event};
use crate::app::events::{BookLine, ContributionContent, EntryContent, EventContent, EventRow, RestoreContent};
use crate::dialects::kit::ExactNumber;
use crate::domain::accounts::{Account, LockReason};
use crate::domain::approvals::{Approval, ApprovalState};
use crate::domain::bank::ExternalAccount;
use crate::domain::clients::Profile;
use crate::domain::clock::Moment;
use crate::domain::day::Day;
use crate::domain::events::{EventType, OwnerSnapshot, ReferenceChange};
use crate::domain::ids::{
    AccountId, ApprovalId, EntryId, EntrySeq, ExternalAccountId, GroupId, MovementId, PortfolioId, PrincipalId,
    ProfileId,
};
use crate::domain::ledger::Movement;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeSet;

/// The `data` of an event.
pub(super) fn of(event: EventRow) -> serde_json::Result<Box<RawValue>> {
    let balances: Vec<_> = event.balances.iter().map(Balances::of).collect();
    match event.content {
        EventContent::Entry(entry) => with_balances(Entry::of(entry), balances),
        EventContent::Movement(movement) => with_balances(MovementData::of(*movement), balances),
        EventContent::Account(account) => with_balances(AccountData::of(&account), balances),
        EventContent::Owner { profile, owner } => {
            to_raw_value(&Owner::of(AccountId::from(event.object), profile, &owner))
        }
        EventContent::Profile(profile) => to_raw_value(&ProfileData::of(&profile)),
        EventContent::External(external) => to_raw_value(&ExternalData::of(&external)),
        EventContent::Contribution(contribution) => to_raw_value(&ContributionData::of(*contribution)),
        EventContent::Approval(approval) => to_raw_value(&ApprovalData::of(&approval, event.kind)),
        EventContent::Reference(changes) => to_raw_value(&Reference { changes: &changes }),
        EventContent::Restore(restore) => to_raw_value(&Restore::of(&restore)),
        EventContent::Legacy(legacy) => legacy_event::data(legacy),
    }
}

#[derive(Serialize)]
struct WithBalances<'a, T> {
    #[serde(flatten)]
    object: T,
    balances: Vec<Balances<'a>>,
}

fn with_balances<T: Serialize>(object: T, balances: Vec<Balances<'_>>) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&WithBalances { object, balances })
}

/// Times and 64-bit numbers are texts, as everywhere in this API.
fn text<S: Serializer, T: std::fmt::Display>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn text_if_any<S: Serializer, T: std::fmt::Display>(number: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}

/// The balances of a book after the event; house accounts have only `balance`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balances<'a> {
    book: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house: Option<&'a str>,
    currency: &'a str,
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

impl Balances<'_> {
    fn of(line: &BookLine) -> Balances<'_> {
        let BookLine { book, amount, balances } = line;
        let money = |amount| ExactNumber::of(amount, book.decimals);
        let of_client = |amount| book.account.map(|_| money(amount));
        Balances {
            book: book.book.0,
            account_id: book.account,
            house: if book.account.is_none() { Some(&book.role) } else { None },
            currency: book.currency.as_str(),
            is_demo: book.is_demo,
            amount: amount.map(money),
            balance: money(balances.balance),
            held: of_client(balances.reserves.held),
            uncleared: of_client(balances.reserves.uncleared),
            pending: of_client(balances.reserves.pending),
            credit: of_client(balances.reserves.credit),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: EntryId,
    #[serde(serialize_with = "text")]
    seq: EntrySeq,
    kind: String,
    #[serde(serialize_with = "text")]
    recorded_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text_if_any")]
    effective_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text_if_any")]
    reverses: Option<EntrySeq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    movement_id: Option<MovementId>,
}

impl Entry {
    fn of(entry: EntryContent) -> Entry {
        Entry {
            id: entry.id,
            seq: entry.seq,
            kind: entry.kind.name().to_uppercase(),
            recorded_at: entry.recorded_at,
            effective_at: entry.effective_at,
            reverses: entry.reverses,
            reference: entry.reference,
            movement_id: entry.movement,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MovementData {
    id: MovementId,
    number: i64,
    kind: String,
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_account_id: Option<AccountId>,
    currency: String,
    amount: ExactNumber,
    posted_amount: ExactNumber,
    uncleared: ExactNumber,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_account_id: Option<ExternalAccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    reference: Option<String>,
    #[serde(serialize_with = "text_if_any")]
    expires_at: Option<Moment>,
    #[serde(serialize_with = "text_if_any")]
    available_at: Option<Moment>,
    deal_id: Option<EntryId>,
    #[serde(serialize_with = "text")]
    created_at: Moment,
    #[serde(serialize_with = "text")]
    updated_at: Moment,
}

impl MovementData {
    fn of(movement: Movement) -> MovementData {
        let money = |amount| ExactNumber::of(amount, movement.decimals);
        MovementData {
            id: movement.id,
            number: movement.serial.0,
            kind: movement.kind.name().to_uppercase(),
            account_id: movement.account,
            to_account_id: movement.to_account,
            currency: movement.currency.to_string(),
            amount: money(movement.amount),
            posted_amount: money(movement.stage.posted()),
            uncleared: money(movement.stage.uncleared()),
            state: movement.stage.state().name().to_uppercase(),
            external_account_id: movement.external.map(|external| external.id),
            step: movement.external.map(|external| external.step.name().to_uppercase()),
            reference: movement.reference,
            expires_at: movement.expires_at,
            available_at: movement.stage.clearing().map(|clearing| clearing.at),
            deal_id: movement.stage.entry(),
            created_at: movement.created_at,
            updated_at: movement.updated_at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountData<'a> {
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
    position_mode: String,
    margin_calc_type_override: String,
    status: String,
    #[serde(serialize_with = "text")]
    max_leverage: u32,
    nop: ExactNumber,
    daily_statement: bool,
    lifecycle: String,
    lock: String,
    lock_type: &'static str,
    lock_reason: Option<LockReason>,
    allow_credits: bool,
    allow_debits: bool,
    permissions: Vec<String>,
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

impl AccountData<'_> {
    fn of(account: &Account) -> AccountData<'_> {
        let money = |amount| ExactNumber::of(amount, account.decimals);
        AccountData {
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
            position_mode: fields::position_mode(account.position_mode),
            margin_calc_type_override: fields::margin_calculation(account.margin_calculation_override),
            status: fields::trade_status(account.trade_status),
            max_leverage: account.max_leverage,
            nop: money(account.net_open_position_limit),
            daily_statement: account.wants_daily_statement,
            lifecycle: account.lifecycle.name().to_uppercase(),
            lock: account.lock.name().to_uppercase(),
            lock_type: fields::lock_type(account.lock.holder()),
            lock_reason: account.lock.reason(),
            allow_credits: account.allows_credits,
            allow_debits: account.allows_debits,
            permissions: fields::permissions(account.permissions),
            minimum_balance: money(account.balances.minimum),
            version: account.version,
            created_at: account.created_at,
            updated_at: account.updated_at,
            archived_at: account.closed_at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<ProfileId>,
    access: Option<String>,
    priority: Option<usize>,
    owners: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_dropped: Option<bool>,
    #[serde(serialize_with = "text")]
    version: u64,
}

impl Owner {
    fn of(account_id: AccountId, profile_id: Option<ProfileId>, owner: &OwnerSnapshot) -> Owner {
        Owner {
            account_id,
            profile_id,
            access: owner.access.map(|access| access.name().to_uppercase()),
            priority: owner.priority,
            owners: owner.owners,
            alias_dropped: owner.alias_dropped.then_some(true),
            version: owner.version,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileData<'a> {
    id: ProfileId,
    number: i64,
    status: String,
    blocked: bool,
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

impl ProfileData<'_> {
    fn of(profile: &Profile) -> ProfileData<'_> {
        ProfileData {
            id: profile.id,
            number: profile.serial.0,
            status: profile.status.name().to_uppercase(),
            blocked: profile.is_blocked,
            reference: &profile.labels.reference,
            category: &profile.labels.category,
            tags: &profile.tags,
            version: profile.version,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalData {
    id: ExternalAccountId,
    number: i64,
    profile_id: ProfileId,
    kind: String,
    status: String,
    tries: u32,
}

impl ExternalData {
    fn of(external: &ExternalAccount) -> ExternalData {
        ExternalData {
            id: external.id,
            number: external.serial.0,
            profile_id: external.profile,
            kind: external.kind.name().to_uppercase(),
            status: external.status.name().to_uppercase(),
            tries: external.tries,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContributionData {
    account_id: AccountId,
    frequency: String,
    currency: String,
    amount: Option<ExactNumber>,
    external_account_id: Option<ExternalAccountId>,
    start_on: Option<Day>,
    end_on: Option<Day>,
    next_on: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit_id: Option<MovementId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl ContributionData {
    fn of(content: ContributionContent) -> ContributionData {
        let ContributionContent { account, currency, decimals, plan, movement } = content;
        ContributionData {
            account_id: account,
            frequency: plan.kind.map_or("NONE".into(), |kind| kind.name().to_uppercase()),
            currency: currency.to_string(),
            amount: plan.amount.map(|amount| ExactNumber::of(amount, decimals)),
            external_account_id: plan.external,
            start_on: plan.start,
            end_on: plan.end,
            next_on: plan.next,
            deposit_id: movement,
            reason: plan.failure,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalData {
    id: ApprovalId,
    kind: String,
    cause: String,
    state: String,
    account_id: Option<AccountId>,
    movement_id: Option<MovementId>,
    requested_by_id: PrincipalId,
    #[serde(serialize_with = "text")]
    requested_at: Moment,
    #[serde(serialize_with = "text_if_any")]
    expires_at: Option<Moment>,
}

impl ApprovalData {
    /// The type of the event says which state the request had then.
    fn of(approval: &Approval, kind: EventType) -> ApprovalData {
        let state = match kind {
            EventType::ApprovalApproved => ApprovalState::Approved,
            EventType::ApprovalRejected => ApprovalState::Rejected,
            EventType::ApprovalCancelled => ApprovalState::Cancelled,
            EventType::ApprovalExpired => ApprovalState::Expired,
            _ => ApprovalState::Pending,
        };
        ApprovalData {
            id: approval.id,
            kind: approval.kind.name().to_uppercase(),
            cause: approval.cause.name().to_uppercase(),
            state: state.name().to_uppercase(),
            account_id: approval.account,
            movement_id: approval.movement.as_ref().map(|movement| movement.id),
            requested_by_id: approval.requested_by.id,
            requested_at: approval.requested_at,
            expires_at: approval.expires_at,
        }
    }
}

#[derive(Serialize)]
struct Reference<'a> {
    changes: &'a [ReferenceChange],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restore<'a> {
    timeline: i64,
    backup: &'a str,
    #[serde(serialize_with = "text_if_any")]
    asked_for: Option<Moment>,
    #[serde(serialize_with = "text")]
    reached_at: Moment,
    last_entry: i64,
    last_event: i64,
    next_entry: i64,
    next_event: i64,
}

impl Restore<'_> {
    fn of(restore: &RestoreContent) -> Restore<'_> {
        Restore {
            timeline: restore.timeline,
            backup: &restore.backup,
            asked_for: restore.asked_for,
            reached_at: restore.reached_at,
            last_entry: restore.last_entry.0,
            last_event: restore.last_event.0,
            next_entry: restore.next_entry.0,
            next_event: restore.next_event.0,
        }
    }
}
