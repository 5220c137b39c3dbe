//! Accounts: opened, changed, archived, listed.

use crate::app::accounts::complete_leaving;
use crate::app::clients::{check_account_labels, check_version};
use crate::app::events::publish_account;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle, Permissions, PositionMode};
use crate::domain::clients::{AccountLabels, AccountLabelsChange, ProfileStatus};
use crate::domain::events::EventType;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, DEFAULT_LEDGER, GroupId, PlatformSerial, PortfolioId, PortfolioSerial, ProfileId,
    ProfileSerial,
};
use crate::domain::money::{Amount, AmountError, DecimalText, Decimals, ExtraDecimals};
use crate::domain::page::{Listing, Page};
use crate::domain::reference::{
    Currency, CurrencyCode, Group, GroupKind, LEVERAGE_MAX, MarginCalculation, TradeStatus,
};
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use crate::domain::text;
pub use crate::store::AccountFilter;
use crate::store::{AccountChange, AccountRequest, Awaits, BookOwner, NewAccount};
use uuid::Uuid;

/// Opens an account with a balance of zero. If the client is in review, so is the account.
///
/// Refusals: unknown profile, group, currency, portfolio or parent; the parent is archived or in another currency; id,
/// reference, alias or number taken; group disabled or without the currency; the mode contradicts the group's; leverage
/// or limit out of range; a wallet at a platform; the client is blocked, was denied, is deceased or archived, or
/// is in review although the account may not wait for it.
pub struct OpenAccount {
    /// An unused id chosen by the caller; None generates one.
    pub id: Option<AccountId>,
    /// Becomes the primary owner.
    pub profile: ProfileId,
    pub group: GroupId,
    /// None for the client's default portfolio in the ledger of the group.
    pub portfolio: Option<PortfolioId>,
    /// The account that it is nested in.
    pub parent: Option<AccountId>,
    pub currency: CurrencyCode,
    /// The mode that the caller expects; the group decides, and a contradiction is refused.
    pub is_demo: Option<bool>,
    pub is_spread_betting: bool,
    /// None leaves it to the trading platform.
    pub position_mode: Option<PositionMode>,
    /// Overrides the group's setting.
    pub margin_calculation_override: Option<MarginCalculation>,
    /// None allows all trading.
    pub trade_status: Option<TradeStatus>,
    /// None takes the group's. Zero, for an account that exists at a platform: the group's applies.
    pub max_leverage: Option<u32>,
    /// In the account's currency; None means no limit.
    pub net_open_position_limit: Option<DecimalText>,
    pub wants_daily_statement: bool,
    pub labels: AccountLabelsChange,
    pub allows_credits: bool,
    pub allows_debits: bool,
    pub permissions: Permissions,
    /// The number of an account that exists already at the platform of the group. It becomes the number of the account
    /// here, and what the platform says about it counts from now on. None generates a number.
    pub number_at_platform: Option<String>,
    /// The number of the account, in digits, if the caller chooses it.
    pub number: Option<String>,
    /// Whether an operator must approve the account before it can be used.
    pub requires_approval: bool,
    /// Whether the account of a client in review may wait for the review; otherwise such a client is refused.
    pub takes_client_in_review: bool,
}

