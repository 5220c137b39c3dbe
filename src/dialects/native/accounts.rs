//! Opening, changing, archiving and listing accounts.

use super::fields;
use super::labels::{self, LabelsRequest, LabelsView};
use super::lists::{LISTS, PagingView};
use super::profiles::Empty;
use crate::app::accounts::{
    AccountFilter, ArchiveAccount, ChangeAccount, FixedFields, GetAccount, ListAccounts, OpenAccount,
};
use crate::dialects::kit::formats::{capitals, currency, decimal, one_of, uuid, whole_number};
use crate::dialects::kit::{Call, ExactNumber, Literal, Members, Rejection, Reply, Scalar, optional, required, sent};
use crate::domain::accounts::{Account, Lifecycle, LockReason, OrderBasis, Permission, Permissions};
use crate::domain::clients::AccountLabelsChange;
use crate::domain::ids::AccountSerial;
use crate::domain::money::Amount;
use crate::domain::status::StatusLabel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An account to open or change. 64-bit integers and money can be sent as JSON numbers or strings.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountRequest {
    /// An unused UUID; only on creation.
    id: Option<String>,
    /// Required on creation. In a change, moves the account to another group.
    group_id: Option<String>,
    /// The primary owner. Required on creation; changed only through the owners.
    profile_id: Option<String>,
    /// Required on creation, fixed afterwards.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Fixed at creation; in a change, only the current value is accepted.
    #[schema(value_type = Option<String>, example = "POSITIONING_MODE_HEDGING")]
    position_mode: Option<Literal>,
    #[schema(value_type = Option<String>, example = "TRADE_STATUS_FULL")]
    status: Option<Literal>,
    /// Limit of the net open position, in the account's currency; 0 means no limit.
    #[schema(value_type = Option<f64>)]
    nop: Option<Literal>,
    /// Alias of `nop`; if both are sent, they must agree.
    #[schema(value_type = Option<f64>)]
    max_nop: Option<Literal>,
    /// Only 0 is accepted; fund the account with a deposit.
    #[schema(value_type = Option<f64>)]
    balance: Option<Literal>,
    #[schema(value_type = Option<String>, example = "30")]
    max_leverage: Option<Literal>,
    /// In a change: the version you read. If the account has changed since, the call is refused.
    #[schema(value_type = Option<String>, example = "1")]
    version: Option<Literal>,
    /// Fixed at creation; in a change, only the current value is accepted.
    is_sb: Option<bool>,
    /// Alias of `isSb`; if both are sent, they must agree.
    spread_betting: Option<bool>,
    /// Must match the group, which decides it.
    is_demo: Option<bool>,
    /// Stored only; statement mails are not sent yet.
    daily_statement: Option<bool>,
    /// Fixed at creation; in a change, only the current value is accepted.
    #[schema(value_type = Option<String>, example = "MARGIN_CALC_TYPE_SUM")]
    margin_calc_type_override: Option<Literal>,
    /// Display name, at most 256 characters.
    #[serde(default, deserialize_with = "sent")]
    name: Option<String>,
    /// A name for programs, at most 256 characters; unique among the portfolio's accounts that are not archived.
    #[serde(default, deserialize_with = "sent")]
    alias: Option<String>,
    /// Your own id for the account, at most 100 characters; unique in the ledger. In a change, null or empty removes
    /// it, and omitting it keeps it; the same holds for the next three fields.
    #[serde(default, deserialize_with = "sent")]
    reference: Option<String>,
    /// Your own category, at most 256 characters.
    #[serde(default, deserialize_with = "sent")]
    category: Option<String>,
    /// Replaces all custom fields: at most 20 strings of 255 characters, with names of up to 50.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    custom_fields: Option<Members<Option<String>>>,
    /// Replaces all metadata: at most 100 strings (of 1000 characters), numbers and booleans, with keys of up to 100.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Members<Scalar>>,
    /// Your own word for the account's status, at most 100 characters. BLOCKED and INACTIVE, in any case, stop credits
    /// and debits; others, such as ACTIVE, have no effect. Null or empty stands for ACTIVE.
    #[serde(default, deserialize_with = "sent")]
    status_code: Option<String>,
    /// What you say about the status, at most 256 characters; only with `statusCode`.
    #[serde(default, deserialize_with = "sent")]
    status_description: Option<String>,
    /// Overdraft limit, zero or below, within what the group allows; only in a change.
    #[schema(value_type = Option<f64>)]
    minimum_balance: Option<Literal>,
    /// Whether credits are allowed; defaults to true on creation.
    allow_credits: Option<bool>,
    /// Whether debits are allowed; defaults to true on creation.
    allow_debits: Option<bool>,
    /// Replaces all permissions; on creation, the account gets all if the field is omitted.
    #[schema(example = json!(["ENABLED", "VISIBLE"]))]
    permissions: Option<Vec<String>>,
    /// The number of an account that exists already at the platform of the group; only on creation, and only for
    /// trading accounts. The account gets this number, and `maxLeverage` may be 0, which leaves it to the group.
    account_number: Option<String>,
    /// Whether an operator must approve the account before it can be used; only on creation.
    requires_approval: Option<bool>,
}

