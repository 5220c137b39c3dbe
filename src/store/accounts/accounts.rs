//! Accounts: their settings, joined with their balances.

use crate::domain::access::Visibility;
use crate::domain::accounts::{
    Account, Balances, Lifecycle, Lock, LockHolder, LockReason, OrderBasis, Permissions, PositionMode, Standing,
    Valuation,
};
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, CurrencySerial, GroupId, GroupSerial, LedgerId, PlatformSerial, PortfolioId,
    PortfolioSerial, ProfileId, ProfileSerial,
};
use crate::domain::money::{Amount, DecimalText};
use crate::domain::page::{Listing, Page, Position, Window};
use crate::domain::reference::{CurrencyCode, MarginCalculation, TradeStatus};
use crate::domain::search::SearchText;
use crate::store::StoreError;
use crate::store::clients::{LabelFilter, labels, status};
use crate::store::database::conditions::Conditions;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{Columns, ReadTx, WriteTx, sql, unless_default, unreadable};
use crate::store::reference::decimals;
use crate::store::trading::{Market, Worth};
use rusqlite::{Row, params};
use uuid::Uuid;

/// Selects accounts in a list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Any of these; empty for all.
    pub ids: Vec<AccountId>,
    /// Has this client as the primary owner.
    pub profile: Option<ProfileId>,
    /// Has this client among the owners, and the client is visible.
    pub owner: Option<ProfileId>,
    pub group: Option<GroupId>,
    pub currency: Option<CurrencyCode>,
    /// To find archived accounts, `with_archived` must be set too.
    pub lifecycle: Option<Lifecycle>,
    pub status: Option<TradeStatus>,
    pub with_archived: bool,
    /// Also searches the names of the owners.
    pub search: Option<SearchText>,
    pub serial: Option<AccountSerial>,
    pub number: Option<String>,
    pub name: Option<String>,
    pub alias: Option<String>,
    pub labels: LabelFilter,
    /// Has any of these clients as the primary owner; empty for all.
    pub profiles: Vec<ProfileSerial>,
    /// In any of these groups; empty for all.
    pub groups: Vec<GroupSerial>,
    /// In a group on any of these platforms; empty for all.
    pub platforms: Vec<PlatformSerial>,
    pub portfolio: Option<PortfolioSerial>,
}

/// The primary owner of the account has one of the listed tags.
const VISIBLE: &str =
    "a.profile_id IN (SELECT profile_id FROM profile_tags WHERE tag IN (SELECT value FROM json_each(?)))";

/// The accounts that a client owns.
const OWNED: &str = "SELECT account_id AS id FROM account_owners
                     WHERE profile_id = (SELECT id FROM profiles WHERE uuid = ?)";

/// Like [`OWNED`], if the client has one of the listed tags.
const OWNED_BY_VISIBLE: &str = "SELECT account_id AS id FROM account_owners
                                WHERE profile_id = (SELECT p.id FROM profiles p WHERE p.uuid = ? AND p.id IN (
                                    SELECT profile_id FROM profile_tags
                                    WHERE tag IN (SELECT value FROM json_each(?))))";

/// The account is in a currency.
const IN_CURRENCY: &str =
    "(SELECT k.currency_id FROM books k WHERE k.id = a.id) = (SELECT id FROM currencies WHERE code = ?)";

/// The group of the account is on one of the listed platforms.
const ON_PLATFORM: &str =
    "a.group_id IN (SELECT id FROM account_groups WHERE platform_id IN (SELECT value FROM json_each(?)))";

/// An account to be opened. Its book exists already.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub book: BookId,
    pub id: AccountId,
    pub serial: AccountSerial,
    pub number: String,
    /// Becomes the primary owner.
    pub profile: ProfileSerial,
    pub portfolio: PortfolioSerial,
    /// Counted within the portfolio.
    pub portfolio_serial: i64,
    /// The account that it is nested in.
    pub parent: Option<BookId>,
    pub is_spread_betting: bool,
    pub position_mode: Option<PositionMode>,
    /// None for the calculation of the group.
    pub margin_calculation_override: Option<MarginCalculation>,
    pub lifecycle: Lifecycle,
    pub settings: AccountChange,
}