impl Command for OpenAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.open";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        let now = context.now;
        let labels = self.labels.checked()?;
        let number = self.number_at_platform.map(|number| platform_number(number, NUMBER_MAX)).transpose()?;
        let chosen = self.number.map(chosen_number).transpose()?;
        let is_left_to_group = number.is_some() && self.max_leverage == Some(0);
        if let Some(leverage) = self.max_leverage.filter(|_| !is_left_to_group) {
            check_leverage(leverage)?;
        }
        let profile =
            context.tx.profile(self.profile, context.visibility())?.ok_or(Refusal::not_found(Noun::Profile))?;
        let group = context.tx.group(self.group)?.ok_or(Refusal::not_found(Noun::Group))?;
        if self.is_demo.is_some_and(|is_demo| is_demo != group.declared.is_demo) {
            return Err(Refusal::invalid(Field::IsDemo, "contradicts the account group").into());
        }
        let currency = context
            .tx
            .currency(&self.currency)?
            .filter(|currency| currency.enabled || group.currencies.contains(&currency.code))
            .ok_or(Refusal::UnknownCurrency { field: Field::Currency })?;
        let max_leverage = self.max_leverage.unwrap_or(group.declared.max_leverage);
        if !is_left_to_group {
            check_leverage(max_leverage)?;
        }
        let limit = self.net_open_position_limit.map(|limit| position_limit(limit, currency.decimals)).transpose()?;
        if let Some(id) = self.id
            && context.tx.has_account(id)?
        {
            let is_visible = context.tx.account(id, context.visibility())?.is_some();
            return Err(context.taken(is_visible, Field::Id, Refusal::DuplicateId(Noun::Account)).into());
        }
        let portfolio = match self.portfolio {
            Some(id) => find_portfolio(context, &group, id)?,
            None if group.ledger != DEFAULT_LEDGER => {
                let reason = "is of a ledger whose accounts are opened in its portfolios";
                return Err(Refusal::invalid(Field::Group, reason).into());
            }
            None => {
                let new_id = PortfolioId::new(now, context.app.randomness());
                context.tx.default_portfolio(group.ledger, profile.serial, new_id, now)?
            }
        };
        let parent = self.parent.map(|parent| find_parent(context, parent, portfolio, &self.currency)).transpose()?;
        let labels = labels.apply(&AccountLabels::default());
        check_account_labels(context, &labels, (group.ledger, portfolio), None)?;
        let link = match &number {
            Some(number) => Some((free_platform(context, &group, number)?, number.clone())),
            None => None,
        };
        if let Some(number) = &chosen {
            admit_number(context, number, Refusal::DuplicateId(Noun::Account))?;
        }
        check_group(&group, &currency)?;
        admit_another(context, &group, profile.serial)?;
        if link.is_some() && group.declared.kind == GroupKind::Wallet {
            return Err(Refusal::AccountKind { needed: GroupKind::Trading }.into());
        }
        if profile.status == ProfileStatus::Verified {
            profile.admit_unblocked()?;
        }
        profile.admit_staying()?;
        let awaits = match profile.status {
            ProfileStatus::Pending if !self.takes_client_in_review => {
                return Err(Refusal::ProfileState(profile.status).into());
            }
            ProfileStatus::Verified | ProfileStatus::Pending if self.requires_approval => Some(Awaits::Operator),
            ProfileStatus::Verified => None,
            ProfileStatus::Pending => Some(Awaits::Client),
            status => return Err(Refusal::ProfileState(status).into()),
        };

        let id = self.id.unwrap_or_else(|| AccountId::new(now, context.app.randomness()));
        let owner = BookOwner { ledger: group.ledger, currency: currency.serial, is_demo: group.declared.is_demo };
        let (serial, generated) = next_number(context)?;
        let number = number.or(chosen).unwrap_or(generated);
        let new = NewAccount {
            book: context.tx.add_client_book(owner)?,
            id,
            serial,
            number,
            profile: profile.serial,
            portfolio,
            portfolio_serial: context.tx.next_portfolio_serial(portfolio)?,
            parent: parent.map(|parent| parent.book),
            is_spread_betting: self.is_spread_betting,
            position_mode: self.position_mode,
            margin_calculation_override: self.margin_calculation_override,
            lifecycle: if awaits.is_some() { Lifecycle::PendingApproval } else { Lifecycle::Active },
            settings: AccountChange {
                group: group.serial,
                trade_status: self.trade_status.unwrap_or_default(),
                max_leverage,
                net_open_position_limit: limit.unwrap_or(Amount::ZERO),
                wants_daily_statement: self.wants_daily_statement,
                minimum: Amount::ZERO,
                allows_credits: self.allows_credits,
                allows_debits: self.allows_debits,
                permissions: self.permissions,
            },
        };
        context.tx.add_account(&new, now)?;
        if let Some((platform, number)) = link {
            context.tx.link_account(new.book, platform, &number)?;
        }
        if labels != AccountLabels::default() {
            context.tx.set_account_labels(new.book, &labels)?;
        }
        if let Some(awaits) = awaits {
            let request = AccountRequest { awaits, requested_by: context.caller.principal.serial };
            context.tx.add_account_request(new.book, request)?;
        }
        context.appeared(account_awaited(&new.number));
        context.appeared(account_awaited(&id.to_string()));
        publish_account_state(context, id, EventType::AccountOpened)
    }
}

