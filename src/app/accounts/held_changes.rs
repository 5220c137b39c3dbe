//! What one owner does with an account: opens it, changes it, locks it.

use crate::app::accounts::{
    ChangeAccount, DetailedAccount, FixedFields, HeldKey, OpenAccount, Power, client_of_serial, find, held_in,
    publish_account_state, write_details,
};
use crate::app::command::Undo;
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{
    Account, AccountDetails, AccountDetailsChange, Lock, LockHolder, LockReason, LockScope, Permissions,
};
use crate::domain::clients::{AccountLabelsChange, LabelsChange};
use crate::domain::events::EventType;
use crate::domain::ids::{BookId, GroupSerial, ProfileSerial};
use crate::domain::reference::{BankKind, CurrencyCode, Group};
use crate::domain::refusal::{Field, Noun, Refusal};
use std::collections::BTreeMap;

/// The currency of accounts whose product offers it.
const USUAL_CURRENCY: &str = "USD";

/// How a caller names the product of a new account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WantedProduct {
    Numbered(GroupSerial),
    /// The first product of this kind.
    OfKind(BankKind),
}

/// The labels of an account as its owner sends them; None leaves a label as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeldLabels {
    /// Unique among the accounts of the client, archived ones included.
    pub name: Option<String>,
    pub reference: Option<String>,
    pub category: Option<String>,
    /// The fields to set; others stay. An empty value removes a field.
    pub custom_fields: BTreeMap<String, String>,
}

impl HeldLabels {
    fn change(self, present: &BTreeMap<String, String>) -> AccountLabelsChange {
        let custom_fields = (!self.custom_fields.is_empty()).then(|| {
            let mut fields = present.clone();
            fields.extend(self.custom_fields);
            fields
        });
        AccountLabelsChange {
            name: self.name,
            common: LabelsChange { reference: self.reference, category: self.category, custom_fields, metadata: None },
            ..AccountLabelsChange::default()
        }
    }
}

/// Opens an account for a client. If the client is in review, so is the account.
///
/// Refusals: no name; unknown client or product; the client has an account of this name; those of opening an account.
pub struct OpenHeldAccount {
    pub client: ProfileSerial,
    pub product: WantedProduct,
    /// In digits; None generates one.
    pub number: Option<String>,
    pub labels: HeldLabels,
    pub details: AccountDetailsChange,
    /// Whether the client cannot close it.
    pub is_kept: bool,
}

impl OpenHeldAccount {
    pub(in crate::app) fn run(self, context: &Context<'_>) -> Result<DetailedAccount, Failure> {
        let name = self.labels.name.clone().filter(|name| !name.is_empty());
        let name = name.ok_or(Refusal::Required { field: Field::Name })?;
        let client = client_of_serial(context.tx, context.visibility(), self.client)?;
        let group = product(context, self.product)?;
        let currency = currency_of(&group)?;
        admit_name(context, self.client, &name, None)?;
        let open = OpenAccount {
            id: None,
            profile: client,
            group: group.id,
            portfolio: None,
            parent: None,
            currency,
            is_demo: None,
            is_spread_betting: false,
            position_mode: None,
            margin_calculation_override: None,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: false,
            labels: self.labels.change(&BTreeMap::new()),
            allows_credits: true,
            allows_debits: true,
            permissions: Permissions::default(),
            number_at_platform: None,
            number: self.number,
            requires_approval: false,
            takes_client_in_review: true,
        };
        let account = context.part(open, Undo::Whole)??.id;
        let account = find(context, account)?;
        let none = AccountDetails::default();
        let details = self.details.apply(&none, account.decimals, context.clock_now)?;
        write_details(context, &account, &none, AccountDetails { is_kept: self.is_kept, ..details })?;
        DetailedAccount::read(context.tx, find(context, account.id)?)
    }
}

fn product(context: &Context<'_>, wanted: WantedProduct) -> Result<Group, Failure> {
    let mut groups = context.tx.groups()?.into_iter();
    let found = match wanted {
        WantedProduct::Numbered(serial) => groups.find(|group| group.serial == serial && group.declared.bank.is_some()),
        WantedProduct::OfKind(kind) => groups.find(|group| {
            group.declared.enabled && group.declared.bank.as_ref().is_some_and(|terms| terms.kind == kind)
        }),
    };
    Ok(found.ok_or(Refusal::not_found(Noun::Group))?)
}