/// The settings of an account that can change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountChange {
    pub group: GroupSerial,
    pub trade_status: TradeStatus,
    /// The highest leverage allowed.
    pub max_leverage: u32,
    pub net_open_position_limit: Amount,
    pub wants_daily_statement: bool,
    /// The lowest balance allowed: zero or less.
    pub minimum: Amount,
    pub allows_credits: bool,
    pub allows_debits: bool,
    pub permissions: Permissions,
}

pub(in crate::store) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let mut columns = Columns::of(row);
    // Columns must be read in order, and fields are evaluated from top to bottom.
    let book = BookId(columns.next("id")?);
    let mut account = Account {
        book,
        id: AccountId::from(columns.next::<Uuid>("uuid")?),
        serial: AccountSerial(columns.next("serial")?),
        number: columns.next("number")?,
        profile: ProfileId::from(columns.next::<Uuid>("profile_uuid")?),
        group: GroupId::from(columns.next::<Uuid>("group_uuid")?),
        portfolio: PortfolioId::from(columns.next::<Uuid>("portfolio_uuid")?),
        portfolio_serial: columns.next("portfolio_serial")?,
        ledger: Some(LedgerId::from(columns.next::<Uuid>("ledger_uuid")?)),
        parent: columns.next::<Option<Uuid>>("parent_uuid")?.map(AccountId::from),
        currency: CurrencyCode::from_stored(columns.next("currency")?),
        decimals: decimals(columns.next("decimals")?)?,
        is_demo: columns.next("demo")?,
        is_spread_betting: columns.next("spread_betting")?,
        position_mode: columns.next_named_if_any("position_mode")?,
        margin_calculation_override: columns.next_named_if_any("margin_calculation")?,
        trade_status: columns.next_named("trade_status")?,
        max_leverage: columns.next("max_leverage")?,
        net_open_position_limit: Amount::from_minor(columns.next("nop_limit_minor")?),
        wants_daily_statement: columns.next("daily_statement")?,
        lifecycle: columns.next_named("lifecycle")?,
        lock: lock(&mut columns)?,
        allows_credits: columns.next("allow_credits")?,
        allows_debits: columns.next("allow_debits")?,
        permissions: permissions(&mut columns)?,
        balances: Balances {
            balance: Amount::from_minor(columns.next("balance_minor")?),
            held: Amount::from_minor(columns.next("held_minor")?),
            uncleared: Amount::from_minor(columns.next("uncleared_minor")?),
            pending: Amount::from_minor(columns.next("pending_minor")?),
            credit_net: Amount::from_minor(columns.next("credit_net_minor")?),
            minimum: Amount::from_minor(columns.next("minimum_minor")?),
            margin: Amount::ZERO,
        },
        order_basis: OrderBasis::default(),
        version: columns.next("version")?,
        created_at: Moment::from_unix_ms(columns.next("created_at")?),
        updated_at: Moment::from_unix_ms(columns.next("updated_at")?),
        closed_at: columns.next::<Option<i64>>("closed_at")?.map(Moment::from_unix_ms),
        standing: Standing {
            ledger: columns.next("ledger_id")?,
            currency: CurrencySerial(columns.next("currency_id")?),
            portfolio: PortfolioSerial(columns.next("portfolio_id")?),
            group: GroupSerial(columns.next("group_id")?),
            profile: ProfileSerial(columns.next("profile_id")?),
            client_since: Moment::from_unix_ms(columns.next("client_since")?),
            deposit_hold_days: columns.next("deposit_hold_days")?,
            new_client_hold_days: columns.next("new_client_hold_days")?,
            requires_approval: columns.next("requires_approval")?,
            is_bank: columns.next("is_bank")?,
            unmet_target: columns.next::<Option<i64>>("target_minor")?.map(Amount::from_minor),
            own_minimum: Amount::ZERO,
        },
        labels: AccountLabels {
            name: columns.next::<Option<String>>("name")?.unwrap_or_default(),
            alias: columns.next::<Option<String>>("alias")?.unwrap_or_default(),
            status: status(columns.next("status_code")?, columns.next("status_description")?),
            common: labels(columns.next("reference")?, columns.next("category")?, columns.next("attributes")?)?,
        },
        valuation: Valuation::default(),
    };
    account.standing.own_minimum = account.balances.minimum;
    // The stricter limit applies, even if the group's became stricter after the account's own was set.
    let of_group: String = columns.next("group_minimum")?;
    let of_group = DecimalText::parse(&of_group).map_err(|_| unreadable("group_minimum", &of_group))?;
    account.balances.minimum = account.balances.minimum.max(of_group.to_limit(account.decimals));
    account.valuation.has_positions = columns.next("has_positions")?;
    account.valuation.has_orders = columns.next("has_orders")?;
    account.order_basis = columns.next_named_if_any("order_basis")?.unwrap_or_default();
    Ok(account)
}