/// A portfolio in the ledger of the group.
fn find_portfolio(context: &Context<'_>, group: &Group, id: PortfolioId) -> Result<PortfolioSerial, Failure> {
    let found = context.tx.portfolio(group.ledger, id, context.visibility())?;
    Ok(found.map(|found| PortfolioSerial(found.row)).ok_or(Refusal::not_found(Noun::Portfolio))?)
}

/// The account of a portfolio that another one is to be nested in.
fn find_parent(
    context: &Context<'_>,
    id: AccountId,
    portfolio: PortfolioSerial,
    currency: &CurrencyCode,
) -> Result<Account, Failure> {
    let parent = find_as(context, id, Field::ParentAccount)?;
    if parent.standing.portfolio != portfolio {
        return Err(Refusal::NotFound { noun: Noun::Account, field: Some(Field::ParentAccount) }.into());
    }
    if matches!(parent.lifecycle, Lifecycle::Closing | Lifecycle::Closed) {
        return Err(Refusal::ParentArchived.into());
    }
    if parent.currency != *currency {
        return Err(Refusal::ParentCurrencyDiffers.into());
    }
    Ok(parent)
}

/// The next account serial and the number derived from it. Serials whose number is taken, here or at a platform, are
/// skipped, and so are those whose number events of a platform wait for: they are about another account.
fn next_number(context: &Context<'_>) -> Result<(AccountSerial, String), Failure> {
    let prefix = &context.app.settings().account_number_prefix;
    let digits = 10usize.saturating_sub(prefix.len());
    loop {
        let serial = context.tx.next_account_serial()?;
        let number = format!("{prefix}{:0digits$}", serial.0);
        if !context.tx.is_account_number_taken(&number)? && !context.tx.is_awaited(&account_awaited(&number))? {
            return Ok((serial, number));
        }
    }
}

/// What events of platforms wait for that name an account, by number or id, which nobody has.
pub(in crate::app) fn account_awaited(name: &str) -> String {
    format!("account:{name}")
}

/// The longest account number that a platform may bring, in characters.
pub const NUMBER_MAX: usize = 50;

/// Checks a number that a platform has given to an account. Events name accounts by id too, so an id is none.
pub(in crate::app) fn platform_number(number: String, max: usize) -> Result<String, Refusal> {
    if number.is_empty() {
        return Err(Refusal::Required { field: Field::Number });
    }
    match number.len() == 36 && Uuid::parse_str(&number).is_ok() {
        true => Err(Refusal::invalid(Field::Number, "an id is not a number")),
        false => text::identifier(Field::Number, number, max),
    }
}

/// Checks a number that a caller chooses for an account.
fn chosen_number(number: String) -> Result<String, Refusal> {
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && number.len() <= NUMBER_MAX {
        return Ok(number);
    }
    Err(Refusal::invalid(Field::Number, format!("1 to {NUMBER_MAX} digits")))
}

/// The platform of a group, where this number is to become an account's. Refusals: another account has the number, here
/// or at any platform.
fn free_platform(context: &Context<'_>, group: &Group, number: &str) -> Result<PlatformSerial, Failure> {
    let platforms = context.tx.platforms()?;
    let platform = platforms.into_iter().find(|platform| platform.declared.code == group.declared.platform);
    let platform = platform.ok_or(Refusal::Internal)?.serial;
    admit_number(context, number, Refusal::DuplicateReference)?;
    Ok(platform)
}

/// Refuses a number that another account has, here or at any platform.
fn admit_number(context: &Context<'_>, number: &str, taken: Refusal) -> Result<(), Failure> {
    match context.tx.accounts_numbered_anywhere(number)?.into_iter().next() {
        Some(holder) => Err(number_taken(context, holder, taken)?.into()),
        None => Ok(()),
    }
}