impl AccountRequest {
    fn max_leverage(&self) -> Result<Option<u32>, Rejection> {
        let leverage = optional("maxLeverage", self.max_leverage.as_ref(), whole_number)?;
        leverage.map(|n| u32::try_from(n).map_err(|_| Rejection::out_of_range("maxLeverage", "1 to 10000"))).transpose()
    }

    fn limit(&self) -> Result<Option<crate::domain::money::DecimalText>, Rejection> {
        let nop = optional("nop", self.nop.as_ref(), decimal)?;
        let max_nop = optional("maxNop", self.max_nop.as_ref(), decimal)?;
        match (nop, max_nop) {
            (Some(nop), Some(max_nop)) if nop != max_nop => Err(Rejection::invalid("maxNop", "contradicts nop")),
            (nop, max_nop) => Ok(max_nop.or(nop)),
        }
    }

    fn is_spread_betting(&self) -> Result<Option<bool>, Rejection> {
        match (self.is_sb, self.spread_betting) {
            (Some(a), Some(b)) if a != b => Err(Rejection::invalid("spreadBetting", "contradicts isSb")),
            (a, b) => Ok(a.or(b)),
        }
    }

    fn permissions(&self) -> Result<Option<Permissions>, Rejection> {
        let Some(names) = &self.permissions else { return Ok(None) };
        let parse = |name: &String| required("permissions", Some(name), capitals(Permission::ALL, Permission::name));
        let granted = names.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Permissions::of(&granted)))
    }

    fn status_label(&mut self) -> Result<Option<StatusLabel>, Rejection> {
        match (self.status_code.take(), self.status_description.take()) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Rejection::invalid("statusDescription", "send it with statusCode")),
            (Some(code), description) if code.is_empty() && description.as_ref().is_none_or(String::is_empty) => {
                Ok(Some(StatusLabel::default()))
            }
            (Some(code), description) => {
                Ok(Some(StatusLabel { code: code.into(), description: description.filter(|text| !text.is_empty()) }))
            }
        }
    }

    fn labels(&mut self) -> Result<AccountLabelsChange, Rejection> {
        let request = LabelsRequest {
            reference: self.reference.take(),
            category: self.category.take(),
            custom_fields: self.custom_fields.take(),
            metadata: self.metadata.take(),
        };
        let status = self.status_label()?;
        Ok(AccountLabelsChange { name: self.name.take(), alias: self.alias.take(), status, common: request.into() })
    }

    fn opening(mut self) -> Result<OpenAccount, Rejection> {
        let balance = optional("balance", self.balance.as_ref(), decimal)?;
        if balance.is_some_and(|balance| !balance.is_zero()) {
            return Err(Rejection::invalid("balance", "an account starts at zero; make a deposit after opening it"));
        }
        Ok(OpenAccount {
            id: optional("id", self.id.as_deref(), uuid)?,
            profile: required("profileId", self.profile_id.as_deref(), uuid)?,
            group: required("groupId", self.group_id.as_deref(), uuid)?,
            portfolio: None,
            parent: None,
            currency: required("currency", self.currency.as_deref(), currency)?,
            is_demo: self.is_demo,
            is_spread_betting: self.is_spread_betting()?.unwrap_or(false),
            position_mode: optional("positionMode", self.position_mode.as_ref(), fields::parse_position_mode)?
                .flatten(),
            margin_calculation_override: optional(
                "marginCalcTypeOverride",
                self.margin_calc_type_override.as_ref(),
                fields::parse_margin_calculation,
            )?
            .flatten(),
            trade_status: optional("status", self.status.as_ref(), fields::parse_trade_status)?.flatten(),
            max_leverage: self.max_leverage()?,
            net_open_position_limit: self.limit()?,
            wants_daily_statement: self.daily_statement.unwrap_or(false),
            labels: self.labels()?,
            allows_credits: self.allow_credits.unwrap_or(true),
            allows_debits: self.allow_debits.unwrap_or(true),
            permissions: self.permissions()?.unwrap_or_default(),
            number_at_platform: self.account_number.clone().filter(|number| !number.is_empty()),
            number: None,
            requires_approval: self.requires_approval.unwrap_or(false),
            takes_client_in_review: true,
        })
    }

    fn change(mut self, call: &Call) -> Result<ChangeAccount, Rejection> {
        let version = optional("version", self.version.as_ref(), whole_number)?;
        Ok(ChangeAccount {
            id: fields::path_id(call)?,
            expected_version: fields::expected_version(call, version)?,
            fixed: FixedFields {
                id: optional("id", self.id.as_deref(), uuid)?,
                currency: self.currency.clone().filter(|code| !code.is_empty()),
                is_spread_betting: self.is_spread_betting()?,
                profile: optional("profileId", self.profile_id.as_deref(), uuid)?,
                position_mode: optional("positionMode", self.position_mode.as_ref(), fields::parse_position_mode)?,
                is_demo: self.is_demo,
                margin_calculation_override: optional(
                    "marginCalcTypeOverride",
                    self.margin_calc_type_override.as_ref(),
                    fields::parse_margin_calculation,
                )?,
            },
            group: optional("groupId", self.group_id.as_deref(), uuid)?,
            trade_status: optional("status", self.status.as_ref(), fields::parse_trade_status)?.flatten(),
            max_leverage: self.max_leverage()?,
            net_open_position_limit: self.limit()?,
            wants_daily_statement: self.daily_statement,
            labels: self.labels()?,
            minimum_balance: optional("minimumBalance", self.minimum_balance.as_ref(), decimal)?,
            allows_credits: self.allow_credits,
            allows_debits: self.allow_debits,
            permissions: self.permissions()?,
        })
    }
}