fn lock(columns: &mut Columns<'_>) -> rusqlite::Result<Lock> {
    let name = columns.next_text("lock")?;
    let (holder, reason) = (columns.next_named_if_any("lock_holder")?, columns.next_named_if_any("lock_reason")?);
    Lock::from_parts(name, holder, reason).ok_or_else(|| unreadable("lock", name))
}

fn permissions(columns: &mut Columns<'_>) -> rusqlite::Result<Permissions> {
    let Some(json) = columns.next::<Option<String>>("withheld")? else { return Ok(Permissions::default()) };
    serde_json::from_str(&json).map_err(|_| unreadable("withheld", &json))
}

/// A JSON array of what is withheld; none if nothing is.
fn withheld(permissions: Permissions) -> Option<String> {
    let names = permissions.withheld().map(|permission| permission.name().to_owned());
    unless_default(permissions).map(|_| serde_json::Value::from_iter(names).to_string())
}

/// A JSON array of ids in hexadecimal; none if there are no ids.
fn id_list(ids: impl ExactSizeIterator<Item = Uuid>) -> Option<String> {
    (ids.len() > 0).then(|| serde_json::Value::from_iter(ids.map(|id| id.simple().to_string())).to_string())
}

/// A JSON array of numbers; none if there are no numbers.
fn number_list(numbers: impl ExactSizeIterator<Item = i64>) -> Option<String> {
    (numbers.len() > 0).then(|| serde_json::Value::from_iter(numbers).to_string())
}

fn conditions(filter: &AccountFilter, visibility: &Visibility) -> Conditions {
    let uuid = |id: Uuid| id.as_bytes().to_vec();
    let mut conditions = Conditions::on("accounts", "a");
    if let Some(search) = &filter.search {
        conditions.accounts_found(search, visibility);
    }
    conditions.if_any("a.serial = ?", filter.serial.map(|serial| serial.0));
    conditions.if_any("a.number = ?", filter.number.clone());
    let ids = id_list(filter.ids.iter().map(|id| id.uuid()));
    conditions.if_any("a.uuid IN (SELECT unhex(value) FROM json_each(?))", ids);
    let profile = filter.profile.map(|id| uuid(id.uuid()));
    conditions.if_any("a.profile_id = (SELECT id FROM profiles WHERE uuid = ?)", profile);
    let profiles = number_list(filter.profiles.iter().map(|serial| serial.0));
    conditions.if_any("a.profile_id IN (SELECT value FROM json_each(?))", profiles);
    let group = filter.group.map(|id| uuid(id.uuid()));
    conditions.if_any("a.group_id = (SELECT id FROM account_groups WHERE uuid = ?)", group);
    let groups = number_list(filter.groups.iter().map(|serial| serial.0));
    conditions.if_any("a.group_id IN (SELECT value FROM json_each(?))", groups);
    conditions.if_any(ON_PLATFORM, number_list(filter.platforms.iter().map(|serial| serial.0)));
    conditions.if_any("a.portfolio_id = ?", filter.portfolio.map(|serial| serial.0));
    conditions.if_any(IN_CURRENCY, filter.currency.as_ref().map(|code| code.as_str().to_owned()));
    conditions.if_any("a.trade_status = ?", filter.status.map(|status| status.name().to_owned()));
    conditions.if_any("a.lifecycle = ?", filter.lifecycle.map(|state| state.name().to_owned()));
    if !filter.with_archived {
        conditions.add("a.lifecycle <> 'closed'");
    }
    filter.labels.on_accounts(&mut conditions, &filter.name, &filter.alias);
    if let Some(owner) = filter.owner {
        let owner = [uuid(owner.uuid()).into()];
        match visible_tags(visibility) {
            None => conditions.within(OWNED, owner),
            Some(tags) => conditions.within(OWNED_BY_VISIBLE, owner.into_iter().chain([tags.into()])),
        }
    }
    conditions.visible(VISIBLE, visibility);
    conditions
}