/// The refusal of a number that an account has: `taken` to those who can see that account.
pub(in crate::app) fn number_taken(context: &Context<'_>, holder: BookId, taken: Refusal) -> Result<Refusal, Failure> {
    let id = context.tx.account_of_book(holder)?.ok_or(Refusal::Internal)?;
    let is_visible = context.tx.account(id, context.visibility())?.is_some();
    Ok(context.taken(is_visible, Field::Number, taken))
}

fn check_group(group: &Group, currency: &Currency) -> Result<(), Refusal> {
    if !group.declared.enabled {
        Err(Refusal::GroupDisabled)
    } else if !group.currencies.contains(&currency.code) {
        Err(Refusal::GroupWithoutCurrency { currency: currency.code.to_string() })
    } else {
        Ok(())
    }
}

/// Refuses an account beyond those that the product allows a client.
fn admit_another(context: &Context<'_>, group: &Group, client: ProfileSerial) -> Result<(), Failure> {
    let Some(max) = group.declared.bank.as_ref().and_then(|terms| terms.max_accounts) else { return Ok(()) };
    match context.tx.accounts_in_group(client, group.serial)? < u64::from(max) {
        true => Ok(()),
        false => Err(Refusal::TooMany { noun: Noun::Account, max }.into()),
    }
}

fn check_leverage(leverage: u32) -> Result<(), Refusal> {
    if (1..=LEVERAGE_MAX).contains(&leverage) {
        Ok(())
    } else {
        Err(Refusal::out_of_range(Field::MaxLeverage, format!("1 to {LEVERAGE_MAX}")))
    }
}

fn position_limit(limit: DecimalText, decimals: Decimals) -> Result<Amount, Refusal> {
    let amount = limit.to_amount(decimals, ExtraDecimals::RoundHalfAway).map_err(|error| match error {
        AmountError::TooLarge => Refusal::out_of_range(Field::NetOpenPositionLimit, "at most 10^17 minor units"),
        _ => Refusal::invalid(Field::NetOpenPositionLimit, error.to_string()),
    })?;
    if amount.is_negative() {
        Err(Refusal::out_of_range(Field::NetOpenPositionLimit, "zero or more"))
    } else {
        Ok(amount)
    }
}

/// Parses an overdraft limit: zero or less.
fn minimum_of(text: DecimalText, decimals: Decimals) -> Result<Amount, Refusal> {
    let amount = text.to_amount(decimals, ExtraDecimals::RoundHalfAway).map_err(|error| match error {
        AmountError::TooLarge => Refusal::out_of_range(Field::MinimumBalance, "at most 10^17 minor units below zero"),
        _ => Refusal::invalid(Field::MinimumBalance, error.to_string()),
    })?;
    if amount.is_positive() { Err(Refusal::out_of_range(Field::MinimumBalance, "zero or less")) } else { Ok(amount) }
}

/// Changes the settings of an account; None leaves a setting as it is.
///
/// Refusals: unknown account or group; reference or alias taken; archived; version differs; a fixed field with another
/// value; group disabled, without the currency or of the other mode; leverage or limit out of range; a group of the
/// other kind while positions or orders are open.
pub struct ChangeAccount {
    pub id: AccountId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
    /// Fields that are fixed at creation, as the caller sent them; ignored if the value is the same.
    pub fixed: FixedFields,
    pub group: Option<GroupId>,
    pub trade_status: Option<TradeStatus>,
    pub max_leverage: Option<u32>,
    /// In the account's currency.
    pub net_open_position_limit: Option<DecimalText>,
    pub wants_daily_statement: Option<bool>,
    /// The overdraft limit: zero or less, within what the group allows.
    pub minimum_balance: Option<DecimalText>,
    pub labels: AccountLabelsChange,
    pub allows_credits: Option<bool>,
    pub allows_debits: Option<bool>,
    pub permissions: Option<Permissions>,
}