/// A client's account in one currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountView {
    id: String,
    group_id: String,
    profile_id: String,
    #[schema(example = "USD")]
    currency: String,
    #[schema(example = "POSITIONING_MODE_UNSPECIFIED")]
    position_mode: String,
    /// What the account may trade. Does not affect deposits, withdrawals or transfers.
    #[schema(example = "TRADE_STATUS_FULL")]
    status: String,
    /// Limit of the net open position, in the account's currency; 0 means no limit.
    #[schema(value_type = f64, example = 0)]
    nop: ExactNumber,
    /// Sum of all posted entries.
    #[schema(value_type = f64, example = 10000.00)]
    balance: ExactNumber,
    #[schema(example = "30")]
    max_leverage: String,
    /// Increases with every change of settings, not with movements of money.
    #[schema(example = "1")]
    version: String,
    is_sb: bool,
    is_demo: bool,
    /// Stored only; statement mails are not sent yet.
    daily_statement: bool,
    #[schema(example = "MARGIN_CALC_TYPE_UNSPECIFIED")]
    margin_calc_type_override: String,
    /// Alias of `isSb`; always the same value.
    spread_betting: bool,
    /// A short number that counts up and is never reused.
    #[schema(example = 4711)]
    number: i64,
    /// The account number for people, unique and never reused.
    #[schema(example = "2100004711")]
    account_number: String,
    /// The balance less holds, uncleared deposits and margin.
    #[schema(value_type = f64, example = 10000.00)]
    available_balance: ExactNumber,
    /// Overdraft limit, zero or below: the stricter of the account's and the group's.
    #[schema(value_type = f64, example = 0.00)]
    minimum_balance: ExactNumber,
    /// PENDING_APPROVAL, ACTIVE, INACTIVE, DORMANT, CLOSING or CLOSED.
    #[schema(example = "ACTIVE")]
    lifecycle: String,
    /// NONE, FULL, or the direction still allowed: CREDITS_ONLY or DEBITS_ONLY.
    #[schema(example = "NONE")]
    lock: String,
    /// UNL if unlocked; CST if any operator can remove the lock, SYS if only administrators can.
    #[schema(example = "UNL")]
    lock_type: &'static str,
    /// Null if the account is not locked.
    lock_reason: Option<&'static str>,
    allow_credits: bool,
    allow_debits: bool,
    /// What the account may be used for. ENABLED: sessions and transfers; TRANSFER_DEPOSIT: transfers to it;
    /// TRANSFER_WITHDRAWAL: transfers from it. EXCHANGE, TRADE and VISIBLE are labels for other programs.
    #[schema(example = json!(["ENABLED", "VISIBLE"]))]
    permissions: Vec<String>,
    created_at: String,
    updated_at: String,
    /// Null if the account is not archived.
    archived_at: Option<String>,
    /// Display name; empty if none is set.
    name: String,
    /// A name for programs; empty if none is set.
    alias: String,
    /// Your own word for its status. BLOCKED and INACTIVE stop credits and debits.
    #[schema(example = "ACTIVE")]
    status_code: String,
    /// What you say about the status; empty if nothing.
    status_description: String,
    /// The portfolio that it is in.
    portfolio_id: String,
    /// The ledger that keeps it; null if an answer of an earlier version is repeated.
    ledger_id: Option<String>,
    /// The account that it is nested in; null if it is not.
    parent_account_id: Option<String>,
    /// PORTFOLIO if orders are placed for the account as a whole; omitted if they are placed for single instruments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "PORTFOLIO")]
    order_basis: Option<String>,
    #[serde(flatten)]
    labels: LabelsView,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let money = |amount: Amount| ExactNumber::of(amount, account.decimals);
        AccountView {
            id: account.id.to_string(),
            group_id: account.group.to_string(),
            profile_id: account.profile.to_string(),
            position_mode: fields::position_mode(account.position_mode),
            status: fields::trade_status(account.trade_status),
            nop: money(account.net_open_position_limit),
            balance: money(account.balances.balance),
            max_leverage: account.max_leverage.to_string(),
            version: account.version.to_string(),
            is_sb: account.is_spread_betting,
            is_demo: account.is_demo,
            daily_statement: account.wants_daily_statement,
            margin_calc_type_override: fields::margin_calculation(account.margin_calculation_override),
            spread_betting: account.is_spread_betting,
            number: account.serial.0,
            account_number: account.number,
            available_balance: money(account.balances.free()),
            minimum_balance: money(account.balances.minimum),
            lifecycle: account.lifecycle.name().to_uppercase(),
            lock: account.lock.name().to_uppercase(),
            lock_type: fields::lock_type(account.lock.holder()),
            lock_reason: account.lock.reason().map(LockReason::name),
            allow_credits: account.allows_credits,
            allow_debits: account.allows_debits,
            permissions: fields::permissions(account.permissions),
            order_basis: Some(account.order_basis)
                .filter(|basis| *basis == OrderBasis::Portfolio)
                .map(|basis| basis.name().to_uppercase()),
            created_at: account.created_at.to_string(),
            updated_at: account.updated_at.to_string(),
            archived_at: account.closed_at.map(|at| at.to_string()),
            name: account.labels.name,
            alias: account.labels.alias,
            status_code: account.labels.status.code.into_owned(),
            status_description: account.labels.status.description.unwrap_or_default(),
            portfolio_id: account.portfolio.to_string(),
            ledger_id: account.ledger.map(|ledger| ledger.to_string()),
            parent_account_id: account.parent.map(|parent| parent.to_string()),
            labels: account.labels.common.into(),
            currency: account.currency.to_string(),
        }
    }
}