/// US dollars where the product offers them, else its first currency.
fn currency_of(group: &Group) -> Result<CurrencyCode, Refusal> {
    let usual = group.currencies.iter().find(|code| code.as_str() == USUAL_CURRENCY);
    usual.or(group.currencies.first()).cloned().ok_or(Refusal::GroupDisabled)
}

/// Refuses a name that another account of the client has.
fn admit_name(context: &Context<'_>, client: ProfileSerial, name: &str, own: Option<BookId>) -> Result<(), Failure> {
    match context.tx.has_account_named(client, &crate::domain::text::nfc(name), own)? {
        true => Err(Refusal::NameTaken(Noun::Account).into()),
        false => Ok(()),
    }
}

/// Changes labels and details of an account. Does nothing if nothing differs.
///
/// Refusals: an empty name; unknown; the owner may only read it; the client has another account of this name; those of
/// changing an account and its details.
pub struct ChangeHeldAccount {
    pub key: HeldKey,
    pub labels: HeldLabels,
    pub details: AccountDetailsChange,
}

impl ChangeHeldAccount {
    pub(in crate::app) fn run(self, context: &Context<'_>) -> Result<DetailedAccount, Failure> {
        if self.labels.name.as_ref().is_some_and(String::is_empty) {
            return Err(Refusal::Required { field: Field::Name }.into());
        }
        let account = held_in(context, self.key, Power::Use)?.account;
        if let Some(name) = self.labels.name.as_ref().filter(|name| **name != account.labels.name) {
            admit_name(context, self.key.client, name, Some(account.book))?;
        }
        let change = ChangeAccount {
            id: account.id,
            expected_version: None,
            fixed: FixedFields::default(),
            group: None,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: None,
            minimum_balance: None,
            labels: self.labels.change(&account.labels.common.custom_fields),
            allows_credits: None,
            allows_debits: None,
            permissions: None,
        };
        context.part(change, Undo::Whole)??;
        let account = find(context, account.id)?;
        let present = context.tx.account_details(account.book)?;
        let details = self.details.apply(&present, account.decimals, context.clock_now)?;
        if write_details(context, &account, &present, details)? {
            context.tx.note_account_change(account.book, context.now)?;
            publish_account_state(context, account.id, EventType::AccountUpdated)?;
        }
        DetailedAccount::read(context.tx, find(context, account.id)?)
    }
}

/// Locks an account on behalf of an owner, or replaces the reason of a lock that its owner may replace.
///
/// Refusals: unknown; the owner may only read it; archived; a lock of the system ([`Refusal::LockKept`]) or of a fraud
/// investigation ([`Refusal::AccountLocked`]).
pub struct LockHeldAccount {
    pub key: HeldKey,
    pub holder: LockHolder,
    pub reason: LockReason,
}

impl Command for LockHeldAccount {
    type Outcome = ();
    const ACTION: &'static str = "account.lock_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let account = held_in(context, self.key, Power::Use)?.account;
        account.admit_change()?;
        admit_unlocking(&account)?;
        let lock = Lock::Locked { scope: LockScope::Full, holder: self.holder, reason: self.reason };
        set(context, &account, lock, EventType::AccountLocked)
    }
}

/// Removes the lock of an account on behalf of an owner; does nothing if there is none.
///
/// Refusals: those of [`LockHeldAccount`].
pub struct UnlockHeldAccount {
    pub key: HeldKey,
}

impl Command for UnlockHeldAccount {
    type Outcome = ();
    const ACTION: &'static str = "account.unlock_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let account = held_in(context, self.key, Power::Use)?.account;
        account.admit_change()?;
        admit_unlocking(&account)?;
        set(context, &account, Lock::Open, EventType::AccountUnlocked)
    }
}

/// Refuses an account whose lock its owner cannot remove.
pub(in crate::app) fn admit_unlocking(account: &Account) -> Result<(), Refusal> {
    match account.lock {
        Lock::Locked { holder: LockHolder::System, .. } => Err(Refusal::LockKept),
        Lock::Locked { holder: LockHolder::Customer, reason: LockReason::Frd, .. } => Err(Refusal::AccountLocked),
        Lock::Locked { .. } | Lock::Open => Ok(()),
    }
}

fn set(context: &Context<'_>, account: &Account, lock: Lock, kind: EventType) -> Result<(), Failure> {
    if account.lock == lock {
        return Ok(());
    }
    context.tx.set_lock(account.book, lock, context.now)?;
    publish_account_state(context, account.id, kind).map(|_| ())
}