/// The fields of an account that never change; None if the caller did not send them.
#[derive(Clone, Default)]
pub struct FixedFields {
    pub id: Option<AccountId>,
    pub currency: Option<String>,
    pub is_spread_betting: Option<bool>,
    /// The primary owner; only a change of owners replaces it.
    pub profile: Option<ProfileId>,
    /// The inner None leaves it to the trading platform.
    pub position_mode: Option<Option<PositionMode>>,
    pub is_demo: Option<bool>,
    /// The inner None stands for the default.
    pub margin_calculation_override: Option<Option<MarginCalculation>>,
}

impl FixedFields {
    /// Refuses the first field whose value differs from the account's.
    fn check(&self, account: &Account) -> Result<(), Refusal> {
        let refuse = |field| Err(Refusal::Immutable { field });
        if self.id.is_some_and(|id| id != account.id) {
            return refuse(Field::Id);
        }
        if self.currency.as_deref().is_some_and(|currency| currency != account.currency.as_str()) {
            return refuse(Field::Currency);
        }
        if self.is_spread_betting.is_some_and(|is_sb| is_sb != account.is_spread_betting) {
            return refuse(Field::IsSpreadBetting);
        }
        if self.profile.is_some_and(|profile| profile != account.profile) {
            return refuse(Field::Profile);
        }
        if self.position_mode.is_some_and(|mode| mode != account.position_mode) {
            return refuse(Field::PositionMode);
        }
        if self.is_demo.is_some_and(|is_demo| is_demo != account.is_demo) {
            return refuse(Field::IsDemo);
        }
        // Unset means SUM (Helio, "Accounts & Funding").
        let effective = |margin: Option<MarginCalculation>| margin.unwrap_or_default();
        let margin = effective(account.margin_calculation_override);
        if self.margin_calculation_override.is_some_and(|sent| effective(sent) != margin) {
            return refuse(Field::MarginCalculation);
        }
        Ok(())
    }
}

impl Command for ChangeAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.change";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        let id = self.id;
        let labels = self.labels.checked()?;
        if let Some(leverage) = self.max_leverage {
            check_leverage(leverage)?;
        }
        let account = find(context, id)?;
        let present = context.tx.group(account.group)?.ok_or(Refusal::not_found(Noun::Group))?;
        let group = match self.group {
            Some(group) => {
                let found = context.tx.group(group)?.filter(|group| group.ledger == account.standing.ledger);
                found.ok_or(Refusal::not_found(Noun::Group))?
            }
            None => present.clone(),
        };
        // Checks that depend on the account run as soon as it is known.
        let limit = self.net_open_position_limit.map(|limit| position_limit(limit, account.decimals)).transpose()?;
        let minimum = self.minimum_balance.map(|minimum| minimum_of(minimum, account.decimals)).transpose()?;
        let own = account.standing.own_minimum;
        let least = DecimalText::parse(&group.declared.minimum_balance)
            .map_err(|_| Refusal::Internal)?
            .to_limit(account.decimals);
        // A group that has become stricter does not block other changes.
        let is_asked = group.id != account.group || minimum.is_some_and(|minimum| minimum != own);
        if is_asked && minimum.unwrap_or(own) < least {
            let least = least.to_text(account.decimals);
            return Err(Refusal::out_of_range(Field::MinimumBalance, format!("{least} to 0 in this group")).into());
        }
        let labels = labels.apply(&account.labels);
        check_account_labels(context, &labels, (account.standing.ledger, account.standing.portfolio), Some(&account))?;
        check_version(self.expected_version, account.version)?;
        self.fixed.check(&account)?;
        if group.id != account.group {
            let currency =
                context.tx.currency(&account.currency)?.ok_or(Refusal::UnknownCurrency { field: Field::Currency })?;
            let loses_approval = present.declared.requires_approval && !group.declared.requires_approval;
            if loses_approval && context.caller.principal.require(Right::Administer).is_err() {
                return Err(Refusal::NeedsApproval.into());
            }
            check_group(&group, &currency)?;
            if group.declared.is_demo != account.is_demo {
                return Err(Refusal::GroupModeDiffers.into());
            }
            admit_another(context, &group, account.standing.profile)?;
        }
        account.admit_change()?;
        if group.declared.kind != present.declared.kind {
            // A wallet has no margin to watch.
            account.admit_idle()?;
        }
        let old = AccountChange {
            group: present.serial,
            trade_status: account.trade_status,
            max_leverage: account.max_leverage,
            net_open_position_limit: account.net_open_position_limit,
            wants_daily_statement: account.wants_daily_statement,
            minimum: own,
            allows_credits: account.allows_credits,
            allows_debits: account.allows_debits,
            permissions: account.permissions,
        };
        let new = AccountChange {
            group: group.serial,
            trade_status: self.trade_status.unwrap_or(old.trade_status),
            max_leverage: self.max_leverage.unwrap_or(old.max_leverage),
            net_open_position_limit: limit.unwrap_or(old.net_open_position_limit),
            wants_daily_statement: self.wants_daily_statement.unwrap_or(old.wants_daily_statement),
            minimum: minimum.unwrap_or(old.minimum),
            allows_credits: self.allows_credits.unwrap_or(old.allows_credits),
            allows_debits: self.allows_debits.unwrap_or(old.allows_debits),
            permissions: self.permissions.unwrap_or(old.permissions),
        };
        if new == old && labels == account.labels {
            return Ok(account);
        }
        context.tx.change_account(account.book, &new, context.now)?;
        if new.group != old.group {
            context.appeared("group:".into());
        }
        if labels != account.labels {
            context.tx.set_account_labels(account.book, &labels)?;
        }
        publish_account_state(context, id, EventType::AccountUpdated)
    }
}