/// The account as it was opened.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedAccount {
    account: AccountView,
}

/// Open an account for a client.
#[utoipa::path(post, path = "/accounts", tag = "Accounts", request_body = AccountRequest,
    responses((status = 200, body = OpenedAccount)))]
pub(super) async fn open(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<AccountRequest>()?.opening()?;
    let render = |account: Account| {
        let version = account.version;
        Ok(Reply::ok(&OpenedAccount { account: account.into() })?.version(version))
    };
    call.run(command, render).await
}

/// Change the settings of an account; omitted fields keep their values.
#[utoipa::path(put, path = "/accounts/{id}", tag = "Accounts",
    params(("id" = Uuid, Path, description = "account id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    request_body = AccountRequest, responses((status = 200, body = AccountView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<AccountRequest>()?.change(&call)?;
    call.run(command, show).await
}

/// Archive an account permanently. Its balance must be zero.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "Accounts",
    params(("id" = Uuid, Path, description = "account id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = Empty)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let command =
        ArchiveAccount { id: fields::path_id(&call)?, expected_version: fields::expected_version(&call, None)? };
    call.run(command, |()| Reply::ok(&Empty {})).await
}

/// Get an account, archived or not.
#[utoipa::path(get, path = "/accounts/{id}", tag = "Accounts", params(("id" = Uuid, Path, description = "account id")),
    responses((status = 200, body = AccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    show(call.ask(GetAccount { id: fields::path_id(&call)? }).await?)
}

/// An account, with its version.
pub(super) fn show(account: Account) -> Result<Reply, Rejection> {
    let version = account.version;
    Ok(Reply::ok(&AccountView::from(account))?.version(version))
}

/// One page of accounts.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountList {
    accounts: Vec<AccountView>,
    #[serde(flatten)]
    paging: PagingView,
}

/// List the accounts that you may see.
#[utoipa::path(get, path = "/accounts", tag = "Accounts",
    params(
        ("search" = Option<String>, Query, description = "words, or beginnings of words, of the number, \
            account number, name, alias or reference, or of an owner's name, e-mail, phone, company or reference; \
            ignores case and accents; best matches first"),
        ("number" = Option<i64>, Query, description = "serial number"),
        ("accountNumber" = Option<String>, Query, description = "account number"),
        ("id" = Option<Vec<String>>, Query, description = "id; repeatable"),
        ("profileId" = Option<String>, Query, description = "the primary owner"),
        ("ownerId" = Option<String>, Query, description = "any of the owners"),
        ("groupId" = Option<String>, Query, description = "account group"),
        ("currency" = Option<String>, Query, description = "currency code"),
        ("status" = Option<String>, Query, description = "trade status, by name or number; 0 matches any"),
        ("lifecycle" = Option<String>, Query,
            description = "PENDING_APPROVAL, ACTIVE, INACTIVE, DORMANT, CLOSING or CLOSED"),
        ("archived" = Option<bool>, Query, description = "true: include archived accounts"),
        ("name" = Option<String>, Query, description = "exact name"),
        ("alias" = Option<String>, Query, description = "exact alias"),
        ("reference" = Option<String>, Query, description = "exact reference"),
        ("category" = Option<String>, Query, description = "exact category"),
        ("tag" = Option<String>, Query, description = "tag of the primary owner"),
        ("metadata.{key}" = Option<String>, Query, description = "exact metadata value; repeatable for other keys"),
        ("customField.{name}" = Option<String>, Query, description = "exact custom field; repeatable for other names"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ),
    responses((status = 200, body = AccountList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let lifecycle = query.value("lifecycle", capitals(Lifecycle::ALL, Lifecycle::name))?;
    let filter = AccountFilter {
        search: fields::search(query)?,
        serial: query.number("number")?.map(AccountSerial),
        number: query.one("accountNumber")?.map(str::to_owned),
        ids: query.values("id", uuid)?,
        profile: query.value("profileId", uuid)?,
        owner: query.value("ownerId", uuid)?,
        group: query.value("groupId", uuid)?,
        currency: query.value("currency", currency)?,
        status: query.value("status", fields::parse_trade_status)?.flatten(),
        lifecycle,
        with_archived: query.value("archived", one_of(&[("true", true), ("false", false)]))?.unwrap_or(false)
            || lifecycle == Some(Lifecycle::Closed),
        name: query.one("name")?.map(str::to_owned),
        alias: query.one("alias")?.map(str::to_owned),
        labels: labels::filter(query)?,
        ..AccountFilter::default()
    };
    let paging = LISTS.page(&call)?;
    let found = call.ask(ListAccounts { filter, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    Reply::ok(&AccountList { accounts: found.rows.into_iter().map(AccountView::from).collect(), paging })
}
