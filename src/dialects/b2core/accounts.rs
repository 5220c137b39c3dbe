//! Accounts: wallets and trading accounts.

use super::fields;
use crate::app::accounts::{AccountFilter, DescribedAccount, ListDescribedAccounts};
use crate::dialects::kit::formats::serial;
use crate::dialects::kit::{Call, QueryParams, Rejection, Reply};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::ids::{GroupSerial, PlatformSerial, ProfileSerial};
use crate::domain::money::Amount;
use crate::domain::reference::{Currency, GroupKind};
use serde::Serialize;
use utoipa::ToSchema;

/// All permissions; `deposit` and `withdrawal` show whether the account takes credits and debits.
const PERMISSIONS: [&str; 8] =
    ["deposit", "enabled", "exchange", "trade", "transferDeposit", "transferWithdrawal", "visible", "withdrawal"];

/// A wallet or a trading account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountView {
    #[schema(example = 4711)]
    account_id: i64,
    #[schema(example = "2100004711")]
    account_number: String,
    #[schema(example = 305)]
    client_id: i64,
    /// The account's name, or its currency if it has no name.
    #[schema(example = "EUR")]
    caption: String,
    /// The product's name and the currency.
    #[schema(example = "Pro EUR")]
    name: String,
    currency: CurrencyView,
    /// The label of the product.
    group: Option<NamedView>,
    permissions: Vec<&'static str>,
    platform: NamedView,
    product: NamedView,
    statement: StatementView,
    /// `personal` for wallets, `trade` or `demo` for trading accounts.
    #[serde(rename = "type")]
    #[schema(example = "trade")]
    kind: &'static str,
    archive_time: Option<String>,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    create_time: String,
}

/// The currency of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Currency)]
pub(super) struct CurrencyView {
    #[schema(example = "EUR")]
    alphabetic_code: String,
    #[schema(example = 2)]
    minor_unit: u32,
    #[schema(example = "Euro")]
    name: String,
    /// ISO 4217; none for crypto.
    #[schema(example = 978)]
    numeric_code: Option<u16>,
}

/// Something that has a name.
#[derive(Serialize, ToSchema)]
#[schema(as = Named)]
pub(super) struct NamedView {
    id: i64,
    name: String,
}

/// The figures of an account, as text with 18 decimals. Those of trading only are null for wallets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statement)]
pub(super) struct StatementView {
    /// The balance less holds, uncleared deposits and margin.
    #[schema(example = "500.000000000000000000")]
    available_balance: String,
    /// Sum of all postings.
    #[schema(example = "500.000000000000000000")]
    current_balance: String,
    /// Trading credit granted and not yet revoked.
    credit: Option<String>,
    /// Balance plus unrealized profit or loss.
    equity: Option<String>,
    /// Equity less margin: what new positions may use.
    free_margin: Option<String>,
    /// Active holds, including pending withdrawals.
    hold: String,
    margin: Option<String>,
    /// Equity in percent of margin; null without margin.
    margin_level: Option<String>,
    /// Unrealized profit or loss.
    pnl: Option<String>,
    update_time: String,
}

impl From<DescribedAccount> for AccountView {
    fn from(described: DescribedAccount) -> Self {
        let DescribedAccount { account, group, label, platform, currency, figures_recorded_at } = described;
        AccountView {
            account_id: account.serial.0,
            client_id: account.standing.profile.0,
            caption: if account.labels.name.is_empty() {
                currency.code.to_string()
            } else {
                account.labels.name.clone()
            },
            name: format!("{} {}", group.declared.name, currency.code),
            group: label.map(|label| NamedView { id: label.0, name: group.declared.label.clone() }),
            permissions: permissions(&account),
            platform: NamedView { id: platform.serial.0, name: platform.declared.name },
            kind: match (group.declared.kind, account.is_demo) {
                (GroupKind::Wallet, _) => "personal",
                (GroupKind::Trading, false) => "trade",
                (GroupKind::Trading, true) => "demo",
            },
            statement: statement(&account, group.declared.kind, fields::time(figures_recorded_at)),
            product: NamedView { id: group.serial.0, name: group.declared.name },
            archive_time: account.closed_at.map(fields::time),
            create_time: fields::time(account.created_at),
            currency: currency.into(),
            account_number: account.number,
        }
    }
}

impl From<Currency> for CurrencyView {
    fn from(currency: Currency) -> Self {
        CurrencyView {
            alphabetic_code: currency.code.to_string(),
            minor_unit: u32::from(currency.decimals.count()),
            name: currency.name,
            numeric_code: currency.numeric_code,
        }
    }
}

fn permissions(account: &Account) -> Vec<&'static str> {
    let is_given = |permission: &&str| match *permission {
        "deposit" => account.allows_credits,
        "withdrawal" => account.allows_debits,
        _ => true,
    };
    PERMISSIONS.into_iter().filter(is_given).collect()
}

/// Without a trading platform there are no positions, so margin and unrealized profit are zero.
fn statement(account: &Account, kind: GroupKind, update_time: String) -> StatementView {
    let figure = |amount| fields::figure(amount, account.decimals);
    let of_trading = |amount| (kind == GroupKind::Trading).then(|| figure(amount));
    let balances = &account.balances;
    StatementView {
        available_balance: figure(balances.free()),
        current_balance: figure(balances.balance),
        hold: figure(balances.held),
        credit: of_trading(balances.credit()),
        equity: of_trading(balances.balance),
        free_margin: of_trading(balances.balance),
        margin: of_trading(Amount::ZERO),
        margin_level: None,
        pnl: of_trading(Amount::ZERO),
        update_time,
    }
}

/// List the accounts that you can see.
#[utoipa::path(get, path = "/api/v2/accounts", tag = "Accounts",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[clientId]" = Option<String>, Query, description = "of these clients, separated by commas"),
        ("filter[platformId]" = Option<String>, Query, description = "on these platforms"),
        ("filter[productId]" = Option<String>, Query, description = "of these products"),
        ("filter[archived]" = Option<String>, Query, description = "true, false or all; default false"),
    ),
    responses((status = 200, description = "accounts; the header X-Total-Count has the number of all matches",
        body = [AccountView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let (filter, window) = (filter(query)?, fields::window(query)?);
    let (accounts, total) = call.ask(ListDescribedAccounts { filter, window }).await?;
    let views: Vec<_> = accounts.into_iter().map(AccountView::from).collect();
    fields::list(&views, total)
}

fn filter(query: &QueryParams) -> Result<AccountFilter, Rejection> {
    let archived = "filter[archived]";
    let (lifecycle, with_archived) = match query.one(archived)? {
        None | Some("false") => (None, false),
        Some("true") => (Some(Lifecycle::Closed), true),
        Some("all") => (None, true),
        Some(_) => return Err(Rejection::invalid(archived, "true, false or all")),
    };
    Ok(AccountFilter {
        profiles: query.list("filter[clientId]", serial(ProfileSerial))?,
        groups: query.list("filter[productId]", serial(GroupSerial))?,
        platforms: query.list("filter[platformId]", serial(PlatformSerial))?,
        lifecycle,
        with_archived,
        ..AccountFilter::default()
    })
}