const BY_UUID: &str = sql!("accounts/columns", "accounts/by_uuid");
const BY_ROW: &str = concat!(sql!("accounts/columns"), "WHERE a.id = ?1");

impl ReadTx<'_> {
    /// The account, if it is visible; archived accounts included.
    pub fn account(&self, id: AccountId, visibility: &Visibility) -> Result<Option<Account>, StoreError> {
        self.account_at(&Market::of(self), id, visibility)
    }

    /// Like [`ReadTx::account`], at the prices of a market that serves several accounts.
    pub fn account_at(
        &self,
        market: &Market<'_, '_>,
        id: AccountId,
        visibility: &Visibility,
    ) -> Result<Option<Account>, StoreError> {
        let found = self.find(BY_UUID, (id.uuid(), visible_tags(visibility)), account)?;
        found.map(|account| market.valued(account)).transpose()
    }

    /// Like [`ReadTx::account_at`], with what it is worth.
    pub fn account_appraised(
        &self,
        market: &Market<'_, '_>,
        id: AccountId,
        visibility: &Visibility,
    ) -> Result<Option<(Account, Worth)>, StoreError> {
        let found = self.find(BY_UUID, (id.uuid(), visible_tags(visibility)), account)?;
        found.map(|account| market.appraised(account)).transpose()
    }

    /// The accounts of a client that are not archived, oldest first: at most `limit` of those after a position. Their
    /// margin is not computed.
    pub fn accounts_of(
        &self,
        profile: ProfileId,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let after = after.map_or(0, |shown| shown.row);
        self.all(sql!("accounts/columns", "accounts/of_profile"), (profile.uuid(), after, limit), account)
    }

    /// The visible accounts with open positions, live or demo. Their margin is not computed.
    pub fn accounts_with_positions(&self, is_demo: bool, visibility: &Visibility) -> Result<Vec<Account>, StoreError> {
        let sql = sql!("accounts/columns", "accounts/with_positions");
        self.all(sql, (is_demo, visible_tags(visibility)), account)
    }

    /// One page of the visible accounts.
    pub fn accounts(
        &self,
        filter: &AccountFilter,
        visibility: &Visibility,
        page: Page,
    ) -> Result<Listing<Account>, StoreError> {
        let listing = self.listing(conditions(filter, visibility), BY_ROW, page, account)?;
        Ok(Listing { rows: self.all_valued(listing.rows)?, ..listing })
    }

    fn all_valued(&self, accounts: Vec<Account>) -> Result<Vec<Account>, StoreError> {
        let market = Market::of(self);
        accounts.into_iter().map(|account| market.valued(account)).collect()
    }

    /// The account with a serial, if it is visible; archived accounts included. Its margin is not computed.
    pub fn account_with_serial(
        &self,
        serial: AccountSerial,
        visibility: &Visibility,
    ) -> Result<Option<Account>, StoreError> {
        self.find(sql!("accounts/columns", "accounts/by_serial"), (serial.0, visible_tags(visibility)), account)
    }

    /// The visible accounts in a window, in the order of opening, with what they are worth, and how many match in
    /// total.
    pub fn accounts_in(
        &self,
        filter: &AccountFilter,
        visibility: &Visibility,
        window: Window,
    ) -> Result<(Vec<(Account, Worth)>, u64), StoreError> {
        let (accounts, total) = self.window(conditions(filter, visibility), BY_ROW, window, account)?;
        let market = Market::of(self);
        let appraised = accounts.into_iter().map(|account| market.appraised(account)).collect::<Result<_, _>>()?;
        Ok((appraised, total))
    }

    /// How many accounts that are not archived a client has in a group.
    pub fn accounts_in_group(&self, client: ProfileSerial, group: GroupSerial) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM accounts WHERE profile_id = ?1 AND group_id = ?2 AND lifecycle <> 'closed'";
        self.one(sql, (client.0, group.0), |row| row.get(0))
    }

    /// The same, by opening or by the last change.
    pub fn accounts_sorted(
        &self,
        filter: &AccountFilter,
        visibility: &Visibility,
        window: Window,
        by_change: bool,
    ) -> Result<(Vec<Account>, u64), StoreError> {
        let column = if by_change { "updated_at" } else { "created_at" };
        self.window_by(column, conditions(filter, visibility), BY_ROW, window, account)
    }

    /// Whether accounts that are not archived are nested in this one.
    pub fn has_children(&self, account: BookId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE parent_id = ?1 AND lifecycle <> 'closed')";
        self.one(sql, [account.0], |row| row.get(0))
    }

    /// Accounts whose portfolio, group or parent belongs to another ledger than their book, or whose parent has another
    /// currency; at most `limit`.
    pub(in crate::store) fn misplaced_accounts(&self, limit: usize) -> Result<Vec<i64>, StoreError> {
        self.all(sql!("accounts/misplaced"), [limit], |row| row.get(0))
    }

    /// When the balance, the available amount or the limits of an account were last recorded.
    pub fn figures_recorded_at(&self, account: &Account) -> Result<Moment, StoreError> {
        let last: Option<i64> = self.one(sql!("accounts/figures_recorded_at"), [account.book.0], |row| row.get(0))?;
        Ok(last.map_or(account.created_at, Moment::from_unix_ms))
    }

    /// Whether the id is taken, by a visible account or not.
    pub fn has_account(&self, id: AccountId) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM accounts WHERE uuid = ?1)", [id.uuid()], |row| row.get(0))
    }

    /// Whether an account has this number, here or at any platform.
    pub fn is_account_number_taken(&self, number: &str) -> Result<bool, StoreError> {
        self.one(sql!("accounts/number_taken"), [number], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Issues the next serial. Accounts and external accounts share the counter.
    pub fn next_account_serial(&self) -> Result<AccountSerial, StoreError> {
        self.next("account").map(AccountSerial)
    }

    pub fn add_account(&self, new: &NewAccount, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("accounts/insert"),
            params![
                new.book.0,
                new.id.uuid(),
                new.serial.0,
                new.number,
                new.profile.0,
                new.settings.group.0,
                new.portfolio.0,
                new.portfolio_serial,
                new.is_spread_betting,
                new.position_mode.map(PositionMode::name),
                new.margin_calculation_override.map(MarginCalculation::name),
                new.settings.trade_status.name(),
                new.settings.max_leverage,
                new.settings.net_open_position_limit.minor(),
                new.settings.wants_daily_statement,
                now.unix_ms(),
                new.lifecycle.name(),
                new.settings.allows_credits,
                new.settings.allows_debits,
                withheld(new.settings.permissions),
                new.parent.map(|parent| parent.0),
            ],
        )?;
        self.index_account(new.book)?;
        self.add_primary_owner(new.book, new.profile, now)
    }

    /// Changes the settings of an account; its version rises.
    pub fn change_account(&self, book: BookId, change: &AccountChange, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("accounts/update"),
            (
                book.0,
                change.group.0,
                change.trade_status.name(),
                change.max_leverage,
                change.net_open_position_limit.minor(),
                change.wants_daily_statement,
                change.minimum.minor(),
                now.unix_ms(),
                change.allows_credits,
                change.allows_debits,
                withheld(change.permissions),
            ),
        )?;
        self.record_figures(book, now)
    }

    /// Sets or removes the lock of an account.
    pub fn set_lock(&self, book: BookId, lock: Lock, now: Moment) -> Result<(), StoreError> {
        let (holder, reason) = (lock.holder().map(LockHolder::name), lock.reason().map(LockReason::name));
        self.run(sql!("accounts/set_lock"), (book.0, lock.name(), holder, reason, now.unix_ms())).map(|_| ())
    }

    /// Sets the lifecycle state of an account. Archiving has its own method, [`WriteTx::close_account`].
    pub fn set_lifecycle(&self, book: BookId, state: Lifecycle, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("accounts/set_lifecycle"), (book.0, state.name(), now.unix_ms())).map(|_| ())
    }

    /// Gives an account another primary owner; it stays in its portfolio, which may be another client's.
    pub fn hand_over(&self, account: BookId, profile: ProfileSerial) -> Result<(), StoreError> {
        self.run("UPDATE accounts SET profile_id = ?2 WHERE id = ?1", (account.0, profile.0)).map(|_| ())
    }

    pub fn set_order_basis(&self, book: BookId, basis: OrderBasis) -> Result<(), StoreError> {
        let name = unless_default(basis).map(OrderBasis::name);
        self.run("UPDATE accounts SET order_basis = ?2 WHERE id = ?1", (book.0, name)).map(|_| ())
    }

    /// Archives an account permanently.
    pub fn close_account(&self, book: BookId, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("accounts/close"), (book.0, now.unix_ms()))?;
        self.free_alias(book)
    }
}