/// Archives an account; final. Does nothing if it is archived already.
///
/// Refusals: unknown account; version differs; a balance, holds, movements or nested accounts are left.
pub struct ArchiveAccount {
    pub id: AccountId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ArchiveAccount {
    type Outcome = ();
    const ACTION: &'static str = "account.archive";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let account = find(context, self.id)?;
        if account.lifecycle == Lifecycle::Closed {
            return Ok(());
        }
        check_version(self.expected_version, account.version)?;
        account.admit_archiving()?;
        refuse_children(context, &account)?;
        archive(context, &account)
    }
}

/// Archives an account that is empty and that no account is nested in.
pub(in crate::app) fn archive(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    context.tx.close_account(account.book, context.now)?;
    publish_account_state(context, account.id, EventType::AccountArchived)?;
    complete_leaving(context, account)
}

/// Refuses an account that accounts are nested in which are not archived.
pub(in crate::app) fn refuse_children(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    match context.tx.has_children(account.book)? {
        true => Err(Refusal::NotEmpty(Remainder::Children).into()),
        false => Ok(()),
    }
}

/// The account that a command refers to, if its caller can see it.
pub(in crate::app) fn find(context: &Context<'_>, id: AccountId) -> Result<Account, Failure> {
    find_as(context, id, Field::Account)
}

/// Like [`find`], for commands with several accounts: the refusal names the field.
pub(in crate::app) fn find_as(context: &Context<'_>, id: AccountId, field: Field) -> Result<Account, Failure> {
    let account = context
        .tx
        .account(id, context.visibility())?
        .ok_or(Refusal::NotFound { noun: Noun::Account, field: Some(field) })?;
    context.involve(account.profile);
    context.concerns_of(ObjectKind::Account, account.id.uuid(), Some(account.standing.profile));
    Ok(account)
}

/// Publishes an event with the account's current state, and returns the account.
pub(in crate::app) fn publish_account_state(
    context: &Context<'_>,
    id: AccountId,
    kind: EventType,
) -> Result<Account, Failure> {
    let account = context.tx.account(id, &Visibility::Everything)?.ok_or(Refusal::not_found(Noun::Account))?;
    publish_account(context, kind, &account)?;
    Ok(account)
}

/// Finds an account, archived or not.
pub struct GetAccount {
    pub id: AccountId,
}

impl Query for GetAccount {
    type Answer = Account;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Account, Failure> {
        Ok(view.tx.account(self.id, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?)
    }
}

/// One page of accounts.
pub struct ListAccounts {
    pub filter: AccountFilter,
    pub page: Page,
}

impl Query for ListAccounts {
    type Answer = Listing<Account>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<Account>, Failure> {
        Ok(view.tx.accounts(&self.filter, view.visibility, self.page)?)
    }
}
